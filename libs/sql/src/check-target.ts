import type { Clock, DataSourceDefinition, ErrorCode, MappingDefinition, WarningCode } from '@lutra/model';
import { SyncError } from '@lutra/model';
import { ensureCheckpointTable } from './checkpoint.ts';
import { openTarget } from './open-target.ts';
import { grantStatement } from './sql-failure.ts';
import { quoteText } from './sql-text.ts';
import type { TargetSession } from './target-session.ts';

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

/** As {@link checkTarget} on an open session: grants on the mapped schemas, packet size, triggers. */
export async function inspectTarget(
  session: TargetSession,
  mappings: readonly MappingDefinition[],
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
  await session.rollback();
  return { kind, version, maxAllowedPacketBytes, warnings };
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
