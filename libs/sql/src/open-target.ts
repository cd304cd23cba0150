import { createConnection } from 'mysql2';
import type { Connection as DriverConnection, ConnectionOptions } from 'mysql2';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { Clock, DataSourceDefinition, DataSourceSecrets } from '@lutra/model';
import { connect, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { hasBulk, requestBulk } from './bulk/bulk-link.ts';
import { BulkWriter } from './bulk/bulk-writer.ts';
import { keepsBulkRows } from './bulk/keeps-bulk-rows.ts';
import { MysqlTargetSession } from './mysql-target-session.ts';
import { ShortestRoundTrips } from './shortest-round-trip.ts';
import { SESSION_SETUP } from './session-setup.ts';
import type { FailureContext } from './sql-failure.ts';
import { toConnectError } from './sql-failure.ts';
import { quoteText } from './sql-text.ts';
import type { TargetInfo, TargetSession } from './target-session.ts';

export interface OpenTargetOptions {
  readonly clock: Clock;
  /** Shown in the server's process list. */
  readonly programName?: string;
  readonly connectTimeoutMs?: number;
  /** Longest time that one packet of statements may take before the session counts as lost. */
  readonly statementTimeoutMs?: number;
  /**
   * Whether inserts of many rows go as bulk operations where the server has them (MariaDB): auto = those of so many rows that
   * it pays, to servers that keep them whatever triggers do; always = of any number, to any server.
   */
  readonly bulk?: 'auto' | 'always' | 'never';
}

const CONNECT_TIMEOUT_MS = 10_000;
// Above innodb_lock_wait_timeout, and enough for a large batch on a slow disk.
const STATEMENT_TIMEOUT_MS = 120_000;
// Each kept by the server too.
const PREPARED_STATEMENTS_MAX = 64;
/** A bulk operation is a round trip of its own, and spares the target about so much per row. */
const BULK_SPARES_MICROS = 3;
const BULK_ROWS_MIN = 32;

/** Opens a writing session with every setting explicit; `secrets` as text is the password alone. Throws TARGET_UNREACHABLE, TARGET_ACCESS_DENIED or TARGET_GRANT_MISSING. */
export async function openTarget(
  definition: DataSourceDefinition,
  secrets: string | DataSourceSecrets,
  options: OpenTargetOptions,
): Promise<TargetSession> {
  const address = `${definition.host}:${String(definition.port)}`;
  const context: FailureContext = { address, account: `${quoteText(definition.user)}@'%'` };
  let connection: DriverConnection | undefined;
  try {
    const opened = typeof secrets === 'string' ? { password: secrets } : secrets;
    connection = await connected(connectionOptions(definition, opened, options));
    const session = connection.promise();
    // What answered the handshake may be gone at once: the settings have a limit of their own.
    const timeout = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
    let roundTripMs = Number.POSITIVE_INFINITY;
    for (const sql of SESSION_SETUP) {
      const startMs = options.clock.monotonicMs();
      await session.query({ sql, timeout });
      roundTripMs = Math.min(roundTripMs, options.clock.monotonicMs() - startMs);
    }
    const info = await readInfo(session, { address, timeout });
    const limits = { clock: options.clock, timeoutMs: options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS };
    const shortestMs = roundTrips.observe(address, roundTripMs);
    const bulk = bulkWriter(connection, { ...options, roundTripMs: shortestMs, version: info.version });
    return new MysqlTargetSession(session, info, limits, bulk);
  } catch (cause) {
    connection?.destroy();
    throw toConnectError(cause, context);
  }
}

/** Of this process: all its sessions. */
const roundTrips = new ShortestRoundTrips();

/** Rejects with the driver's error. */
function connected(options: ConnectionOptions): Promise<DriverConnection> {
  const connection = createConnection(options);
  requestBulk(connection);
  return new Promise((resolve, reject) => {
    connection.once('connect', () => {
      resolve(connection);
    });
    connection.once('error', reject);
  });
}

interface BulkChoice extends Pick<OpenTargetOptions, 'bulk'> {
  readonly roundTripMs: number;
  readonly version: string;
}

function bulkWriter(
  connection: DriverConnection,
  { bulk = 'auto', roundTripMs, version }: BulkChoice,
): BulkWriter | null {
  if (bulk === 'never' || !hasBulk(connection)) return null;
  if (bulk === 'auto' && !keepsBulkRows(version)) return null;
  const worth = Math.max(BULK_ROWS_MIN, Math.ceil((roundTripMs * 1_000) / BULK_SPARES_MICROS));
  return new BulkWriter(connection, bulk === 'always' ? 1 : worth);
}

function connectionOptions(
  { host, port, user, tls, tlsCa, tlsCert }: DataSourceDefinition,
  { password, tlsKey }: DataSourceSecrets,
  options: OpenTargetOptions,
): ConnectionOptions {
  const authority = tlsCa === undefined ? {} : { ca: tlsCa };
  const own = tlsCert === undefined || tlsKey === undefined ? {} : { cert: tlsCert, key: tlsKey };
  return {
    host,
    port,
    user,
    password,
    charset: 'UTF8MB4_GENERAL_CI',
    // Affected rows = rows found, also when nothing changes: the only way to see that a row is missing.
    flags: ['+FOUND_ROWS', '-LOCAL_FILES'],
    multipleStatements: true,
    maxPreparedStatements: PREPARED_STATEMENTS_MAX,
    // Values never come in apart from the text: otherwise the driver searches all of it for placeholders.
    queryFormat: (sql) => sql,
    // The driver would note where each query was asked from.
    trace: false,
    supportBigNumbers: true,
    bigNumberStrings: false,
    dateStrings: true,
    connectTimeout: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    enableKeepAlive: true,
    connectAttributes: { program_name: options.programName ?? 'lutra' },
    ...(tls === 'verifyIdentity' && isIP(host) !== 0 ? { stream: () => connectTo(host, port) } : {}),
    ...(tls === 'disabled'
      ? {}
      : {
          ssl: {
            ...authority,
            ...own,
            rejectUnauthorized: tls !== 'required',
            verifyIdentity: tls === 'verifyIdentity',
          },
        }),
  };
}

/**
 * The driver hands no name to TLS when the host is an address; Node then looks at the name that the socket was asked for,
 * and without one it would look for 'localhost' in the certificate, wherever the address leads.
 */
function connectTo(host: string, port: number): Socket {
  const socket = connect({ host, port, keepAlive: true, noDelay: true });
  return Object.assign(socket, { _host: host });
}

async function readInfo(
  connection: Connection,
  { address, timeout }: { readonly address: string; readonly timeout: number },
): Promise<TargetInfo> {
  const [variables] = await connection.query<RowDataPacket[]>({
    timeout,
    sql: "SHOW VARIABLES WHERE Variable_name IN ('version', 'max_allowed_packet', 'server_uuid', 'server_uid', 'server_id', 'hostname', 'port')",
  });
  const byName = new Map(variables.map((row) => [String(row['Variable_name']), String(row['Value'])]));
  const [rows] = await connection.query<RowDataPacket[]>({
    timeout,
    sql: 'SELECT CONNECTION_ID() AS sessionId, CURRENT_USER() AS account',
  });
  const [row] = rows;
  await connection.query({ sql: 'COMMIT', timeout });
  const version = byName.get('version') ?? '';
  const identity = byName.get('server_uuid') ?? byName.get('server_uid');
  return {
    kind: /mariadb/i.test(version) ? 'mariadb' : 'mysql',
    version,
    serverId: identity ?? ['hostname', 'port', 'server_id'].map((name) => byName.get(name) ?? '').join(':'),
    sessionId: Number(row?.['sessionId']),
    maxAllowedPacketBytes: Number(byName.get('max_allowed_packet')),
    address,
    account: quoteAccount(String(row?.['account'])),
  };
}

function quoteAccount(account: string): string {
  const at = account.lastIndexOf('@');
  return `${quoteText(account.slice(0, at))}@${quoteText(account.slice(at + 1))}`;
}
