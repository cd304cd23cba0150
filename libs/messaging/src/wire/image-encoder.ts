import { isAscii } from 'node:buffer';
import type { ColumnValue, RowImage, ValueSink } from '@lutra/model';
import { REFERENCE_BYTES_MIN } from './byte-encoder.ts';
import type { ByteEncoder } from './byte-encoder.ts';
import { encodeImage, encodeNumber, encodeValue } from './column-values.ts';
import {
  BIGINT_SIGNED,
  BIGINT_UNSIGNED,
  BYTES,
  LATIN1,
  NULL,
  SHORT_LATIN1,
  SHORT_LATIN1_MAX,
  UTF8,
} from './value-tags.ts';

const SHORT_BYTES_MAX = SHORT_LATIN1_MAX - SHORT_LATIN1;

/** Writes images of row-process/1 value by value: byte for byte what {@link encodeImage} writes of the same values. */
export class ImageEncoder implements ValueSink {
  constructor(private readonly to: ByteEncoder) {}

  beginImage(columnCount: number, absent: Uint8Array | null): void {
    this.to.varint(columnCount * 2 + (absent === null ? 0 : 1));
    if (absent !== null) this.to.raw(absent);
  }

  takeNull(): void {
    this.to.byte(NULL);
  }

  takeNumber(value: number): void {
    encodeNumber(this.to, value);
  }

  takeInt64(bytes: Uint8Array, at: number): void {
    this.eightBytes(BIGINT_SIGNED, bytes, at);
  }

  takeUint64(bytes: Uint8Array, at: number): void {
    this.eightBytes((bytes[at + 7] as number) < 0x80 ? BIGINT_SIGNED : BIGINT_UNSIGNED, bytes, at);
  }

  /** A loop that looks and copies in one costs less than two native calls on what most texts are. */
  takeAscii(bytes: Buffer, start: number, end: number): boolean {
    const length = end - start;
    if (length > SHORT_BYTES_MAX) return this.longAscii(bytes.subarray(start, end));
    const { to } = this;
    to.reserve(length + 1);
    const { buffer } = to;
    let at = to.at;
    buffer[at] = SHORT_LATIN1 + length;
    let seen = 0;
    for (let from = start; from < end; from += 1) {
      const byte = bytes[from] as number;
      at += 1;
      buffer[at] = byte;
      seen |= byte;
    }
    if (seen > 0x7f) return false;
    to.at = at + 1;
    return true;
  }

  takeLargeText(bytes: Buffer, start: number, end: number): void {
    this.to.byte(UTF8);
    this.to.bytesValue(bytes.subarray(start, end));
  }

  takeBytes(bytes: Buffer, start: number, end: number): void {
    this.to.byte(BYTES);
    this.to.bytesValue(bytes.subarray(start, end));
  }

  takeValue(value: ColumnValue): void {
    encodeValue(this.to, value);
  }

  takeImage(image: RowImage): void {
    encodeImage(this.to, image);
  }

  private eightBytes(tag: number, bytes: Uint8Array, start: number): void {
    const { to } = this;
    to.reserve(9);
    const { buffer, at } = to;
    buffer[at] = tag;
    for (let index = 0; index < 8; index += 1) buffer[at + 1 + index] = bytes[start + index] as number;
    to.at = at + 9;
  }

  private longAscii(text: Buffer): boolean {
    if (!isAscii(text)) return false;
    this.to.byte(text.length < REFERENCE_BYTES_MIN ? LATIN1 : UTF8);
    this.to.bytesValue(text);
    return true;
  }
}
