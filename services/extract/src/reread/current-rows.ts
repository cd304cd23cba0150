import type { RowImage, TableDefinition } from '@lutra/model';
import type { CurrentRow } from './complete-change.ts';
import type { RereadRule } from './reread-rule.ts';

/** A row that is to be read again. */
export interface AskedRow {
  readonly table: TableDefinition;
  readonly rule: RereadRule;
  /** Positions of what is to be read, or more of it. */
  readonly columns: readonly number[];
  /** By `keyText`. */
  readonly key: string;
  /** Holds the key. */
  readonly image: RowImage;
}

/** What was found of the first of the rows that were asked for: as many as are held in memory at once, one at least. */
export interface FoundRows {
  /** null = the row cannot be read as the log tells its table: that has another shape by now, or is gone. */
  readonly rows: readonly (CurrentRow | null)[];
  /** To be called when they have been used. */
  readonly release: () => void;
}

/** Reads rows as they are now: at any moment behind the commits of the transactions. */
export interface CurrentRows {
  /** Throws SyncError (scope source) when the source does not answer in time; rejects when the signal aborts. */
  read(
    asked: readonly AskedRow[],
    how: { readonly transactions: readonly string[]; readonly signal: AbortSignal },
  ): Promise<FoundRows>;
}
