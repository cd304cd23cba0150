import { createCipheriv, createDecipheriv, createHash, pbkdf2Sync, randomBytes } from 'node:crypto';
import { TtcWriter } from './ttc-writer.ts';

const ROUNDS = 4_096;
const SESSION_ROUNDS = 3;
/** Says that passwords are kept as since Oracle 12c. */
const VERIFIER_12C = 0x4815;
const BLOCK_BYTES = 16;
const KEY_BYTES = 32;

/** What both sides got out of the first half of a login. */
export interface LoginChallenge {
  readonly password: string;
  readonly passwordKey: Buffer;
  readonly sessionKey: Buffer;
  readonly salt: Buffer;
  /** What the client is told. */
  readonly answer: Buffer;
}

/**
 * O5LOGON with the verifier of 12c: neither side sends the password in clear, and each proves that it knows it. An unknown
 * account gets a challenge that no password meets.
 */
export function challenge(known: string | undefined): LoginChallenge {
  const password = known ?? randomBytes(BLOCK_BYTES).toString('hex');
  const verifier = randomBytes(BLOCK_BYTES);
  const salt = randomBytes(BLOCK_BYTES);
  const sessionKey = randomBytes(KEY_BYTES);
  const speedyKey = pbkdf2Sync(
    password,
    Buffer.concat([verifier, Buffer.from('AUTH_PBKDF2_SPEEDY_KEY')]),
    ROUNDS,
    64,
    'sha512',
  );
  const passwordKey = createHash('sha512').update(speedyKey).update(verifier).digest().subarray(0, KEY_BYTES);
  const answer = new TtcWriter()
    .number(5)
    .pair('AUTH_SESSKEY', hex(encrypt(passwordKey, sessionKey, { isPadded: false })))
    .pair('AUTH_VFR_DATA', hex(verifier), VERIFIER_12C)
    .pair('AUTH_PBKDF2_CSK_SALT', hex(salt))
    .pair('AUTH_PBKDF2_VGEN_COUNT', String(ROUNDS))
    .pair('AUTH_PBKDF2_SDER_COUNT', String(SESSION_ROUNDS)).message;
  return { password, passwordKey, sessionKey, salt, answer };
}

/** The server's own proof; null = the client does not know the password. */
export function proofFor(
  { password, passwordKey, sessionKey, salt }: LoginChallenge,
  given: ReadonlyMap<string, string>,
): string | null {
  const clientKey = decrypt(passwordKey, given.get('AUTH_SESSKEY') ?? '');
  const both = hex(Buffer.concat([clientKey.subarray(0, KEY_BYTES), sessionKey]));
  const common = pbkdf2Sync(both, salt, SESSION_ROUNDS, KEY_BYTES, 'sha512');
  const padded = decrypt(common, given.get('AUTH_PASSWORD') ?? '').subarray(BLOCK_BYTES);
  const sent = padded.subarray(0, padded.length - (padded.at(-1) ?? 0)).toString();
  if (sent !== password) return null;
  const proof = Buffer.concat([randomBytes(BLOCK_BYTES), Buffer.from('SERVER_TO_CLIENT')]);
  return hex(encrypt(common, proof, { isPadded: true }));
}

const hex = (bytes: Buffer): string => bytes.toString('hex').toUpperCase();

function encrypt(key: Buffer, clear: Buffer, { isPadded }: { readonly isPadded: boolean }): Buffer {
  const cipher = createCipheriv('aes-256-cbc', key, Buffer.alloc(BLOCK_BYTES)).setAutoPadding(isPadded);
  return Buffer.concat([cipher.update(clear), cipher.final()]);
}

function decrypt(key: Buffer, text: string): Buffer {
  const decipher = createDecipheriv('aes-256-cbc', key, Buffer.alloc(BLOCK_BYTES)).setAutoPadding(false);
  return Buffer.concat([decipher.update(Buffer.from(text, 'hex')), decipher.final()]);
}
