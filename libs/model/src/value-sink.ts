import type { ColumnValue, RowImage } from './column.ts';

/** From here on a text goes without a string in between: that of 64 MiB with one character beyond Latin has 128. */
export const LARGE_TEXT_BYTES_MIN = 64 * 1024;

/**
 * Takes images of rows value by value, in the form in which they lie in the source's log, so that nobody has to make values
 * of them. What comes out is what {@link takeImage} makes of the same image in one piece. Bytes that are handed over are only
 * looked at during the call, but for large ones, which must not change afterwards.
 */
export interface ValueSink {
  /**
   * Begins an image; one value follows for each column that it carries, in order. `absent`: a bit for each column that it
   * does not carry, the lowest of the first byte for the first column; null when it carries all.
   */
  beginImage(columnCount: number, absent: Uint8Array | null): void;
  takeNull(): void;
  takeNumber(value: number): void;
  /** 8 bytes from `at` on, little-endian. */
  takeInt64(bytes: Uint8Array, at: number): void;
  /** 8 bytes from `at` on, little-endian. */
  takeUint64(bytes: Uint8Array, at: number): void;
  /** A text that is ASCII; takes nothing and returns false when it is none. */
  takeAscii(bytes: Buffer, start: number, end: number): boolean;
  /** A text of {@link LARGE_TEXT_BYTES_MIN} or more that is known to be valid UTF-8: no string is made of it. */
  takeLargeText(bytes: Buffer, start: number, end: number): void;
  takeBytes(bytes: Buffer, start: number, end: number): void;
  /** Any value, for what has no form of its own here. */
  takeValue(value: ColumnValue): void;
  /** A whole image: none was begun. */
  takeImage(image: RowImage): void;
}
