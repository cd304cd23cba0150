import { SyncError } from '@lutra/model';

/**
 * Reads an event from front to back. Every read is checked against the end, so that a damaged event ends in
 * SOURCE_EVENT_CORRUPT and never in a value from behind its bytes.
 */
export class ByteCursor {
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly end: number;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
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
    return this.view.getUint8(this.take(1));
  }

  uint16(): number {
    return this.view.getUint16(this.take(2), true);
  }

  uint24(): number {
    const at = this.take(3);
    return this.view.getUint16(at, true) | (this.view.getUint8(at + 2) << 16);
  }

  uint32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  uint48(): number {
    const at = this.take(6);
    return this.view.getUint32(at, true) + this.view.getUint16(at + 4, true) * 0x1_0000_0000;
  }

  /** Little-endian length of 1 to 4 bytes, as blobs have it. */
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
}

export function corrupt(what: string): SyncError {
  return new SyncError('SOURCE_EVENT_CORRUPT', { problem: `An event of the binary log is damaged: it holds ${what}` });
}

function overrun(at: number, length: number, end: number): never {
  throw corrupt(`a value of ${String(length)} bytes at byte ${String(at)} of ${String(end)}`);
}
