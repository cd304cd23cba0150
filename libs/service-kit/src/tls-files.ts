import { readFileSync } from 'node:fs';
import type { SecureContextOptions } from 'node:tls';
import type { Logger } from 'pino';
import { SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';

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
 * Hands the files over again whenever what they hold has changed, until the signal aborts; never rejects. `held` is what the
 * listener began with: contents are compared, so that a replacement is seen however soon it comes and whatever times the
 * files carry. While they do not fit each other, as in the middle of a replacement, what was there before stays.
 */
export async function followTlsFiles(
  { files, held, apply }: { files: TlsFiles; held: SecureContextOptions; apply: (now: SecureContextOptions) => void },
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
  signal: AbortSignal,
): Promise<void> {
  const file = files.certificateFile;
  let seen = imageOf(held);
  let told = '';
  for (;;) {
    await clock.sleep(LOOK_MS, signal);
    if (signal.aborted) return;
    try {
      const found = readTlsFiles(files);
      if (imageOf(found) === seen) continue;
      [seen, told] = [imageOf(found), ''];
      apply(found);
      log.info({ file }, 'certificate of the listener replaced');
    } catch (error) {
      const { message } = SyncError.of(error);
      if (message === told) continue;
      told = message;
      log.warn({ err: error, file }, 'certificate of the listener not replaced');
    }
  }
}

function imageOf({ cert, key, ca }: SecureContextOptions): string {
  return [cert, key, ca].map(String).join('\n');
}
