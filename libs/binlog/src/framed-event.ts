import { SyncError } from '@lutra/model';
import {
  EVENT_FLAG_ARTIFICIAL,
  EVENT_FLAGS_OFFSET,
  EVENT_HEADER_BYTES,
  EVENT_NEXT_POSITION_OFFSET,
  EVENT_SERVER_ID_OFFSET,
  EVENT_TIMESTAMP_OFFSET,
  EVENT_TYPE,
  eventTypeName,
} from './event-types.ts';

/** Events above this are handed on in pieces, so that a 128 MiB rows event is never held. */
export const WHOLE_EVENT_BYTES_MAX = 1024 * 1024;
/** Events that are read (see {@link isReadWhole}) are held up to here: a packet of the protocol, less its status byte. */
export const READ_EVENT_BYTES_MAX = 0xffffff - 2;
/** First bytes of a large event that come together: header, table id, and what one wants to read of a statement. */
export const LARGE_EVENT_HEAD_BYTES = 4096;

/** Statements and table maps are read; what is in a compressed transaction is read only behind its checksum. */
export const isReadWhole = (type: number): boolean =>
  type === EVENT_TYPE.QUERY ||
  type === EVENT_TYPE.TABLE_MAP ||
  type === EVENT_TYPE.TRANSACTION_PAYLOAD ||
  type === EVENT_TYPE.MARIADB_QUERY_COMPRESSED;

/** Steer the reader and are small: none of them is believed when it says that it is larger than an event that is held. */
const NEVER_LARGE = new Set<number>([
  EVENT_TYPE.TABLE_MAP,
  EVENT_TYPE.ROTATE,
  EVENT_TYPE.FORMAT_DESCRIPTION,
  EVENT_TYPE.HEARTBEAT,
  EVENT_TYPE.HEARTBEAT_V2,
  EVENT_TYPE.XID,
  EVENT_TYPE.XA_PREPARE,
  EVENT_TYPE.INCIDENT,
  EVENT_TYPE.GTID,
  EVENT_TYPE.ANONYMOUS_GTID,
  EVENT_TYPE.GTID_TAGGED,
  EVENT_TYPE.MARIADB_GTID,
]);

/** Without a place of their own also where they are not marked as made up: the format in front of a dump from the middle. */
const NOT_IN_FILE = new Set<number>([
  EVENT_TYPE.FORMAT_DESCRIPTION,
  EVENT_TYPE.ROTATE,
  EVENT_TYPE.HEARTBEAT,
  EVENT_TYPE.HEARTBEAT_V2,
]);

/** Throws SOURCE_EVENT_TOO_LARGE for an event that cannot be read in pieces. */
export function assertMayBeLarge(type: number, bytes: number): void {
  if (NEVER_LARGE.has(type))
    throw new SyncError('SOURCE_EVENT_TOO_LARGE', {
      problem: `The binary log holds a ${eventTypeName(type)} of ${String(bytes)} bytes, which is more than Lutra takes`,
    });
}

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
    /** Bytes that the event takes in the log file, checksum counted; 0 inside a compressed transaction, whose frame has them. */
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

  /**
   * Low 32 bits of the offset where the next event begins; 0 for events that are not in the file, and for those that
   * {@link isUnnumbered}.
   */
  get nextPosition(): number {
    return this.buffer.readUInt32LE(this.start + EVENT_NEXT_POSITION_OFFSET);
  }

  /**
   * True for events of the file that do not say where they end: MariaDB 11.8 (`binlog_legacy_event_pos=OFF`) writes the place
   * into the first and the last event of a transaction only. Those in between are at least `fileBytes` long: the server
   * leaves out ANNOTATE_ROWS on its way to us.
   */
  get isUnnumbered(): boolean {
    return this.nextPosition === 0 && (this.flags & EVENT_FLAG_ARTIFICIAL) === 0 && !NOT_IN_FILE.has(this.type);
  }

  get flags(): number {
    return this.buffer.readUInt16LE(this.start + EVENT_FLAGS_OFFSET);
  }
  /** True when `other`, a whole event, says the same: the header (time, position) does not count. For events that came whole. */
  hasBodyOf(other: Buffer): boolean {
    const { buffer, start, end } = this;
    if (other.length !== end - start) return false;
    // A loop: the call of Buffer.compare costs more than 100 bytes do, and most table maps are shorter.
    for (let at = EVENT_HEADER_BYTES; at < other.length; at++) if (other[at] !== buffer[start + at]) return false;
    return true;
  }
}
