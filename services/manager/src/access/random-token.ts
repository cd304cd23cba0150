import { createHash, randomBytes } from 'node:crypto';

const RANDOM_BYTES = 32;

/** A secret of 256 random bits. The prefix makes it recognisable where it leaks: in logs, repositories, scanners. */
export const createToken = (prefix: string): string => prefix + randomBytes(RANDOM_BYTES).toString('base64url');

/** What the store keeps of it: SHA-256 in hexadecimal. */
export const hashOfToken = (token: string): string => createHash('sha256').update(token).digest('hex');
