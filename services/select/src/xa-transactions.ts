import { isOnePhaseCommit, readPreparedXid } from '@lutra/binlog';
import type { FramedEvent } from '@lutra/binlog';
import { must } from '@lutra/model';
import type { OpenTransaction } from './open-transaction.ts';
import type { PreparedTransaction, PreparedTransactions } from './prepared-transactions.ts';
import type { KnownTable } from './table-filter.ts';
import type { TransactionTracker } from './transaction-tracker.ts';
import type { XaWanted } from './xa-replay.ts';

/**
 * XA transactions as one reader of the log meets them. Their rows wait from XA START to the decision; a commit asks for
 * them (`wanted`) and is read again when they have come.
 */
export class XaTransactions {
  /** Rows that are needed before anything else is consumed. */
  wanted: XaWanted | null = null;
  private hasRows = false;
  private decided: string[] = [];

  constructor(
    private readonly tracker: TransactionTracker,
    private readonly options: { readonly prepared: PreparedTransactions; readonly revision: () => number },
  ) {
    options.prepared.giveUpOpen();
  }

  /** A transaction whose rows wait begins: behind its GTID event (MariaDB says it there), or at XA START (MySQL). */
  begin(transaction: OpenTransaction): void {
    const place = { file: this.tracker.position.file, offset: transaction.startOffset };
    transaction.isXa = true;
    transaction.xa ??= this.options.prepared.begin(place, this.options.revision());
  }

  /** A rows event whose rows wait. True when it is kept, and so are its pieces. */
  rows(
    prepared: PreparedTransaction,
    event: FramedEvent,
    of: { readonly id: number; readonly table?: KnownTable },
  ): boolean {
    const isMapped = of.table?.isMapped === true;
    const bytesBefore = prepared.bytes;
    if (of.table?.isMapped === true) prepared.keep(event, of.table, of.id);
    else prepared.skip();
    this.options.prepared.account(prepared, bytesBefore);
    return isMapped;
  }

  piece(prepared: PreparedTransaction, event: FramedEvent): void {
    const bytesBefore = prepared.bytes;
    prepared.keepPart(event);
    this.options.prepared.account(prepared, bytesBefore);
  }

  /** The end of the first phase. False when it is the commit as well and the rows have to come first. */
  endFirstPhase(event: FramedEvent): boolean {
    const xid = readPreparedXid(event);
    const { current } = this.tracker;
    const prepared = current?.xa ?? null;
    if (current !== null && prepared !== null && !current.isDone) {
      if (!isOnePhaseCommit(event)) this.options.prepared.put(xid, prepared);
      // It commits in one phase, which is known only here.
      else if (!this.hasRows && prepared.concerns(this.options.revision())) {
        this.want(current, xid, prepared);
        return false;
      }
    }
    this.options.prepared.giveUpOpen();
    return true;
  }

  /** XA COMMIT. False when the rows have to come first. */
  commit(xid: string): boolean {
    const current = must(this.tracker.current, 'a commit is being read');
    const prepared = this.options.prepared.find(xid);
    if (!this.hasRows && !current.isDone && prepared?.concerns(this.options.revision()) !== false) {
      this.want(current, xid, prepared ?? null);
      return false;
    }
    this.decided.push(xid);
    return true;
  }

  rollBack(xid: string): void {
    this.decided.push(xid);
  }

  /** All rows have come: the commit can be read. */
  haveCome(): void {
    this.wanted = null;
    this.hasRows = true;
  }

  /** The transaction of the commit is over. */
  end(): void {
    this.hasRows = false;
  }

  /** Those that were decided since the last call. */
  takeDecided(): readonly string[] {
    const { decided } = this;
    if (decided.length > 0) this.decided = [];
    return decided;
  }

  private want({ gtid }: OpenTransaction, xid: string, prepared: PreparedTransaction | null): void {
    const { file, offset } = this.tracker.position;
    this.wanted = { xid, gtid, prepared, before: { file, offset } };
  }
}
