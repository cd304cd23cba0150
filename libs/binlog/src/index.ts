// The client and the framing; the decoder is '@lutra/binlog/decoder', which select must not import.
export { EventFramer } from './event-framer.ts';
export { EVENT_TYPE, eventTypeName, isRowsEvent } from './event-types.ts';
export { FramedEvent } from './framed-event.ts';
