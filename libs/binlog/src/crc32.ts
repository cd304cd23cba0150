import { crc32 as nativeCrc32 } from 'node:zlib';

/** Below this the call into zlib costs more than the bytes do. */
const NATIVE_BYTES_MIN = 512;
const POLYNOMIAL = 0xedb88320;

/** Eight tables: table k gives the effect of a byte that is followed by k zero bytes ("slicing by eight"). */
const TABLES: readonly Int32Array[] = buildTables();
const [T0, T1, T2, T3, T4, T5, T6, T7] = TABLES as unknown as Readonly<
  [Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array]
>;

/** CRC32 (IEEE) of bytes[start, end) as an unsigned number; `before` continues an earlier result. Makes no view for short ranges. */
export function crc32(bytes: Buffer, range: { readonly start: number; readonly end: number }, before = 0): number {
  const { start, end } = range;
  if (end - start >= NATIVE_BYTES_MIN) return nativeCrc32(bytes.subarray(start, end), before);
  return crc32Short(bytes, start, end, before);
}

/** The same without an object for the range: the framing calls it for every event. */
export function crc32Short(bytes: Buffer, start: number, end: number, before = 0): number {
  let crc = ~before;
  let at = start;
  for (const last = end - 8; at <= last; at += 8) {
    const low =
      crc ^ (byte(bytes, at) | (byte(bytes, at + 1) << 8) | (byte(bytes, at + 2) << 16) | (byte(bytes, at + 3) << 24));
    crc =
      entry(T7, low & 0xff) ^
      entry(T6, (low >>> 8) & 0xff) ^
      entry(T5, (low >>> 16) & 0xff) ^
      entry(T4, low >>> 24) ^
      entry(T3, byte(bytes, at + 4)) ^
      entry(T2, byte(bytes, at + 5)) ^
      entry(T1, byte(bytes, at + 6)) ^
      entry(T0, byte(bytes, at + 7));
  }
  for (; at < end; at++) crc = entry(T0, (crc ^ byte(bytes, at)) & 0xff) ^ (crc >>> 8);
  return ~crc >>> 0;
}

function buildTables(): Int32Array[] {
  const tables = Array.from({ length: 8 }, () => new Int32Array(256));
  const first = tables[0] as Int32Array;
  for (let value = 0; value < 256; value++) {
    let crc = value;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    first[value] = crc;
  }
  for (let table = 1; table < 8; table++) {
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
const byte = (bytes: Buffer, index: number): number => bytes[index] as number;
