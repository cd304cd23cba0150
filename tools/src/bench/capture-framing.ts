import { EventFramer } from '@lutra/binlog';
import type { FramedEvent } from '@lutra/binlog';
import { BinlogStreamBuilder } from '@lutra/testing';

export interface FramingOptions {
  /** Single-row transactions to frame; default 1 000 000. */
  readonly transactions?: number;
  /** Bytes of a row, default 60: about six columns. */
  readonly rowBytes?: number;
  /** Bytes of a chunk as the socket gives them, default 64 KiB. */
  readonly chunkBytes?: number;
}

export interface FramingResult {
  readonly rowsPerSecond: number;
  readonly megabytesPerSecond: number;
}

/** Transactions in the stream that is framed again and again. */
const TRANSACTIONS_BUILT = 20_000;

/**
 * Frames a generated log of single-row transactions (GTID, TABLE_MAP, rows event, XID, all with checksums) in chunks of a
 * socket's size and looks at each event's type, on one core. The log is generated before the clock runs.
 */
export function benchFraming(options: FramingOptions = {}): Promise<FramingResult> {
  const { transactions = 1_000_000, rowBytes = 60, chunkBytes = 65_536 } = options;
  const chunks = cut(buildLog(rowBytes), chunkBytes);
  const rounds = Math.max(1, Math.round(transactions / TRANSACTIONS_BUILT));
  runOnce(chunks);
  const began = performance.now();
  let rows = 0;
  for (let round = 0; round < rounds; round++) rows += runOnce(chunks);
  const seconds = (performance.now() - began) / 1000;
  const bytes = rounds * chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  return Promise.resolve({
    rowsPerSecond: Math.round(rows / seconds),
    megabytesPerSecond: Math.round(bytes / seconds / 1e6),
  });
}

const WRITE_ROWS = 30;

function runOnce(chunks: readonly Buffer[]): number {
  const framer = new EventFramer({ hasChecksum: true });
  let rows = 0;
  for (const chunk of chunks) {
    const events: FramedEvent[] = [];
    framer.push(chunk, events);
    for (const event of events) if (event.type === WRITE_ROWS) rows++;
  }
  return rows;
}

function buildLog(rowBytes: number): Buffer {
  const stream = new BinlogStreamBuilder().rotate('bin.000001').formatDescription();
  for (let number = 1; number <= TRANSACTIONS_BUILT; number++)
    stream.mariadbGtid(number).tableMap(7, 'shop', 'item').rows(7, Buffer.alloc(rowBytes, number)).xid();
  return stream.bytes;
}

function cut(bytes: Buffer, size: number): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
  return chunks;
}
