import { corruptPayload as corrupt } from './transaction-payload.ts';
import { EVENT_HEADER_BYTES, EVENT_SIZE_OFFSET, EVENT_TYPE, EVENT_TYPE_OFFSET, eventTypeName } from './event-types.ts';
import {
  assertMayBeLarge,
  FramedEvent,
  isReadWhole,
  LARGE_EVENT_HEAD_BYTES,
  READ_EVENT_BYTES_MAX,
  WHOLE_EVENT_BYTES_MAX,
} from './framed-event.ts';

/** Belong to the file, not to a transaction: never inside a payload. A payload inside a payload is among them. */
const NEVER_INSIDE = new Set<number>([
  EVENT_TYPE.TRANSACTION_PAYLOAD,
  EVENT_TYPE.FORMAT_DESCRIPTION,
  EVENT_TYPE.ROTATE,
  EVENT_TYPE.STOP,
  EVENT_TYPE.INCIDENT,
  EVENT_TYPE.HEARTBEAT,
  EVENT_TYPE.HEARTBEAT_V2,
  EVENT_TYPE.PREVIOUS_GTIDS,
  EVENT_TYPE.GTID,
  EVENT_TYPE.ANONYMOUS_GTID,
  EVENT_TYPE.GTID_TAGGED,
  EVENT_TYPE.MARIADB_GTID,
]);

/**
 * Cuts the bytes of a compressed transaction into its events: header and body one behind the other, no packets, no checksums.
 * Like the framer: views where an event lies in one piece, pieces above 1 MiB, the same events for any cut of the bytes.
 * None of them takes bytes of the file (`fileBytes` is 0). Throws SOURCE_EVENT_CORRUPT and SOURCE_EVENT_TOO_LARGE.
 */
export class EventSplitter {
  /** Bytes of the event under way that are here, when it has not come whole. */
  private gathered: Buffer | null = null;
  private gatheredBytes = 0;
  /** Bytes of the event under way; 0 while its header is not whole. */
  private size = 0;
  /** Bytes still to come of a large event. */
  private largeLeft = 0;
  private largeType = 0;

  /** `bytesLeft`: what is still to come of the transaction, no event may announce more. */
  constructor(private bytesLeft: number) {}

  push(bytes: Buffer, events: FramedEvent[]): void {
    this.bytesLeft -= bytes.length;
    let at = 0;
    while (at < bytes.length) {
      if (this.largeLeft > 0) at = this.takeLarge(bytes, at, events);
      else if (this.gathered !== null) at = this.gather(bytes, at, events);
      else at = this.takeWhole(bytes, at, events);
    }
  }

  /** The transaction is over: an event that has begun is an error. */
  finish(): void {
    if (this.gathered !== null || this.largeLeft > 0) throw corrupt('its last event is cut short');
  }

  /** An event that lies here whole is a view; of any other the gathering begins. */
  private takeWhole(bytes: Buffer, at: number, events: FramedEvent[]): number {
    if (bytes.length - at >= EVENT_HEADER_BYTES) {
      const size = this.sizeOf(bytes, at, bytes.length - at);
      const isHeld = size <= heldBytesMax(bytes[at + EVENT_TYPE_OFFSET] as number);
      if (isHeld && size <= bytes.length - at) {
        events.push(whole(bytes, at, at + size));
        return at + size;
      }
    }
    this.gathered = Buffer.allocUnsafeSlow(EVENT_HEADER_BYTES);
    this.gatheredBytes = 0;
    this.size = 0;
    return at;
  }

  private gather(bytes: Buffer, from: number, events: FramedEvent[]): number {
    const gathered = this.gathered as Buffer;
    const end = Math.min(bytes.length, from + gathered.length - this.gatheredBytes);
    bytes.copy(gathered, this.gatheredBytes, from, end);
    this.gatheredBytes += end - from;
    if (this.gatheredBytes < gathered.length) return end;
    if (this.size === 0) {
      const size = this.sizeOf(gathered, 0, EVENT_HEADER_BYTES + bytes.length - end);
      this.size = size;
      const type = gathered[EVENT_TYPE_OFFSET] as number;
      const isHeld = size <= heldBytesMax(type);
      if (!isHeld) assertMayBeLarge(type, size);
      this.gathered = Buffer.allocUnsafeSlow(isHeld ? size : LARGE_EVENT_HEAD_BYTES);
      gathered.copy(this.gathered);
      if (size > EVENT_HEADER_BYTES) return end;
    }
    this.finishGathered(this.gathered as Buffer, events);
    return end;
  }

  private finishGathered(gathered: Buffer, events: FramedEvent[]): void {
    this.gathered = null;
    if (gathered.length === this.size) {
      events.push(whole(gathered, 0, gathered.length));
      return;
    }
    this.largeType = gathered[EVENT_TYPE_OFFSET] as number;
    this.largeLeft = this.size - gathered.length;
    events.push(new FramedEvent('begin', this.largeType, gathered, 0, gathered.length, this.size, 0));
  }

  private takeLarge(bytes: Buffer, at: number, events: FramedEvent[]): number {
    const end = Math.min(bytes.length, at + this.largeLeft);
    events.push(new FramedEvent('piece', this.largeType, bytes, at, end, 0, 0));
    this.largeLeft -= end - at;
    if (this.largeLeft === 0) events.push(new FramedEvent('end', this.largeType, EMPTY, 0, 0, 0, 0));
    return end;
  }

  /** The size that a header tells; `here` is what there is of the event and behind it. */
  private sizeOf(bytes: Buffer, at: number, here: number): number {
    const type = bytes[at + EVENT_TYPE_OFFSET] as number;
    if (NEVER_INSIDE.has(type)) throw corrupt(`a ${eventTypeName(type)} cannot be inside`);
    const size = bytes.readUInt32LE(at + EVENT_SIZE_OFFSET);
    if (size < EVENT_HEADER_BYTES || size > here + this.bytesLeft)
      throw corrupt(`a ${eventTypeName(type)} of ${String(size)} bytes does not fit into it`);
    return size;
  }
}

const EMPTY = Buffer.alloc(0);

const whole = (bytes: Buffer, start: number, end: number): FramedEvent =>
  new FramedEvent('whole', bytes[start + EVENT_TYPE_OFFSET] as number, bytes, start, end, end - start, 0);

const heldBytesMax = (type: number): number => (isReadWhole(type) ? READ_EVENT_BYTES_MAX : WHOLE_EVENT_BYTES_MAX);
