import type { Clock, DataSourceDefinition, ErrorCode, MappingDefinition, NoKeyPolicy, WarningCode } from '@lutra/model';
import { compileTargetLookup, SyncError } from '@lutra/model';
import { ensureCheckpointTable } from './checkpoint.ts';
import { openTarget } from './open-target.ts';
import { grantStatement } from './sql-failure.ts';
import { quoteTable, quoteText } from './sql-text.ts';
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

/**
 * As {@link checkTarget} on an open session: grants on the mapped schemas, packet size, triggers, tables without a key (thrown
 * as TARGET_KEY_MISSING when they are to be refused: not in the night, when their first row comes).
 */
export async function inspectTarget(
  session: TargetSession,
  mappings: readonly MappingDefinition[],
  { noPrimaryKey = 'matchAllColumns' }: { readonly noPrimaryKey?: NoKeyPolicy } = {},
): Promise<TargetReport> {
  const { kind, version, maxAllowedPacketBytes, address } = session.info;
  const warnings: { code: WarningCode | ErrorCode; message: string }[] = [];
  const schemas = [...new Set(mappings.map(({ target }) => target.schema))];
  for (const schema of schemas) await checkGrants(session, schema);
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
  const keyless = await mappedWithoutKey(session, mappings, schemas);
  await session.rollback();
  if (keyless.length > 0) warnings.push(aboutKeyless(keyless, noPrimaryKey));
  return { kind, version, maxAllowedPacketBytes, warnings };
}

async function mappedWithoutKey(
  session: TargetSession,
  mappings: readonly MappingDefinition[],
  schemas: readonly string[],
): Promise<readonly TableName[]> {
  const mappingOf = compileTargetLookup(mappings);
  const tables = await tablesWithoutKey(session, schemas);
  return tables.filter(({ schema, table }) => mappingOf(schema, table) !== null);
}

/** Some names are enough: the first repair shows how the others are done. */
const NAMED_TABLES_MAX = 10;

/** Throws TARGET_KEY_MISSING when such tables are to be refused. */
function aboutKeyless(
  tables: readonly TableName[],
  noPrimaryKey: NoKeyPolicy,
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

/** Reads what the account was granted; rights that come through roles or on single tables are left to the first statement. */
async function checkGrants(session: TargetSession, schema: string): Promise<void> {
  const rows = await session.query('SHOW GRANTS');
  const grants = rows.map((row) => String(Object.values(row)[0]));
  const isGranted = grants.some((grant) => covers(grant, schema));
  const isUnclear = grants.some((grant) => !/^GRANT .* ON (\*\.\*|`[^`]*`\.\*) TO/i.test(grant));
  if (isGranted || isUnclear) return;
  const { account, address } = session.info;
  const problem = `The account ${account} at ${address} may not write into database ${schema}`;
  throw new SyncError('TARGET_GRANT_MISSING', { problem, statement: grantStatement(schema, account) });
}

function covers(grant: string, schema: string): boolean {
  const match = /^GRANT (.*) ON (\*|`(?:[^`]|``)*`)\.\* TO/i.exec(grant);
  if (match === null) return false;
  const [, rights = '', on = ''] = match;
  const pattern = on === '*' ? '%' : on.slice(1, -1).replaceAll('``', '`');
  const hasRights =
    /\bALL PRIVILEGES\b/i.test(rights) ||
    ['SELECT', 'INSERT', 'UPDATE', 'DELETE'].every((right) => new RegExp(`\\b${right}\\b`, 'i').test(rights));
  return hasRights && likeToRegExp(pattern).test(schema);
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
      `FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA IN (${schemas.map((schema) => quoteText(schema)).join(',')})`,
  );
  return rows.map((row) => ({
    table: `${String(row['schemaName'])}.${String(row['tableName'])}`,
    trigger: String(row['triggerName']),
  }));
}
