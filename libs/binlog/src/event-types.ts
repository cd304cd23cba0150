/** Bytes of the header that begins every event. */
export const EVENT_HEADER_BYTES = 19;
/** Bytes of the CRC32 at the end of every event when checksums are on. */
export const EVENT_CHECKSUM_BYTES = 4;

/** Offsets inside the event header. */
export const EVENT_TIMESTAMP_OFFSET = 0;
export const EVENT_TYPE_OFFSET = 4;
export const EVENT_SERVER_ID_OFFSET = 5;
export const EVENT_SIZE_OFFSET = 9;
export const EVENT_NEXT_POSITION_OFFSET = 13;
export const EVENT_FLAGS_OFFSET = 17;

/** The server made this event up for the connection; it is not in the log file. */
export const EVENT_FLAG_ARTIFICIAL = 0x20;
/** A reader that does not know the type may skip the event. */
export const EVENT_FLAG_IGNORABLE = 0x80;

/**
 * Type codes of MySQL (up to 9.7) and MariaDB (up to 12.3) events. Source: MySQL's replication protocol documentation
 * (Log_event_type) and MariaDB's (Replication Protocol, "Event type" of each page).
 */
export const EVENT_TYPE = {
  START_V3: 1,
  QUERY: 2,
  STOP: 3,
  ROTATE: 4,
  INTVAR: 5,
  LOAD: 6,
  CREATE_FILE: 8,
  APPEND_BLOCK: 9,
  EXEC_LOAD: 10,
  DELETE_FILE: 11,
  NEW_LOAD: 12,
  RAND: 13,
  USER_VAR: 14,
  FORMAT_DESCRIPTION: 15,
  XID: 16,
  BEGIN_LOAD_QUERY: 17,
  EXECUTE_LOAD_QUERY: 18,
  TABLE_MAP: 19,
  PRE_GA_WRITE_ROWS: 20,
  PRE_GA_UPDATE_ROWS: 21,
  PRE_GA_DELETE_ROWS: 22,
  WRITE_ROWS_V1: 23,
  UPDATE_ROWS_V1: 24,
  DELETE_ROWS_V1: 25,
  INCIDENT: 26,
  HEARTBEAT: 27,
  IGNORABLE: 28,
  ROWS_QUERY: 29,
  WRITE_ROWS_V2: 30,
  UPDATE_ROWS_V2: 31,
  DELETE_ROWS_V2: 32,
  GTID: 33,
  ANONYMOUS_GTID: 34,
  PREVIOUS_GTIDS: 35,
  TRANSACTION_CONTEXT: 36,
  VIEW_CHANGE: 37,
  XA_PREPARE: 38,
  PARTIAL_UPDATE_ROWS: 39,
  TRANSACTION_PAYLOAD: 40,
  HEARTBEAT_V2: 41,
  GTID_TAGGED: 42,
  MARIADB_ANNOTATE_ROWS: 160,
  MARIADB_BINLOG_CHECKPOINT: 161,
  MARIADB_GTID: 162,
  MARIADB_GTID_LIST: 163,
  MARIADB_START_ENCRYPTION: 164,
  MARIADB_QUERY_COMPRESSED: 165,
  MARIADB_WRITE_ROWS_COMPRESSED_V1: 166,
  MARIADB_UPDATE_ROWS_COMPRESSED_V1: 167,
  MARIADB_DELETE_ROWS_COMPRESSED_V1: 168,
  MARIADB_WRITE_ROWS_COMPRESSED: 169,
  MARIADB_UPDATE_ROWS_COMPRESSED: 170,
  MARIADB_DELETE_ROWS_COMPRESSED: 171,
  MARIADB_PARTIAL_ROW_DATA: 172,
} as const;

const NAMES = new Map<number, string>(Object.entries(EVENT_TYPE).map(([name, type]) => [type, `${name}_EVENT`]));

/** 'TABLE_MAP_EVENT', or 'event type 200' for a code that is not known. */
export const eventTypeName = (type: number): string => NAMES.get(type) ?? `event type ${String(type)}`;

/** Rows that MariaDB has compressed: they begin with table id and bitmaps like others, a compressed record follows. */
export const isCompressedRowsEvent = (type: number): boolean =>
  type >= EVENT_TYPE.MARIADB_WRITE_ROWS_COMPRESSED_V1 && type <= EVENT_TYPE.MARIADB_DELETE_ROWS_COMPRESSED;

/** Write, update or delete of rows, version 1 or 2, not compressed. */
export const isRowsEvent = (type: number): boolean =>
  (type >= EVENT_TYPE.WRITE_ROWS_V1 && type <= EVENT_TYPE.DELETE_ROWS_V1) ||
  (type >= EVENT_TYPE.WRITE_ROWS_V2 && type <= EVENT_TYPE.DELETE_ROWS_V2);

const DELETIONS: ReadonlySet<number> = new Set([
  ...[EVENT_TYPE.PRE_GA_DELETE_ROWS, EVENT_TYPE.DELETE_ROWS_V1, EVENT_TYPE.DELETE_ROWS_V2],
  ...[EVENT_TYPE.MARIADB_DELETE_ROWS_COMPRESSED_V1, EVENT_TYPE.MARIADB_DELETE_ROWS_COMPRESSED],
]);

/** Whether an event of the type deletes rows. */
export const isRowsDeletion = (type: number): boolean => DELETIONS.has(type);
