import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import type { SecureContextOptions } from 'node:tls';
import type { Logger } from 'pino';
import { SyncError } from '@lutra/model';

/** Where certificate and key of a listener are, PEM. */
export interface TlsFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
  /** Authorities of the clients; null = clients show no certificate. */
  readonly clientAuthorityFile: string | null;
}

/** Files are looked at, not watched: a mounted secret is replaced by changing a link, which a watch does not see. */
const LOOK_MS = 2_000;

/** The files that the environment names; null = no TLS. Throws CONFIG_ENV_INVALID when one is missing. */
export function tlsFilesOf(env: {
  readonly LUTRA_HTTP_TLS_CERT_FILE?: string | undefined;
  readonly LUTRA_HTTP_TLS_KEY_FILE?: string | undefined;
  readonly LUTRA_HTTP_TLS_CLIENT_CA_FILE?: string | undefined;
}): TlsFiles | null {
  const { LUTRA_HTTP_TLS_CERT_FILE: certificateFile, LUTRA_HTTP_TLS_KEY_FILE: keyFile } = env;
  const clientAuthorityFile = env.LUTRA_HTTP_TLS_CLIENT_CA_FILE ?? null;
  if (certificateFile !== undefined && keyFile !== undefined) return { certificateFile, keyFile, clientAuthorityFile };
  if (certificateFile === undefined && keyFile === undefined && clientAuthorityFile === null) return null;
  const problem = 'TLS takes both LUTRA_HTTP_TLS_CERT_FILE and LUTRA_HTTP_TLS_KEY_FILE';
  throw new SyncError('CONFIG_ENV_INVALID', { problem });
}

/** Throws CONFIG_ENV_INVALID when a file cannot be read. */
export function readTlsFiles({ certificateFile, keyFile, clientAuthorityFile }: TlsFiles): SecureContextOptions {
  try {
    return {
      cert: readFileSync(certificateFile),
      key: readFileSync(keyFile),
      ...(clientAuthorityFile === null ? {} : { ca: readFileSync(clientAuthorityFile) }),
    };
  } catch (cause) {
    const problem = `A file of the TLS listener cannot be read: ${SyncError.of(cause).message}`;
    throw new SyncError('CONFIG_ENV_INVALID', { problem }, { cause });
  }
}

/**
 * Hands the files over again whenever one has changed, until the answered function is called. While they do not fit each
 * other, as in the middle of a replacement, what was there before stays.
 */
export function followTlsFiles(
  files: TlsFiles,
  apply: (options: SecureContextOptions) => void,
  log: Logger,
): () => void {
  const look = (): void => {
    try {
      apply(readTlsFiles(files));
      log.info({ file: files.certificateFile }, 'certificate of the listener replaced');
    } catch (error) {
      log.warn({ err: error, file: files.certificateFile }, 'certificate of the listener not replaced');
    }
  };
  const { certificateFile, keyFile, clientAuthorityFile } = files;
  const followed = [certificateFile, keyFile, ...(clientAuthorityFile === null ? [] : [clientAuthorityFile])];
  for (const file of followed) watchFile(file, { interval: LOOK_MS, persistent: false }, look);
  return () => {
    for (const file of followed) unwatchFile(file, look);
  };
}
