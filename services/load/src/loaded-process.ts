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
  /** Rows by table of the process: {@link ROW_KINDS} numbers for each, in the order of its tables; shorter where none follow. */
  tables: number[];
}

/** How many numbers a table has: inserted, updated, deleted, skipped. */
export const ROW_KINDS = 4;
export const KIND_OF_CHANGE = { insert: 0, update: 1, delete: 2 } as const;
export const SKIPPED = 3;

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
  tables: [],
});

/** Counts rows of a table. */
export function countRows(counts: ProcessCounts, table: number, kind: number): void {
  const place = table * ROW_KINDS + kind;
  // Filled to its place: an array with holes would be a slow one.
  while (counts.tables.length <= place) counts.tables.push(0);
  counts.tables[place] = (counts.tables[place] ?? 0) + 1;
}

/** What was written for the part counts for its process. */
export function addCounts({ loaded, counts }: ProcessPart): void {
  loaded.counts.inserted += counts.inserted;
  loaded.counts.updated += counts.updated;
  loaded.counts.deleted += counts.deleted;
  loaded.counts.skipped += counts.skipped;
  loaded.counts.conflicts += counts.conflicts;
  loaded.counts.valuesLeftOut += counts.valuesLeftOut;
  loaded.counts.statementsSkipped += counts.statementsSkipped;
  const { tables } = loaded.counts;
  const longer = tables.length < counts.tables.length ? counts.tables : tables;
  loaded.counts.tables = longer.map((_, place) => (tables[place] ?? 0) + (counts.tables[place] ?? 0));
}
