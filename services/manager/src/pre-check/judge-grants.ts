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
  /** A pattern of schemas as in LIKE; '%' for all. */
  readonly schemas: string;
  readonly isOfAll: boolean;
  readonly rights: readonly string[];
}

/** What the accounts lack at either side. Rights that are granted on single tables count for their schema: which are missing then shows at the first row. */
export function judgeGrantsAtSource({ mappings }: PipelineDefinition, server: ServerFacts): Finding[] {
  const grants = server.grants.flatMap(readGrant);
  const missing = LOG_RIGHTS[server.kind]
    .filter((spellings) => !spellings.some((right) => isGranted(grants, null, right)))
    .map(([right]) => right);
  const log =
    missing.length === 0
      ? []
      : [findingOf('source', server, { missing, schema: null, severity: 'error', why: 'read the log' })];
  const isDescribed = server.variables['binlog_row_metadata'] === 'FULL';
  const why = isDescribed
    ? 'be looked into, so that neither this check nor a copy of the rows can be made; the log alone tells enough to go on'
    : 'be described, and the log does not describe them (binlog_row_metadata)';
  const schemas = [...new Set(mappings.map(({ source }) => source.schema))];
  const unread = schemas.filter((schema) => !isGranted(grants, schema, 'SELECT'));
  const severity = isDescribed ? 'warning' : 'error';
  return [
    ...log,
    ...unread.map((schema) =>
      findingOf('source', server, { missing: ['SELECT'], schema, severity, why: `let the tables of ${schema} ${why}` }),
    ),
  ];
}

/** What the pipeline needs at the target: for rows, for the schema statements that it applies, for Lutra's own tables. */
export function judgeGrantsAtTarget({ mappings, parameters }: PipelineDefinition, server: ServerFacts): Finding[] {
  const grants = server.grants.flatMap(readGrant);
  const wanted = new Map(
    [...new Set(mappings.map(({ target }) => target.schema))].map((one) => [one, rightsFor(parameters)]),
  );
  wanted.set('lutra', OWN_RIGHTS);
  return [...wanted].flatMap(([schema, rights]) => {
    const missing = rights.filter((right) => !isGranted(grants, schema, right));
    const why = schema === 'lutra' ? 'keep its place in database lutra' : `write into database ${schema}`;
    return [
      ...(missing.length === 0 ? [] : [findingOf('target', server, { missing, schema, severity: 'error', why })]),
      ...(schema === 'lutra' || isGranted(grants, schema, 'TRIGGER')
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
  { account, address }: ServerFacts,
  {
    missing,
    schema,
    severity,
    why,
  }: {
    readonly missing: readonly string[];
    readonly schema: string | null;
    readonly severity: Severity;
    readonly why: string;
  },
): Finding {
  const on = schema === null ? '*.*' : `${quoteName(schema)}.*`;
  return {
    code: 'GRANT_MISSING',
    severity,
    subject: { place, ...(schema === null ? {} : { schema }), name: missing.join(', ') },
    explanation: `The account ${account} at ${address} lacks ${missing.join(', ')} on ${on}, and cannot ${why}`,
    statements: [{ at: place, sql: `GRANT ${missing.join(', ')} ON ${on} TO ${account}` }],
  };
}

/** With sql_mode ANSI_QUOTES names come in double quotes; either quote is doubled inside. */
const GRANT = /^GRANT (.+?) ON (?:TABLE )?(\*|`(?:[^`]|``)+`|"(?:[^"]|"")+")\.(\*|`(?:[^`]|``)+`|"(?:[^"]|"")+") TO /s;

function readGrant(line: string): Grant[] {
  const match = GRANT.exec(line);
  if (match === null) return [];
  const [, names = '', schema = '', table] = match;
  // SELECT (a, b) is a right on columns: it counts as the right itself.
  const rights = names
    .replaceAll(/\s*\([^)]*\)/g, '')
    .toUpperCase()
    .split(',')
    .map((name) => name.trim());
  if (schema === '*') return [{ schemas: '%', isOfAll: table === '*', rights }];
  const quote = schema.slice(0, 1);
  return [{ schemas: schema.slice(1, -1).replaceAll(quote + quote, quote), isOfAll: false, rights }];
}

/** Whether the right is there on a schema, in whole or in part; `schema` null = on everything. */
function isGranted(grants: readonly Grant[], schema: string | null, right: string): boolean {
  return grants.some(
    ({ schemas, isOfAll, rights }) =>
      (isOfAll || (schema !== null && likeOf(schemas).test(schema))) &&
      (rights.includes('ALL PRIVILEGES') || rights.includes('ALL') || rights.includes(right)),
  );
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
