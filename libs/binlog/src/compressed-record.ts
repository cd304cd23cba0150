import { inflateSync, constants } from 'node:zlib';
import { SyncError } from '@lutra/model';

/** What MariaDB writes in front of bytes that it has compressed. */
export interface CompressedRecord {
  /** Bytes before compression. */
  readonly length: number;
  /** Where the compressed bytes begin. */
  readonly dataAt: number;
}

const ALGORITHM_ZLIB = 0;
/** Compressed bytes that are looked at for the head of a record that is too long to be read whole: they give ≤ 4 MiB. */
const HEAD_BYTES = 4096;

/**
 * Reads the head of a compressed record: one byte (bits 0–2: how many bytes the length has, bits 4–6: algorithm, bit 7 set),
 * then the length, most significant byte first. Source: MariaDB's replication protocol documentation, "QUERY_COMPRESSED_EVENT"
 * and "ROWS_COMPRESSED_EVENT_V1". Throws SOURCE_EVENT_CORRUPT and, for an algorithm that is not zlib, SOURCE_EVENT_UNSUPPORTED.
 */
export function readCompressedRecord(bytes: Buffer, at: number, end: number): CompressedRecord {
  const head = at < end ? (bytes[at] as number) : 0;
  const lengthBytes = head & 0x07;
  const algorithm = (head >> 4) & 0x07;
  if ((head & 0x80) === 0 || lengthBytes < 1 || lengthBytes > 4 || at + 1 + lengthBytes > end)
    throw corrupt('the head of a compressed event is not one');
  if (algorithm !== ALGORITHM_ZLIB)
    throw new SyncError('SOURCE_EVENT_UNSUPPORTED', {
      problem: `An event of the binary log is compressed with algorithm ${String(algorithm)}, which is not known`,
      type: `compressed with algorithm ${String(algorithm)}`,
      statement: 'SET GLOBAL log_bin_compress = OFF',
    });
  return { length: bytes.readUIntBE(at + 1, lengthBytes), dataAt: at + 1 + lengthBytes };
}

/**
 * The bytes of a record that begins at `at`, or only their beginning when there are more than `bytesMax`. Throws
 * SOURCE_EVENT_CORRUPT when they are not what the head says.
 */
export function inflateRecord(
  bytes: Buffer,
  range: { readonly at: number; readonly end: number },
  bytesMax: number,
): Buffer {
  const { length, dataAt } = readCompressedRecord(bytes, range.at, range.end);
  if (length > bytesMax) return inflateHead(bytes.subarray(dataAt, Math.min(range.end, dataAt + HEAD_BYTES)));
  try {
    const inflated = inflateSync(bytes.subarray(dataAt, range.end), { maxOutputLength: Math.max(1, length) });
    if (inflated.length === length) return inflated;
  } catch (cause) {
    throw corrupt('the compressed bytes of an event are damaged', cause);
  }
  throw corrupt('a compressed event has another length than it says');
}

/** What the first compressed bytes give, not more. */
function inflateHead(bytes: Buffer): Buffer {
  try {
    return inflateSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch (cause) {
    throw corrupt('the compressed bytes of an event are damaged', cause);
  }
}

const corrupt = (problem: string, cause?: unknown): SyncError =>
  new SyncError('SOURCE_EVENT_CORRUPT', { problem: `The binary log cannot be read: ${problem}` }, { cause });
