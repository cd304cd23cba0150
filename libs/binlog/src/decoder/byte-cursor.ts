import { endianness } from 'node:os';
import { SyncError } from '@lutra/model';

/** Methods that every Node buffer has and that skip the argument handling of `toString`; the types of Node leave them out. */
export type EventBytes = Buffer & {
  latin1Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
};

/** Eight bytes that are read again as another type: cheaper than a DataView, which every event would need anew. */
const words = new Uint32Array(2);
const int64 = new BigInt64Array(words.buffer);
const uint64 = new BigUint64Array(words.buffer);
const double = new Float64Array(words.buffer);
const float = new Float32Array(words.buffer);
const LOW = endianness() === 'LE' ? 0 : 1;
const HIGH = 1 - LOW;

/**
 * Reads an event from front to back. Every read is checked against the end, so that a damaged event ends in
 * SOURCE_EVENT_CORRUPT and never in a value from behind its bytes. Numbers are little-endian unless their name says otherwise.
 */
export class ByteCursor {
  readonly bytes: EventBytes;
  readonly end: number;
  at = 0;

  constructor(bytes: Uint8Array) {
    const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.bytes = buffer as EventBytes;
    this.end = bytes.byteLength;
  }

  /** Passes over `length` bytes and returns where they begin. */
  take(length: number): number {
    const start = this.at;
    const next = start + length;
    if (next > this.end) overrun(start, length, this.end);
    this.at = next;
    return start;
  }

  uint8(): number {
    return this.bytes[this.take(1)] as number;
  }

  int8(): number {
    return (this.uint8() << 24) >> 24;
  }

  uint16(): number {
    const at = this.take(2);
    return (this.bytes[at] as number) | ((this.bytes[at + 1] as number) << 8);
  }

  int16(): number {
    return (this.uint16() << 16) >> 16;
  }

  uint24(): number {
    const at = this.take(3);
    const { bytes } = this;
    return (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
  }

  int32(): number {
    const at = this.take(4);
    const { bytes } = this;
    return (
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)
    );
  }

  uint32(): number {
    return this.int32() >>> 0;
  }

  uint48(): number {
    const low = this.uint32();
    return low + this.uint16() * 0x1_0000_0000;
  }

  int64(): bigint {
    this.takeWords();
    return int64[0] as bigint;
  }

  uint64(): bigint {
    this.takeWords();
    return uint64[0] as bigint;
  }

  double(): number {
    this.takeWords();
    return double[0] as number;
  }

  float(): number {
    words[0] = this.int32();
    return float[0] as number;
  }

  /** Big-endian number of 1 to 6 bytes. */
  bigEndian(length: number): number {
    const start = this.take(length);
    let value = 0;
    for (let at = start; at < start + length; at += 1) value = value * 256 + (this.bytes[at] as number);
    return value;
  }

  /** Big-endian number of 4 bytes. */
  bigEndian32(): number {
    const at = this.take(4);
    const { bytes } = this;
    return (
      (((bytes[at] as number) << 24) |
        ((bytes[at + 1] as number) << 16) |
        ((bytes[at + 2] as number) << 8) |
        (bytes[at + 3] as number)) >>>
      0
    );
  }

  /** Length of 1 to 4 bytes, as blobs have it. */
  uint(bytes: number): number {
    switch (bytes) {
      case 1:
        return this.uint8();
      case 2:
        return this.uint16();
      case 3:
        return this.uint24();
      case 4:
        return this.uint32();
      default:
        throw corrupt(`a length of ${String(bytes)} bytes`);
    }
  }

  /** The protocol's length-encoded integer; what does not fit into an event is corrupt. */
  packedLength(): number {
    const first = this.uint8();
    if (first < 0xfb) return first;
    if (first === 0xfc) return this.uint16();
    if (first === 0xfd) return this.uint24();
    if (first === 0xfe) {
      const low = this.uint32();
      if (this.uint32() === 0) return low;
    }
    throw corrupt('a length that no event can have');
  }

  /** A view of the next `length` bytes, not a copy. */
  view8(length: number): Buffer {
    const at = this.take(length);
    return this.bytes.subarray(at, at + length);
  }

  private takeWords(): void {
    words[LOW] = this.int32();
    words[HIGH] = this.int32();
  }
}

export function corrupt(what: string): SyncError {
  return new SyncError('SOURCE_EVENT_CORRUPT', { problem: `An event of the binary log is damaged: it holds ${what}` });
}

function overrun(at: number, length: number, end: number): never {
  throw corrupt(`a value of ${String(length)} bytes at byte ${String(at)} of ${String(end)}`);
}
