import type { RowProcess } from '@lutra/model';
import type { ProcessDelivery } from '@lutra/messaging';

/** A process in hand, with what is counted while it is written. */
export interface LoadedProcess {
  readonly delivery: ProcessDelivery;
  readonly process: RowProcess;
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
}
