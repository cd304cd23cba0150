import { SyncError } from '@lutra/model';
import { EVENT_HEADER_BYTES, EVENT_TYPE, eventTypeName } from './event-types.ts';
import type { FramedEvent } from './framed-event.ts';

/** A table id of 6 bytes and flags of 2 begin table maps and rows events. */
const TABLE_ID_BYTES = 6;
const TABLE_NAMES_OFFSET = EVENT_HEADER_BYTES + TABLE_ID_BYTES + 2;
/** thread id 4, duration 4, schema length 1, error 2, length of the status variables 2. */
const QUERY_FIXED_BYTES = 13;

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

/** Schema and text of a QUERY. A statement of more than 16 MiB comes as its first 4 KiB. */
export function readQuery(event: FramedEvent): QueryEvent {
  const at = event.start + EVENT_HEADER_BYTES;
  if (event.end < at + QUERY_FIXED_BYTES) throw tooShort(event);
  const schemaLength = event.buffer.readUInt8(at + 8);
  const schemaAt = at + QUERY_FIXED_BYTES + event.buffer.readUInt16LE(at + 11);
  const statementAt = schemaAt + schemaLength + 1;
  if (statementAt > event.end) throw tooShort(event);
  return {
    schema: event.buffer.toString('utf8', schemaAt, schemaAt + schemaLength),
    statement: event.buffer.toString('utf8', statementAt, event.end),
  };
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
  return event.type === EVENT_TYPE.XA_PREPARE && event.buffer[event.start + EVENT_HEADER_BYTES] === 1;
}

const tooShort = (event: FramedEvent): SyncError =>
  new SyncError('SOURCE_EVENT_CORRUPT', { problem: `A ${eventTypeName(event.type)} is too short` });
