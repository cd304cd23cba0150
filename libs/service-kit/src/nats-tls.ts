import { accessSync, constants } from 'node:fs';
import type { BusTlsFiles } from '@lutra/messaging';
import { SyncError } from '@lutra/model';

interface NatsTlsEnv {
  readonly LUTRA_NATS_TLS_CA_FILE?: string | undefined;
  readonly LUTRA_NATS_TLS_CERT_FILE?: string | undefined;
  readonly LUTRA_NATS_TLS_KEY_FILE?: string | undefined;
}

/** The files that the environment names; null = none. Throws CONFIG_ENV_INVALID when one is missing: the bus would wait for it for ever. */
export function natsTlsOf(env: NatsTlsEnv): BusTlsFiles | null {
  const { LUTRA_NATS_TLS_CA_FILE: caFile, LUTRA_NATS_TLS_CERT_FILE: certFile, LUTRA_NATS_TLS_KEY_FILE: keyFile } = env;
  if ((certFile === undefined) !== (keyFile === undefined))
    throw invalid('TLS to NATS takes both LUTRA_NATS_TLS_CERT_FILE and LUTRA_NATS_TLS_KEY_FILE, or none');
  const files = Object.entries({ caFile, certFile, keyFile }).filter(([, file]) => file !== undefined);
  for (const [, file = ''] of files)
    try {
      accessSync(file, constants.R_OK);
    } catch {
      throw invalid(`The file ${file} for TLS to NATS cannot be read`);
    }
  return files.length === 0 ? null : Object.fromEntries(files);
}

const invalid = (problem: string): SyncError => new SyncError('CONFIG_ENV_INVALID', { problem });
