import {
  classifyEvent,
  DUMMY_TABLE_ID,
  eventTypeName,
  isOnePhaseCommit,
  readQuery,
  readTableId,
  rowsEventBytes,
} from '@lutra/binlog';
import type { FramedEvent } from '@lutra/binlog';
import { RawProcessEncoder } from '@lutra/messaging';
import type { ByteSink } from '@lutra/messaging';
import { must, SyncError } from '@lutra/model';
import type { Place, RawEvent } from '@lutra/model';
import { incidentStop } from './incident-stop.ts';
import type { OpenTransaction } from './open-transaction.ts';
import type { Judgement } from './statement-judge.ts';
import type { KnownTable, TableFilter } from './table-filter.ts';
import { TransactionTracker } from './transaction-tracker.ts';
import type { TrackerStart } from './transaction-tracker.ts';

export interface BuilderOptions {
  readonly start: TrackerStart;
  readonly filter: TableFilter;
  readonly judge: (statement: string, schema: string) => Judgement;
  /** Limits of the process that is being built. */
  readonly limits: () => BuilderLimits;
  /** Called when a process gets its first rows; the builder writes its body to the sink. */
  readonly openSink: () => ByteSink;
}

export interface BuilderLimits {
  readonly maxRows: number;
  readonly maxBytes: number;
  /** For counting rows without looking into them: mean size of a row in rows events, as load last counted them. */
  readonly bytesPerRow: number;
  /** A rows event above this holds a row that later stages refuse. */
  readonly eventBytesMax: number;
}

/** What a process holds, for its header. */
export interface BuiltProcess {
  readonly end: Place;
  readonly seq: number;
  readonly transactionCount: number;
  readonly rowsEvents: number;
  readonly sourceBytes: number;
  readonly firstCommitMs: number;
  readonly lastCommitMs: number;
}

const NOTHING = { transactionCount: 0, rowsEvents: 0, rows: 0, sourceBytes: 0, firstCommitMs: 0, lastCommitMs: 0 };

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
  private totals = { ...NOTHING };
  private encoder: RawProcessEncoder | null = null;
  private processNumber = 1;
  private warnings: Judgement['warning'][] = [];
  /** The large event that is on its way: its pieces go to the process, or nowhere. */
  private large: 'kept' | 'dropped' | null = null;

  constructor(private readonly options: BuilderOptions) {
    this.tracker = new TransactionTracker(options.start);
  }

  /** True when the process holds rows. */
  get hasRows(): boolean {
    return this.totals.rowsEvents > 0;
  }
  /** True when the place has moved since the last close, be it only by transactions that are not mapped. */
  get hasProgress(): boolean {
    return this.transactionsRead > 0 || this.hasRows;
  }
  /** Bytes of the process's rows events, decompressed. */
  get sourceBytes(): number {
    return this.totals.sourceBytes;
  }
  /** Size of the process's body so far. */
  get bodyBytes(): number {
    return this.encoder?.bytes ?? 0;
  }
  /** The transaction that was read last, mapped or not; seq 0 before the first. */
  get newest(): { readonly seq: number; readonly commitMs: number } {
    return this.tracker.newest;
  }
  /** True between two transactions: the process ends without cutting one. */
  get isAtBorder(): boolean {
    return this.tracker.current === null;
  }
  /** False in the middle of a large event: the process cannot be closed here. */
  get canClose(): boolean {
    return this.large === null;
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
    for (; index < events.length && !this.mustClose && this.stop === null; index++) {
      const event = must(events[index], 'the index is below the length');
      if (event.kind === 'piece') this.piece(event);
      else if (event.kind === 'end') this.large = null;
      else if (!this.take(event)) return index;
    }
    return index;
  }

  /** Ends the process here and begins the next. The sink holds its body; the caller publishes it. */
  close(): BuiltProcess {
    const { current } = this.tracker;
    if (current?.isBegun === true) {
      this.encoder?.endTransaction({ isLast: false, gtid: current.gtid });
      current.isContinued = true;
    }
    const end = this.tracker.place();
    if (current !== null) {
      current.isBegun = false;
      current.firstEvent = Math.max(current.eventsRead, current.firstEventWanted);
    }
    const { transactionCount, rowsEvents, sourceBytes, firstCommitMs, lastCommitMs } = this.totals;
    this.totals = { ...NOTHING };
    this.transactionsRead = 0;
    this.encoder = null;
    this.mustClose = false;
    this.processNumber++;
    return { end, seq: this.tracker.seq, transactionCount, rowsEvents, sourceBytes, firstCommitMs, lastCommitMs };
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
    if (eventClass === 'rotate') this.tracker.position.rotate(event);
    else if (eventClass === 'gtid') this.tracker.begin(event);
    if (eventClass !== 'query') this.tracker.position.advance(event);
    if (eventClass === 'tableMap') this.options.filter.tableMap(event);
    else if (eventClass === 'xid') this.endTransaction();
    else if (eventClass === 'xaPrepare') this.endXa(event);
    else if (eventClass === 'formatDescription') this.options.filter.clear();
    return true;
  }

  private rows(event: FramedEvent): boolean {
    const transaction = this.tracker.current;
    const id = readTableId(event);
    const table = this.options.filter.find(id);
    if (transaction === null || (table === undefined && id !== DUMMY_TABLE_ID))
      throw new SyncError('SOURCE_EVENT_CORRUPT', {
        problem: `A ${eventTypeName(event.type)} at ${this.tracker.position.toString()} has no ${transaction === null ? 'transaction' : 'TABLE_MAP'} before it`,
      });
    const isWanted =
      table?.isMapped === true && !transaction.isDone && transaction.eventsRead >= transaction.firstEventWanted;
    if (isWanted) {
      const bytes = rowsEventBytes(event);
      if (!this.hasRoomFor(bytes, transaction)) return false;
      this.keep(event, table, transaction);
      this.totals.sourceBytes += bytes;
      this.totals.rows += this.rowsOf(bytes);
    }
    this.large = event.kind === 'begin' ? (isWanted ? 'kept' : 'dropped') : null;
    transaction.eventsRead++;
    this.tracker.position.advance(event);
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
    const { sourceBytes, rows } = this.totals;
    if (sourceBytes + bytes <= maxBytes && rows + this.rowsOf(bytes) <= maxRows) return true;
    if (transaction.isXa && transaction.isBegun) throw xaUnsupported(transaction);
    this.mustClose = true;
    return false;
  }

  private keep(event: FramedEvent, table: KnownTable, transaction: OpenTransaction): void {
    const encoder = this.beginIn(transaction);
    const number = transaction.eventsRead;
    if (table.sentIn !== this.processNumber) {
      table.sentIn = this.processNumber;
      this.write(encoder, 'tableMap', number, table.map, table.map.length);
    }
    this.write(encoder, 'rows', number, event.bytes, event.length);
    this.totals.rowsEvents++;
    transaction.eventsKept++;
  }

  private write(
    encoder: RawProcessEncoder,
    type: RawEvent['type'],
    event: number,
    bytes: Buffer,
    length: number,
  ): void {
    encoder.beginEvent({ type, event, length });
    encoder.append(bytes);
  }

  private piece(event: FramedEvent): void {
    if (this.large === 'kept') this.encoder?.append(event.bytes);
  }

  private beginIn(transaction: OpenTransaction): RawProcessEncoder {
    this.encoder ??= new RawProcessEncoder(this.options.openSink());
    if (transaction.isBegun) return this.encoder;
    const { seq, gtid, commitMs, firstEvent } = transaction;
    this.encoder.beginTransaction({ seq, gtid, firstEvent, commitMs });
    transaction.isBegun = true;
    if (this.totals.firstCommitMs === 0) this.totals.firstCommitMs = commitMs;
    this.totals.firstCommitMs = Math.min(this.totals.firstCommitMs, commitMs);
    this.totals.lastCommitMs = Math.max(this.totals.lastCommitMs, commitMs);
    return this.encoder;
  }

  /** False when the statement stops the pipeline: the place stays before it. */
  private query(event: FramedEvent): boolean {
    const { schema, statement } = readQuery(event);
    const end = BORDERS.find(([pattern]) => pattern.test(statement))?.[1];
    if (end === 'begin') this.tracker.beginStatement(event);
    else if (end === 'xa') this.tracker.beginStatement(event).isXa = true;
    else if (end === undefined) {
      const judgement = this.options.judge(statement, schema);
      this.stop = judgement.stop;
      if (judgement.stop !== null) return false;
      this.warnings.push(judgement.warning);
      if (judgement.opensTransaction) this.tracker.beginStatement(event);
    }
    this.tracker.position.advance(event);
    const { current } = this.tracker;
    if (end === 'commit' || (end !== 'pass' && current?.isSingleStatement === true)) this.endTransaction();
    else if (end === 'rollback') this.endByRollback();
    else if (end === 'partialRollback' && current !== null && current.eventsKept > 0)
      throw rollbackUnsupported(current);
    return true;
  }

  private endTransaction(): void {
    const { current } = this.tracker;
    if (current === null) return;
    // The last slice says so even when nothing more of the transaction is mapped.
    const encoder = current.isContinued && !current.isDone ? this.beginIn(current) : this.encoder;
    const gtid = this.tracker.end(current);
    if (current.isBegun) {
      must(encoder, 'a transaction that has begun has an encoder').endTransaction({ isLast: true, gtid });
      this.totals.transactionCount++;
    }
    this.transactionsRead++;
    const { maxRows, maxBytes } = this.options.limits();
    const { sourceBytes, rows } = this.totals;
    if (sourceBytes >= maxBytes * FULL_AT_BORDER || rows >= maxRows * FULL_AT_BORDER) this.mustClose = true;
  }

  private endXa(event: FramedEvent): void {
    const { current } = this.tracker;
    if (current !== null && current.eventsKept > 0 && !isOnePhaseCommit(event)) throw xaUnsupported(current);
    this.endTransaction();
  }

  private endByRollback(): void {
    const { current } = this.tracker;
    if (current !== null && (current.eventsKept > 0 || current.isContinued)) throw rollbackUnsupported(current);
    this.endTransaction();
  }

  private rowsOf(bytes: number): number {
    return Math.max(1, Math.round(bytes / this.options.limits().bytesPerRow));
  }
}

/** Statements that stand for borders. MySQL writes them without anything around; names of savepoints follow. */
const BORDERS: readonly (readonly [RegExp, 'begin' | 'commit' | 'rollback' | 'partialRollback' | 'xa' | 'pass'])[] = [
  [/^BEGIN$/i, 'begin'],
  [/^COMMIT$/i, 'commit'],
  [/^ROLLBACK$/i, 'rollback'],
  [/^ROLLBACK\s+TO\s/i, 'partialRollback'],
  [/^(?:SAVEPOINT|RELEASE\s+SAVEPOINT)\s/i, 'pass'],
  [/^XA\s+(?:START|BEGIN)\s/i, 'xa'],
  [/^XA\s+END\s/i, 'pass'],
  [/^XA\s+(?:COMMIT|ROLLBACK)\s/i, 'commit'],
];

const rollbackUnsupported = ({ gtid }: OpenTransaction): SyncError =>
  new SyncError('SOURCE_EVENT_UNSUPPORTED', {
    problem: `Transaction ${gtid} was rolled back in part after rows of mapped tables were logged (tables without transactions take part in it)`,
    type: 'QUERY_EVENT ROLLBACK',
  });

const xaUnsupported = ({ gtid }: OpenTransaction): SyncError =>
  new SyncError('SOURCE_EVENT_UNSUPPORTED', {
    problem: `Transaction ${gtid} prepares rows of mapped tables (XA_PREPARE_EVENT), which Lutra cannot follow to their commit`,
    type: 'XA_PREPARE_EVENT',
  });
