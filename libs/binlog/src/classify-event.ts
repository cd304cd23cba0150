import { SyncError } from '@lutra/model';
import { EVENT_FLAG_IGNORABLE, EVENT_HEADER_BYTES, EVENT_TYPE, eventTypeName } from './event-types.ts';
import type { FramedEvent } from './framed-event.ts';

/**
 * What an event is to a reader that follows transactions. payload: the frame of a compressed transaction, whose events
 * follow it one by one. incident: the server says that its log has a gap here. skip: carries nothing that a reader needs.
 */
export type EventClass =
  | 'gtid'
  | 'query'
  | 'tableMap'
  | 'rows'
  | 'xid'
  | 'xaPrepare'
  | 'payload'
  | 'incident'
  | 'rotate'
  | 'formatDescription'
  | 'heartbeat'
  | 'skip';

const TYPES_OF: Readonly<Record<EventClass, readonly (keyof typeof EVENT_TYPE)[]>> = {
  gtid: ['GTID', 'ANONYMOUS_GTID', 'GTID_TAGGED', 'MARIADB_GTID'],
  query: ['QUERY', 'MARIADB_QUERY_COMPRESSED'],
  tableMap: ['TABLE_MAP'],
  rows: [
    'WRITE_ROWS_V1',
    'UPDATE_ROWS_V1',
    'DELETE_ROWS_V1',
    'WRITE_ROWS_V2',
    'UPDATE_ROWS_V2',
    'DELETE_ROWS_V2',
    'PARTIAL_UPDATE_ROWS',
    'MARIADB_WRITE_ROWS_COMPRESSED_V1',
    'MARIADB_UPDATE_ROWS_COMPRESSED_V1',
    'MARIADB_DELETE_ROWS_COMPRESSED_V1',
    'MARIADB_WRITE_ROWS_COMPRESSED',
    'MARIADB_UPDATE_ROWS_COMPRESSED',
    'MARIADB_DELETE_ROWS_COMPRESSED',
  ],
  xid: ['XID'],
  xaPrepare: ['XA_PREPARE'],
  payload: ['TRANSACTION_PAYLOAD'],
  incident: ['INCIDENT'],
  rotate: ['ROTATE'],
  formatDescription: ['FORMAT_DESCRIPTION'],
  heartbeat: ['HEARTBEAT', 'HEARTBEAT_V2'],
  skip: [
    // The statement text of rows, and bookkeeping of servers among themselves.
    'ROWS_QUERY',
    'MARIADB_ANNOTATE_ROWS',
    'IGNORABLE',
    'STOP',
    'PREVIOUS_GTIDS',
    'TRANSACTION_CONTEXT',
    'VIEW_CHANGE',
    'MARIADB_BINLOG_CHECKPOINT',
    'MARIADB_GTID_LIST',
    // The server decrypts before it sends.
    'MARIADB_START_ENCRYPTION',
    // Values for the statement that follows: it is the statement that is judged.
    'INTVAR',
    'RAND',
    'USER_VAR',
  ],
};

/** Change rows and cannot be read: refused whatever their flags say. Logs of servers before 5.1, files of LOAD DATA, MariaDB 12.3. */
const UNSUPPORTED: readonly (keyof typeof EVENT_TYPE)[] = [
  'START_V3',
  'LOAD',
  'CREATE_FILE',
  'APPEND_BLOCK',
  'EXEC_LOAD',
  'DELETE_FILE',
  'NEW_LOAD',
  'BEGIN_LOAD_QUERY',
  'EXECUTE_LOAD_QUERY',
  'PRE_GA_WRITE_ROWS',
  'PRE_GA_UPDATE_ROWS',
  'PRE_GA_DELETE_ROWS',
  'MARIADB_PARTIAL_ROW_DATA',
];

const CLASS_OF = new Map(
  (Object.keys(TYPES_OF) as EventClass[]).flatMap((eventClass) =>
    TYPES_OF[eventClass].map((name): [number, EventClass] => [EVENT_TYPE[name], eventClass]),
  ),
);
const REFUSED = new Set<number>(UNSUPPORTED.map((name) => EVENT_TYPE[name]));

/** Direct index, because it is asked for every event. */
const CLASSES: readonly (EventClass | undefined)[] = Array.from({ length: 256 }, (_, type) => CLASS_OF.get(type));

/**
 * Throws SOURCE_EVENT_UNSUPPORTED, which names the type, for everything that may change rows and cannot be read, and for
 * unknown events that the server did not mark as ignorable.
 */
export function classifyEvent(event: FramedEvent): EventClass {
  const known = CLASSES[event.type];
  // Whoever reads a compressed transaction without unwrapping it would lose its rows in silence.
  if (known === 'payload' && event.length > EVENT_HEADER_BYTES) throw unsupportedEvent(event.type);
  if (known !== undefined) return known;
  if ((event.flags & EVENT_FLAG_IGNORABLE) !== 0 && !REFUSED.has(event.type)) return 'skip';
  throw unsupportedEvent(event.type);
}

/** The error for an event that Lutra cannot read, with what to switch off at the source. */
function unsupportedEvent(type: number): SyncError {
  const name = eventTypeName(type);
  const setting = SETTING_OF.get(type);
  const problem = `The binary log holds a ${name}, which Lutra cannot read`;
  return new SyncError('SOURCE_EVENT_UNSUPPORTED', {
    problem,
    type: name,
    ...(setting === undefined ? {} : { statement: `SET GLOBAL ${setting}` }),
  });
}

const SETTING_OF = new Map<number, string>([
  [EVENT_TYPE.MARIADB_PARTIAL_ROW_DATA, 'binlog_row_event_fragment_threshold = 1073741824'],
  [EVENT_TYPE.BEGIN_LOAD_QUERY, 'binlog_format = ROW'],
  [EVENT_TYPE.EXECUTE_LOAD_QUERY, 'binlog_format = ROW'],
]);
