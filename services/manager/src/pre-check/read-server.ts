import type { Clock } from '@lutra/model';
import type { TargetSession } from '@lutra/sql';
import type { ServerFacts } from './pre-check-facts.ts';

const VARIABLES = [
  'auto_increment_increment',
  'auto_increment_offset',
  'binlog_expire_logs_auto_purge',
  'binlog_expire_logs_seconds',
  'binlog_format',
  'binlog_row_image',
  'binlog_row_metadata',
  'binlog_row_value_options',
  'enforce_gtid_consistency',
  'expire_logs_days',
  'group_replication_group_name',
  'group_replication_single_primary_mode',
  'gtid_mode',
  'gtid_strict_mode',
  'log_bin',
  'lower_case_table_names',
  'max_allowed_packet',
  'partial_revokes',
  'read_only',
  'replica_parallel_workers',
  'replica_preserve_commit_order',
  'server_id',
  'server_uid',
  'server_uuid',
  'slave_parallel_workers',
  'slave_preserve_commit_order',
  'sql_mode',
  'super_read_only',
  'system_time_zone',
  'time_zone',
  'version',
  'wsrep_on',
] as const;

/** Asks a server what it is and how it is set; changes nothing. Throws what the session throws. */
export async function readServer(session: TargetSession, clock: Clock): Promise<ServerFacts> {
  const { kind, account, address } = session.info;
  const names = VARIABLES.map((name) => `'${name}'`).join(', ');
  const variables = await session.query(`SHOW GLOBAL VARIABLES WHERE Variable_name IN (${names})`);
  const grants = await readGrants(session);
  const askedMs = clock.now().getTime();
  const [time] = await session.query(
    'SELECT CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED) AS ms, TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), ' +
      "CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', @@global.time_zone)) AS zone",
  );
  const clockAheadMs = Math.round(Number(time?.['ms']) - (askedMs + clock.now().getTime()) / 2);
  const collations = await session.query('SELECT COLLATION_NAME AS name FROM information_schema.COLLATIONS');
  const schemas = await session.query('SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA');
  const zone = time?.['zone'];
  return {
    ...{ kind, account, address, grants, clockAheadMs },
    variables: Object.fromEntries(
      variables.map((row) => [String(row['Variable_name']).toLowerCase(), String(row['Value'])]),
    ),
    zoneAheadS: zone === null || zone === undefined ? null : Number(zone),
    collations: new Set(collations.flatMap((row) => collationNames(String(row['name'])))),
    schemas: new Set(schemas.map((row) => String(row['name']))),
  };
}

/** MariaDB lists what fits several character sets without the set's name. */
const collationNames = (name: string): string[] =>
  name.startsWith('uca1400') ? ['utf8mb4', 'utf8mb3', 'ucs2', 'utf16', 'utf32'].map((set) => `${set}_${name}`) : [name];

/** MySQL lists what roles give only when they are named; MariaDB lists the current role by itself. */
async function readGrants(session: TargetSession): Promise<readonly string[]> {
  const isAware = session.info.kind === 'mysql' && !session.info.version.startsWith('5.');
  const [row] = isAware ? await session.query('SELECT CURRENT_ROLE() AS roles') : [];
  const roles = row?.['roles'];
  const using =
    typeof roles !== 'string' || roles === '' || roles === 'NONE' ? '' : ` FOR CURRENT_USER() USING ${roles}`;
  return (await session.query(`SHOW GRANTS${using}`)).map((line) => String(Object.values(line)[0]));
}
