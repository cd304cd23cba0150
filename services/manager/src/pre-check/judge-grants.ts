import { compileTargetSchemas, isReservedSchema } from '@lutra/model';
import { rightsFor, quoteName } from '@lutra/sql';
import type { DatabaseKind, PipelineDefinition } from '@lutra/model';
import type { Finding, Place, Severity } from './finding.ts';
import type { ServerFacts } from './pre-check-facts.ts';

/** One way to spell each right that reading the log needs, with the others that include it. */
const LOG_RIGHTS: Readonly<Record<DatabaseKind, readonly (readonly [right: string, ...alsoBy: string[]])[]>> = {
  mysql: [
    ['REPLICATION SLAVE', 'REPLICATION REPLICA'],
    ['REPLICATION CLIENT', 'SUPER'],
  ],
  mariadb: [
    ['REPLICATION SLAVE', 'REPLICATION REPLICA'],
    ['BINLOG MONITOR', 'REPLICATION CLIENT', 'SUPER'],
  ],
};
/** What Lutra does with its own tables at the target. */
const OWN_RIGHTS = ['CREATE', 'SELECT', 'INSERT', 'UPDATE', 'DELETE'];

interface Grant {
  /** True: the line takes rights away that another one gives on everything (MySQL, partial revokes). */
  readonly isRevoked: boolean;
  /** A pattern of schemas as in LIKE; null = on everything. */
  readonly schemas: string | null;
  /** On one table of the schema only; null = on all of it. */
  readonly table: string | null;
  readonly rights: readonly string[];
  /** Rights on single columns. */
  readonly ofColumns: readonly string[];
}

/** How much of a schema a right is there for. */
type Extent = 'all' | 'part' | 'none';

/** Whose rights are looked at, and where. */
interface Account {
  readonly grants: readonly Grant[];
  /** Names in grants are names, not patterns (MySQL, partial_revokes). */
  readonly isLiteral: boolean;
}

const accountOf = ({ grants, variables }: ServerFacts): Account => ({
  grants: grants.flatMap(readGrant),
  isLiteral: variables['partial_revokes'] === 'ON',
});

/** Tables of a schema that are mapped by their names; null: by an expression, so that any may be meant. */
type NamedTables = ReadonlyMap<string, readonly string[] | null>;

/** What the account at the source lacks. */
export function judgeGrantsAtSource({ mappings }: PipelineDefinition, server: ServerFacts): Finding[] {
  const account = accountOf(server);
  const missing = LOG_RIGHTS[server.kind]
    .filter((spellings) => !spellings.some((right) => isGrantedOnAll(account, right)))
    .map(([right]) => right);
  const log =
    missing.length === 0
      ? []
      : [findingOf('source', server, { missing, schema: null, severity: 'error', why: 'read the log' })];
  const isDescribed = server.variables['binlog_row_metadata'] === 'FULL';
  const why = isDescribed
    ? 'be looked into, so that neither this check nor a copy of the rows can be made; the log alone tells enough to go on'
    : 'be described, and the log does not describe them (binlog_row_metadata)';
  const tables = namedTables(
    mappings.flatMap(({ source: { schema, table } }) => {
      const name = 'exact' in table ? table.exact : null;
      if (typeof schema === 'string') return [[schema, name] as const];
      // Of an expression those that the account sees: where it sees none the mapping covers nothing, which is told.
      const pattern = new RegExp(`^(?:${schema.regex})$`, 'u');
      return [...server.schemas]
        .filter((each) => !isReservedSchema(each) && pattern.test(each))
        .map((each) => [each, name] as const);
    }),
  );
  const unread = [...tables].flatMap(([schema, names]) => {
    const extent = extentOf(account, { schema, names }, 'SELECT');
    if (extent === 'all') return [];
    const severity: Severity = isDescribed || extent === 'part' ? 'warning' : 'error';
    const lack = { missing: ['SELECT'], schema, severity, isPart: extent === 'part' };
    return [findingOf('source', server, { ...lack, why: `let the tables of ${schema} ${why}` })];
  });
  return [...log, ...unread];
}

/** What the pipeline needs at the target: for rows, for the schema statements that it applies, for Lutra's own tables. */
export function judgeGrantsAtTarget({ mappings, parameters }: PipelineDefinition, server: ServerFacts): Finding[] {
  const account = accountOf(server);
  const tables = new Map<string, readonly string[] | null>([
    ...namedTables(
      mappings.flatMap((mapping) => {
        const { source, target } = mapping;
        const isNamed = typeof source.schema === 'string' && 'exact' in source.table;
        const name = isNamed ? (target.table ?? source.table.exact) : null;
        const { named, has } = compileTargetSchemas([mapping]);
        return (named[0] === undefined ? [...server.schemas].filter(has) : named).map((each) => [each, name] as const);
      }),
    ),
    ['lutra', null],
  ]);
  return [...tables].flatMap(([schema, names]) => {
    const rights = schema === 'lutra' ? OWN_RIGHTS : rightsFor(parameters);
    const why = schema === 'lutra' ? 'keep its place in database lutra' : `write into database ${schema}`;
    const lacking = (extent: Extent): readonly string[] =>
      rights.filter((right) => extentOf(account, { schema, names }, right) === extent);
    const [missing, partly] = [lacking('none'), lacking('part')];
    const part = { missing: partly, schema, severity: 'warning', why, isPart: true } as const;
    return [
      ...(missing.length === 0 ? [] : [findingOf('target', server, { missing, schema, severity: 'error', why })]),
      ...(partly.length === 0 ? [] : [findingOf('target', server, part)]),
      ...(schema === 'lutra' || extentOf(account, { schema, names }, 'TRIGGER') === 'all'
        ? []
        : [findingOf('target', server, { ...UNSEEN, schema })]),
    ];
  });
}

/** Servers show triggers only to who may make them. */
const UNSEEN = {
  missing: ['TRIGGER'],
  severity: 'info',
  why: 'see whether triggers fire for the rows that are written: with the right, they are told here',
} as const;

function findingOf(
  place: Place,
  { account, address, variables }: ServerFacts,
  {
    missing,
    schema,
    severity,
    why,
    isPart = false,
  }: {
    readonly missing: readonly string[];
    readonly schema: string | null;
    readonly severity: Severity;
    readonly why: string;
    readonly isPart?: boolean;
  },
): Finding {
  // A schema is granted by a pattern.
  const plain =
    variables['partial_revokes'] === 'ON' ? schema : (schema?.replaceAll(/[\\_%]/g, String.raw`\$&`) ?? null);
  const on = plain === null ? '*.*' : `${quoteName(plain)}.*`;
  const lacks = isPart
    ? `has ${missing.join(', ')} on single tables or columns of ${String(schema)} only: where it is missing it`
    : `lacks ${missing.join(', ')} on ${on}, and`;
  return {
    code: 'GRANT_MISSING',
    severity,
    subject: { place, ...(schema === null ? {} : { schema }), name: missing.join(', ') },
    explanation: `The account ${account} at ${address} ${lacks} cannot ${why}`,
    statements: [{ at: place, sql: `GRANT ${missing.join(', ')} ON ${on} TO ${account}` }],
  };
}

/** With sql_mode ANSI_QUOTES names come in double quotes; either quote is doubled inside. */
const GRANT =
  /^(GRANT|REVOKE) (.+?) ON (?:TABLE )?(\*|`(?:[^`]|``)+`|"(?:[^"]|"")+")\.(\*|`(?:[^`]|``)+`|"(?:[^"]|"")+") (?:TO|FROM) /s;

function readGrant(line: string): Grant[] {
  const match = GRANT.exec(line);
  if (match === null) return [];
  const [, verb, names = '', schema = '', table = ''] = match;
  const listed = (names.toUpperCase().match(/[A-Z_ ]+(?:\([^)]*\))?/g) ?? []).map((name) => name.trim());
  // SELECT (a, b) is a right on columns.
  const isOfColumns = (name: string): boolean => name.endsWith(')');
  return [
    {
      isRevoked: verb === 'REVOKE',
      schemas: schema === '*' ? null : unquoted(schema),
      table: table === '*' ? null : unquoted(table),
      rights: listed.filter((name) => !isOfColumns(name)),
      ofColumns: listed.filter(isOfColumns).map((name) => name.replace(/\s*\(.*$/s, '')),
    },
  ];
}

function unquoted(name: string): string {
  const quote = name.slice(0, 1);
  return name.slice(1, -1).replaceAll(quote + quote, quote);
}

function namedTables(mapped: readonly (readonly [schema: string, table: string | null])[]): NamedTables {
  const tables = new Map<string, readonly string[] | null>();
  for (const [schema, table] of mapped) {
    const known = tables.get(schema);
    tables.set(schema, known === null || table === null ? null : [...(known ?? []), table]);
  }
  return tables;
}

const names = ({ rights }: Grant, right: string): boolean =>
  rights.includes('ALL PRIVILEGES') || rights.includes('ALL') || rights.includes(right);

const isGrantedOnAll = ({ grants }: Account, right: string): boolean =>
  grants.some((grant) => !grant.isRevoked && grant.schemas === null && names(grant, right));

/** Where tables are mapped by name, the right on each of them is as good as on all. */
function extentOf(
  { grants, isLiteral }: Account,
  on: { readonly schema: string; readonly names: readonly string[] | null },
  right: string,
): Extent {
  const isHere = ({ schemas }: Grant): boolean =>
    schemas !== null && (isLiteral ? schemas === on.schema : likeOf(schemas).test(on.schema));
  // What is taken away is named, never a pattern.
  const isTaken = grants.some((grant) => grant.isRevoked && grant.schemas === on.schema && names(grant, right));
  if (!isTaken && isGrantedOnAll({ grants, isLiteral }, right)) return 'all';
  const here = grants.filter((grant) => !grant.isRevoked && isHere(grant));
  if (here.some((grant) => grant.table === null && names(grant, right))) return 'all';
  // With a table the name of the schema is no pattern.
  const tables = grants.filter(
    ({ isRevoked, schemas, table }) => !isRevoked && schemas === on.schema && table !== null,
  );
  const given = tables.filter((grant) => names(grant, right)).map(({ table }) => table);
  if (on.names?.every((name) => given.includes(name)) === true) return 'all';
  return given.length > 0 || tables.some(({ ofColumns }) => ofColumns.includes(right)) ? 'part' : 'none';
}

/** Schemas are granted by a pattern: % and _ are wildcards unless a backslash stands before them. */
function likeOf(pattern: string): RegExp {
  const parts = (pattern.match(/\\[%_\\]|./gsu) ?? []).map((part) => {
    if (part === '%') return '.*';
    if (part === '_') return '.';
    const plain = part.length > 1 && part.startsWith('\\') ? part.slice(1) : part;
    return `\\u{${(plain.codePointAt(0) ?? 0).toString(16)}}`;
  });
  return new RegExp(`^${parts.join('')}$`, 'su');
}
