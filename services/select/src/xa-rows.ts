import { openDump, EVENT_FLAG_ARTIFICIAL, readRotate, SourceSession } from '@lutra/binlog';
import type { BinlogDump, FramedEvent } from '@lutra/binlog';
import { Bell, SyncError } from '@lutra/model';
import { LogPosition } from './log-position.ts';
import type { KeptEvents, LogPlace } from './prepared-transactions.ts';
import type { XaSource } from './xa-replay.ts';

/** Events of a prepared transaction, to be consumed from `next` on; `numbers` as in KeptEvents, null: count them. */
export interface XaBatch {
  readonly events: readonly FramedEvent[];
  readonly numbers: readonly number[] | null;
  next: number;
}

/** Where the rows of a prepared transaction come from. */
export interface XaRows {
  /** The next events; null when there are no more (rows from memory), or when the signal aborted. */
  read(signal: AbortSignal): Promise<XaBatch | null>;
  close(): void;
}

/** Rows that were kept. */
export function keptRows({ events, numbers }: KeptEvents): XaRows {
  let isRead = false;
  return {
    read: () => {
      const batch = isRead ? null : { events, numbers, next: 0 };
      isRead = true;
      return Promise.resolve(batch);
    },
    close: () => undefined,
  };
}

const WAIT_MS = 1_000;
/** The dump command of MariaDB has 32 bits for an offset: further on the file is read from its beginning. */
const OFFSET_MAX = 0xffff_ffff;
const FIRST_OFFSET = 4;

/** Rows that are read again from the log, by a second dump of the same server. */
export class LoggedXaRows implements XaRows {
  private readonly position = new LogPosition();
  private hasBegun = false;

  private constructor(
    private readonly dump: BinlogDump,
    private readonly place: LogPlace,
    private readonly bell: Bell,
  ) {}

  /** Throws what opening a session and a dump throws; SOURCE_CONNECTION_LOST when another server answers. */
  static async open({ source, serverUuid, heartbeatMs }: XaSource, place: LogPlace): Promise<LoggedXaRows> {
    const bell = new Bell(source.clock);
    const session = await SourceSession.open(source);
    try {
      if (session.server.uuid !== serverUuid)
        throw new SyncError('SOURCE_CONNECTION_LOST', {
          problem: `Another server answers at ${session.address} than the log is read from`,
        });
      const offset = place.offset <= OFFSET_MAX ? place.offset : FIRST_OFFSET;
      const from = { kind: 'file', serverUuid, file: place.file, offset } as const;
      return new LoggedXaRows(await openDump(session, from, { heartbeatMs, onReady: bell.ring }), place, bell);
    } catch (error) {
      session.close();
      throw error;
    }
  }

  async read(signal: AbortSignal): Promise<XaBatch | null> {
    while (!signal.aborted) {
      const events = this.dump.take();
      if (events === null) {
        await this.bell.wait(WAIT_MS, signal);
        continue;
      }
      const next = this.hasBegun ? 0 : this.findBegin(events);
      if (next < events.length) return { events, numbers: null, next };
    }
    return null;
  }

  close(): void {
    this.dump.close();
  }

  /** Index of the first event at or behind the place; the number of events when there is none. */
  private findBegin(events: readonly FramedEvent[]): number {
    for (const [index, event] of events.entries()) {
      // What is inside a compressed transaction has no place of its own.
      if (event.kind === 'piece' || event.kind === 'end' || event.fileBytes === 0) continue;
      const isArtificial = (event.flags & EVENT_FLAG_ARTIFICIAL) !== 0;
      if (event.type === ROTATE) this.position.rotate(event);
      else if (!isArtificial && event.nextPosition !== 0) {
        this.position.advance(event);
        this.hasBegun = this.position.offset - event.fileBytes >= this.place.offset;
        if (this.hasBegun) return index;
      } else if (event.isUnnumbered) this.position.advance(event);
      if (event.type === ROTATE && !isArtificial && readRotate(event).file !== this.place.file) break;
    }
    return events.length;
  }
}

const ROTATE = 4;
