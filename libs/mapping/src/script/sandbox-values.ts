import type { ColumnValue } from '@lutra/model';

/** What crosses the border of the sandbox. */
export type SandboxValue = ColumnValue | boolean | undefined;

/** Stands for a large value that was never brought in, because the script has not looked at it. */
export const KEPT = Symbol('kept');

/** Methods that every Node buffer has; on short texts the argument handling of the documented ones costs more than the work. */
type FastBuffer = Buffer & {
  latin1Slice(start: number, end: number): string;
  ucs2Slice(start: number, end: number): string;
  latin1Write(text: string, offset: number, length: number): number;
  ucs2Write(text: string, offset: number, length: number): number;
};

// The binary form in which QuickJS writes values (JS_WriteObject), as far as arrays of primitives and bytes need it. It belongs
// to the pinned version of the package: a test reads and writes every kind of value through the real sandbox.
const VERSION = 5;
const NULL = 1;
const UNDEFINED = 2;
const FALSE = 3;
const TRUE = 4;
const INT32 = 5;
const FLOAT64 = 6;
const STRING = 7;
const ARRAY = 9;
const BIGINT = 10;
const TYPED_ARRAY = 14;
const ARRAY_BUFFER = 15;
const REFERENCE = 19; // To an object that was written before, by its number; the array itself is 0.
const UINT8_CLAMPED = 0; // Of no column: the sandbox says KEPT with it.
const UINT8 = 2;
const NO_LENGTH_MAX = 0xffff_ffff;

/** The number of values is known at the end: it takes as many bytes as it ever may. */
const COUNT_AT = 3;
const COUNT_BYTES = 5;

const FIRST_BYTES = 16 * 1024;
/** A tag, a length and a number: more than any value without its content takes. */
const FIXED_BYTES_MAX = 32;
/** A loop wins over native calls up to about this length. */
const LOOP_CHARACTERS_MAX = 40;
const NOT_LATIN1 = /[^\u0000-\u00ff]/;
const BITS = 8n;
const LOW_BYTE = 0xffn;

/** Writes one array of values; used again for the next one. */
export class SandboxWriter {
  private buffer = allocated(FIRST_BYTES);
  private at = 0;

  get bytes(): number {
    return this.at;
  }

  begin(): void {
    this.at = 0;
    this.buffer[this.at++] = VERSION;
    this.buffer[this.at++] = 0; // No names: there are no objects.
    this.buffer[this.at++] = ARRAY;
    this.at += COUNT_BYTES;
  }

  /** A copy of the array with so many values: the writer goes on with its own memory. */
  end(count: number): ArrayBuffer {
    const { buffer, at } = this;
    for (let index = 0; index < COUNT_BYTES; index += 1)
      buffer[COUNT_AT + index] = ((count >>> (7 * index)) & 0x7f) | (index < COUNT_BYTES - 1 ? 0x80 : 0);
    const copy = new ArrayBuffer(at);
    new Uint8Array(copy).set(buffer.subarray(0, at));
    // What a large value took is not kept.
    if (buffer.length > FIRST_BYTES * FIXED_BYTES_MAX) this.buffer = allocated(FIRST_BYTES);
    return copy;
  }

  value(value: SandboxValue): void {
    this.reserve(FIXED_BYTES_MAX);
    switch (typeof value) {
      case 'number':
        this.number(value);
        return;
      case 'string':
        this.text(value);
        return;
      case 'bigint':
        this.bigint(value);
        return;
      case 'undefined':
        this.buffer[this.at++] = UNDEFINED;
        return;
      case 'boolean':
        this.buffer[this.at++] = value ? TRUE : FALSE;
        return;
      default:
        if (value === null) this.buffer[this.at++] = NULL;
        else this.binary(value);
    }
  }

  private number(value: number): void {
    if (value === (value | 0) && !Object.is(value, -0)) {
      this.buffer[this.at++] = INT32;
      this.varint(((value << 1) ^ (value >> 31)) >>> 0);
    } else {
      this.buffer[this.at++] = FLOAT64;
      this.at = this.buffer.writeDoubleLE(value, this.at);
    }
  }

  private text(value: string): void {
    const { length } = value;
    this.reserve(length + FIXED_BYTES_MAX);
    const start = this.at;
    const isShort = length <= LOOP_CHARACTERS_MAX;
    if (isShort ? this.shortLatin1(value) : !NOT_LATIN1.test(value)) {
      if (isShort) return;
      this.buffer[this.at++] = STRING;
      this.varint(length * 2);
      this.at += this.buffer.latin1Write(value, this.at, length);
      return;
    }
    this.at = start;
    this.reserve(length * 2 + FIXED_BYTES_MAX);
    this.buffer[this.at++] = STRING;
    this.varint(length * 2 + 1);
    this.at += this.buffer.ucs2Write(value, this.at, length * 2);
  }

  /** False, and nothing of use is written, when a character takes more than one byte. */
  private shortLatin1(value: string): boolean {
    const { buffer } = this;
    const { length } = value;
    buffer[this.at++] = STRING;
    this.varint(length * 2);
    const start = this.at;
    for (let index = 0; index < length; index += 1) {
      const code = value.charCodeAt(index);
      if (code > 0xff) return false;
      buffer[start + index] = code;
    }
    this.at = start + length;
    return true;
  }

  /** Two's complement, lowest byte first, in as few bytes as hold the sign; 0 has none. */
  private bigint(value: bigint): void {
    this.buffer[this.at++] = BIGINT;
    const lengthAt = this.at++;
    let rest = value;
    let last = 0;
    while (rest !== 0n && rest !== -1n) {
      last = Number(rest & LOW_BYTE);
      this.reserve(FIXED_BYTES_MAX);
      this.buffer[this.at++] = last;
      rest >>= BITS;
    }
    const isSignShown = rest === 0n ? last < 0x80 : last >= 0x80;
    if (!isSignShown || (rest === -1n && this.at === lengthAt + 1)) this.buffer[this.at++] = rest === 0n ? 0 : 0xff;
    this.buffer[lengthAt] = this.at - lengthAt - 1;
  }

  private binary(value: Uint8Array): void {
    const { length } = value;
    this.reserve(length + FIXED_BYTES_MAX);
    this.buffer[this.at++] = TYPED_ARRAY;
    this.buffer[this.at++] = UINT8;
    this.varint(length);
    this.varint(0);
    this.buffer[this.at++] = ARRAY_BUFFER;
    this.varint(length);
    this.varint(NO_LENGTH_MAX);
    this.buffer.set(value, this.at);
    this.at += length;
  }

  private varint(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.buffer[this.at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.buffer[this.at++] = rest;
  }

  private reserve(count: number): void {
    const needed = this.at + count;
    if (needed <= this.buffer.length) return;
    const larger = allocated(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(larger, 0, 0, this.at);
    this.buffer = larger;
  }
}

/** Reads the array that the sandbox gave back; binary values are copies. Throws RangeError for bytes that are none. */
export class SandboxReader {
  private readonly buffer: FastBuffer;
  private at = 0;
  private remaining: number;
  /** Typed arrays and the buffers that they are of, in the order in which they are written. */
  private readonly objects: (Uint8Array | typeof KEPT | null)[] = [null];

  constructor(bytes: Uint8Array) {
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) as FastBuffer;
    if (this.byte() !== VERSION || this.byte() !== 0 || this.byte() !== ARRAY) throw unreadable();
    this.remaining = this.varint();
  }

  next(): SandboxValue | typeof KEPT {
    if (this.remaining-- <= 0) throw unreadable();
    const tag = this.byte();
    switch (tag) {
      case NULL:
        return null;
      case UNDEFINED:
        return undefined;
      case FALSE:
      case TRUE:
        return tag === TRUE;
      case INT32: {
        const zigzag = this.varint();
        return (zigzag >>> 1) ^ -(zigzag & 1);
      }
      case FLOAT64:
        return this.buffer.readDoubleLE(this.skip(8));
      case STRING:
        return this.text();
      case BIGINT:
        return this.bigint();
      case TYPED_ARRAY:
        return this.binary();
      case REFERENCE:
        return this.reference();
      default:
        throw unreadable();
    }
  }

  private text(): string {
    const head = this.varint();
    const length = head >>> 1;
    if ((head & 1) === 1) return this.buffer.ucs2Slice(this.skip(length * 2), this.at);
    const start = this.skip(length);
    return this.buffer.latin1Slice(start, this.at);
  }

  private bigint(): bigint {
    const length = this.varint();
    if (length === 0) return 0n;
    const start = this.skip(length);
    const hex = Buffer.from(this.buffer.subarray(start, this.at)).reverse().toString('hex');
    return BigInt.asIntN(length * 8, BigInt(`0x${hex}`));
  }

  private binary(): Uint8Array | typeof KEPT {
    const type = this.byte();
    if (type !== UINT8 && type !== UINT8_CLAMPED) throw unreadable();
    const length = this.varint();
    const offset = this.varint();
    const number = this.objects.push(null) - 1;
    const whole = this.byte() === REFERENCE ? this.reference() : this.arrayBuffer();
    if (whole === KEPT || offset + length > whole.length) throw unreadable();
    const value = type === UINT8_CLAMPED ? KEPT : whole.subarray(offset, offset + length);
    this.objects[number] = value;
    return value;
  }

  /** A copy of the bytes. */
  private arrayBuffer(): Uint8Array {
    const length = this.varint();
    this.varint();
    const start = this.skip(length);
    const bytes = Buffer.from(this.buffer.subarray(start, this.at));
    this.objects.push(bytes);
    return bytes;
  }

  private reference(): Uint8Array | typeof KEPT {
    const found = this.objects[this.varint()];
    if (found === undefined || found === null) throw unreadable();
    return found;
  }

  private varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw unreadable();
  }

  private byte(): number {
    const byte = this.buffer[this.at++];
    if (byte === undefined) throw unreadable();
    return byte;
  }

  /** Passes over bytes that are there; returns where they begin. */
  private skip(count: number): number {
    const start = this.at;
    this.at += count;
    if (this.at > this.buffer.length) throw unreadable();
    return start;
  }
}

const allocated = (count: number): FastBuffer => Buffer.allocUnsafeSlow(count) as FastBuffer;

const unreadable = (): Error => new RangeError('The sandbox gave back something that cannot be read');
