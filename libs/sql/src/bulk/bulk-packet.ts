import type { ColumnDefinition, ColumnKind, ColumnValue, ImageSink, RowImage } from '@lutra/model';
import type { BulkRows } from './bulk-rows.ts';

/** Types of parameters, as the protocol numbers them. */
const LONGLONG = 0x08;
const DOUBLE = 0x05;
const BLOB = 0xfc;
const VAR_STRING = 0xfd;
/** In the second byte of a type. */
const UNSIGNED = 0x8000;

const TYPES: Readonly<Record<ColumnKind, number>> = {
  integer: LONGLONG,
  bit: LONGLONG,
  year: LONGLONG,
  float: DOUBLE,
  double: DOUBLE,
  decimal: VAR_STRING,
  date: VAR_STRING,
  time: VAR_STRING,
  datetime: VAR_STRING,
  timestamp: VAR_STRING,
  text: VAR_STRING,
  enum: VAR_STRING,
  set: VAR_STRING,
  json: VAR_STRING,
  binary: BLOB,
  geometry: BLOB,
};

/** No type of the protocol. */
const NOT_WRITTEN = -1;

const COM_STMT_BULK_EXECUTE = 0xfa;
const SEND_TYPES = 128;
/** Indicators in front of each value. */
const VALUE = 0;
const NULL = 1;

/** The driver writes the packet's header there. */
const HEADER_BYTES = 4;
const FIRST_BYTES = 65_536;
/** A kept buffer is no larger. */
const KEPT_BYTES_MAX = 4 * 1024 * 1024;
/** A length of one byte goes up to 250. */
const SHORT_LENGTH_MAX = 250;
const BYTES_PER_CHARACTER_MAX = 3;
/** A loop wins over the native call up to about this length. */
const LOOP_CHARACTERS_MAX = 24;
const INT32_MIN = -0x8000_0000;
const UINT32_MAX = 0xffff_ffff;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const UINT64_MAX = 2n ** 64n - 1n;

/** What `write` and `toString` end in, without their handling of arguments; the types of Node leave it out. */
type TextBuffer = Buffer<ArrayBuffer> & {
  utf8Write(text: string, offset: number, length: number): number;
  latin1Slice(start: number, end: number): string;
};

/**
 * Makes packets of rows: COM_STMT_BULK_EXECUTE with the parameters' types in front, values in the binary protocol (MariaDB
 * KB, "COM_STMT_BULK_EXECUTE" and "Binary protocol parameter values"). Values mean what they mean as literals: numbers as
 * numbers, bytes as bytes, everything else as text in the session's utf8mb4.
 */
export class BulkPacket implements ImageSink {
  private buffer = textBuffer(FIRST_BYTES);
  private view = viewOf(this.buffer);
  private at = 0;
  private bytesMax = 0;
  /** By position in the images. */
  private typeAt: readonly number[] = [];
  /** Values of the row in hand. */
  private taken = 0;

  /**
   * The packet, without its header's content; its bytes are the packet's until the next one is made. Null when the rows have
   * to be written as text: a value that has no parameter (text that is not well formed, a number that is none, a value of
   * another type than its column's), or more than `bytesMax`.
   */
  encode(statementId: number, { columns, rows }: BulkRows, bytesMax: number): Buffer | null {
    this.bytesMax = bytesMax;
    this.at = HEADER_BYTES;
    this.reserve(7 + 2 * columns.length);
    const { view } = this;
    view.setUint8(this.at, COM_STMT_BULK_EXECUTE);
    view.setUint32(this.at + 1, statementId, true);
    view.setUint16(this.at + 5, SEND_TYPES, true);
    this.at += 7;
    const types = columns.map(({ definition }) => typeOf(definition));
    for (const type of types) {
      view.setUint16(this.at, type, true);
      this.at += 2;
    }
    this.typeAt = typesByPosition(columns);
    for (const row of rows) {
      this.taken = 0;
      const { encoded } = row;
      const isTaken = encoded === undefined ? this.takeImage(columns, row.after) : encoded.offerTo(this);
      if (!isTaken || this.taken !== columns.length || this.at > bytesMax) return null;
    }
    return this.buffer.subarray(0, this.at);
  }

  takeNull(position: number): boolean {
    return this.typeOf(position) === NOT_WRITTEN || this.null();
  }

  takeInteger(position: number, value: number): boolean {
    const type = this.typeOf(position);
    if (type === DOUBLE) return this.double(value);
    return type === NOT_WRITTEN || (isInteger(type) && this.integer(value, (type & UNSIGNED) !== 0));
  }

  takeDouble(position: number, value: number): boolean {
    const type = this.typeOf(position);
    return type === NOT_WRITTEN || this.value(type, value);
  }

  takeInt64(position: number, bytes: Buffer, at: number, isUnsigned: boolean): boolean {
    const type = this.typeOf(position);
    if (type === NOT_WRITTEN) return true;
    // The first bit means something else with the other sign.
    const isAmbiguous = isUnsigned !== ((type & UNSIGNED) !== 0) && ((bytes[at + 7] ?? 0) & 0x80) !== 0;
    if (!isInteger(type) || isAmbiguous) return false;
    this.reserve(9);
    this.buffer[this.at] = VALUE;
    bytes.copy(this.buffer, this.at + 1, at, at + 8);
    this.at += 9;
    return true;
  }

  takeLatin1(position: number, bytes: Buffer, start: number, end: number): boolean {
    const type = this.typeOf(position);
    if (type === NOT_WRITTEN) return true;
    if (type !== VAR_STRING) return false;
    const length = end - start;
    this.reserve(10 + length);
    const { buffer } = this;
    const head = this.at;
    buffer[this.at++] = VALUE;
    this.length(length);
    for (let from = start, to = this.at; from < end; from++, to++) {
      const byte = bytes[from] ?? 0;
      if (byte > 0x7f) {
        this.at = head;
        return this.text((bytes as TextBuffer).latin1Slice(start, end));
      }
      buffer[to] = byte;
    }
    this.at += length;
    return true;
  }

  takeUtf8(position: number, bytes: Buffer, start: number, end: number): boolean {
    const type = this.typeOf(position);
    return type === NOT_WRITTEN || (type === VAR_STRING && this.bytes(bytes.subarray(start, end)));
  }

  takeBytes(position: number, bytes: Buffer, start: number, end: number): boolean {
    const type = this.typeOf(position);
    return type === NOT_WRITTEN || (type === BLOB && this.bytes(bytes.subarray(start, end)));
  }

  /** The next value is that of the column at this position. */
  private typeOf(position: number): number {
    const type = this.typeAt[position] ?? NOT_WRITTEN;
    if (type !== NOT_WRITTEN) this.taken += 1;
    return type;
  }

  private takeImage(columns: BulkRows['columns'], image: RowImage): boolean {
    for (const { position } of columns) {
      const value = image[position];
      if (value === undefined || !this.value(this.typeOf(position), value)) return false;
    }
    return true;
  }

  /** The last packet is no longer needed: a large buffer is let go. */
  shrink(): void {
    if (this.buffer.length > KEPT_BYTES_MAX) this.resize(FIRST_BYTES, 0);
  }

  /** False when the value has no parameter of the type. */
  private value(type: number, value: ColumnValue): boolean {
    if (value === null) return this.null();
    switch (type) {
      case LONGLONG:
        return this.integer(value, false);
      case LONGLONG | UNSIGNED:
        return this.integer(value, true);
      case DOUBLE:
        return this.double(value);
      case BLOB:
        return this.bytes(value);
      default:
        return typeof value === 'string' && this.text(value);
    }
  }

  private null(): boolean {
    this.reserve(1);
    this.buffer[this.at++] = NULL;
    return true;
  }

  private integer(value: ColumnValue, isUnsigned: boolean): boolean {
    this.reserve(9);
    const { view, at } = this;
    if (typeof value === 'number') {
      const min = isUnsigned ? 0 : INT32_MIN;
      if (!Number.isInteger(value) || value > UINT32_MAX || value < min) return false;
      view.setUint32(at + 1, value >>> 0, true);
      view.setUint32(at + 5, value < 0 ? UINT32_MAX : 0, true);
    } else if (typeof value === 'bigint') {
      if (value > (isUnsigned ? UINT64_MAX : INT64_MAX) || value < (isUnsigned ? 0n : INT64_MIN)) return false;
      view.setBigUint64(at + 1, value, true);
    } else return false;
    this.buffer[at] = VALUE;
    this.at = at + 9;
    return true;
  }

  private double(value: ColumnValue): boolean {
    if (typeof value !== 'number' || !Number.isFinite(value)) return false;
    this.reserve(9);
    this.buffer[this.at] = VALUE;
    this.view.setFloat64(this.at + 1, value, true);
    this.at += 9;
    return true;
  }

  private bytes(value: ColumnValue): boolean {
    if (!(value instanceof Uint8Array) || this.at + value.length > this.bytesMax) return false;
    this.reserve(10 + value.length);
    this.buffer[this.at++] = VALUE;
    this.length(value.length);
    this.buffer.set(value, this.at);
    this.at += value.length;
    return true;
  }

  private text(value: string): boolean {
    const bytesMax = value.length * BYTES_PER_CHARACTER_MAX;
    if (bytesMax > SHORT_LENGTH_MAX) return this.longText(value);
    this.reserve(2 + bytesMax);
    const { buffer } = this;
    buffer[this.at] = VALUE;
    const start = this.at + 2;
    const bytes = this.ascii(value, start) ? value.length : buffer.utf8Write(value, start, bytesMax);
    if (bytes !== value.length && !value.isWellFormed()) return false;
    buffer[this.at + 1] = bytes;
    this.at = start + bytes;
    return true;
  }

  private longText(value: string): boolean {
    const bytes = Buffer.byteLength(value);
    if (this.at + bytes > this.bytesMax || (bytes !== value.length && !value.isWellFormed())) return false;
    this.reserve(10 + bytes);
    this.buffer[this.at++] = VALUE;
    this.length(bytes);
    this.at += this.buffer.utf8Write(value, this.at, bytes);
    return true;
  }

  /** False when it is long, or has other characters. */
  private ascii(value: string, start: number): boolean {
    if (value.length > LOOP_CHARACTERS_MAX) return false;
    const { buffer } = this;
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) return false;
      buffer[start + index] = code;
    }
    return true;
  }

  /** A length-encoded integer. */
  private length(bytes: number): void {
    const { buffer } = this;
    if (bytes <= SHORT_LENGTH_MAX) {
      buffer[this.at++] = bytes;
    } else if (bytes <= 0xffff) {
      buffer[this.at] = 0xfc;
      this.at = buffer.writeUInt16LE(bytes, this.at + 1);
    } else if (bytes <= 0xff_ffff) {
      buffer[this.at] = 0xfd;
      this.at = buffer.writeUIntLE(bytes, this.at + 1, 3);
    } else {
      buffer[this.at] = 0xfe;
      this.at = buffer.writeBigUInt64LE(BigInt(bytes), this.at + 1);
    }
  }

  private reserve(bytes: number): void {
    if (this.at + bytes <= this.buffer.length) return;
    this.resize(Math.max(this.buffer.length * 2, this.at + bytes), this.at);
  }

  private resize(bytes: number, kept: number): void {
    const larger = textBuffer(bytes);
    this.buffer.copy(larger, 0, 0, kept);
    this.buffer = larger;
    this.view = viewOf(larger);
  }
}

/** {@link NOT_WRITTEN} where the position is none of the columns'. */
function typesByPosition(columns: BulkRows['columns']): readonly number[] {
  const types: number[] = [];
  for (const { position, definition } of columns) {
    while (types.length < position) types.push(NOT_WRITTEN);
    types[position] = typeOf(definition);
  }
  return types;
}

const isInteger = (type: number): boolean => (type & ~UNSIGNED) === LONGLONG;

function typeOf({ kind, unsigned }: ColumnDefinition): number {
  const type = TYPES[kind];
  return type === LONGLONG && (unsigned === true || kind === 'bit') ? type | UNSIGNED : type;
}

const textBuffer = (bytes: number): TextBuffer => Buffer.allocUnsafeSlow(bytes) as TextBuffer;
const viewOf = ({ buffer, byteOffset, byteLength }: Buffer<ArrayBuffer>): DataView =>
  new DataView(buffer, byteOffset, byteLength);
