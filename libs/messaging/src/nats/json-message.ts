import { malformed } from '../wire/malformed.ts';

export const encodeJson = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value), 'utf8');

/** Throws MESSAGING_MALFORMED_BODY. The content is trusted: only services of this installation write to the bus. */
export function decodeJson(data: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.length).toString('utf8'));
  } catch (cause) {
    throw malformed(`${what} is not JSON`, cause);
  }
}
