import { createConnection } from 'mysql2/promise';
import type { Connection, ConnectionOptions, RowDataPacket } from 'mysql2/promise';
import type { Clock, DataSourceDefinition } from '@lutra/model';
import { connect, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { MysqlTargetSession } from './mysql-target-session.ts';
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
}

const CONNECT_TIMEOUT_MS = 10_000;
// Above innodb_lock_wait_timeout, and enough for a large batch on a slow disk.
const STATEMENT_TIMEOUT_MS = 120_000;

/** Opens a writing session with every setting explicit. Throws TARGET_UNREACHABLE, TARGET_ACCESS_DENIED or TARGET_GRANT_MISSING. */
export async function openTarget(
  definition: DataSourceDefinition,
  password: string,
  options: OpenTargetOptions,
): Promise<TargetSession> {
  const address = `${definition.host}:${String(definition.port)}`;
  const context: FailureContext = { address, account: `${quoteText(definition.user)}@'%'` };
  let connection: Connection | undefined;
  try {
    connection = await createConnection(connectionOptions(definition, password, options));
    // What answered the handshake may be gone at once: the settings have a limit of their own.
    const timeout = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
    for (const sql of SESSION_SETUP) await connection.query({ sql, timeout });
    const info = await readInfo(connection, { address, timeout });
    const timeoutMs = options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS;
    return new MysqlTargetSession(connection, info, { clock: options.clock, timeoutMs });
  } catch (cause) {
    connection?.destroy();
    throw toConnectError(cause, context);
  }
}

function connectionOptions(
  { host, port, user, tls, tlsCa }: DataSourceDefinition,
  password: string,
  options: OpenTargetOptions,
): ConnectionOptions {
  const authority = tlsCa === undefined ? {} : { ca: tlsCa };
  return {
    host,
    port,
    user,
    password,
    charset: 'UTF8MB4_GENERAL_CI',
    // Affected rows = rows found, also when nothing changes: the only way to see that a row is missing.
    flags: ['+FOUND_ROWS', '-LOCAL_FILES'],
    multipleStatements: true,
    // Values never come in apart from the text: otherwise the driver searches all of it for placeholders.
    queryFormat: (sql) => sql,
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
