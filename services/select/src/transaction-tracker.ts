import { EVENT_TYPE, readGtidEvent } from '@lutra/binlog';
import type { FramedEvent } from '@lutra/binlog';
import { parseDone, SyncError } from '@lutra/model';
import type { DoneSet, InsidePlace, Place } from '@lutra/model';
import { LogPosition } from './log-position.ts';
import type { OpenTransaction } from './open-transaction.ts';
import type { EventRange } from './savepoints.ts';

export interface TrackerStart {
  readonly place: Place;
  /** The server that the dump comes from. */
  readonly serverUuid: string;
  /** Number of the last transaction that is behind the place (one that the place is inside of does not count). */
  readonly seq: number;
  /** Best guess at the commit time, from the whole seconds that a MariaDB event carries. */
  readonly commitMsOf: (eventMs: number) => number;
  /** Rows events that are known to be undone later in their transaction, by its name. */
  readonly undone: ReadonlyMap<string, readonly EventRange[]>;
}

const NO_RANGES: readonly EventRange[] = [];

/** Follows the borders of source transactions, counts them, and knows the place behind what was read. */
export class TransactionTracker {
  readonly position: LogPosition;
  current: OpenTransaction | null = null;
  /** The newest transaction that has begun; seq 0 before the first. */
  newest = { seq: 0, commitMs: 0 };
  /** Heartbeats in a row that told the same position, with no transaction in between. */
  beatsAtOnePlace = 0;
  private beatPosition = -1;
  private readonly done: DoneSet;
  /** Places are file and offset: transactions have no GTID. */
  readonly isByFile: boolean;
  private lastSeq: number;

  constructor(private readonly start: TrackerStart) {
    const { done } = start.place;
    this.done = parseDone(done);
    this.isByFile = done.kind === 'file';
    this.position = done.kind === 'file' ? new LogPosition(done.file, done.offset) : new LogPosition();
    this.lastSeq = start.seq;
  }

  /** Number of the last transaction that ended. */
  get seq(): number {
    return this.current === null ? this.lastSeq : this.lastSeq - 1;
  }

  /** A GTID event. The end of the transaction before it has to have come. */
  begin(event: FramedEvent): OpenTransaction {
    if (this.current !== null)
      throw new SyncError('SOURCE_EVENT_CORRUPT', {
        problem: `Transaction ${this.current.gtid} has no end in the binary log: the server lost it when it stopped`,
      });
    const { gtid, commitMs, isStandalone, isXaPrepare, alterPhase } = readGtidEvent(event);
    if (gtid === null && !this.isByFile)
      throw new SyncError('SOURCE_EVENT_UNSUPPORTED', {
        problem: 'The source logs transactions without GTID although gtid_mode was ON when the pipeline started',
        type: 'ANONYMOUS_GTID_EVENT',
        statement: 'SET GLOBAL gtid_mode = ON',
      });
    const isMariadb = event.type === EVENT_TYPE.MARIADB_GTID;
    return this.open({
      gtid: this.isByFile || gtid === null ? this.position.toString() : gtid,
      commitMs: isMariadb ? this.start.commitMsOf(commitMs) : commitMs,
      // MySQL says by a BEGIN whether more follows.
      isSingleStatement: isMariadb ? isStandalone : true,
      isXa: isXaPrepare,
      alterPhase,
    });
  }

  /** While the server passes over what is done its heartbeats tell a moving position; at the end of the log they repeat it. */
  heartbeat(event: FramedEvent): void {
    this.beatsAtOnePlace = event.nextPosition === this.beatPosition ? this.beatsAtOnePlace + 1 : 1;
    this.beatPosition = event.nextPosition;
  }

  /** BEGIN: after a GTID event of MySQL; without one in logs of servers that write none. */
  beginStatement(event: FramedEvent): OpenTransaction {
    const commitMs = event.timestamp * 1000;
    const transaction =
      this.current ??
      this.open({
        gtid: this.position.toString(),
        commitMs,
        isSingleStatement: false,
        isXa: false,
        alterPhase: undefined,
      });
    transaction.isSingleStatement = false;
    return transaction;
  }

  /** The transaction is over; the position has to be behind its last event. Returns its name for good. */
  end(transaction: OpenTransaction): string {
    this.current = null;
    const gtid = this.isByFile ? this.position.toString() : transaction.gtid;
    this.done.add(gtid);
    return gtid;
  }

  /** The place behind everything that was read, as far as whole transactions and rows events go. */
  place(): Place {
    return { done: this.done.toDone(), inside: this.inside() };
  }

  private inside(): InsidePlace | null {
    const { current, start } = this;
    if (current === null || !(current.isBegun || current.isContinued)) return null;
    const { gtid, eventsRead } = current;
    // Read again after a break: what the place already covers is not given up while the reader has not come so far.
    const event = Math.max(eventsRead, current.firstEventWanted);
    return { gtid, event, row: 0, part: 0, serverUuid: start.serverUuid };
  }

  private open(
    begin: Pick<OpenTransaction, 'gtid' | 'commitMs' | 'isSingleStatement' | 'isXa' | 'alterPhase'>,
  ): OpenTransaction {
    const { inside } = this.start.place;
    // Event numbers mean nothing on another server: there the transaction is taken from its start.
    const isInside = inside?.gtid === begin.gtid && inside.serverUuid === this.start.serverUuid;
    this.lastSeq++;
    this.beatsAtOnePlace = 0;
    this.newest = { seq: this.lastSeq, commitMs: begin.commitMs };
    // Field by field: a spread here costs more than everything else that a small transaction needs.
    this.current = {
      gtid: begin.gtid,
      commitMs: begin.commitMs,
      isSingleStatement: begin.isSingleStatement,
      isXa: begin.isXa,
      alterPhase: begin.alterPhase,
      startOffset: this.position.offset,
      xa: null,
      seq: this.lastSeq,
      isDone: !this.isByFile && this.done.contains(begin.gtid),
      firstEventWanted: isInside ? inside.event : 0,
      eventsRead: 0,
      mappedEvents: 0,
      mappedInSlices: 0,
      drops: this.start.undone.get(begin.gtid) ?? NO_RANGES,
      savepoints: null,
      undone: null,
      firstEvent: isInside ? inside.event : 0,
      isBegun: false,
      isContinued: isInside,
    };
    return this.current;
  }
}
