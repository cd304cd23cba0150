import type { GtidEvent } from '@lutra/binlog';
import type { PreparedTransaction } from './prepared-transactions.ts';
import type { EventRange, Savepoints } from './savepoints.ts';

/** The source transaction that is being read. */
export interface OpenTransaction {
  readonly seq: number;
  /** As in TransactionHeader; without GTID 'file:offset' of its beginning, because its end is not known yet. */
  readonly gtid: string;
  readonly commitMs: number;
  /** Only the statement that follows belongs to it (schema changes): no end event comes. */
  isSingleStatement: boolean;
  /** MariaDB: what its ALTER is, where it is logged in two phases. */
  readonly alterPhase: GtidEvent['alterPhase'] | undefined;
  /** XA: its rows wait for a decision. */
  isXa: boolean;
  /** The rows of an XA transaction so far; null for others. */
  xa: PreparedTransaction | null;
  /** Offset where its first event begins, in the file that is read. */
  startOffset: number;
  /** Done at the target already: its rows are passed over. */
  readonly isDone: boolean;
  /** Rows events before this number are done at the target already. */
  readonly firstEventWanted: number;
  /** Rows events read so far, dropped ones included. */
  eventsRead: number;
  /** Rows events of mapped tables so far that count. */
  mappedEvents: number;
  /** How many of them belong to slices that are published. */
  mappedInSlices: number;
  /** Rows events that do not count, because they are undone later on. */
  drops: readonly EventRange[];
  /** Null before the first one. */
  savepoints: Savepoints | null;
  /** Rows that were kept were undone: the rest is read only to learn what else is. Null: none were. */
  undone: EventRange[] | null;
  /** Rows events that came before this slice; 0 in the first one. */
  firstEvent: number;
  /** A part of it is in the process that is being built. */
  isBegun: boolean;
  /** A part of it is in an earlier process. */
  isContinued: boolean;
}
