import type { ColumnValue } from './column.ts';

/** An image of a row that still lies in its message, whole: it has a value for every column. */
export interface EncodedImage {
  readonly columnCount: number;
  /** That it takes in the message. */
  readonly byteLength: number;
  /** The value of one column; undefined where there is no such column. Throws MESSAGING_MALFORMED_BODY. */
  valueAt(position: number): ColumnValue | undefined;
  /** Offers the values one after the other until one is not taken; false then. Throws MESSAGING_MALFORMED_BODY. */
  offerTo(sink: ImageSink): boolean;
}

/**
 * Takes the values of an image in the form in which they lie in a message, so that nobody has to make values of them. Each
 * method gives false when the value cannot be taken. Bytes are only good during the call.
 */
export interface ImageSink {
  takeNull(position: number): boolean;
  /** Of 32 bits, signed or not. */
  takeInteger(position: number, value: number): boolean;
  takeDouble(position: number, value: number): boolean;
  /** 8 bytes from `at` on, little-endian. */
  takeInt64(position: number, bytes: Buffer, at: number, isUnsigned: boolean): boolean;
  /** A text, one byte per character. */
  takeLatin1(position: number, bytes: Buffer, start: number, end: number): boolean;
  /** A text that is well-formed. */
  takeUtf8(position: number, bytes: Buffer, start: number, end: number): boolean;
  takeBytes(position: number, bytes: Buffer, start: number, end: number): boolean;
}
