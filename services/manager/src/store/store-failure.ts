import { SyncError } from '@lutra/model';

/** Where the store is, for messages. */
export interface StoreAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
}

/**
 * Deadlock, lock wait, row changed since this transaction first looked (MariaDB from 11.6.2 on, innodb_snapshot_isolation):
 * the same transaction may succeed when it is repeated.
 */
const BUSY = new Set([1020, 1205, 1213]);
/** No such database, no such table: the store was removed under us; opening it again makes it anew. */
const GONE = new Set([1049, 1146]);
const DENIED = new Set([1044, 1045, 1142, 1227, 1698]);
/** Codes of the driver and of sockets that say that the server was not there, or went away. */
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_SEQUENCE_TIMEOUT',
  'PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR',
  'PROTOCOL_ENQUEUE_AFTER_QUIT',
  'ER_SERVER_SHUTDOWN',
  'ER_CON_COUNT_ERROR',
  'ER_CONNECTION_KILLED',
  'ER_QUERY_INTERRUPTED',
]);
/** Errors that the driver and TypeORM throw without a code when a connection died or the pool is closed. */
const UNREACHABLE_TEXT = /connection is in closed state|pool is closed|connection lost|not established|queue limit/i;
/** Codes of Node and of the driver for a certificate that is not taken. */
const TLS_REFUSED = /^(CERT|ERR_TLS|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HANDSHAKE)/;
const DUPLICATE = 1062;
const REFERENCED = new Set([1451, 1452]);

/** Gives an error of the store's driver its meaning. A SyncError passes unchanged; what is not known is INTERNAL. */
export function storeFailure(error: unknown, address: StoreAddress): SyncError {
  if (SyncError.is(error)) return error;
  const { errno, code, message } = driverError(error);
  const at = `${address.host}:${String(address.port)}`;
  if (BUSY.has(errno)) return new SyncError('STORE_BUSY', {}, { cause: error });
  if (DENIED.has(errno)) {
    const { user, database } = address;
    const statement = `GRANT ALL PRIVILEGES ON \`${database}\`.* TO '${user}'@'%'`;
    const problem = `The manager's database at ${at} refuses user ${user}: ${message}`;
    return new SyncError('STORE_ACCESS_DENIED', { problem, address: at, statement }, { cause: error });
  }
  if (errno === DUPLICATE)
    return new SyncError('RESOURCE_CONFLICT', { problem: 'This name is taken already' }, { cause: error });
  if (REFERENCED.has(errno))
    return new SyncError('RESOURCE_CONFLICT', { problem: 'The resource is in use by another one' }, { cause: error });
  if (GONE.has(errno) || UNREACHABLE.has(code) || TLS_REFUSED.test(code) || UNREACHABLE_TEXT.test(message)) {
    const problem = `The manager's database at ${at} cannot be used: ${message === '' ? code : message}`;
    return new SyncError('STORE_UNREACHABLE', { problem, address: at }, { cause: error });
  }
  return SyncError.of(error);
}

/** True when the database itself is missing on a server that answers. */
export const isDatabaseMissing = (error: unknown): boolean => driverError(error).errno === 1049;

function driverError(error: unknown): { readonly errno: number; readonly code: string; readonly message: string } {
  // By shape, not by class: errors of Node's own modules may come from another realm.
  if (typeof error !== 'object' || error === null) return { errno: 0, code: '', message: String(error) };
  const { errno, code, message } = error as { errno?: unknown; code?: unknown; message?: unknown };
  return {
    errno: typeof errno === 'number' ? errno : 0,
    code: typeof code === 'string' ? code : '',
    message: typeof message === 'string' ? message : '',
  };
}
