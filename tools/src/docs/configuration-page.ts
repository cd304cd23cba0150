import type { EnvClass, EnvVariable } from './read-env-class.ts';

/** Whose classes these are, in the order of the page. */
const TITLES: readonly (readonly [className: string, title: string])[] = [
  ['BaseEnv', 'All services'],
  ['StageEnv', 'extract and transform'],
  ['ProcessorEnv', 'extract and transform: processors'],
  ['SelectEnv', 'select'],
  ['ExtractEnv', 'extract'],
  ['LoadEnv', 'load'],
  ['ArbiterEnv', 'arbiter'],
  ['ManagerEnv', 'manager'],
];

const INTRODUCTION = `# Configuration of the services

<!-- Generated from the environment classes by \`npm run docs\`: do not edit. -->

What to synchronise is configured through the manager's REST API. The environment says only where a process finds its
servers, who it is, and how large it may get. An empty text counts as not set. A service whose environment is not valid
names every problem at once and exits with 78; variables that begin with \`LUTRA_\` and mean nothing are reported as a warning.
`;

const TELEMETRY = `## Telemetry

Traces are sent when \`OTEL_EXPORTER_OTLP_ENDPOINT\` or \`OTEL_EXPORTER_OTLP_TRACES_ENDPOINT\` is set (OTLP over HTTP in JSON).
All other standard variables of OpenTelemetry hold: \`OTEL_SDK_DISABLED\`, \`OTEL_SERVICE_NAME\` (default \`lutra-<service>\`),
\`OTEL_RESOURCE_ATTRIBUTES\`, \`OTEL_TRACES_SAMPLER\`, \`OTEL_TRACES_SAMPLER_ARG\`, \`OTEL_EXPORTER_OTLP_HEADERS\` and the
\`OTEL_BSP_*\` family. Metrics need no configuration: every service answers \`/metrics\` in Prometheus form.
`;

/** docs/configuration.md from the environment classes. Throws when a class has no place on the page. */
export function configurationPage(classes: readonly EnvClass[]): string {
  const homeless = classes.find(({ name }) => !TITLES.some(([known]) => known === name));
  if (homeless !== undefined) throw new Error(`${homeless.name} has no title in configuration-page.ts`);
  const sections = TITLES.flatMap(([name, title]) => {
    const env = classes.find((candidate) => candidate.name === name);
    return env === undefined ? [] : [section(title, env)];
  });
  return [INTRODUCTION, ...sections, TELEMETRY].join('\n');
}

function section(title: string, env: EnvClass): string {
  const rows = env.variables.map((variable) =>
    row([`\`${variable.name}\``, defaultOf(variable), variable.allowed, variable.meaning]),
  );
  const heading = row(['variable', 'default', 'allowed', 'meaning']);
  return [`## ${title}`, '', heading, row(['---', '---', '---', '---']), ...rows, ''].join('\n');
}

function defaultOf({ defaultText, isRequired }: EnvVariable): string {
  if (isRequired) return '**required**';
  return defaultText === null || defaultText === '' ? '–' : `\`${defaultText}\``;
}

const row = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`).replaceAll('<', '&lt;')).join(' | ')} |`;
