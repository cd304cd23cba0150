import { EVENT_TYPE } from './event-types.ts';
import type { FramedEvent } from './framed-event.ts';

/** Details of an error in the stream: what the log calls the place, and the byte of the dump. */
export interface StreamPlace {
  /** File and offset behind the last event that was whole; absent before the first ROTATE. */
  readonly file?: string;
  readonly offset?: number;
  /** Bytes of the dump before the packet that holds the event. */
  readonly streamByte: number;
}

/** Knows where the stream stands, for errors. Costs nothing per event: it looks at the last event of a chunk. */
export class StreamPosition {
  /** Where the packet under way begins, counted from the chunk's first byte; negative when it began in an earlier chunk. */
  packetAt = 0;
  private bytesBefore = 0;
  private file = '';
  private offset = 0;

  /** A ROTATE: from here on the offsets are those of its file. */
  rotate(file: string, offset: number): void {
    this.file = file;
    this.offset = offset;
  }

  /** The chunk is through; `events` came from it. */
  endChunk(chunkBytes: number, events: readonly FramedEvent[]): void {
    this.look(events);
    this.bytesBefore += chunkBytes;
    this.packetAt -= chunkBytes;
  }

  /** The place of what comes behind `events`. */
  place(events: readonly FramedEvent[]): StreamPlace {
    this.look(events);
    const streamByte = this.bytesBefore + this.packetAt;
    return this.file === '' ? { streamByte } : { file: this.file, offset: this.offset, streamByte };
  }

  private look(events: readonly FramedEvent[]): void {
    for (let index = events.length - 1; index >= 0; index -= 1) {
      const event = events[index];
      if (event === undefined || event.type === EVENT_TYPE.ROTATE) return;
      // Pieces have no header, and made-up events (offset 0) are nowhere in the file.
      if ((event.kind !== 'whole' && event.kind !== 'begin') || event.nextPosition === 0) continue;
      this.offset = event.nextPosition;
      return;
    }
  }
}

/** For messages: 'behind bin.000003:1234 (byte 5678 of the stream)'. */
export const describePlace = ({ file, offset, streamByte }: StreamPlace): string =>
  file === undefined
    ? `at byte ${String(streamByte)} of the stream`
    : `behind ${file}:${String(offset)} (byte ${String(streamByte)} of the stream)`;
