import { Bell } from '@lutra/model';
import type { DonePlace } from '@lutra/model';
import { checkPlace } from './check-place.ts';
import { EVENT_FLAG_ARTIFICIAL, EVENT_TYPE } from './event-types.ts';
import { readRotate } from './event-bodies.ts';
import type { FramedEvent } from './framed-event.ts';
import { openDump } from './open-dump.ts';
import { SourceSession } from './source-session.ts';
import type { SourceOptions } from './source-session.ts';

export interface BinlogScanOptions {
  /** The one server to read: of a session that is open, its `options`. */
  readonly source: SourceOptions;
  /** Everything behind it is read. Of kind 'file' (offset 4 begins a file) on every server, whatever it names its places by. */
  readonly from: DonePlace;
  /**
   * Called for each framed event and each part of a large one, in the order of the log. The event and `at` are valid during
   * the call only.
   */
  readonly onEvent: (event: FramedEvent, at: ScanPosition) => 'go on' | 'stop';
  readonly signal: AbortSignal;
}

/**
 * Where the scan is: `start` and `end` are offsets in `file`, of the event that is handed over or has begun. Inside a
 * transaction of a server that does not number its events (`FramedEvent.isUnnumbered`) they are the least that is possible.
 */
export interface ScanPosition {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

/** Why a scan is over. */
export type ScanEnd = 'stopped' | 'endOfLog' | 'aborted';

/** A server that scans its log for our place says so once a second. */
const HEARTBEAT_MS = 1_000;
const WAIT_MS = 1_000;

/**
 * Reads a source's log on a connection of its own: framing only, at most one chunk of the socket in memory. Ends when the
 * callback says so, at the end of the log (what is committed while the scan runs is read too), or with the signal. Throws
 * what `SourceSession.open`, {@link checkPlace} and the dump throw: SOURCE_UNREACHABLE, SOURCE_SERVER_CHANGED (a place of
 * kind 'file' of another server), SOURCE_POSITION_PURGED, SOURCE_CONNECTION_LOST …
 */
export async function scanBinlog(options: BinlogScanOptions): Promise<ScanEnd> {
  const { source, from, onEvent, signal } = options;
  const bell = new Bell(source.clock);
  const session = await SourceSession.open(source);
  try {
    await checkPlace(session, { done: from, inside: null });
    const dump = await openDump(session, from, {
      heartbeatMs: HEARTBEAT_MS,
      onReady: bell.ring,
      endsAtEndOfLog: true,
    });
    try {
      const position = new MovingPosition(from);
      while (!signal.aborted) {
        const events = dump.take();
        if (events === null) await bell.wait(WAIT_MS, signal);
        else
          for (const event of events) {
            position.move(event);
            if (onEvent(event, position) === 'stop') return 'stopped';
          }
      }
      return 'aborted';
    } catch (error) {
      if (dump.isAtEndOfLog) return 'endOfLog';
      throw error;
    } finally {
      dump.close();
    }
  } finally {
    session.close();
  }
}

const OFFSET_SPAN = 2 ** 32;

/** Events tell 32 bits of their offset; the rest is known from the event before. */
class MovingPosition implements ScanPosition {
  file = '';
  start = 4;
  end = 4;

  constructor(from: DonePlace) {
    if (from.kind === 'file') ({ file: this.file, offset: this.start } = from);
    this.end = this.start;
  }

  move(event: FramedEvent): void {
    // Nothing that is inside a compressed transaction has a place of its own.
    if (event.kind === 'piece' || event.kind === 'end' || event.fileBytes === 0) return;
    const isArtificial = (event.flags & EVENT_FLAG_ARTIFICIAL) !== 0;
    if (event.type === EVENT_TYPE.ROTATE) {
      // The one that stands in a file names the next file too; the artificial one behind it says the same again.
      ({ file: this.file, offset: this.end } = readRotate(event));
      this.start = this.end;
    } else if (event.nextPosition !== 0 && !isArtificial) {
      const high = this.end - (this.end % OFFSET_SPAN);
      const end = high + event.nextPosition;
      this.end = end < this.end ? end + OFFSET_SPAN : end;
      this.start = this.end - event.fileBytes;
    } else if (event.isUnnumbered) {
      this.start = this.end;
      this.end += event.fileBytes;
    }
  }
}
