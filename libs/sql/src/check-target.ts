import type {
  Clock,
  DataSourceDefinition,
  DdlKind,
  ErrorCode,
  MappingDefinition,
  PipelineParameters,
  TargetMappingLookup,
  WarningCode,
} from '@lutra/model';
import { compileTargetLookup, DDL_KINDS, SyncError } from '@lutra/model';
import { ensureCheckpointTable } from './checkpoint.ts';
import { mappedSchemas } from './mapped-schemas.ts';
import { openTarget } from './open-target.ts';
import { refuseUnfilledLists } from './refuse-unfilled-lists.ts';
import { quoteName, quoteNameText, quoteTable } from './sql-text.ts';
import { tablesWithoutKey } from './tables-without-key.ts';
import type { TargetSession } from './target-session.ts';
import type { TableName } from './target-table.ts';

/** What a person should know of a target before (and while) a pipeline writes to it. */
export interface TargetReport {
  readonly kind: 'mysql' | 'mariadb';
  readonly version: string;
  readonly maxAllowedPacketBytes: number;
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
}

// A row of 64 MiB with its key, twice as text in the worst case, and the packet's own bytes.
const PACKET_BYTES_WANTED = 68_157_440;

/** Opens the target and looks at everything that would stop a pipeline; the first such thing is thrown, with its repair. */
export async function checkTarget(
  target: { readonly definition: DataSourceDefinition; readonly password: string },
  mappings: readonly MappingDefinition[],
  options: { readonly clock: Clock },
): Promise<TargetReport> {
  const session = await openTarget(target.definition, target.password, { ...options, programName: 'lutra check' });
  try {
    await ensureCheckpointTable(session);
    return await inspectTarget(session, mappings);
  } finally {
    await session.close();
  }
}

/** What of a pipeline decides which rights its account needs, and which tables are refused. Nothing given: rows alone. */
export type TargetDemands = Partial<Pick<PipelineParameters, 'noPrimaryKey' | 'ddl' | 'ddlByKind'>>;

/**
 * As {@link checkTarget} on an open session: grants on the mapped schemas (TARGET_GRANT_MISSING), packet size, triggers, tables
 * without a key (thrown as TARGET_KEY_MISSING when they are to be refused: not in the night, when their first row comes),
 * listed columns that leave one unfilled (TARGET_COLUMN_UNFILLED).
 */
export async function inspectTarget(
  session: TargetSession,
  mappings: readonly MappingDefinition[],
  demands: TargetDemands = {},
): Promise<TargetReport> {
  const { kind, version, maxAllowedPacketBytes, address } = session.info;
  const warnings: { code: WarningCode | ErrorCode; message: string }[] = [];
  const schemas = await mappedSchemas(session, mappings);
  await checkGrants(session, schemas, rightsFor(demands));
  if (maxAllowedPacketBytes < PACKET_BYTES_WANTED)
    warnings.push({
      code: 'TARGET_PACKET_TOO_SMALL',
      message: `max_allowed_packet at ${address} is ${String(maxAllowedPacketBytes)}: larger rows will stop the pipeline`,
    });
  for (const { table, trigger } of await triggersOf(session, schemas))
    warnings.push({
      code: 'TARGET_TRIGGER',
      message: `The table ${table} at the target has the trigger ${trigger}: it fires for replicated rows too`,
    });
  const isCaseFolded = await foldsCase(session);
  const mappingOf = compileTargetLookup(mappings, { isCaseFolded });
  const keyless = await mappedWithoutKey(session, mappingOf, schemas);
  await refuseUnfilledLists(session, mappings, { isCaseFolded });
  await session.rollback();
  refuseComparing(keyless, mappingOf);
  if (keyless.length > 0) warnings.push(aboutKeyless(keyless, demands.noPrimaryKey ?? 'matchAllColumns'));
  return { kind, version, maxAllowedPacketBytes, warnings };
}

/** The server lists names in lower case, however they were written (lower_case_table_names, "Identifier Case Sensitivity"). */
async function foldsCase(session: TargetSession): Promise<boolean> {
  const [row] = await session.query('SELECT @@lower_case_table_names AS mode');
  return Number(row?.['mode']) !== 0;
}

async function mappedWithoutKey(
  session: TargetSession,
  mappingOf: TargetMappingLookup,
  schemas: readonly string[],
): Promise<readonly TableName[]> {
  const tables = await tablesWithoutKey(session, schemas);
  return tables.filter(({ schema, table }) => mappingOf(schema, table) !== null);
}

/** Throws TARGET_KEY_MISSING where a conflict policy needs a key: rows without one cannot be compared, only overwritten. */
function refuseComparing(keyless: readonly TableName[], mappingOf: TargetMappingLookup): void {
  for (const name of keyless) {
    const policy = mappingOf(name.schema, name.table)?.onConflict?.kind ?? 'overwrite';
    if (policy === 'overwrite') continue;
    const table = `${name.schema}.${name.table}`;
    const problem = `The conflict policy ${policy} compares rows by their key, and ${table} has none at the target; without one only overwrite is possible`;
    const statement = `ALTER TABLE ${quoteTable(name)} ADD PRIMARY KEY (<columns>)`;
    throw new SyncError('TARGET_KEY_MISSING', { table, problem, statement });
  }
}

/** Some names are enough: the first repair shows how the others are done. */
const NAMED_TABLES_MAX = 10;

/** Throws TARGET_KEY_MISSING when such tables are to be refused. */
function aboutKeyless(
  tables: readonly TableName[],
  noPrimaryKey: PipelineParameters['noPrimaryKey'],
): { readonly code: ErrorCode; readonly message: string } {
  const names = tables.slice(0, NAMED_TABLES_MAX).map(({ schema, table }) => `${schema}.${table}`);
  const more = tables.length > names.length ? ` and ${String(tables.length - names.length)} more` : '';
  const table = `${names.join(', ')}${more}`;
  const problem = `Tables with neither a primary key nor a unique key without NULLs at the target: ${table}`;
  const [first] = tables;
  if (noPrimaryKey === 'reject' && first !== undefined) {
    const statement = `ALTER TABLE ${quoteTable(first)} ADD PRIMARY KEY (<columns>)`;
    throw new SyncError('TARGET_KEY_MISSING', { table, problem, statement });
  }
  return {
    code: 'TARGET_KEY_MISSING',
    message: `${problem}. Their rows are found by all columns, one by one (noPrimaryKey: matchAllColumns)`,
  };
}

const ROW_RIGHTS = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];
/** MySQL manual, "ALTER TABLE", "CREATE TABLE", "RENAME TABLE", …: privileges of each statement beside those for rows. */
const DDL_RIGHTS: Readonly<Record<DdlKind, readonly string[]>> = {
  create: ['CREATE', 'REFERENCES'],
  alter: ['CREATE', 'ALTER', 'DROP', 'REFERENCES'],
  drop: ['DROP'],
  truncate: ['DROP'],
  rename: ['CREATE', 'ALTER', 'DROP'],
  index: ['INDEX'],
  database: ['CREATE', 'ALTER', 'DROP'],
};

/** Rights on a mapped schema: for rows, and for the kinds of schema statements that are applied. */
export function rightsFor({ ddl = 'fail', ddlByKind = {} }: TargetDemands): readonly string[] {
  const kinds = DDL_KINDS.filter((kind) => (ddlByKind[kind] ?? ddl) === 'sync');
  const wanted = new Set(kinds.flatMap((kind) => DDL_RIGHTS[kind]));
  return [...ROW_RIGHTS, ...['CREATE', 'ALTER', 'DROP', 'INDEX', 'REFERENCES'].filter((right) => wanted.has(right))];
}

/** Reads what the account was granted; rights that come through roles or on single tables are left to the first statement. */
async function checkGrants(
  session: TargetSession,
  schemas: readonly string[],
  rights: readonly string[],
): Promise<void> {
  const rows = await session.query('SHOW GRANTS');
  const grants = rows.map((row) => String(Object.values(row)[0]));
  if (grants.some((grant) => !GRANT.test(grant))) return;
  const missing = schemas
    .map((schema) => ({
      schema,
      lacking: rights.filter((right) => !grants.some((grant) => covers(grant, schema, right))),
    }))
    .filter(({ lacking }) => lacking.length > 0);
  const [first] = missing;
  if (first === undefined) return;
  const { account, address } = session.info;
  const isForRows = missing.some(({ lacking }) => lacking.some((right) => ROW_RIGHTS.includes(right)));
  const where = `into database ${missing.map(({ schema }) => schema).join(', ')}`;
  const problem = isForRows
    ? `The account ${account} at ${address} may not write ${where}`
    : `The account ${account} at ${address} may not carry schema statements ${where}, which the pipeline applies (ddl = sync; with ddl = fail they stop it instead)`;
  const statement = missing
    .map(({ schema, lacking }) => `GRANT ${lacking.join(', ')} ON ${quoteName(schema)}.* TO ${account}`)
    .join('; ');
  throw new SyncError('TARGET_GRANT_MISSING', { problem, statement });
}

const GRANT = /^GRANT (.*) ON (\*|`(?:[^`]|``)*`)\.\* TO/i;

function covers(grant: string, schema: string, right: string): boolean {
  const match = GRANT.exec(grant);
  if (match === null) return false;
  const [, rights = '', on = ''] = match;
  const pattern = on === '*' ? '%' : on.slice(1, -1).replaceAll('``', '`');
  const names = rights.toUpperCase().split(', ');
  return (names.includes('ALL PRIVILEGES') || names.includes(right)) && likeToRegExp(pattern).test(schema);
}

// Database names in grants are LIKE patterns.
function likeToRegExp(pattern: string): RegExp {
  const source = pattern.replaceAll(/\\?[\s\S]/g, (part) => {
    if (part === '%') return '.*';
    if (part === '_') return '.';
    return part.replace(/^\\(?=[_%\\])/, '').replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  });
  return new RegExp(`^${source}$`, 'i');
}

async function triggersOf(
  session: TargetSession,
  schemas: readonly string[],
): Promise<readonly { readonly table: string; readonly trigger: string }[]> {
  if (schemas.length === 0) return [];
  const rows = await session.query(
    'SELECT EVENT_OBJECT_SCHEMA AS schemaName, EVENT_OBJECT_TABLE AS tableName, TRIGGER_NAME AS triggerName ' +
      `FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA IN (${schemas.map((schema) => quoteNameText(schema)).join(',')})`,
  );
  return rows.map((row) => ({
    table: `${String(row['schemaName'])}.${String(row['tableName'])}`,
    trigger: String(row['triggerName']),
  }));
}
