import { crc32 as nativeCrc32 } from 'node:zlib';

/** Below this the call into zlib costs more than the bytes do. */
const NATIVE_BYTES_MIN = 512;
const POLYNOMIAL = 0xedb88320;

/** Sixteen tables: table k gives the effect of a byte that is followed by k zero bytes ("slicing by sixteen"). */
const TABLES: readonly Int32Array[] = buildTables(16);
const [T0, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14, T15] = TABLES as unknown as SixteenTables;

// prettier-ignore
type SixteenTables = Readonly<[
  Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array,
  Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array,
]>;

/** CRC32 (IEEE) of ranges of one buffer. Made once for a chunk: short ranges then need no view of their own. */
export class Crc32 {
  private readonly words: DataView;

  constructor(readonly bytes: Buffer) {
    this.words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Of bytes [start, end), as an unsigned number; `before` continues an earlier result. */
  of(start: number, end: number, before = 0): number {
    if (end - start < NATIVE_BYTES_MIN) return crc32Short(this.words, start, end, before);
    return nativeCrc32(this.bytes.subarray(start, end), before);
  }
}

function crc32Short(words: DataView, start: number, end: number, before: number): number {
  let crc = ~before;
  let at = start;
  for (const last = end - 16; at <= last; at += 16) {
    const a = crc ^ words.getInt32(at, true);
    const b = words.getInt32(at + 4, true);
    const c = words.getInt32(at + 8, true);
    const d = words.getInt32(at + 12, true);
    crc =
      entry(T15, a & 0xff) ^
      entry(T14, (a >>> 8) & 0xff) ^
      entry(T13, (a >>> 16) & 0xff) ^
      entry(T12, a >>> 24) ^
      entry(T11, b & 0xff) ^
      entry(T10, (b >>> 8) & 0xff) ^
      entry(T9, (b >>> 16) & 0xff) ^
      entry(T8, b >>> 24) ^
      entry(T7, c & 0xff) ^
      entry(T6, (c >>> 8) & 0xff) ^
      entry(T5, (c >>> 16) & 0xff) ^
      entry(T4, c >>> 24) ^
      entry(T3, d & 0xff) ^
      entry(T2, (d >>> 8) & 0xff) ^
      entry(T1, (d >>> 16) & 0xff) ^
      entry(T0, d >>> 24);
  }
  for (; at < end; at++) crc = entry(T0, (crc ^ words.getUint8(at)) & 0xff) ^ (crc >>> 8);
  return ~crc >>> 0;
}

function buildTables(count: number): Int32Array[] {
  const tables = Array.from({ length: count }, () => new Int32Array(256));
  const first = tables[0] as Int32Array;
  for (let value = 0; value < 256; value++) {
    let crc = value;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    first[value] = crc;
  }
  for (let table = 1; table < count; table++) {
    const [before, here] = [tables[table - 1] as Int32Array, tables[table] as Int32Array];
    for (let value = 0; value < 256; value++) {
      const crc = before[value] as number;
      here[value] = (first[crc & 0xff] as number) ^ (crc >>> 8);
    }
  }
  return tables;
}

// Indexes are inside by construction; the casts cost nothing at run time, a check would.
const entry = (table: Int32Array, index: number): number => table[index] as number;
