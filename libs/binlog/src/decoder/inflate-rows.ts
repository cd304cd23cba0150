import { inflateSync } from 'node:zlib';
import { SyncError } from '@lutra/model';
import type { ByteCursor } from './byte-cursor.ts';
import { corrupt } from './byte-cursor.ts';

const ALGORITHM_BITS = 0xf0;
/** Bit 7 is always set; bits 4 to 6 are 0 for zlib, the only algorithm that servers have. */
const ZLIB = 0x80;

/**
 * The rows of one of MariaDB's compressed rows events: the rest of the event behind the column bitmaps. One byte with the
 * algorithm and, in its low three bits, how many bytes (1 to 4, big-endian) tell the size of the rows; then a zlib stream
 * (MariaDB Knowledge Base, "Compressing Events to Reduce Size of the Binary Log", and observation of 10.11).
 * Throws SOURCE_EVENT_TOO_LARGE above `bytesMax` before anything is inflated, SOURCE_EVENT_CORRUPT when the size is wrong.
 */
export function inflateRows(cursor: ByteCursor, bytesMax: number): Buffer {
  const header = cursor.uint8();
  if ((header & ALGORITHM_BITS) !== ZLIB) throw corrupt('rows that are compressed in an unknown way');
  const lengthBytes = header & 7;
  if (lengthBytes === 0 || lengthBytes > 4) throw corrupt(`a length of ${String(lengthBytes)} bytes`);
  const length = cursor.bigEndian(lengthBytes);
  if (length > bytesMax) {
    const problem = `A compressed rows event holds ${String(length)} bytes of rows, more than the ${String(bytesMax)} that two images of LUTRA_MAX_ROW_BYTES may take`;
    throw new SyncError('SOURCE_EVENT_TOO_LARGE', { problem, bytes: length });
  }
  const rows = inflate(cursor.view8(cursor.end - cursor.at), length);
  if (rows?.length !== length) throw corrupt('compressed rows that do not inflate to their announced size');
  return rows;
}

function inflate(packed: Buffer, length: number): Buffer | null {
  try {
    return inflateSync(packed, { maxOutputLength: Math.max(length, 1) });
  } catch {
    return null;
  }
}
