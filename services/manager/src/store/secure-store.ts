import { readFileSync } from 'node:fs';
import { connect, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { SyncError } from '@lutra/model';

/** As MANAGER_DATABASE_TLS says; files in PEM, null = none. */
export interface StoreTls {
  readonly mode: 'required' | 'verifyCa' | 'verifyIdentity';
  readonly caFile: string | null;
  readonly certFile: string | null;
  readonly keyFile: string | null;
}

/**
 * What the driver needs for encrypted connections. It asks for the files' contents when it makes one, so that a certificate
 * that was replaced is used from the next connection on. Throws CONFIG_ENV_INVALID when a file cannot be read now; one that
 * cannot be read later, in the middle of a replacement, counts with what it had.
 */
export function secureStore(
  host: string,
  port: number,
  { mode, caFile, certFile, keyFile }: StoreTls,
): { readonly ssl: object; readonly extra: object } {
  const ssl = { rejectUnauthorized: mode !== 'required', verifyIdentity: mode === 'verifyIdentity' };
  for (const [name, file] of Object.entries({ ca: caFile, cert: certFile, key: keyFile })) {
    if (file === null) continue;
    let last = readNow(file);
    const get = (): string => {
      try {
        last = readFileSync(file, 'utf8');
      } catch {
        // The replacement will be there for the next connection.
      }
      return last;
    };
    Object.defineProperty(ssl, name, { get, enumerable: true });
  }
  const byAddress = mode === 'verifyIdentity' && isIP(host) !== 0;
  return { ssl, extra: byAddress ? { stream: () => connectTo(host, port) } : {} };
}

function readNow(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new SyncError(
      'CONFIG_ENV_INVALID',
      { problem: `The file ${file} for TLS to the store cannot be read` },
      { cause },
    );
  }
}

/**
 * The driver hands no name to TLS when the host is an address; Node then looks at the name that the socket was asked for,
 * and without one it would look for 'localhost' in the certificate, wherever the address leads.
 */
function connectTo(host: string, port: number): Socket {
  const socket = connect({ host, port, keepAlive: true, noDelay: true });
  return Object.assign(socket, { _host: host });
}
