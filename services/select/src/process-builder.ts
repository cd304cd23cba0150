import {
  classifyEvent,
  DUMMY_TABLE_ID,
  eventTypeName,
  isRowsDeletion,
  readQuery,
  readTableId,
  readXidOf,
  rowsEventBytes,
} from '@lutra/binlog';
import type { FramedEvent } from '@lutra/binlog';
import { must, SyncError } from '@lutra/model';
import type { BuilderOptions, BuiltProcess, Undone } from './built-process.ts';
import { incidentStop } from './incident-stop.ts';
import type { OpenTransaction } from './open-transaction.ts';
import { ProcessContent } from './process-content.ts';
import { noteSavepoint, rollBack, rollBackTo } from './roll-back.ts';
import { isInRanges } from './savepoints.ts';
import type { EventRange } from './savepoints.ts';
import { StatementGate } from './statement-gate.ts';
import type { Judgement } from './statement-judge.ts';
import type { KnownTable, TableFilter } from './table-filter.ts';
import { TransactionTracker } from './transaction-tracker.ts';
import { borderOf } from './transaction-statements.ts';
import type { XaWanted } from './xa-replay.ts';
import type { XaBatch } from './xa-rows.ts';
import { XaTransactions } from './xa-transactions.ts';

/** A process this full ends with its transaction, so that a transaction of up to the rest of it is never cut. */
const FULL_AT_BORDER = 0.75;

/**
 * Builds processes from framed events: keeps the rows events of mapped tables, drops the others, never looks inside either.
 * A process ends at a transaction's end or, in a transaction that does not fit, between two rows events; it exceeds its
 * limits only when a single event does. Reading stops (consume returns early) when the process has to be closed first.
 */
export class ProcessBuilder {
  readonly tracker: TransactionTracker;
  /** The process is at its limit: it has to be closed before anything else is consumed. */
  mustClose = false;
  /** A statement that ends the pipeline: everything before it is in the process; it is not consumed. */
  stop: SyncError | null = null;
  /** Transactions since the last close, mapped or not. */
  private transactionsRead = 0;
  private readonly content: ProcessContent;
  /** A transaction has ended that undid rows which are in the process: it is worthless. */
  undone: Undone | null = null;
  private readonly xa: XaTransactions;
  /** While rows of a committed XA transaction come from another place of the log. */
  private replayFilter: TableFilter | null = null;
  /** Changes whenever table maps that were written before count no more: with the process, and around a replay. */
  private mapGeneration = 1;
  private warnings: Judgement['warning'][] = [];
  private readonly gate: StatementGate;
  /** The large event that is on its way: its pieces go to the process, to what is prepared, or nowhere. */
  private large: 'kept' | 'prepared' | 'dropped' | null = null;

  constructor(private readonly options: BuilderOptions) {
    this.tracker = new TransactionTracker(options.start);
    this.content = new ProcessContent(options.openSink);
    this.xa = new XaTransactions(this.tracker, options);
    this.gate = new StatementGate(this.tracker, options.flavour ?? 'mysql');
  }

  get revision(): number {
    return this.options.revision();
  }

  /** True when the process holds rows. */
  get hasRows(): boolean {
    return this.content.totals.rowsEvents > 0;
  }
  /** True when the place has moved since the last close, be it only by transactions that are not mapped. */
  get hasProgress(): boolean {
    return this.transactionsRead > 0 || this.hasRows || this.gate.isFilled;
  }
  /** Bytes of the process's rows events, decompressed. */
  get sourceBytes(): number {
    return this.content.totals.sourceBytes;
  }
  /** Size of the process's body so far. */
  get bodyBytes(): number {
    return this.content.bytes;
  }
  /** The transaction that was read last, mapped or not; seq 0 before the first. */
  get newest(): { readonly seq: number; readonly commitMs: number } {
    return this.tracker.newest;
  }
  /** True between two transactions: the process ends without cutting one. */
  get isAtBorder(): boolean {
    return this.tracker.current === null;
  }
  /** False in the middle of a large event, and when the process is worthless: it cannot be closed here. */
  get canClose(): boolean {
    return this.large === null && (this.tracker.current?.undone ?? null) === null;
  }
  /** An XA transaction was committed: its rows are needed before anything else is consumed. */
  get xaWanted(): XaWanted | null {
    return this.xa.wanted;
  }
  /** Consuming stopped because the columns of a table have to be found out first. */
  get isTableWanted(): boolean {
    return this.options.schemas?.isWanted === true;
  }

  /** False when something else has to be done before more of the log is consumed. */
  get canConsume(): boolean {
    return !this.mustClose && this.stop === null && this.undone === null && this.xaWanted === null && !this.gate.isNext;
  }

  /** A schema statement comes next: it goes alone, behind everything before it. */
  get isStatementNext(): boolean {
    return this.gate.isNext;
  }

  /** Everything before the statement is loaded: it may be consumed. The process has to hold no rows. */
  admitStatement(): void {
    this.gate.admit();
  }

  /** What people should know of since the last call. */
  takeWarnings(): NonNullable<Judgement['warning']>[] {
    const warnings = this.warnings.filter((warning) => warning !== null);
    this.warnings = [];
    return warnings;
  }

  /** Takes events from index `from` on; returns the index of the first one that was not taken. */
  consume(events: readonly FramedEvent[], from: number): number {
    let index = from;
    for (; index < events.length && this.canConsume; index++) {
      const event = must(events[index], 'the index is below the length');
      if (event.kind === 'piece') this.piece(event);
      else if (event.kind === 'end') this.large = null;
      else if (!this.take(event)) return index;
    }
    return index;
  }

  /** Rows of the committed XA transaction follow through {@link consumeReplay}. */
  beginReplay(drops: readonly EventRange[]): void {
    const current = must(this.tracker.current, 'a commit is being read');
    current.eventsRead = 0;
    current.drops = drops;
    this.replayFilter = this.options.filter.fresh();
    this.mapGeneration++;
  }

  /** As {@link consume}, for events from another place of the log, up to the XA_PREPARE. */
  consumeReplay({ events, numbers, next }: XaBatch): number {
    const current = must(this.tracker.current, 'a replay has begun');
    let index = next;
    for (; index < events.length && !this.mustClose && this.replayFilter !== null; index++) {
      const event = must(events[index], 'the index is below the length');
      if (event.kind === 'piece') this.piece(event);
      else if (event.kind === 'end') this.large = null;
      else {
        const eventClass = classifyEvent(event);
        if (eventClass === 'rows') {
          if (numbers !== null) current.eventsRead = must(numbers[index], 'each event has a number');
          if (!this.rows(event)) return index;
        } else if (event.kind === 'begin') this.large = 'dropped';
        else if (eventClass === 'tableMap') this.replayFilter.tableMap(event);
        else if (eventClass === 'xaPrepare') this.endReplay();
        else if (eventClass === 'xid')
          throw new SyncError('SOURCE_EVENT_CORRUPT', {
            problem: `The XA transaction of ${current.gtid} is not where it was prepared`,
          });
      }
    }
    return index;
  }

  /** All rows of the prepared transaction have come. */
  endReplay(): void {
    this.replayFilter = null;
    this.mapGeneration++;
    this.xa.haveCome();
  }

  /** Ends the process here and begins the next. The sink holds its body; the caller publishes it. */
  close(): BuiltProcess {
    const { current } = this.tracker;
    const statement = this.gate.release();
    if (current?.isBegun === true) {
      this.content.cut(current.gtid);
      current.isContinued = true;
    }
    const end = this.tracker.place();
    if (current !== null) {
      current.isBegun = false;
      current.firstEvent = Math.max(current.eventsRead, current.firstEventWanted);
      current.mappedInSlices = current.mappedEvents;
    }
    this.transactionsRead = 0;
    this.mustClose = false;
    this.mapGeneration++;
    const commitMs = statement?.transaction.commitMs;
    const times =
      commitMs === undefined ? {} : { firstCommitMs: commitMs, lastCommitMs: commitMs, transactionCount: 1 };
    const decidedXids = this.xa.takeDecided();
    return { end, seq: this.tracker.seq, decidedXids, statement, ...this.content.take(), ...times };
  }

  /** False when the event is left for the next process, or for nobody. */
  private take(event: FramedEvent): boolean {
    const eventClass = classifyEvent(event);
    if (eventClass === 'rows') return this.rows(event);
    if (event.kind === 'begin') this.large = 'dropped';
    if (eventClass === 'query' && !this.query(event)) return false;
    if (eventClass === 'incident') {
      this.stop = incidentStop(event, this.tracker.position);
      return false;
    }
    // A commit in one phase: its rows have to come first.
    if (eventClass === 'xaPrepare' && !this.xa.endFirstPhase(event)) return false;
    if (eventClass === 'rotate') this.tracker.position.rotate(event);
    else if (eventClass === 'gtid') this.tracker.begin(event);
    if (eventClass !== 'query') this.tracker.position.advance(event);
    if (eventClass === 'gtid') this.hasBegun(event);
    else if (eventClass === 'heartbeat') this.tracker.heartbeat(event);
    else if (eventClass === 'tableMap') this.options.filter.tableMap(event);
    else if (eventClass === 'xid' || eventClass === 'xaPrepare') this.endTransaction();
    else if (eventClass === 'formatDescription') this.options.filter.clear();
    return true;
  }

  /** The position is behind the GTID event of a transaction. */
  private hasBegun(event: FramedEvent): void {
    const current = must(this.tracker.current, 'a transaction has begun');
    // Not the position before: that is an older one when the server has passed over what is done.
    current.startOffset = this.tracker.position.offset - event.fileBytes;
    if (current.isXa) this.xa.begin(current);
  }

  private rows(event: FramedEvent): boolean {
    const transaction = this.tracker.current;
    const id = readTableId(event);
    const table = (this.replayFilter ?? this.options.filter).find(id);
    if (transaction === null || (table === undefined && id !== DUMMY_TABLE_ID))
      throw new SyncError('SOURCE_EVENT_CORRUPT', {
        problem: `A ${eventTypeName(event.type)} at ${this.tracker.position.toString()} has no ${transaction === null ? 'transaction' : 'TABLE_MAP'} before it`,
      });
    if (transaction.xa !== null && this.replayFilter === null) {
      const isKept = this.xa.rows(transaction.xa, event, { id, ...(table === undefined ? {} : { table }) });
      this.large = event.kind === 'begin' ? (isKept ? 'prepared' : 'dropped') : null;
      this.tracker.position.advance(event);
      return true;
    }
    const number = transaction.eventsRead;
    const isCounted =
      table?.isMapped === true &&
      !isInRanges(transaction.drops, number) &&
      !(table.isControl && isRowsDeletion(event.type));
    const isWanted =
      isCounted && !transaction.isDone && transaction.undone === null && number >= transaction.firstEventWanted;
    if (isWanted) {
      if (table.open !== null && this.options.schemas?.isReady(table, this.tracker) === false) return false;
      const bytes = rowsEventBytes(event);
      if (!this.hasRoomFor(bytes, transaction)) return false;
      this.keep(event, table, transaction);
      this.content.countRows(bytes, this.rowsOf(bytes));
    }
    if (isCounted) transaction.mappedEvents++;
    this.large = event.kind === 'begin' ? (isWanted ? 'kept' : 'dropped') : null;
    transaction.eventsRead++;
    if (number < transaction.firstEventWanted) transaction.mappedInSlices = transaction.mappedEvents;
    if (this.replayFilter === null) this.tracker.position.advance(event);
    return true;
  }

  /** Closes the process before an event that would not fit; an event that never fits has a process of its own. */
  private hasRoomFor(bytes: number, transaction: OpenTransaction): boolean {
    const { maxRows, maxBytes, eventBytesMax } = this.options.limits();
    if (bytes > eventBytesMax)
      throw new SyncError('SOURCE_EVENT_TOO_LARGE', {
        problem: `Transaction ${transaction.gtid} holds a rows event of ${String(bytes)} bytes: a row in it is larger than maxRowBytes`,
      });
    if (!this.hasRows) return true;
    const { sourceBytes, rows } = this.content.totals;
    if (sourceBytes + bytes <= maxBytes && rows + this.rowsOf(bytes) <= maxRows) return true;
    this.mustClose = true;
    return false;
  }

  private keep(event: FramedEvent, table: KnownTable, transaction: OpenTransaction): void {
    this.content.begin(transaction);
    const number = transaction.eventsRead;
    if (table.sentIn !== this.mapGeneration) {
      table.sentIn = this.mapGeneration;
      this.content.add({ type: 'tableMap', event: number, length: table.map.length }, table.map);
    }
    this.content.add({ type: 'rows', event: number, length: event.length }, event.bytes);
  }

  private piece(event: FramedEvent): void {
    if (this.large === 'kept') this.content.append(event.bytes);
    const prepared = this.tracker.current?.xa ?? null;
    if (this.large === 'prepared' && prepared !== null) this.xa.piece(prepared, event);
  }

  /** False when the statement is not consumed: it stops the pipeline, or its rows have to come first. */
  private query(event: FramedEvent): boolean {
    const { schema, statement } = readQuery(event);
    const border = borderOf(statement);
    const xid = border === 'xaCommit' || border === 'xaRollback' ? readXidOf(statement) : null;
    if (border === 'begin') this.tracker.beginStatement(event);
    else if (border === 'xaStart') this.xa.begin(this.tracker.beginStatement(event));
    else if (xid !== null) {
      this.tracker.beginStatement(event);
      if (border === 'xaRollback') this.xa.rollBack(xid);
      else if (!this.xa.commit(xid)) return false;
    } else if (border === undefined && !this.other(event, { schema, statement })) return false;
    const { current } = this.tracker;
    if (current !== null && border === 'savepoint') noteSavepoint(current, statement);
    else if (current !== null && border === 'rollbackTo') rollBackTo(current, statement);
    else if (current !== null && border === 'rollback')
      rollBack(current, { from: 0, to: current.eventsRead, mappedBefore: 0 });
    this.tracker.position.advance(event);
    // Rows of a changed table come with a table map of their own, which is judged anew.
    if (border === undefined && this.options.schemas?.observe(statement, schema, this.tracker) === true)
      this.options.filter.clear();
    const isSingle = border !== 'pass' && border !== 'savepoint' && current?.isSingleStatement === true;
    if (border === 'commit' || border === 'rollback' || xid !== null || isSingle) this.endTransaction();
    return true;
  }

  /** A statement that is no border: false when it is not consumed. */
  private other(event: FramedEvent, { schema, statement }: { schema: string; statement: string }): boolean {
    const { gate } = this;
    const { stop, travels, warning, isSkipped, opensTransaction } = this.options.judge(
      statement,
      schema,
      gate.transactionOf(event),
    );
    this.stop = stop;
    if (stop !== null) return false;
    // What is read again, and the phases of an ALTER that decide nothing, were counted or will be.
    if (isSkipped && gate.isWanted()) this.content.countSkipped();
    const isTaken = travels !== null && gate.isWanted();
    if (isTaken && !gate.pass()) return false;
    if (opensTransaction) this.tracker.beginStatement(event);
    if (!isTaken) this.warnings.push(warning);
    else {
      gate.take(event, { schema, text: statement, travels });
      this.mustClose = true;
    }
    return true;
  }

  private endTransaction(): void {
    const { current } = this.tracker;
    if (current === null) return;
    this.xa.end();
    if (current.undone !== null) {
      this.undone = { gtid: current.gtid, ranges: [...current.drops, ...current.undone] };
      return;
    }
    // The last slice says so even when nothing more of the transaction is mapped.
    if (current.isContinued && !current.isDone) this.content.begin(current);
    const gtid = this.tracker.end(current);
    if (current.isBegun) this.content.end(gtid);
    this.transactionsRead++;
    const { maxRows, maxBytes } = this.options.limits();
    const { sourceBytes, rows } = this.content.totals;
    if (sourceBytes >= maxBytes * FULL_AT_BORDER || rows >= maxRows * FULL_AT_BORDER) this.mustClose = true;
  }

  private rowsOf(bytes: number): number {
    return Math.max(1, Math.round(bytes / this.options.limits().bytesPerRow));
  }
}
