import type { ByteSink } from '@lutra/messaging';
import type { DatabaseKind, Place } from '@lutra/model';
import type { PreparedTransactions } from './prepared-transactions.ts';
import type { EventRange } from './savepoints.ts';
import type { BuiltStatement } from './statement-gate.ts';
import type { Judgement } from './statement-judge.ts';
import type { TableFilter } from './table-filter.ts';
import type { TableSchemas } from './table-schemas.ts';
import type { TrackerStart } from './transaction-tracker.ts';

export interface BuilderOptions {
  readonly start: TrackerStart;
  readonly filter: TableFilter;
  /** `transaction` names the statement's transaction. */
  readonly judge: (statement: string, schema: string, transaction: string) => Judgement;
  readonly flavour?: DatabaseKind;
  /** Knows the columns of tables whose maps do not tell them; without it every map counts as complete. */
  readonly schemas?: Pick<TableSchemas, 'isReady' | 'observe' | 'isWanted'>;
  /** Limits of the process that is being built. */
  readonly limits: () => BuilderLimits;
  /** Of the mappings that the filter judges by. */
  readonly revision: () => number;
  readonly prepared: PreparedTransactions;
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
  /** Schema statements that were passed over. */
  readonly statementsSkipped: number;
  /** XA transactions whose decision is in it. */
  readonly decidedXids: readonly string[];
  /** The schema statement that is all it holds; null = it holds rows, or nothing. */
  readonly statement: BuiltStatement | null;
}

/** Rows that were kept were undone by their own transaction: it has to be read again, without them. */
export interface Undone {
  readonly gtid: string;
  readonly ranges: readonly EventRange[];
}
