// The client and the framing; the decoder is '@lutra/binlog/decoder', which select must not import.
export type { BinlogDump } from './binlog-dump.ts';
export { checkPlace } from './check-place.ts';
export { checkSource } from './check-source.ts';
export { classifyEvent } from './classify-event.ts';
export type { EventClass } from './classify-event.ts';
export {
  DUMMY_TABLE_ID,
  isOnePhaseCommit,
  readIncident,
  readPreparedXid,
  readQuery,
  readRotate,
  readTableId,
  readTableName,
  rowsEventBytes,
} from './event-bodies.ts';
export type { QueryEvent, TableName } from './event-bodies.ts';
export { EventFramer } from './event-framer.ts';
export {
  EVENT_FLAG_ARTIFICIAL,
  EVENT_HEADER_BYTES,
  EVENT_TYPE,
  eventTypeName,
  isRowsDeletion,
  isRowsEvent,
} from './event-types.ts';
export { FramedEvent } from './framed-event.ts';
export { readQuerySettings } from './query-settings.ts';
export type { QuerySettings } from './query-settings.ts';
export { readGtidEvent } from './gtid-event.ts';
export type { GtidEvent } from './gtid-event.ts';
export { gtidsBefore } from './gtids-before.ts';
export { openDump } from './open-dump.ts';
export type { OpenDumpOptions } from './open-dump.ts';
export { openSnapshot } from './open-snapshot.ts';
export type { Visibility } from './open-snapshot.ts';
export { openSource } from './open-source.ts';
export type { OpenedSource, OpenSourceOptions, PassedOver } from './open-source.ts';
export { readRetention } from './read-retention.ts';
export type { LogRetention } from './read-retention.ts';
export type { LogFile } from './log-files.ts';
export { readXidOf } from './xa-events.ts';
export { PayloadUnwrapper } from './payload-unwrapper.ts';
export { resolveStart } from './resolve-start.ts';
export { scanBinlog } from './scan-binlog.ts';
export type { BinlogScanOptions, ScanEnd, ScanPosition } from './scan-binlog.ts';
export type { SourceServer } from './source-server.ts';
export { SourceSession } from './source-session.ts';
export type { RawRow, SourceOptions } from './source-session.ts';
