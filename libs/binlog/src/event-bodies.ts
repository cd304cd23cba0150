import { SyncError } from '@lutra/model';
import { inflateRecord, readCompressedRecord } from './compressed-record.ts';
import { EVENT_HEADER_BYTES, EVENT_TYPE, eventTypeName, isCompressedRowsEvent } from './event-types.ts';
import { READ_EVENT_BYTES_MAX } from './framed-event.ts';
import type { FramedEvent } from './framed-event.ts';
import { statementText } from './statement-text.ts';

/** A table id of 6 bytes and flags of 2 begin table maps and rows events. */
const TABLE_ID_BYTES = 6;
const TABLE_NAMES_OFFSET = EVENT_HEADER_BYTES + TABLE_ID_BYTES + 2;
/** thread id 4, duration 4, schema length 1, error 2, length of the status variables 2. */
const QUERY_FIXED_BYTES = 13;
/** one phase 1, format 4, length of the global id 4, length of the branch 4. */
const XA_FIXED_BYTES = 13;

/** Rows events that belong to no table: MySQL marks an empty statement so. */
export const DUMMY_TABLE_ID = 0xffffff;

export interface TableName {
  readonly schema: string;
  readonly table: string;
}

export interface QueryEvent {
  /** The session's current schema, '' when it had none. */
  readonly schema: string;
  readonly statement: string;
}

/** Table id of a TABLE_MAP or rows event: nothing behind it is looked at. */
export function readTableId(event: FramedEvent): number {
  const at = event.start + EVENT_HEADER_BYTES;
  if (event.end < at + TABLE_ID_BYTES) throw tooShort(event);
  return event.buffer.readUIntLE(at, TABLE_ID_BYTES);
}

/** Schema and table of a TABLE_MAP; nothing behind the names is looked at. */
export function readTableName(event: FramedEvent): TableName {
  const schemaAt = event.start + TABLE_NAMES_OFFSET;
  const schemaEnd = schemaAt + 1 + (event.buffer[schemaAt] ?? 0);
  const tableEnd = schemaEnd + 2 + (event.buffer[schemaEnd + 1] ?? 0);
  if (tableEnd > event.end) throw tooShort(event);
  return {
    schema: event.buffer.toString('utf8', schemaAt + 1, schemaEnd),
    table: event.buffer.toString('utf8', schemaEnd + 2, tableEnd),
  };
}

/**
 * Schema and text of a QUERY, also of one that MariaDB has compressed. A statement of more than 16 MiB comes as its
 * beginning: 4 KiB of the event.
 */
export function readQuery(event: FramedEvent): QueryEvent {
  const { buffer, end } = event;
  const at = event.start + EVENT_HEADER_BYTES;
  if (end < at + QUERY_FIXED_BYTES) throw tooShort(event);
  const schemaLength = buffer.readUInt8(at + 8);
  const schemaAt = at + QUERY_FIXED_BYTES + buffer.readUInt16LE(at + 11);
  const statementAt = schemaAt + schemaLength + 1;
  if (statementAt > end) throw tooShort(event);
  const text =
    event.type === EVENT_TYPE.MARIADB_QUERY_COMPRESSED
      ? inflateRecord(buffer, { at: statementAt, end }, READ_EVENT_BYTES_MAX)
      : buffer.subarray(statementAt, end);
  const statement = statementText(text, { buffer, start: at + QUERY_FIXED_BYTES, end: schemaAt });
  return { schema: buffer.toString('utf8', schemaAt, schemaAt + schemaLength), statement };
}

/**
 * Bytes of a rows event as readers behind select see it: of rows that MariaDB has compressed, with their length before that.
 * Only the head is looked at; the event's beginning suffices.
 */
export function rowsEventBytes(event: FramedEvent): number {
  if (!isCompressedRowsEvent(event.type)) return event.length;
  const { buffer, start, end } = event;
  const isVersion2 = event.type >= EVENT_TYPE.MARIADB_WRITE_ROWS_COMPRESSED;
  const extraAt = start + EVENT_HEADER_BYTES + TABLE_ID_BYTES + 2;
  // Version 2 has extra data, with its own length of two bytes, in front of the column count.
  const countAt = isVersion2 && extraAt + 2 <= end ? extraAt + buffer.readUInt16LE(extraAt) : extraAt;
  if (countAt + 3 > end) throw tooShort(event);
  const first = buffer.readUInt8(countAt);
  const columns = first === 0xfc ? buffer.readUInt16LE(countAt + 1) : first;
  const isUpdate =
    event.type === EVENT_TYPE.MARIADB_UPDATE_ROWS_COMPRESSED ||
    event.type === EVENT_TYPE.MARIADB_UPDATE_ROWS_COMPRESSED_V1;
  const recordAt = countAt + (first === 0xfc ? 3 : 1) + Math.ceil(columns / 8) * (isUpdate ? 2 : 1);
  const record = readCompressedRecord(buffer, recordAt, end);
  return recordAt - start + record.length;
}

/** The gap that an INCIDENT speaks of: its number (1: events were lost) and the server's own words. */
export function readIncident(event: FramedEvent): { readonly kind: number; readonly message: string } {
  const at = event.start + EVENT_HEADER_BYTES;
  if (event.end < at + 3) throw tooShort(event);
  const messageEnd = Math.min(event.end, at + 3 + event.buffer.readUInt8(at + 2));
  return { kind: event.buffer.readUInt16LE(at), message: event.buffer.toString('utf8', at + 3, messageEnd) };
}

/** The file that follows and the offset in it. */
export function readRotate(event: FramedEvent): { readonly file: string; readonly offset: number } {
  const at = event.start + EVENT_HEADER_BYTES;
  if (event.end < at + 9) throw tooShort(event);
  return {
    offset: Number(event.buffer.readBigUInt64LE(at)),
    file: event.buffer.toString('utf8', at + 8, event.end),
  };
}

/** XA_PREPARE: true when it commits in one phase, false when the rows wait for a later decision. */
export function isOnePhaseCommit(event: FramedEvent): boolean {
  const at = event.start + EVENT_HEADER_BYTES;
  return event.type === EVENT_TYPE.XA_PREPARE && at < event.end && event.buffer[at] === 1;
}

/** Name of the transaction that an XA_PREPARE prepares, as {@link xidText}. Both servers: phase 1, format 4, lengths 4 and 4, data. */
export function readPreparedXid(event: FramedEvent): string {
  const { buffer, end } = event;
  const at = event.start + EVENT_HEADER_BYTES;
  if (end < at + XA_FIXED_BYTES) throw tooShort(event);
  const globalAt = at + XA_FIXED_BYTES;
  const branchAt = globalAt + buffer.readUInt32LE(at + 5);
  const branchEnd = branchAt + buffer.readUInt32LE(at + 9);
  if (branchEnd > end) throw tooShort(event);
  return xidText(buffer.readInt32LE(at + 1), buffer.subarray(globalAt, branchAt), buffer.subarray(branchAt, branchEnd));
}

/** A transaction's XA name as both servers write it into the statements of their logs: X'…',X'…',format. */
export const xidText = (format: number, globalId: Buffer, branch: Buffer): string =>
  `X'${globalId.toString('hex')}',X'${branch.toString('hex')}',${String(format)}`;

const tooShort = (event: FramedEvent): SyncError =>
  new SyncError('SOURCE_EVENT_CORRUPT', { problem: `A ${eventTypeName(event.type)} is too short` });
