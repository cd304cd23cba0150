import { createHmac } from 'node:crypto';
import { Ff1 } from './ff1.ts';

/** No half of a numeral may be empty. */
const BITS_MIN = 2;

/**
 * A permutation of the numbers below any limit, under a key. FF1 permutes the numbers of as many bits as the limit has, and is
 * applied again until the result is below it (cycle walking): twice at most on average.
 */
export class NumberPermutation {
  private readonly key: Buffer;
  private readonly byBits = new Map<number, Ff1>();

  /** `part`: which of several numbers of one value; the same number becomes another one in another part. */
  constructor(secret: Uint8Array, part: number) {
    this.key = createHmac('sha256', secret)
      .update(`lutra token 1, part ${String(part)}`)
      .digest();
  }

  permute(value: bigint, limit: bigint): bigint {
    if (limit <= 1n) return value;
    const cipher = this.cipherOf(Math.max(BITS_MIN, (limit - 1n).toString(2).length));
    let result = cipher.encipher(value);
    while (result >= limit) result = cipher.encipher(result);
    return result;
  }

  private cipherOf(bits: number): Ff1 {
    const known = this.byBits.get(bits);
    if (known !== undefined) return known;
    const cipher = new Ff1(this.key, { radix: 2, length: bits });
    this.byBits.set(bits, cipher);
    return cipher;
  }
}
