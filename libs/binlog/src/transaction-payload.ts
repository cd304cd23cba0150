import { SyncError } from '@lutra/model';

/** What stands in front of the bytes of a compressed transaction. */
export interface PayloadHeader {
  readonly compression: 'zstd' | 'none';
  /** Bytes of the transaction as they are in the event. */
  readonly bytes: number;
  /** Bytes of its events. */
  readonly uncompressedBytes: number;
  /** Where its bytes begin. */
  readonly dataAt: number;
}

const FIELD_END = 0;
const FIELD_SIZE = 1;
const FIELD_COMPRESSION = 2;
const FIELD_UNCOMPRESSED_SIZE = 3;

const COMPRESSION_ZSTD = 0;
const COMPRESSION_NONE = 255;

/**
 * Reads the body of a TRANSACTION_PAYLOAD: fields of (type, length, value) up to type 0, all length-encoded integers; fields
 * that are not known are passed over. Source: MySQL's source documentation, "Transaction_payload_event". Throws
 * SOURCE_EVENT_CORRUPT, and SOURCE_EVENT_UNSUPPORTED for an unknown compression.
 */
export function readPayloadHeader(bytes: Buffer, start: number, end: number): PayloadHeader {
  const reader = new LengthEncodedReader(bytes, start, end);
  let compression = COMPRESSION_ZSTD;
  let size: number | null = null;
  let uncompressed: number | null = null;
  for (;;) {
    const field = reader.integer();
    if (field === FIELD_END) break;
    const valueEnd = reader.integer() + reader.at;
    if (valueEnd > end) throw corrupt('a field of its header is longer than the event');
    if (field === FIELD_SIZE) size = reader.integer();
    else if (field === FIELD_COMPRESSION) compression = reader.integer();
    else if (field === FIELD_UNCOMPRESSED_SIZE) uncompressed = reader.integer();
    else reader.at = valueEnd;
    if (reader.at !== valueEnd) throw corrupt('a field of its header has another length than it says');
  }
  if (size === null) throw corrupt('its header does not tell its size');
  if (compression !== COMPRESSION_ZSTD && compression !== COMPRESSION_NONE)
    throw new SyncError('SOURCE_EVENT_UNSUPPORTED', {
      problem: `The binary log holds a TRANSACTION_PAYLOAD_EVENT of compression type ${String(compression)}, which is not known`,
      type: 'TRANSACTION_PAYLOAD_EVENT',
      statement: 'SET GLOBAL binlog_transaction_compression = OFF',
    });
  const isZstd = compression === COMPRESSION_ZSTD;
  if (isZstd && uncompressed === null) throw corrupt('its header does not tell its size before compression');
  return {
    compression: isZstd ? 'zstd' : 'none',
    bytes: size,
    uncompressedBytes: uncompressed ?? size,
    dataAt: reader.at,
  };
}

class LengthEncodedReader {
  constructor(
    private readonly bytes: Buffer,
    public at: number,
    private readonly end: number,
  ) {}

  /** Below 251 a byte; else 0xfc, 0xfd, 0xfe: 2, 3 or 8 bytes follow. */
  integer(): number {
    const first = this.take(1);
    if (first < 251) return first;
    if (first === 0xfc) return this.take(2);
    if (first === 0xfd) return this.take(3);
    if (first !== 0xfe) throw corrupt('its header holds no number where one should be');
    const low = this.take(4);
    const value = low + this.take(4) * 2 ** 32;
    if (!Number.isSafeInteger(value)) throw corrupt('a number of its header is too large');
    return value;
  }

  private take(bytes: number): number {
    if (this.at + bytes > this.end) throw corrupt('its header is cut short');
    const value = this.bytes.readUIntLE(this.at, bytes);
    this.at += bytes;
    return value;
  }
}

/** The error for a compressed transaction that is not what it says. */
export const corruptPayload = (problem: string, cause?: unknown): SyncError =>
  new SyncError(
    'SOURCE_EVENT_CORRUPT',
    { problem: `The binary log cannot be read: a compressed transaction: ${problem}` },
    { cause },
  );

const corrupt = corruptPayload;
