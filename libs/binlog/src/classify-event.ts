import { SyncError } from '@lutra/model';
import { EVENT_FLAG_IGNORABLE, EVENT_TYPE, eventTypeName } from './event-types.ts';
import type { FramedEvent } from './framed-event.ts';

/**
 * What an event is to a reader that follows transactions. unsupportedRows: rows events whose table id can be read and whose
 * rows cannot; harmless while their table is not wanted. skip: carries nothing that a reader needs.
 */
export type EventClass =
  | 'gtid'
  | 'query'
  | 'tableMap'
  | 'rows'
  | 'unsupportedRows'
  | 'xid'
  | 'xaPrepare'
  | 'rotate'
  | 'formatDescription'
  | 'heartbeat'
  | 'skip';

const CLASS_OF = new Map<number, EventClass>([
  [EVENT_TYPE.GTID, 'gtid'],
  [EVENT_TYPE.ANONYMOUS_GTID, 'gtid'],
  [EVENT_TYPE.GTID_TAGGED, 'gtid'],
  [EVENT_TYPE.MARIADB_GTID, 'gtid'],
  [EVENT_TYPE.QUERY, 'query'],
  [EVENT_TYPE.TABLE_MAP, 'tableMap'],
  [EVENT_TYPE.WRITE_ROWS_V1, 'rows'],
  [EVENT_TYPE.UPDATE_ROWS_V1, 'rows'],
  [EVENT_TYPE.DELETE_ROWS_V1, 'rows'],
  [EVENT_TYPE.WRITE_ROWS_V2, 'rows'],
  [EVENT_TYPE.UPDATE_ROWS_V2, 'rows'],
  [EVENT_TYPE.DELETE_ROWS_V2, 'rows'],
  [EVENT_TYPE.PARTIAL_UPDATE_ROWS, 'unsupportedRows'],
  [EVENT_TYPE.MARIADB_WRITE_ROWS_COMPRESSED_V1, 'unsupportedRows'],
  [EVENT_TYPE.MARIADB_UPDATE_ROWS_COMPRESSED_V1, 'unsupportedRows'],
  [EVENT_TYPE.MARIADB_DELETE_ROWS_COMPRESSED_V1, 'unsupportedRows'],
  [EVENT_TYPE.MARIADB_WRITE_ROWS_COMPRESSED, 'unsupportedRows'],
  [EVENT_TYPE.MARIADB_UPDATE_ROWS_COMPRESSED, 'unsupportedRows'],
  [EVENT_TYPE.MARIADB_DELETE_ROWS_COMPRESSED, 'unsupportedRows'],
  [EVENT_TYPE.XID, 'xid'],
  [EVENT_TYPE.XA_PREPARE, 'xaPrepare'],
  [EVENT_TYPE.ROTATE, 'rotate'],
  [EVENT_TYPE.FORMAT_DESCRIPTION, 'formatDescription'],
  [EVENT_TYPE.HEARTBEAT, 'heartbeat'],
  [EVENT_TYPE.HEARTBEAT_V2, 'heartbeat'],
  // The statement text of rows, and bookkeeping of servers among themselves.
  [EVENT_TYPE.ROWS_QUERY, 'skip'],
  [EVENT_TYPE.MARIADB_ANNOTATE_ROWS, 'skip'],
  [EVENT_TYPE.IGNORABLE, 'skip'],
  [EVENT_TYPE.STOP, 'skip'],
  [EVENT_TYPE.PREVIOUS_GTIDS, 'skip'],
  [EVENT_TYPE.TRANSACTION_CONTEXT, 'skip'],
  [EVENT_TYPE.VIEW_CHANGE, 'skip'],
  [EVENT_TYPE.MARIADB_BINLOG_CHECKPOINT, 'skip'],
  [EVENT_TYPE.MARIADB_GTID_LIST, 'skip'],
  [EVENT_TYPE.MARIADB_START_ENCRYPTION, 'skip'],
  // Values for the statement that follows: it is the statement that is judged.
  [EVENT_TYPE.INTVAR, 'skip'],
  [EVENT_TYPE.RAND, 'skip'],
  [EVENT_TYPE.USER_VAR, 'skip'],
]);

/** Direct index, because it is asked for every event. */
const CLASSES: readonly (EventClass | undefined)[] = Array.from({ length: 256 }, (_, type) => CLASS_OF.get(type));

/**
 * Throws SOURCE_EVENT_UNSUPPORTED, which names the type, for everything that may change rows and cannot be read, and for
 * unknown events that the server did not mark as ignorable.
 */
export function classifyEvent(event: FramedEvent): EventClass {
  const known = CLASSES[event.type];
  if (known !== undefined) return known;
  if ((event.flags & EVENT_FLAG_IGNORABLE) !== 0) return 'skip';
  throw unsupportedEvent(event.type);
}

/** The error for an event that Lutra cannot read, with what to switch off at the source. */
export function unsupportedEvent(type: number): SyncError {
  const name = eventTypeName(type);
  const setting = SETTING_OF.get(type);
  const problem = `The binary log holds a ${name}, which Lutra cannot read`;
  return new SyncError('SOURCE_EVENT_UNSUPPORTED', {
    problem,
    type: name,
    ...(setting === undefined ? {} : { statement: `SET GLOBAL ${setting}` }),
  });
}

const MARIADB_COMPRESSED = [165, 166, 167, 168, 169, 170, 171];
const SETTING_OF = new Map<number, string>([
  [EVENT_TYPE.TRANSACTION_PAYLOAD, 'binlog_transaction_compression = OFF'],
  [EVENT_TYPE.PARTIAL_UPDATE_ROWS, "binlog_row_value_options = ''"],
  ...MARIADB_COMPRESSED.map((type): [number, string] => [type, 'log_bin_compress = OFF']),
]);
