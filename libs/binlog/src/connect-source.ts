import { createConnection } from 'mysql2/promise';
import type { Connection, ConnectionOptions } from 'mysql2/promise';
import { connect, isIP } from 'node:net';
import type { Socket } from 'node:net';
import type { SourceOptions } from './source-session.ts';

/** A connection that is logged in, and whether it speaks the compressed protocol. */
export interface SourceConnection {
  readonly connection: Connection;
  readonly isCompressed: boolean;
}

/** Handshake and each query. */
export const TIMEOUT_MS = 10_000;
/** The server takes none of the compression algorithms that the client offers (none is one of them). */
export const COMPRESSION_REFUSED = 3922;

/** Logs in; compressed only when the server takes nobody else. Throws the driver's errors. */
export async function connectSource(options: SourceOptions): Promise<SourceConnection> {
  try {
    return { connection: await createConnection(connectionOptions(options, false)), isCompressed: false };
  } catch (error) {
    if (!(error instanceof Error && 'errno' in error && error.errno === COMPRESSION_REFUSED)) throw error;
    return { connection: await createConnection(connectionOptions(options, true)), isCompressed: true };
  }
}

function connectionOptions(
  { definition, password, tlsKey, timeoutMs }: SourceOptions,
  compress: boolean,
): ConnectionOptions {
  const { host, port, user, tls, tlsCa, tlsCert } = definition;
  return {
    host,
    port,
    user,
    password,
    compress,
    connectTimeout: timeoutMs ?? TIMEOUT_MS,
    charset: 'utf8mb4',
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    enableKeepAlive: true,
    ...(tls === 'verifyIdentity' && isIP(host) !== 0 ? { stream: () => connectTo(host, port) } : {}),
    ...(tls === 'disabled'
      ? {}
      : {
          ssl: {
            rejectUnauthorized: tls !== 'required',
            verifyIdentity: tls === 'verifyIdentity',
            ...(tlsCa === undefined ? {} : { ca: tlsCa }),
            ...(tlsCert === undefined || tlsKey === undefined ? {} : { cert: tlsCert, key: tlsKey }),
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
