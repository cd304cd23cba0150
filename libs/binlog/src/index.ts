// The client and the framing; the decoder is '@lutra/binlog/decoder', which select must not import.
export type { BinlogDump } from './binlog-dump.ts';
export { checkPlace } from './check-place.ts';
export { checkSource } from './check-source.ts';
export { classifyEvent, unsupportedEvent } from './classify-event.ts';
export type { EventClass } from './classify-event.ts';
export { DUMMY_TABLE_ID, isOnePhaseCommit, readQuery, readRotate, readTableId, readTableName } from './event-bodies.ts';
export type { QueryEvent, TableName } from './event-bodies.ts';
export { EventFramer } from './event-framer.ts';
export { EVENT_FLAG_ARTIFICIAL, EVENT_HEADER_BYTES, EVENT_TYPE, eventTypeName, isRowsEvent } from './event-types.ts';
export { FramedEvent } from './framed-event.ts';
export { readGtidEvent } from './gtid-event.ts';
export type { GtidEvent } from './gtid-event.ts';
export { openDump } from './open-dump.ts';
export type { OpenDumpOptions } from './open-dump.ts';
export { resolveStart } from './resolve-start.ts';
export type { SourceServer } from './source-server.ts';
export { SourceSession } from './source-session.ts';
export type { SourceOptions } from './source-session.ts';
