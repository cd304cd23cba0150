import { EVENT_FLAG_ARTIFICIAL, readRotate } from '@lutra/binlog';
import type { FramedEvent } from '@lutra/binlog';

/** File and offset that the reader has reached. Offsets in events have 32 bits only; files may be longer than 4 GiB. */
export class LogPosition {
  constructor(
    public file = '',
    public offset = 4,
  ) {}

  /** Moves behind a whole event, or behind a large one at its beginning. Events inside a compressed one do not move it: its frame did. */
  advance(event: FramedEvent): void {
    if (event.fileBytes === 0) return;
    const low = event.nextPosition;
    if (low === 0) {
      // Inside a transaction: the least that is possible, so that one above 4 GiB does not lose them; its end says it exactly.
      if (event.isUnnumbered) this.offset += event.fileBytes;
      return;
    }
    if ((event.flags & EVENT_FLAG_ARTIFICIAL) !== 0) return;
    // Forward to the next offset with these 32 bits: the difference is taken modulo 2^32.
    this.offset += (low - (this.offset | 0)) >>> 0;
  }

  rotate(event: FramedEvent): void {
    ({ file: this.file, offset: this.offset } = readRotate(event));
  }

  toString(): string {
    return `${this.file}:${String(this.offset)}`;
  }
}
