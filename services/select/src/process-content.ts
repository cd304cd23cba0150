import { RawProcessEncoder } from '@lutra/messaging';
import type { ByteSink } from '@lutra/messaging';
import { must } from '@lutra/model';
import type { RawEvent } from '@lutra/model';
import type { OpenTransaction } from './open-transaction.ts';

const NOTHING = {
  transactionCount: 0,
  rowsEvents: 0,
  rows: 0,
  sourceBytes: 0,
  firstCommitMs: 0,
  lastCommitMs: 0,
  statementsSkipped: 0,
};

/** Body and counts of the process that is being built. */
export class ProcessContent {
  totals = { ...NOTHING };
  private encoder: RawProcessEncoder | null = null;

  constructor(private readonly openSink: () => ByteSink) {}

  get bytes(): number {
    return this.encoder?.bytes ?? 0;
  }

  /** From now on what is added belongs to this transaction. */
  begin(transaction: OpenTransaction): void {
    this.encoder ??= new RawProcessEncoder(this.openSink());
    if (transaction.isBegun) return;
    const { seq, gtid, commitMs, firstEvent } = transaction;
    this.encoder.beginTransaction({ seq, gtid, firstEvent, commitMs });
    transaction.isBegun = true;
    if (this.totals.firstCommitMs === 0) this.totals.firstCommitMs = commitMs;
    this.totals.firstCommitMs = Math.min(this.totals.firstCommitMs, commitMs);
    this.totals.lastCommitMs = Math.max(this.totals.lastCommitMs, commitMs);
  }

  /** The beginning of an event of `length` bytes. */
  add(event: Omit<RawEvent, 'bytes'> & { readonly length: number }, bytes: Buffer): void {
    const encoder = must(this.encoder, 'a transaction has begun');
    encoder.beginEvent(event);
    encoder.append(bytes);
  }

  /** More of the event that was added last. */
  append(bytes: Buffer): void {
    this.encoder?.append(bytes);
  }

  countRows(bytes: number, rows: number): void {
    this.totals.rowsEvents++;
    this.totals.sourceBytes += bytes;
    this.totals.rows += rows;
  }

  /** A schema statement is passed over. */
  countSkipped(): void {
    this.totals.statementsSkipped++;
  }

  /** The transaction is over. Call after begin. */
  end(gtid: string): void {
    must(this.encoder, 'a transaction that has begun has an encoder').endTransaction({ isLast: true, gtid });
    this.totals.transactionCount++;
  }

  /** The transaction goes on in the next process. */
  cut(gtid: string): void {
    this.encoder?.endTransaction({ isLast: false, gtid });
  }

  /** Its counts; the next process begins. */
  take(): Omit<typeof NOTHING, 'rows'> {
    const { transactionCount, rowsEvents, sourceBytes, firstCommitMs, lastCommitMs, statementsSkipped } = this.totals;
    this.totals = { ...NOTHING };
    this.encoder = null;
    return { transactionCount, rowsEvents, sourceBytes, firstCommitMs, lastCommitMs, statementsSkipped };
  }
}
