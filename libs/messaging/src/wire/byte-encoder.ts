import type { ByteSink } from '../bus.ts';
import { fastBuffer } from './fast-buffer.ts';

/** Size of one scratch block: large enough to be worth a hand-over, small enough to waste little for a tiny process. */
const BLOCK_BYTES = 64 * 1024;
/** The first block is small: most bodies of a quiet source are a few rows. */
const FIRST_BLOCK_BYTES = 4 * 1024;
/** From this size on bytes are passed to the sink by reference instead of being copied. */
export const REFERENCE_BYTES_MIN = 16 * 1024;
/** Longest text whose length takes one byte. */
const SHORT_TEXT_MAX = 127;

/**
 * Writes primitives into a scratch block and hands full blocks to the sink. The bytes of a block are never changed after
 * the hand-over. Fields are public to the codecs of this folder because a method call per byte would cost half the speed.
 */
export class ByteEncoder {
  buffer = fastBuffer(Buffer.allocUnsafeSlow(FIRST_BLOCK_BYTES));
  view = viewOf(this.buffer);
  /** Next free byte in `buffer`. */
  at = 0;
  private start = 0;
  private flushedBytes = 0;

  constructor(private readonly sink: Pick<ByteSink, 'write'>) {}

  /** Bytes written so far. */
  get bytes(): number {
    return this.flushedBytes + this.at - this.start;
  }

  /** Makes room for `count` more bytes (at most a block). */
  reserve(count: number): void {
    if (this.at + count > this.buffer.length) this.nextBlock();
  }

  byte(value: number): void {
    this.reserve(1);
    this.buffer[this.at++] = value;
  }

  /** An integer from 0 to 2^53 - 1, seven bits a byte, lowest first. */
  varint(value: number): void {
    this.reserve(8);
    let rest = value;
    while (rest > 0x7fffffff) {
      this.buffer[this.at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest > 0x7f) {
      this.buffer[this.at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.buffer[this.at++] = rest;
  }

  double(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.at, value, true);
    this.at += 8;
  }

  /** Length-prefixed UTF-8. For names and other short texts of ours, which are well-formed. */
  text(value: string): void {
    if (!this.shortAscii(value)) this.bytesValue(Buffer.from(value, 'utf8'));
  }

  /** Writes a short ASCII text without a buffer in between, as GTIDs are in every transaction; false when it is none. */
  private shortAscii(value: string): boolean {
    const { length } = value;
    if (length > SHORT_TEXT_MAX) return false;
    this.reserve(length + 1);
    const start = this.at + 1;
    for (let index = 0; index < length; index += 1) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) return false;
      this.buffer[start + index] = code;
    }
    this.buffer[this.at] = length;
    this.at = start + length;
    return true;
  }

  /** Length-prefixed bytes; by reference from {@link REFERENCE_BYTES_MIN} on. */
  bytesValue(value: Uint8Array): void {
    this.varint(value.length);
    this.raw(value);
  }

  raw(value: Uint8Array): void {
    if (value.length >= REFERENCE_BYTES_MIN) {
      this.flush();
      this.flushedBytes += value.length;
      this.sink.write(value);
      return;
    }
    this.reserve(value.length);
    this.buffer.set(value, this.at);
    this.at += value.length;
  }

  /** Hands what is in the block to the sink; the rest of the block stays in use. */
  flush(): void {
    if (this.at === this.start) return;
    this.flushedBytes += this.at - this.start;
    this.sink.write(this.buffer.subarray(this.start, this.at));
    this.start = this.at;
  }

  private nextBlock(): void {
    this.flush();
    this.buffer = fastBuffer(Buffer.allocUnsafeSlow(BLOCK_BYTES));
    this.view = viewOf(this.buffer);
    this.at = 0;
    this.start = 0;
  }
}

/** What `write` encodes, as one piece. For small blocks: headers, table definitions. */
export function encodeBlock(write: (to: ByteEncoder) => void): Buffer {
  const pieces: Uint8Array[] = [];
  const encoder = new ByteEncoder({ write: (bytes) => pieces.push(bytes) });
  write(encoder);
  encoder.flush();
  return Buffer.concat(pieces);
}

const viewOf = (buffer: Buffer): DataView => new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
