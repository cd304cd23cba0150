// Who may import whom: the one table behind both the Nx rule and ESLint's own. docs/style.md §2 explains it.
// ESLint's own table leads: the Nx rule is silent while no project graph is cached (`npx nx show projects` makes one).

const STAGE = ['model', 'messaging', 'coordination', 'service-kit'];

/** Project → projects that its sources may import. Tests may import `testing` as well. */
export const IMPORTS = {
  model: [],
  'api-client': [],
  processor: [],
  'example-processor': ['processor'],
  binlog: ['model'],
  sql: ['model'],
  mapping: ['model', 'binlog', 'processor'],
  'source-access': ['model', 'binlog', 'sql'],
  messaging: ['model'],
  coordination: ['model'],
  'service-kit': ['model', 'messaging', 'coordination'],
  testing: ['model', 'api-client', 'binlog', 'sql', 'messaging', 'coordination'],
  select: [...STAGE, 'binlog'],
  extract: [...STAGE, 'binlog', 'mapping', 'source-access'],
  transform: [...STAGE, 'mapping', 'source-access', 'sql'],
  load: [...STAGE, 'sql'],
  arbiter: STAGE,
  manager: [...STAGE, 'binlog', 'mapping', 'source-access', 'sql'],
};

/** Projects that may import every library: they drive the whole system from outside. */
export const OUTSIDE = { tools: 'tools', e2e: 'test/e2e' };

const SERVICES = ['select', 'extract', 'transform', 'load', 'arbiter', 'manager'];

export const folderOf = (project) =>
  OUTSIDE[project] ?? (SERVICES.includes(project) ? `services/${project}` : `libs/${project}`);

export const tagOf = (project) => {
  if (project in OUTSIDE) return project === 'e2e' ? 'test:e2e' : `tool:${project}`;
  return `${SERVICES.includes(project) ? 'service' : 'lib'}:${project}`;
};

/** Packages that belong to few: pattern (regex over the import), projects whose sources may use it, and why. */
export const PACKAGES = [
  {
    regex: '^@nestjs/',
    projects: ['service-kit', 'manager'],
    // The shell of a service may know NestJS, its domain may not.
    files: ['services/*/src/main.ts', 'services/*/src/**/*.module.ts', 'services/*/src/**/*.controller.ts'],
    message: 'NestJS is the shell: service-kit, main, modules, controllers and the manager only.',
  },
  { regex: '^typeorm(/|$)', projects: ['manager'], message: 'TypeORM is how the manager keeps its configuration.' },
  { regex: '^@nats-io/', projects: ['messaging'], message: 'NATS is spoken in libs/messaging only: use the Bus.' },
  {
    regex: '^node-zookeeper-client$',
    projects: ['coordination'],
    message: 'ZooKeeper is spoken in libs/coordination only: use the Coordinator.',
  },
  {
    regex: '^mysql2(/|$)',
    projects: ['sql', 'binlog', 'testing', 'manager'],
    message: 'mysql2 belongs to libs/sql and libs/binlog.',
  },
  { regex: '^oracledb(/|$)', projects: ['sql'], message: 'oracledb belongs to libs/sql.' },
  {
    regex: '^(@jitl/quickjs-|quickjs-emscripten|@marcbachmann/cel-js$|redos-detector$|ajv(/|$))',
    projects: ['mapping'],
    message: 'Expressions, scripts, patterns and settings of people are judged and run in libs/mapping only.',
  },
  {
    regex: '^@opentelemetry/(sdk-|exporter-|resources)',
    projects: ['service-kit'],
    message: 'Only service-kit sets telemetry up; everybody else uses @opentelemetry/api.',
  },
];

const ALL = Object.keys(IMPORTS);
const LIBRARIES = ALL.filter((project) => !SERVICES.includes(project));

/** What a project shows to the simulation of tools/src/sim, which runs the real code on doubles: nobody else may look there. */
const SIMULATED = ['select', 'load', 'arbiter'];

/** Imports that nobody may write, whatever the project: into another project's files instead of its contract. */
const intoFiles = (entries) => [
  {
    regex: `^@lutra/[^/]+/(?!(${entries.join('|')})$)`,
    message: "Import from the package's contract, not from a file behind it.",
  },
  {
    regex: String.raw`^(\.\./)+(libs|services)/|^(\.\./){2,}(${ALL.join('|')})/`,
    message: 'Other projects are imported by package name.',
  },
];
const INTO_FILES = intoFiles(['decoder', 'schema']);

function forbiddenProjects(project, allowed, entry = '') {
  const forbidden = ALL.filter((other) => other !== project && !allowed.includes(other));
  const message = `${project} must not import this project: see eslint.boundaries.js.`;
  return forbidden.length === 0 ? [] : [{ regex: `^@lutra/(${forbidden.join('|')})(/${entry}|$)`, message }];
}

const rule = (patterns) => ({ 'no-restricted-imports': ['error', { patterns }] });

/** Flat-config blocks, general first: ESLint takes the last block that matches a file. */
export function boundaryConfigs() {
  const blocks = [];
  for (const [project, allowed] of Object.entries(IMPORTS)) {
    const foreign = PACKAGES.filter(({ projects }) => !projects.includes(project));
    const patterns = (packages, imports) => [
      ...INTO_FILES,
      ...forbiddenProjects(project, imports),
      ...packages.map(({ regex, message }) => ({ regex, message })),
    ];
    const decoder = {
      regex: '^@lutra/binlog/decoder$',
      message: 'Select frames, it never decodes rows.',
    };
    const folder = folderOf(project);
    const own = project === 'select' ? [decoder] : [];
    blocks.push({ files: [`${folder}/src/**/*.ts`], rules: rule([...own, ...patterns(foreign, allowed)]) });
    if (SERVICES.includes(project)) {
      const shell = foreign.flatMap(({ files = [] }) => files).map((file) => file.replace('services/*', folder));
      const rest = foreign.filter(({ files }) => files === undefined);
      if (shell.length > 0) blocks.push({ files: shell, rules: rule([...own, ...patterns(rest, allowed)]) });
    }
    // Tests talk to real servers with whatever driver shows the truth, but stay inside their project's imports.
    blocks.push({ files: [`${folder}/test/**/*.ts`], rules: rule(patterns([], [...allowed, 'testing'])) });
  }
  for (const [project, folder] of Object.entries(OUTSIDE))
    blocks.push({
      files: [`${folder}/**/*.ts`],
      rules: rule([...INTO_FILES, ...forbiddenProjects(project, LIBRARIES)]),
    });
  const others = SERVICES.filter((service) => !SIMULATED.includes(service));
  blocks.push({
    files: ['tools/src/sim/**/*.ts'],
    rules: rule([
      ...intoFiles(['decoder', 'schema', 'simulation']),
      ...forbiddenProjects('tools', [...LIBRARIES, ...SIMULATED]),
      ...forbiddenProjects('tools', [...LIBRARIES, ...others], '(?!simulation$)'),
    ]),
  });
  return blocks;
}

/** The same table in the words of Nx. */
export const nxConstraints = [
  ...Object.entries(IMPORTS).map(([project, allowed]) => ({
    sourceTag: tagOf(project),
    onlyDependOnLibsWithTags: [...allowed, 'testing'].map(tagOf),
  })),
  ...Object.keys(OUTSIDE).map((project) => ({
    sourceTag: tagOf(project),
    onlyDependOnLibsWithTags: ['type:lib', ...(project === 'tools' ? SIMULATED.map(tagOf) : [])],
  })),
];
