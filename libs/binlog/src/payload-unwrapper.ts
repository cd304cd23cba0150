import { SyncError } from '@lutra/model';
import { EventSplitter } from './event-splitter.ts';
import { EVENT_HEADER_BYTES, EVENT_TYPE } from './event-types.ts';
import { FramedEvent } from './framed-event.ts';
import { corruptPayload as corrupt, readPayloadHeader } from './transaction-payload.ts';
import type { PayloadHeader } from './transaction-payload.ts';
import { ZstdStream } from './zstd-stream.ts';

/** Bytes of decompressed events after which a batch is handed on, however little they were before. */
const BATCH_BYTES = 1024 * 1024;

/**
 * Puts the events of compressed transactions (TRANSACTION_PAYLOAD, MySQL from 8.0.20) where a reader expects them. Of the
 * payload comes only its header, as a whole event of class 'payload' that carries its place in the file; then, one by one, the
 * events inside it, which take no bytes of the file. Everything else passes as it came.
 *
 * Memory is bounded: bytes are decompressed in steps of 128 KiB, and a batch ends behind 1 MiB of them. A payload of up to
 * 16 MiB is unwrapped when its checksum was found right; a larger one, which comes in pieces, on its way: what its last piece
 * completes (the commit is there) comes only when the checksum was right. Throws SOURCE_EVENT_CORRUPT, _UNSUPPORTED and _TOO_LARGE; it is of no use after that.
 */
export class PayloadUnwrapper {
  private outer: readonly FramedEvent[] = [];
  private next = 0;
  private payload: OpenPayload | null = null;
  /** The newest piece of a large payload: held back until the next part shows that it was not the last. */
  private piece: FramedEvent | null = null;
  private zstd: ZstdStream | null = null;
  private failure: Error | null = null;

  /** True when there is nothing to {@link take}. */
  get isEmpty(): boolean {
    return this.next === this.outer.length && this.payload?.isWaiting !== true && this.failure === null;
  }

  /** Events of the framer, once everything before has been taken. */
  push(outer: readonly FramedEvent[]): void {
    this.outer = outer;
    this.next = 0;
  }

  /** The next batch, or null when everything that was pushed has been handed on. What stands in front of an error comes first. */
  take(): readonly FramedEvent[] | null {
    if (this.failure !== null) throw this.failure;
    if (this.isEmpty) return null;
    if (this.next === 0 && this.payload === null && !this.outer.some(isPayload)) {
      this.next = this.outer.length;
      return this.outer;
    }
    const events: FramedEvent[] = [];
    try {
      this.fill(events);
    } catch (error) {
      if (events.length === 0) throw error;
      this.failure = SyncError.of(error);
    }
    return events;
  }

  private fill(events: FramedEvent[]): void {
    for (let bytes = 0; bytes < BATCH_BYTES;) {
      if (this.payload?.isWaiting === true) {
        bytes += this.payload.read(events);
        continue;
      }
      if (this.payload?.isComplete === true) this.close(this.payload);
      const event = this.outer[this.next];
      if (event === undefined) return;
      this.next++;
      if (this.payload === null && !isPayload(event)) events.push(event);
      else this.takePart(event, events);
    }
  }

  private takePart(event: FramedEvent, events: FramedEvent[]): void {
    if (event.kind === 'whole' || event.kind === 'begin') {
      const bodyAt = event.start + EVENT_HEADER_BYTES;
      const header = readPayloadHeader(event.buffer, bodyAt, event.end);
      if (header.bytes !== event.length - (header.dataAt - event.start))
        throw corrupt('its header tells another size than the event has');
      events.push(
        new FramedEvent('whole', event.type, event.buffer, event.start, bodyAt, bodyAt - event.start, event.fileBytes),
      );
      if (header.compression === 'zstd' && this.zstd?.canBeReused !== true) this.zstd = new ZstdStream();
      this.payload = new OpenPayload(header, header.compression === 'zstd' ? this.zstd : null);
      this.payload.feed(event.buffer.subarray(header.dataAt, event.end));
      if (event.kind === 'whole') this.payload.isComplete = true;
      return;
    }
    if (this.piece !== null) this.payload?.feed(this.piece.bytes);
    this.piece = event.kind === 'piece' ? event : null;
    if (event.kind === 'end' && this.payload !== null) this.payload.isComplete = true;
  }

  private close(payload: OpenPayload): void {
    payload.finish();
    this.payload = null;
    if (this.zstd?.canBeReused !== true) this.zstd = null;
  }
}

const isPayload = (event: FramedEvent): boolean => event.type === EVENT_TYPE.TRANSACTION_PAYLOAD;

/** A compressed transaction on its way. */
class OpenPayload {
  /** All its bytes have been fed. */
  isComplete = false;
  /** There is more to {@link read} of what was fed. */
  isWaiting = false;
  private bytesLeft: number;
  private readonly splitter: EventSplitter;
  private plain: Buffer | null = null;

  constructor(
    header: PayloadHeader,
    private readonly zstd: ZstdStream | null,
  ) {
    this.bytesLeft = header.uncompressedBytes;
    this.splitter = new EventSplitter(header.uncompressedBytes);
  }

  feed(bytes: Buffer): void {
    if (this.zstd === null) this.plain = bytes;
    else this.zstd.feed(bytes);
    this.isWaiting = true;
  }

  /** Adds the events of the next step; returns how many bytes they took. */
  read(events: FramedEvent[]): number {
    const bytes = this.zstd === null ? this.plain : this.zstd.read();
    this.plain = null;
    if (bytes === null) {
      this.isWaiting = false;
      return 0;
    }
    this.bytesLeft -= bytes.length;
    if (this.bytesLeft < 0) throw corrupt('it holds more bytes than it says');
    this.splitter.push(bytes, events);
    return bytes.length;
  }

  finish(): void {
    if (this.zstd?.isAtFrameEnd === false) throw corrupt('its compressed bytes are cut short');
    if (this.bytesLeft > 0) throw corrupt('it holds fewer bytes than it says');
    this.splitter.finish();
  }
}
