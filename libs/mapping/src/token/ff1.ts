import { createCipheriv } from 'node:crypto';
import type { Cipher } from 'node:crypto';

const BLOCK = 16;
const ROUNDS = 10;
const EMPTY = new Uint8Array();

/**
 * FF1 of NIST SP 800-38G: a permutation of all numerals of one length, by AES. `key`: 16 or 32 bytes. One instance is for one
 * key, radix and length; numerals are given as the numbers that they write.
 */
export class Ff1 {
  private readonly aes: Cipher;
  private readonly uModulus: bigint;
  private readonly vModulus: bigint;
  /** Bytes of half a numeral, and of what is added to it in a round. */
  private readonly bytes: number;
  private readonly sumBytes: number;
  private readonly head: Buffer;
  private readonly tail: Buffer;

  constructor(
    key: Uint8Array,
    { radix, length, tweak = EMPTY }: { readonly radix: number; readonly length: number; readonly tweak?: Uint8Array },
  ) {
    this.aes = createCipheriv(`aes-${String(key.length * 8)}-ecb`, key, null).setAutoPadding(false);
    const u = Math.floor(length / 2);
    const v = length - u;
    this.uModulus = BigInt(radix) ** BigInt(u);
    this.vModulus = BigInt(radix) ** BigInt(v);
    this.bytes = Math.ceil((this.vModulus - 1n).toString(2).length / 8);
    this.sumBytes = 4 * Math.ceil(this.bytes / 4) + 4;
    const first = Buffer.alloc(BLOCK);
    first.set([1, 2, 1]);
    first.writeUIntBE(radix, 3, 3);
    first.set([ROUNDS, u % 256], 6);
    first.writeUInt32BE(length, 8);
    first.writeUInt32BE(tweak.length, 12);
    this.head = this.encrypt(first);
    const padding = (BLOCK - ((tweak.length + this.bytes + 1) % BLOCK)) % BLOCK;
    this.tail = Buffer.alloc(tweak.length + padding + 1 + this.bytes);
    this.tail.set(tweak);
  }

  encipher(value: bigint): bigint {
    let a = value / this.vModulus;
    let b = value % this.vModulus;
    for (let round = 0; round < ROUNDS; round += 1) {
      const modulus = round % 2 === 0 ? this.uModulus : this.vModulus;
      const sum = (a + this.roundNumber(round, b)) % modulus;
      a = b;
      b = sum;
    }
    return a * this.vModulus + b;
  }

  private roundNumber(round: number, half: bigint): bigint {
    const { tail, bytes, sumBytes } = this;
    tail[tail.length - bytes - 1] = round;
    tail.write(half.toString(16).padStart(2 * bytes, '0'), tail.length - bytes, 'hex');
    // CBC-MAC: the head has been enciphered already.
    let state = this.head;
    const mixed = Buffer.alloc(BLOCK);
    for (let at = 0; at < tail.length; at += BLOCK) {
      for (let index = 0; index < BLOCK; index += 1) mixed[index] = (state[index] ?? 0) ^ (tail[at + index] ?? 0);
      state = this.encrypt(mixed);
    }
    let hex = state.toString('hex', 0, Math.min(BLOCK, sumBytes));
    for (let more = 1; more * BLOCK < sumBytes; more += 1) {
      const counted = Buffer.from(state);
      counted.writeUInt32BE((counted.readUInt32BE(12) ^ more) >>> 0, 12);
      hex += this.encrypt(counted).toString('hex', 0, Math.min(BLOCK, sumBytes - more * BLOCK));
    }
    return BigInt(`0x${hex}`);
  }

  private encrypt(block: Buffer): Buffer {
    return this.aes.update(block);
  }
}
