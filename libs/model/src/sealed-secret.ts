import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { SealedSecret } from './data-source.ts';
import { SyncError } from './sync-error.ts';

/** 1: first, without the id of its key. Still written while there is one key: services of the version before know no other. */
const FORMAT_WITHOUT_KEY_ID = 'v1';
/** 2: with the id of its key behind it. Written when there are several keys, which all services then understand. */
const FORMAT = 'v2';
/** Said to the cipher: it would otherwise take a tag that was cut, which is easier to forge. */
const TAG = { authTagLength: 16 };
const KEY_ID_DIGITS = 8;
const KEY_BYTES = 32;

interface Key {
  readonly id: string;
  readonly bytes: Buffer;
}

/**
 * Encrypts a secret under the newest key of the installation. AES-256-GCM with a random nonce: equal secrets differ when
 * sealed. `keys`: 32 bytes in base64 each, newest first, comma-separated.
 */
export function sealSecret(secret: string, keys: string): SealedSecret {
  const [key, ...older] = readKeys(keys);
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key.bytes, nonce);
  const body = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
  const format = older.length === 0 ? [FORMAT_WITHOUT_KEY_ID] : [FORMAT, key.id];
  return [...format, ...[nonce, body, cipher.getAuthTag()].map((part) => part.toString('base64url'))].join('.');
}

/**
 * Opens what {@link sealSecret} made under any of the keys. Throws CONFIG_ENV_INVALID when its key is none of them or the text
 * was changed.
 */
export function openSecret(sealed: SealedSecret, keys: string): string {
  const { secret } = openWith(sealed, readKeys(keys));
  return secret;
}

/**
 * The id of the key that a value is sealed under: eight hexadecimal digits, which tell nothing of the key. Values of the
 * former format do not say it: they are tried. Throws as {@link openSecret}.
 */
export function keyIdOf(sealed: SealedSecret, keys: string): string {
  const [format, id = ''] = sealed.split('.');
  return format === FORMAT ? id : openWith(sealed, readKeys(keys)).key.id;
}

/** Ids of the keys, newest first. */
export const keyIds = (keys: string): readonly string[] => readKeys(keys).map(({ id }) => id);

/** The same secret under the newest key; the same text when it is under that already. Throws as {@link openSecret}. */
export function resealSecret(sealed: SealedSecret, keys: string): SealedSecret {
  return keyIdOf(sealed, keys) === keyIds(keys)[0] ? sealed : sealSecret(openSecret(sealed, keys), keys);
}

function openWith(sealed: SealedSecret, keys: readonly Key[]): { readonly secret: string; readonly key: Key } {
  const parts = sealed.split('.');
  const id = parts[0] === FORMAT ? parts[1] : undefined;
  const [nonce, body, tag, ...rest] = parts.slice(id === undefined ? 1 : 2);
  const isKnown = parts[0] === FORMAT || parts[0] === FORMAT_WITHOUT_KEY_ID;
  if (!isKnown || nonce === undefined || body === undefined || tag === undefined || rest.length > 0) throw unopened(id);
  let cause: unknown;
  for (const key of keys) {
    if (id !== undefined && id !== key.id) continue;
    try {
      const decipher = createDecipheriv('aes-256-gcm', key.bytes, Buffer.from(nonce, 'base64url'), TAG);
      decipher.setAuthTag(Buffer.from(tag, 'base64url'));
      const opened = Buffer.concat([decipher.update(Buffer.from(body, 'base64url')), decipher.final()]);
      return { secret: opened.toString('utf8'), key };
    } catch (error) {
      cause = error;
    }
  }
  throw unopened(id, cause);
}

function unopened(id: string | undefined, cause?: unknown): SyncError {
  const isId = id !== undefined && /^[0-9a-f]{8}$/.test(id);
  const wanted = isId ? `, and this one needs the key with the id ${id}` : '';
  const problem = `LUTRA_SECRET_KEY does not open the passwords of the data sources: it must be the same for all services${wanted}`;
  return new SyncError('CONFIG_ENV_INVALID', { problem }, cause === undefined ? {} : { cause });
}

function readKeys(keys: string): readonly [Key, ...Key[]] {
  const [first, ...others] = keys.split(',').map((text): Key => {
    const bytes = Buffer.from(text.trim(), 'base64');
    if (bytes.length !== KEY_BYTES)
      throw new SyncError('CONFIG_ENV_INVALID', { problem: 'Each key of LUTRA_SECRET_KEY must be 32 bytes in base64' });
    const id = createHash('sha256').update('lutra key id').update(bytes).digest('hex').slice(0, KEY_ID_DIGITS);
    return { id, bytes };
  });
  if (first === undefined) throw new SyncError('CONFIG_ENV_INVALID', { problem: 'LUTRA_SECRET_KEY is empty' });
  return [first, ...others];
}
