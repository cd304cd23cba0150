import { SyncError } from '@lutra/model';
import type { Clock, DatabaseKind, DataSourceDefinition, DataSourceSecrets, ErrorCode } from '@lutra/model';
import { openTarget } from '@lutra/sql';

/** A person waits for the answer. */
const CONNECT_MS_MAX = 5_000;
const STATEMENT_MS_MAX = 10_000;

/** What a server says of itself to the user of the data source. */
export interface ServerFacts {
  readonly kind: DatabaseKind;
  readonly version: string;
  /** Quoted as in a GRANT statement. */
  readonly account: string;
  /** By lower-case name; a variable that the server does not know is not there. */
  readonly variables: Readonly<Record<string, string>>;
  /** Lines of SHOW GRANTS. */
  readonly grants: readonly string[];
  /** How far the server's clock is ahead of the manager's, give or take half of the question's way there and back. */
  readonly clockAheadMs: number;
}

export interface ServerFinding {
  readonly code: ErrorCode;
  readonly detail: string;
  /** The statement that repairs it, when one does. */
  readonly statement?: string;
}

const VARIABLES = [
  'binlog_expire_logs_seconds',
  'binlog_format',
  'binlog_row_image',
  'binlog_row_metadata',
  'character_set_server',
  'collation_server',
  'expire_logs_days',
  'gtid_mode',
  'gtid_strict_mode',
  'log_bin',
  'lower_case_table_names',
  'max_allowed_packet',
  'read_only',
  'server_id',
  'server_uuid',
  'sql_mode',
  'super_read_only',
  'system_time_zone',
  'time_zone',
] as const;

/** Logs in and asks; changes nothing. Throws TARGET_UNREACHABLE or TARGET_ACCESS_DENIED. */
export async function probeServer(
  definition: DataSourceDefinition,
  secrets: DataSourceSecrets,
  clock: Clock,
): Promise<ServerFacts> {
  const session = await openTarget(definition, secrets, {
    clock,
    programName: 'lutra manager',
    connectTimeoutMs: CONNECT_MS_MAX,
    statementTimeoutMs: STATEMENT_MS_MAX,
  });
  try {
    const names = VARIABLES.map((name) => `'${name}'`).join(', ');
    const variables = await session.query(`SHOW GLOBAL VARIABLES WHERE Variable_name IN (${names})`);
    const grants = await session.query('SHOW GRANTS');
    const askedMs = clock.now().getTime();
    const [time] = await session.query('SELECT CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED) AS ms');
    const clockAheadMs = Math.round(Number(time?.['ms']) - (askedMs + clock.now().getTime()) / 2);
    const { kind, version, account } = session.info;
    return {
      kind,
      version,
      account,
      variables: Object.fromEntries(
        variables.map((row) => [String(row['Variable_name']).toLowerCase(), String(row['Value'])]),
      ),
      grants: grants.map((row) => String(Object.values(row)[0])),
      clockAheadMs,
    };
  } finally {
    await session.close();
  }
}

/** What keeps the server from being the source of a pipeline, and what it should better have. Empty = all well. */
export function findingsAsSource({ kind, account, variables, grants }: ServerFacts): ServerFinding[] {
  const findings: ServerFinding[] = [];
  if (variables['log_bin'] !== 'ON')
    findings.push({ code: 'SOURCE_BINLOG_OFF', detail: 'The server writes no binary log: start it with log_bin' });
  const setting = (name: string, wanted: string, code: ErrorCode): void => {
    const is = variables[name];
    if (is === undefined || is === wanted) return;
    const detail = `${name} is ${is}, Lutra reads the log best with ${wanted}`;
    findings.push({ code, detail, statement: `SET GLOBAL ${name} = ${wanted}` });
  };
  setting('binlog_format', 'ROW', 'SOURCE_BINLOG_FORMAT');
  setting('binlog_row_image', 'FULL', 'SOURCE_BINLOG_FORMAT');
  setting('binlog_row_metadata', 'FULL', 'SOURCE_SCHEMA_MISMATCH');
  const missing = missingGrants(kind, grants);
  if (missing.length > 0)
    findings.push({
      code: 'SOURCE_GRANT_MISSING',
      detail: `${account} lacks ${missing.join(' and ')}`,
      statement: `GRANT ${missing.join(', ')} ON *.* TO ${account}`,
    });
  return findings;
}

function missingGrants(kind: DatabaseKind, grants: readonly string[]): string[] {
  const global = grants.filter((line) => / ON \*\.\* TO /.test(line)).join(', ');
  // What roles give is not listed here: a role may hold it, and select will say so if it does not.
  if (/ALL PRIVILEGES/.test(global) || grants.some((line) => !/ ON /.test(line))) return [];
  const reading = kind === 'mariadb' ? 'BINLOG MONITOR' : 'REPLICATION CLIENT';
  return [
    ...(/REPLICATION SLAVE(?! ADMIN)/.test(global) ? [] : ['REPLICATION SLAVE']),
    ...(/BINLOG MONITOR|REPLICATION CLIENT|SUPER/.test(global) ? [] : [reading]),
  ];
}

/** The failure of a probe as a finding: a data source is neither source nor target before a pipeline says so. */
export function findingOfFailure(error: unknown): ServerFinding {
  const failure = SyncError.of(error);
  return { code: failure.code, detail: `${failure.sentence}. ${failure.workaround}` };
}
