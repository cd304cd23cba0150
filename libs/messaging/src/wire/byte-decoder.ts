import { EncodedText, LARGE_TEXT_BYTES_MIN } from '@lutra/model';
import { fastBuffer } from './fast-buffer.ts';
import type { FastBuffer } from './fast-buffer.ts';
import { malformed } from './malformed.ts';

/** Longest varint: 53 bits in groups of seven. */
const VARINT_BYTES_MAX = 8;

/**
 * Reads what ByteEncoder wrote. Every read checks that the bytes are there, so that damaged input ends in
 * MESSAGING_MALFORMED_BODY. Fields are public to the codecs of this folder for speed.
 */
export class ByteDecoder {
  readonly buffer: FastBuffer;
  readonly view: DataView;
  at = 0;
  readonly end: number;
  /** Texts of {@link LARGE_TEXT_BYTES_MIN} and more stay UTF-8 ({@link EncodedText}). */
  leavesLargeTexts = false;

  constructor(bytes: Uint8Array) {
    this.buffer = fastBuffer(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.end = bytes.length;
  }

  get isAtEnd(): boolean {
    return this.at >= this.end;
  }

  get remaining(): number {
    return this.end - this.at;
  }

  byte(): number {
    const value = this.at < this.end ? this.buffer[this.at++] : undefined;
    if (value === undefined) throw malformed('it ends too early');
    return value;
  }

  varint(): number {
    const first = this.byte();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    let scale = 128;
    for (let count = 1; count < VARINT_BYTES_MAX; count++) {
      const next = this.byte();
      value += (next & 0x7f) * scale;
      if (next < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) throw malformed('a number is too large');
        return value;
      }
      scale *= 128;
    }
    throw malformed('a number is too long');
  }

  double(): number {
    const start = this.skip(8);
    return this.view.getFloat64(start, true);
  }

  text(): string {
    const length = this.varint();
    const start = this.skip(length);
    return this.buffer.utf8Slice(start, start + length);
  }

  /** A column's text. */
  columnText(): string | EncodedText {
    const { buffer } = this;
    const length = this.varint();
    const start = this.skip(length);
    return this.leavesLargeTexts && length >= LARGE_TEXT_BYTES_MIN
      ? new EncodedText(buffer.buffer, buffer.byteOffset + start, length)
      : buffer.utf8Slice(start, start + length);
  }

  /** A view, not a copy. */
  bytesValue(): Buffer {
    const length = this.varint();
    const start = this.skip(length);
    return this.buffer.subarray(start, start + length);
  }

  /** A decoder over the next length-prefixed block: what the block holds beyond the known fields is passed over. */
  block(): ByteDecoder {
    return new ByteDecoder(this.bytesValue());
  }

  /** A count of items of at least `itemBytesMin` bytes each: one that cannot fit the rest is refused before memory is taken. */
  count(itemBytesMin: number): number {
    const count = this.varint();
    if (count * itemBytesMin > this.remaining) throw malformed('a count is larger than the message');
    return count;
  }

  /** Passes over `count` bytes and returns where they start. */
  skip(count: number): number {
    const start = this.at;
    if (count > this.end - start) throw malformed('it ends too early');
    this.at = start + count;
    return start;
  }
}
