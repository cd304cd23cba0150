import { SyncError } from '@lutra/model';
import { FIRST_OFFSET } from './encode-dump.ts';
import { EVENT_FLAG_ARTIFICIAL, EVENT_NEXT_POSITION_OFFSET, EVENT_TYPE } from './event-types.ts';
import { FramedEvent } from './framed-event.ts';

const HEARTBEATS: ReadonlySet<number> = new Set([EVENT_TYPE.HEARTBEAT, EVENT_TYPE.HEARTBEAT_V2]);

/**
 * A dump without GTID can be asked for below 4 GiB of a file only. What lies further on is read from the file's beginning,
 * and everything before the place is passed over here: what comes out is what a dump from the place would give. Throws
 * SOURCE_POSITION_UNKNOWN when no event begins there.
 */
export class SkipToOffset {
  private end = FIRST_OFFSET;
  private isLargeSkipped = false;

  constructor(
    private readonly file: string,
    private readonly offset: number,
  ) {}

  /** True until the place is reached: then the events need not come through here any more. */
  get isSkipping(): boolean {
    return this.end < this.offset || this.isLargeSkipped;
  }

  /** What is left of the events. */
  pass(events: readonly FramedEvent[]): FramedEvent[] {
    return events.flatMap((event) => this.passOne(event) ?? []);
  }

  private passOne(event: FramedEvent): FramedEvent | null {
    if (event.kind === 'piece' || event.kind === 'end') {
      const isSkipped = this.isLargeSkipped;
      if (event.kind === 'end') this.isLargeSkipped = false;
      return isSkipped ? null : event;
    }
    if ((event.flags & EVENT_FLAG_ARTIFICIAL) !== 0 || HEARTBEATS.has(event.type)) return event;
    if (this.end >= this.offset) return event;
    if (event.type === EVENT_TYPE.ROTATE) throw this.unknown();
    this.end += event.fileBytes;
    if (this.end > this.offset) throw this.unknown();
    this.isLargeSkipped = event.kind === 'begin';
    return event.type === EVENT_TYPE.FORMAT_DESCRIPTION ? withoutPosition(event) : null;
  }

  private unknown(): SyncError {
    return new SyncError('SOURCE_POSITION_UNKNOWN', {
      problem: `No event begins at ${this.file}:${String(this.offset)}`,
      place: `${this.file}:${String(this.offset)}`,
    });
  }
}

/** As servers send the format in front of a dump from the middle of a file. */
function withoutPosition(event: FramedEvent): FramedEvent {
  const bytes = Buffer.from(event.bytes);
  bytes.writeUInt32LE(0, EVENT_NEXT_POSITION_OFFSET);
  return new FramedEvent(event.kind, event.type, bytes, 0, bytes.length, event.length, event.fileBytes);
}
