import { EncodedText } from '@lutra/model';
import type { ColumnValue, ImageSink, RowImage } from '@lutra/model';
import { REFERENCE_BYTES_MIN } from './byte-encoder.ts';
import type { ByteEncoder } from './byte-encoder.ts';
import type { ByteDecoder } from './byte-decoder.ts';
import { malformed } from './malformed.ts';
import {
  BIGINT_LONG,
  BIGINT_SIGNED,
  BIGINT_UNSIGNED,
  BYTES,
  DOUBLE,
  INTEGER,
  LATIN1,
  NULL,
  SHORT_LATIN1,
  SHORT_LATIN1_MAX,
  SMALL_INTEGER,
  UTF16,
  UTF8,
} from './value-tags.ts';

/** A character loop wins over a native call up to about this length. */
const LOOP_CHARACTERS_MAX = 24;
/** Up to this length it pays to look whether one byte per character is enough. */
const LATIN1_CHECK_CHARACTERS_MAX = 63;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const UINT64_MAX = 2n ** 64n - 1n;
const LONE_SURROGATE = /\p{Surrogate}/u;
/** More columns than any database allows. */
const COLUMNS_MAX = 65_535;

/** Writes an image: number of columns with a bit that says whether a bitmap of absent columns follows, then the present values. */
export function encodeImage(to: ByteEncoder, image: RowImage): void {
  const columnCount = image.length;
  const isPartial = hasAbsent(image);
  to.varint(columnCount * 2 + (isPartial ? 1 : 0));
  if (isPartial) encodeAbsentBitmap(to, image);
  for (let column = 0; column < columnCount; column++) {
    const value = image[column];
    if (value !== undefined) encodeValue(to, value);
  }
}

/** A loop: on the few columns of a row the native search costs more. */
function hasAbsent(image: RowImage): boolean {
  for (let column = 0; column < image.length; column++) if (image[column] === undefined) return true;
  return false;
}

export function decodeImage(from: ByteDecoder): RowImage {
  const head = from.varint();
  const columnCount = Math.floor(head / 2);
  if (columnCount > COLUMNS_MAX) throw malformed('a row has too many columns');
  return head % 2 === 1 ? decodePartialImage(from, columnCount) : decodeFullImage(from, columnCount);
}

/** Passes over an image without looking at its values. */
export function skipImage(from: ByteDecoder): void {
  const head = from.varint();
  const columnCount = Math.floor(head / 2);
  if (columnCount > COLUMNS_MAX) throw malformed('a row has too many columns');
  const bitmap = head % 2 === 1 ? from.skip(Math.ceil(columnCount / 8)) : null;
  for (let column = 0; column < columnCount; column++)
    if (bitmap === null || !isAbsentAt(from, bitmap, column)) skipValue(from);
}

/** The value at a position of a full image; undefined behind its last column. */
export function decodeValueAt(from: ByteDecoder, position: number): ColumnValue | undefined {
  const columnCount = from.varint() >> 1;
  if (position >= columnCount) return undefined;
  for (let column = 0; column < position; column++) skipValue(from);
  return decodeValue(from);
}

/** Passes over an image that has all its columns and tells their number; null, and nothing is passed over, when some are absent. */
export function skipFullImage(from: ByteDecoder): number | null {
  const start = from.at;
  const head = from.varint();
  if (head % 2 === 1) {
    from.at = start;
    return null;
  }
  const columnCount = head / 2;
  if (columnCount > COLUMNS_MAX) throw malformed('a row has too many columns');
  for (let column = 0; column < columnCount; column++) skipValue(from);
  return columnCount;
}

/** Offers the values of a full image to the sink; false as soon as it does not take one. */
export function offerImage(from: ByteDecoder, sink: ImageSink): boolean {
  const columnCount = from.varint() >> 1;
  for (let column = 0; column < columnCount; column++) if (!offerValue(from, sink, column)) return false;
  return true;
}

function offerValue(from: ByteDecoder, sink: ImageSink, position: number): boolean {
  const tag = from.byte();
  if (tag >= SHORT_LATIN1 && tag <= SHORT_LATIN1_MAX) return offerLatin1(from, tag - SHORT_LATIN1, { sink, position });
  if (tag >= SMALL_INTEGER && tag < SHORT_LATIN1) return sink.takeInteger(position, tag - SMALL_INTEGER);
  switch (tag) {
    case NULL:
      return sink.takeNull(position);
    case INTEGER:
      return sink.takeInteger(position, decodeInteger(from));
    case DOUBLE:
      return sink.takeDouble(position, from.double());
    case BIGINT_SIGNED:
      return sink.takeInt64(position, from.buffer, from.skip(8), false);
    case BIGINT_UNSIGNED:
      return sink.takeInt64(position, from.buffer, from.skip(8), true);
    case LATIN1:
      return offerLatin1(from, from.varint(), { sink, position });
    case UTF8: {
      const length = from.varint();
      const start = from.skip(length);
      return sink.takeUtf8(position, from.buffer, start, start + length);
    }
    case BYTES: {
      const length = from.varint();
      const start = from.skip(length);
      return sink.takeBytes(position, from.buffer, start, start + length);
    }
    case BIGINT_LONG:
    case UTF16:
      return false;
    default:
      throw unknownTag(tag);
  }
}

function offerLatin1(
  from: ByteDecoder,
  length: number,
  { sink, position }: { readonly sink: ImageSink; readonly position: number },
): boolean {
  const start = from.skip(length);
  return sink.takeLatin1(position, from.buffer, start, start + length);
}

/** As strict as {@link decodeValue}. */
function skipValue(from: ByteDecoder): void {
  const tag = from.byte();
  if (tag >= SHORT_LATIN1 && tag <= SHORT_LATIN1_MAX) from.skip(tag - SHORT_LATIN1);
  else if (tag >= SMALL_INTEGER && tag < SHORT_LATIN1) return;
  else if (tag === DOUBLE || tag === BIGINT_SIGNED || tag === BIGINT_UNSIGNED) from.skip(8);
  else if (tag === BIGINT_LONG) decodeLongBigint(from);
  else if (tag > BIGINT_LONG && tag <= BYTES) from.skip(from.varint());
  else if (tag === INTEGER) decodeInteger(from);
  else if (tag !== NULL) throw unknownTag(tag);
}

const unknownTag = (tag: number): Error => malformed(`a value has the unknown tag ${String(tag)}`);

/** Writes a value that is there. */
export function encodeValue(to: ByteEncoder, value: ColumnValue): void {
  switch (typeof value) {
    case 'number':
      encodeNumber(to, value);
      return;
    case 'string':
      encodeText(to, value);
      return;
    case 'bigint':
      encodeBigint(to, value);
      return;
    default:
      if (value === null) {
        to.byte(NULL);
        return;
      }
      to.byte(value instanceof EncodedText ? UTF8 : BYTES);
      to.bytesValue(value);
  }
}

export function encodeNumber(to: ByteEncoder, value: number): void {
  to.reserve(9);
  const { buffer } = to;
  if (value === (value | 0) && !Object.is(value, -0)) {
    if (value >= 0 && value < 64) {
      buffer[to.at++] = SMALL_INTEGER + value;
      return;
    }
    buffer[to.at++] = INTEGER;
    let rest = ((value << 1) ^ (value >> 31)) >>> 0;
    while (rest > 0x7f) {
      buffer[to.at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    buffer[to.at++] = rest;
    return;
  }
  buffer[to.at++] = DOUBLE;
  to.view.setFloat64(to.at, value, true);
  to.at += 8;
}

function encodeBigint(to: ByteEncoder, value: bigint): void {
  to.reserve(9);
  if (value >= INT64_MIN && value <= INT64_MAX) {
    to.buffer[to.at] = BIGINT_SIGNED;
    to.view.setBigInt64(to.at + 1, value, true);
    to.at += 9;
  } else if (value > 0n && value <= UINT64_MAX) {
    to.buffer[to.at] = BIGINT_UNSIGNED;
    to.view.setBigUint64(to.at + 1, value, true);
    to.at += 9;
  } else {
    to.byte(BIGINT_LONG);
    to.text(value.toString());
  }
}

function encodeText(to: ByteEncoder, value: string): void {
  const { length } = value;
  if (length > LATIN1_CHECK_CHARACTERS_MAX) {
    encodeLongText(to, value);
    return;
  }
  to.reserve(length + 1);
  const { buffer } = to;
  const start = to.at + 1;
  if (length <= LOOP_CHARACTERS_MAX) {
    for (let index = 0; index < length; index++) {
      const code = value.charCodeAt(index);
      if (code > 0xff) {
        encodeLongText(to, value);
        return;
      }
      buffer[start + index] = code;
    }
  } else if (isLatin1(value)) {
    buffer.latin1Write(value, start, length);
  } else {
    encodeLongText(to, value);
    return;
  }
  buffer[to.at] = SHORT_LATIN1 + length;
  to.at = start + length;
}

function encodeLongText(to: ByteEncoder, value: string): void {
  if (value.length < REFERENCE_BYTES_MIN && isLatin1(value)) {
    to.byte(LATIN1);
    to.varint(value.length);
    to.reserve(value.length);
    to.at += to.buffer.latin1Write(value, to.at, value.length);
    return;
  }
  const isWhole = !LONE_SURROGATE.test(value);
  to.byte(isWhole ? UTF8 : UTF16);
  to.bytesValue(Buffer.from(value, isWhole ? 'utf8' : 'utf16le'));
}

function isLatin1(value: string): boolean {
  for (let index = 0; index < value.length; index++) if (value.charCodeAt(index) > 0xff) return false;
  return true;
}

function encodeAbsentBitmap(to: ByteEncoder, image: RowImage): void {
  for (let first = 0; first < image.length; first += 8) {
    let bits = 0;
    for (let column = first; column < image.length && column < first + 8; column++)
      if (image[column] === undefined) bits |= 1 << (column - first);
    to.byte(bits);
  }
}

function decodeFullImage(from: ByteDecoder, columnCount: number): RowImage {
  if (columnCount > from.remaining) throw malformed('a row ends too early');
  // Of its final size: one that grows keeps room for three times as many, and rows are what load holds most of.
  const image = new Array<ColumnValue>(columnCount);
  for (let column = 0; column < columnCount; column++) image[column] = decodeValue(from);
  return image;
}

function decodePartialImage(from: ByteDecoder, columnCount: number): RowImage {
  const bitmap = from.skip(Math.ceil(columnCount / 8));
  const image: (ColumnValue | undefined)[] = [];
  for (let column = 0; column < columnCount; column++) {
    image.push(isAbsentAt(from, bitmap, column) ? undefined : decodeValue(from));
  }
  return image;
}

const isAbsentAt = (from: ByteDecoder, bitmap: number, column: number): boolean =>
  ((from.buffer[bitmap + (column >> 3)] ?? 0) & (1 << (column & 7))) !== 0;

function decodeValue(from: ByteDecoder): ColumnValue {
  const tag = from.byte();
  if (tag >= SHORT_LATIN1 && tag <= SHORT_LATIN1_MAX) return decodeLatin1(from, tag - SHORT_LATIN1);
  if (tag >= SMALL_INTEGER && tag < SHORT_LATIN1) return tag - SMALL_INTEGER;
  switch (tag) {
    case NULL:
      return null;
    case INTEGER:
      return decodeInteger(from);
    case DOUBLE:
      return from.double();
    case BIGINT_SIGNED:
      return from.view.getBigInt64(from.skip(8), true);
    case BIGINT_UNSIGNED:
      return from.view.getBigUint64(from.skip(8), true);
    case BIGINT_LONG:
      return decodeLongBigint(from);
    case LATIN1:
      return decodeLatin1(from, from.varint());
    case UTF8:
      return from.columnText();
    case UTF16:
      return from.bytesValue().toString('utf16le');
    case BYTES:
      return from.bytesValue();
    default:
      throw unknownTag(tag);
  }
}

function decodeInteger(from: ByteDecoder): number {
  const zigzag = from.varint();
  if (zigzag > 0xffffffff) throw malformed('an integer has more than 32 bits');
  return (zigzag >>> 1) ^ -(zigzag & 1);
}

function decodeLatin1(from: ByteDecoder, length: number): string {
  const start = from.skip(length);
  return from.buffer.latin1Slice(start, start + length);
}

function decodeLongBigint(from: ByteDecoder): bigint {
  const text = from.text();
  if (!/^-?\d{1,100}$/.test(text)) throw malformed('a large integer is not a number');
  return BigInt(text);
}
