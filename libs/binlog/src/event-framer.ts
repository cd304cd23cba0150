import { must, SyncError } from '@lutra/model';
import { Crc32 } from './crc32.ts';
import {
  EVENT_CHECKSUM_BYTES,
  EVENT_FLAG_ARTIFICIAL,
  EVENT_FLAGS_OFFSET,
  EVENT_HEADER_BYTES,
  EVENT_SIZE_OFFSET,
  EVENT_TYPE,
  EVENT_TYPE_OFFSET,
  eventTypeName,
} from './event-types.ts';
import {
  assertMayBeLarge,
  FramedEvent,
  isReadWhole,
  LARGE_EVENT_HEAD_BYTES,
  WHOLE_EVENT_BYTES_MAX,
} from './framed-event.ts';
import { ServerPacketError } from './server-packet-error.ts';
import { describePlace, StreamPosition } from './stream-position.ts';

/** A packet of this size goes on in the next one. */
const PACKET_BYTES_MAX = 0xffffff;
const PACKET_HEADER_BYTES = 4;
/** Version, server name, time, header length; the list of header lengths, algorithm and checksum follow. */
const FORMAT_BYTES_MIN = 2 + 50 + 4 + 1 + 1 + EVENT_CHECKSUM_BYTES;
/** Names of log files end in a number; a damaged checksum behind the name does not look so. */
const LOG_FILE = /^[^\0]+\.\d{6,}$/;

const STATUS_EVENT = 0x00;
const STATUS_END = 0xfe;
const STATUS_ERROR = 0xff;

/** A large event on its way. */
interface LargeEvent {
  readonly type: number;
  readonly fileBytes: number;
  bodyLeft: number;
  crc: number;
  readonly trailer: number[];
}

/**
 * Turns the socket's bytes after a dump command into events: one pass, nothing copied but what spans chunks. Whatever the
 * cut of the chunks, the events are the same. Packets of 16 MiB are joined, sequence ids and CRC32 checksums verified.
 * Throws SOURCE_EVENT_CORRUPT with the place in its details (file, offset, streamByte), and {@link ServerPacketError} for an
 * error or end packet; it is of no use after that.
 */
export class EventFramer {
  /** The server said that there is no more: the end packet came. */
  isEnded = false;
  private hasChecksum: boolean;
  private readonly isSequenceChecked: boolean;
  /** A format description says that checksums are off where they were on: the next event has to agree. */
  private isFormatDoubtful = false;
  private readonly position = new StreamPosition();
  private sequence = 1;
  /** True when a chunk ended inside a packet header or an event. */
  private isInside = false;
  private readonly header = Buffer.alloc(PACKET_HEADER_BYTES);
  private headerFilled = 0;
  private packetSize = 0;
  private packetLeft = 0;
  private gathered: Buffer | null = null;
  private gatheredBytes = 0;
  private large: LargeEvent | null = null;
  /** Checksums of the chunk under way. */
  private chunkCrc = new Crc32(EMPTY);

  /** `hasChecksum`: what the server was asked for; each format description in the stream says it anew. */
  constructor(options: { readonly hasChecksum: boolean; readonly isSequenceChecked?: boolean }) {
    this.hasChecksum = options.hasChecksum;
    this.isSequenceChecked = options.isSequenceChecked ?? true;
  }

  /** Adds to `events` what `chunk` completes. The events keep views into `chunk`. */
  push(chunk: Buffer, events: FramedEvent[]): void {
    try {
      this.chunkCrc = new Crc32(chunk);
      this.frameChunk(chunk, events);
      this.position.endChunk(chunk.length, events);
    } catch (error) {
      throw this.locate(error, events);
    }
  }

  private frameChunk(chunk: Buffer, events: FramedEvent[]): void {
    let at = this.isInside ? this.pushSlowly(chunk, 0, events) : 0;
    const crc = this.chunkCrc;
    for (const end = chunk.length; end - at >= PACKET_HEADER_BYTES;) {
      const size = readUInt24(chunk, at);
      const next = at + PACKET_HEADER_BYTES + size;
      if (size === PACKET_BYTES_MAX || next > end) break;
      this.position.packetAt = at;
      this.takeSequence(chunk[at + 3] as number);
      this.frameWhole(crc, at + PACKET_HEADER_BYTES, next, events);
      at = next;
    }
    while (at < chunk.length) at = this.pushSlowly(chunk, at, events);
  }

  /** Adds to an error of the stream where it is. */
  private locate(error: unknown, events: readonly FramedEvent[]): unknown {
    if (!SyncError.is(error) || !error.code.startsWith('SOURCE_EVENT_')) return error;
    const place = this.position.place(events);
    const problem = `${String(error.details['problem'])}, ${describePlace(place)}`;
    return new SyncError(error.code, { ...error.details, ...place, problem }, { cause: error });
  }

  /** Takes what belongs to one event; returns where that ended. */
  private pushSlowly(chunk: Buffer, from: number, events: FramedEvent[]): number {
    let at = from;
    if (!this.isInside) this.position.packetAt = from;
    this.isInside = true;
    for (;;) {
      if (this.headerFilled < PACKET_HEADER_BYTES) {
        const taken = Math.min(PACKET_HEADER_BYTES - this.headerFilled, chunk.length - at);
        chunk.copy(this.header, this.headerFilled, at, at + taken);
        this.headerFilled += taken;
        at += taken;
        if (this.headerFilled < PACKET_HEADER_BYTES) return at;
        this.beginPacket();
      }
      const end = at + Math.min(this.packetLeft, chunk.length - at);
      this.packetLeft -= end - at;
      this.takePayload(chunk, at, end, events);
      at = end;
      if (this.packetLeft > 0) return at;
      this.headerFilled = 0;
      if (this.packetSize < PACKET_BYTES_MAX) {
        this.finishEvent(events);
        this.isInside = false;
        return at;
      }
    }
  }

  private beginPacket(): void {
    this.takeSequence(this.header[3] as number);
    this.packetSize = readUInt24(this.header, 0);
    this.packetLeft = this.packetSize;
    if (this.large !== null || this.gathered !== null) return;
    const isLarge = this.packetSize > WHOLE_EVENT_BYTES_MAX;
    this.gathered = Buffer.allocUnsafeSlow(isLarge ? LARGE_EVENT_HEAD_BYTES + 1 : this.packetSize);
    this.gatheredBytes = 0;
  }

  private takePayload(chunk: Buffer, from: number, end: number, events: FramedEvent[]): void {
    let at = from;
    while (at < end) {
      if (this.large !== null) {
        this.takeLarge(this.large, chunk, at, end, events);
        return;
      }
      const gathered = must(this.gathered, 'a packet has begun');
      const taken = Math.min(gathered.length - this.gatheredBytes, end - at);
      if (taken === 0) throw corrupt('a packet is longer than its event');
      chunk.copy(gathered, this.gatheredBytes, at, at + taken);
      this.gatheredBytes += taken;
      at += taken;
      if (this.gatheredBytes === gathered.length && gathered.length < this.packetSize)
        this.beginLarge(gathered, events);
    }
  }

  /** The head of a large event is there: what is read is gathered whole all the same. */
  private beginLarge(head: Buffer, events: FramedEvent[]): void {
    const type = head[1 + EVENT_TYPE_OFFSET] as number;
    if (isReadWhole(type) && this.packetSize < PACKET_BYTES_MAX) {
      this.gathered = Buffer.allocUnsafeSlow(this.packetSize);
      head.copy(this.gathered);
      return;
    }
    if (head[0] !== STATUS_EVENT) throw corrupt(`unexpected packet status ${String(head[0])}`);
    const fileBytes = head.readUInt32LE(1 + EVENT_SIZE_OFFSET);
    const length = fileBytes - this.checksumBytes;
    assertMayBeLarge(type, fileBytes);
    if (length < head.length) throw corrupt('the size in the header of a large event is too small');
    const crc = this.hasChecksum ? new Crc32(head).of(1, head.length) : 0;
    this.large = { type, fileBytes, bodyLeft: length - (head.length - 1), crc, trailer: [] };
    this.gathered = null;
    events.push(new FramedEvent('begin', type, head, 1, head.length, length, fileBytes));
  }

  private takeLarge(large: LargeEvent, chunk: Buffer, from: number, end: number, events: FramedEvent[]): void {
    const bodyEnd = from + Math.min(large.bodyLeft, end - from);
    if (bodyEnd > from) {
      if (this.hasChecksum) large.crc = this.chunkCrc.of(from, bodyEnd, large.crc);
      large.bodyLeft -= bodyEnd - from;
      events.push(new FramedEvent('piece', large.type, chunk, from, bodyEnd, 0, 0));
    }
    for (let at = bodyEnd; at < end; at++) large.trailer.push(chunk[at] as number);
    if (large.trailer.length > this.checksumBytes) throw corrupt('a large event is longer than its header says');
  }

  private finishEvent(events: FramedEvent[]): void {
    const { large, gathered } = this;
    this.large = null;
    this.gathered = null;
    if (large === null) {
      const whole = must(gathered, 'an event is gathered when it is not large');
      this.frameWhole(new Crc32(whole), 0, whole.length, events);
      return;
    }
    if (large.bodyLeft > 0 || large.trailer.length !== this.checksumBytes) throw corrupt('a large event is cut short');
    if (this.hasChecksum && Buffer.from(large.trailer).readUInt32LE(0) !== large.crc)
      throw corrupt(`wrong checksum of ${eventTypeName(large.type)}`);
    events.push(new FramedEvent('end', large.type, EMPTY, 0, 0, 0, 0));
  }

  private frameWhole(crc: Crc32, from: number, end: number, events: FramedEvent[]): void {
    const { bytes } = crc;
    if (bytes[from] !== STATUS_EVENT) throw this.readStatus(bytes, from, end);
    const start = from + 1;
    if (end - start < EVENT_HEADER_BYTES || readUInt32(bytes, start + EVENT_SIZE_OFFSET) !== end - start)
      throw corrupt('the size in the header of an event is not that of its packet');
    const type = bytes[start + EVENT_TYPE_OFFSET] as number;
    let bodyEnd = end;
    if (type === EVENT_TYPE.FORMAT_DESCRIPTION) bodyEnd = this.readFormat(crc, start, end);
    else if (type === EVENT_TYPE.ROTATE) bodyEnd = this.readRotate(crc, start, end);
    else if (this.hasChecksum) {
      if (!isChecksumRight(crc, start, end)) throw corrupt(`wrong checksum of ${eventTypeName(type)}`);
      bodyEnd -= EVENT_CHECKSUM_BYTES;
    } else if (this.isFormatDoubtful) {
      if (isChecksumRight(crc, start, end)) throw corrupt('a checksum where the format description denies it');
      this.isFormatDoubtful = false;
    }
    events.push(new FramedEvent('whole', type, bytes, start, bodyEnd, bodyEnd - start, end - start));
  }

  /** A made-up ROTATE stands between two files that may differ in their checksums: what the bytes say counts. */
  private readRotate(crc: Crc32, start: number, end: number): number {
    const { bytes } = crc;
    const isRight = isChecksumRight(crc, start, end);
    const bodyEnd = isRight && (this.hasChecksum || isArtificial(bytes, start)) ? end - EVENT_CHECKSUM_BYTES : end;
    const nameAt = start + EVENT_HEADER_BYTES + 8;
    const file = nameAt < bodyEnd ? bytes.toString('utf8', nameAt, bodyEnd) : '';
    if (this.hasChecksum && !isRight && !(isArtificial(bytes, start) && LOG_FILE.test(file)))
      throw corrupt('wrong checksum of ROTATE_EVENT');
    if (file === '') throw corrupt('a ROTATE_EVENT that names no file');
    this.position.rotate(file, Number(bytes.readBigUInt64LE(nameAt - 8)));
    return bodyEnd;
  }

  /** The last five bytes are the checksum's algorithm and the checksum, also when checksums are off. */
  private readFormat(crc: Crc32, start: number, end: number): number {
    const { bytes } = crc;
    if (end - start < EVENT_HEADER_BYTES + FORMAT_BYTES_MIN)
      throw corrupt('a FORMAT_DESCRIPTION_EVENT that is too short');
    const algorithm = bytes[end - EVENT_CHECKSUM_BYTES - 1] as number;
    if (algorithm > 1)
      throw new SyncError('SOURCE_EVENT_UNSUPPORTED', {
        problem: `The binary log uses checksum algorithm ${String(algorithm)}, which is not known`,
        type: 'FORMAT_DESCRIPTION_EVENT',
      });
    this.isFormatDoubtful = this.hasChecksum && algorithm === 0;
    this.hasChecksum = algorithm === 1;
    if (this.hasChecksum && !isChecksumRight(crc, start, end))
      throw corrupt('wrong checksum of FORMAT_DESCRIPTION_EVENT');
    return end - EVENT_CHECKSUM_BYTES;
  }

  private readStatus(bytes: Buffer, from: number, end: number): Error {
    // What stands at `from` belongs to the next packet then.
    if (from === end) return corrupt('a packet without content');
    if (bytes[from] === STATUS_ERROR) return ServerPacketError.parse(bytes.subarray(from, end));
    if (bytes[from] === STATUS_END && end - from < 9) {
      this.isEnded = true;
      return new SyncError('SOURCE_CONNECTION_LOST', { problem: 'The source ended the stream of events' });
    }
    return corrupt(`unexpected packet status ${String(bytes[from])}`);
  }

  private takeSequence(sequence: number): void {
    if (sequence !== this.sequence && this.isSequenceChecked)
      throw corrupt(`packet ${String(sequence)} where ${String(this.sequence)} was expected`);
    this.sequence = (sequence + 1) & 0xff;
  }

  private get checksumBytes(): number {
    return this.hasChecksum ? EVENT_CHECKSUM_BYTES : 0;
  }
}

const EMPTY = Buffer.alloc(0);

const readUInt24 = (bytes: Buffer, at: number): number =>
  (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);

const readUInt32 = (bytes: Buffer, at: number): number =>
  (readUInt24(bytes, at) | ((bytes[at + 3] as number) << 24)) >>> 0;

const isArtificial = (bytes: Buffer, start: number): boolean =>
  ((bytes[start + EVENT_FLAGS_OFFSET] as number) & EVENT_FLAG_ARTIFICIAL) !== 0;

function isChecksumRight(crc: Crc32, start: number, end: number): boolean {
  const bodyEnd = end - EVENT_CHECKSUM_BYTES;
  return readUInt32(crc.bytes, bodyEnd) === crc.of(start, bodyEnd);
}

const corrupt = (problem: string): SyncError =>
  new SyncError('SOURCE_EVENT_CORRUPT', { problem: `The binary log cannot be read: ${problem}` });
