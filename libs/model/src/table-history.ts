import type { TableDefinition } from './column.ts';
import type { DonePlace } from './place.ts';

/** How a source table looked from a place of the log on; null = not known from here on (a statement changed it). */
export interface TableVersion {
  /** The smallest place that the version begins with: a place that covers it stands behind the version's beginning. */
  readonly from: DonePlace;
  readonly definition: TableDefinition | null;
}

/** What select knows of the past of one source table. Of several versions that a place covers the last one counts. */
export interface TableHistory {
  readonly schema: string;
  readonly table: string;
  /** Epoch that wrote it: what an older one writes late is worth nothing. */
  readonly epoch: number;
  readonly versions: readonly TableVersion[];
}

/** Up to where select has read the log, every statement of it noted in the histories. */
export interface HistoryMark {
  readonly epoch: number;
  readonly place: DonePlace;
}

/** All that select keeps of one pipeline's tables; null = it never had to keep anything, or it is lost. */
export interface KeptHistories {
  readonly mark: HistoryMark | null;
  readonly tables: readonly TableHistory[];
}
