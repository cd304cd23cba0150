import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { DataSourceDefinition, DataSourceSecrets, SealedSecret } from './data-source.ts';
import { SyncError } from './sync-error.ts';

const FORMAT = 'v1';
/** Said to the cipher: it would otherwise take a tag that was cut, which is easier to forge. */
const TAG = { authTagLength: 16 };

/** Encrypts a secret under the installation's key (32 bytes, base64). AES-256-GCM with a random nonce: equal secrets differ when sealed. */
export function sealSecret(secret: string, keyBase64: string): SealedSecret {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', keyOf(keyBase64), nonce);
  const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
  return [FORMAT, ...[nonce, sealed, cipher.getAuthTag()].map((part) => part.toString('base64url'))].join('.');
}

/** Opens what {@link sealSecret} made. Throws CONFIG_ENV_INVALID when the key is another one or the text was changed. */
export function openSecret(sealed: SealedSecret, keyBase64: string): string {
  try {
    const [format, nonce, body, tag, ...rest] = sealed.split('.');
    if (format !== FORMAT || nonce === undefined || body === undefined || tag === undefined || rest.length > 0)
      throw new Error('unknown format');
    const decipher = createDecipheriv('aes-256-gcm', keyOf(keyBase64), Buffer.from(nonce, 'base64url'), TAG);
    decipher.setAuthTag(Buffer.from(tag, 'base64url'));
    return Buffer.concat([decipher.update(Buffer.from(body, 'base64url')), decipher.final()]).toString('utf8');
  } catch (cause) {
    const problem =
      'LUTRA_SECRET_KEY does not open the passwords of the data sources: it must be the same for all services';
    throw new SyncError('CONFIG_ENV_INVALID', { problem }, { cause });
  }
}

/** What a connection to a data source needs. Throws as {@link openSecret}. */
export function openSecrets(
  { password, tlsKey }: Pick<DataSourceDefinition, 'password' | 'tlsKey'>,
  keyBase64: string,
): DataSourceSecrets {
  const key = tlsKey === undefined ? {} : { tlsKey: openSecret(tlsKey, keyBase64) };
  return { password: openSecret(password, keyBase64), ...key };
}

function keyOf(keyBase64: string): Buffer {
  const key = Buffer.from(keyBase64, 'base64');
  if (key.length !== 32)
    throw new SyncError('CONFIG_ENV_INVALID', { problem: 'LUTRA_SECRET_KEY must be 32 bytes in base64' });
  return key;
}
