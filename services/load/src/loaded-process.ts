import type { RowProcess, RowTransaction, StatementProcess } from '@lutra/model';
import type { ProcessDelivery } from '@lutra/messaging';

/** A process in hand, with what is counted while it is written. */
export interface LoadedProcess {
  readonly delivery: ProcessDelivery;
  readonly process: RowProcess;
  /** A schema statement, which is then all that the process holds. */
  readonly statement?: StatementProcess;
  /** Wall clock when load took it in hand, ms since 1970. */
  readonly startMs: number;
  readonly counts: ProcessCounts;
}

/** Rows by kind, after leaving out what the place said is done. */
export interface ProcessCounts {
  inserted: number;
  updated: number;
  deleted: number;
  skipped: number;
  conflicts: number;
  /** Values of columns that the target lacks. */
  valuesLeftOut: number;
  /** The schema statement that the process holds, when a person has decided to skip it. */
  statementsSkipped: number;
}

/** The transactions of a process that are written together, with their own counts: they are planned anew at each attempt. */
export interface ProcessPart {
  readonly loaded: LoadedProcess;
  readonly transactions: readonly RowTransaction[];
  readonly counts: ProcessCounts;
}

export const noCounts = (): ProcessCounts => ({
  inserted: 0,
  updated: 0,
  deleted: 0,
  skipped: 0,
  conflicts: 0,
  valuesLeftOut: 0,
  statementsSkipped: 0,
});

/** What was written for the part counts for its process. */
export function addCounts({ loaded, counts }: ProcessPart): void {
  loaded.counts.inserted += counts.inserted;
  loaded.counts.updated += counts.updated;
  loaded.counts.deleted += counts.deleted;
  loaded.counts.skipped += counts.skipped;
  loaded.counts.conflicts += counts.conflicts;
  loaded.counts.valuesLeftOut += counts.valuesLeftOut;
  loaded.counts.statementsSkipped += counts.statementsSkipped;
}
