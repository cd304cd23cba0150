import {
  EVENT_FLAGS_OFFSET,
  EVENT_NEXT_POSITION_OFFSET,
  EVENT_SERVER_ID_OFFSET,
  EVENT_TIMESTAMP_OFFSET,
} from './event-types.ts';

/**
 * whole: bytes [start, end) are the event. begin: they are the first bytes of an event too large to be held; the rest
 * follows in pieces, then one `end` (its checksum was right). Every byte is delivered exactly once, the checksum never.
 */
export type FrameKind = 'whole' | 'begin' | 'piece' | 'end';

/**
 * An event of the binary log, or a part of a large one: a view into the bytes that the socket gave. Valid for as long as
 * somebody holds it, but it keeps its whole chunk (64 KiB) alive: copy what is kept for long.
 */
export class FramedEvent {
  constructor(
    readonly kind: FrameKind,
    readonly type: number,
    readonly buffer: Buffer,
    readonly start: number,
    readonly end: number,
    /** Bytes of the whole event, checksum not counted. */
    readonly length: number,
    /** Bytes that the event takes in the log file, checksum counted. */
    readonly fileBytes: number,
  ) {}

  get bytes(): Buffer {
    return this.buffer.subarray(this.start, this.end);
  }

  /** Seconds since 1970; 0 for events that the server made up. Not for pieces and ends, like all header fields. */
  get timestamp(): number {
    return this.buffer.readUInt32LE(this.start + EVENT_TIMESTAMP_OFFSET);
  }

  get serverId(): number {
    return this.buffer.readUInt32LE(this.start + EVENT_SERVER_ID_OFFSET);
  }

  /** Low 32 bits of the offset where the next event begins; 0 for events that are not in the file. */
  get nextPosition(): number {
    return this.buffer.readUInt32LE(this.start + EVENT_NEXT_POSITION_OFFSET);
  }

  get flags(): number {
    return this.buffer.readUInt16LE(this.start + EVENT_FLAGS_OFFSET);
  }
}
