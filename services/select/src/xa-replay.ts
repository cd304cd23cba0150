import type { SourceOptions } from '@lutra/binlog';
import { must, SyncError } from '@lutra/model';
import { findXaPrepare } from './find-xa-prepare.ts';
import type { LogPlace, PreparedTransaction } from './prepared-transactions.ts';
import type { ProcessBuilder } from './process-builder.ts';
import { keptRows, LoggedXaRows } from './xa-rows.ts';
import type { XaBatch, XaRows } from './xa-rows.ts';

/** The server whose log is read, for further connections. */
export interface XaSource {
  readonly source: SourceOptions;
  readonly serverUuid: string;
  readonly heartbeatMs: number;
}

/** Rows that a builder waits for, because an XA transaction was committed. */
export interface XaWanted {
  readonly xid: string;
  /** Name of the commit. */
  readonly gtid: string;
  /** Null when select has not seen the XA PREPARE. */
  readonly prepared: PreparedTransaction | null;
  /** Where the commit stands in the log. */
  readonly before: LogPlace;
}

/** Brings the rows of one committed XA transaction to the builder, a batch at a time. */
export class XaReplay {
  private rows: XaRows | null = null;
  private batch: XaBatch | null = null;

  constructor(
    private readonly options: {
      readonly source: () => XaSource;
      readonly signal: AbortSignal;
      /** Told when the log has to be searched, and null when that is over. */
      readonly onSearch: (cause: string | null) => void;
    },
  ) {}

  /**
   * Feeds the builder until it is full, has what it wanted, or a batch is used up. Throws SOURCE_XA_ROWS_LOST when the rows
   * are no longer in the log, and what a second connection throws.
   */
  async step(builder: ProcessBuilder): Promise<void> {
    const wanted = must(builder.xaWanted, 'called for a builder that waits for rows');
    const { signal } = this.options;
    this.rows ??= await this.open(builder, wanted);
    if (this.batch === null || this.batch.next >= this.batch.events.length) this.batch = await this.rows.read(signal);
    signal.throwIfAborted();
    if (this.batch === null) builder.endReplay();
    else this.batch.next = builder.consumeReplay(this.batch);
    if (builder.xaWanted === null) this.close();
  }

  /** Forgets what is under way; a new builder begins anew. */
  close(): void {
    this.rows?.close();
    this.rows = null;
    this.batch = null;
  }

  private async open(builder: ProcessBuilder, wanted: XaWanted): Promise<XaRows> {
    const prepared = wanted.prepared ?? (await this.search(wanted));
    builder.beginReplay(prepared.drops);
    const isKept = prepared.isCompleteFor(builder.revision);
    if (isKept && prepared.kept !== null) return keptRows(prepared.kept);
    return LoggedXaRows.open(this.options.source(), prepared.place);
  }

  private async search(wanted: XaWanted): Promise<PreparedTransaction> {
    const { source, signal, onSearch } = this.options;
    onSearch(`Searching the binary log for the rows of XA transaction ${wanted.xid}`);
    const found = await findXaPrepare(source(), wanted, signal);
    onSearch(null);
    if (found !== null) return found;
    throw new SyncError('SOURCE_XA_ROWS_LOST', {
      problem: `Transaction ${wanted.gtid} commits the XA transaction ${wanted.xid}, whose rows are not in the binary log any more: it was prepared before the oldest file that is left`,
      xid: wanted.xid,
      gtid: wanted.gtid,
    });
  }
}
