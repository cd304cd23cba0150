import type { ProcessIdentity, Stage } from './identity.ts';
import type { RowImage, TableDefinition } from './column.ts';
import type { EncodedImage } from './encoded-image.ts';
import type { Place } from './place.ts';
import type { RowRefusal } from './row-refusal.ts';

/**
 * What travels with a process through every stage, whatever its body holds. It is small: a router, a window or an event
 * needs nothing else.
 */
export interface ProcessHeader extends ProcessIdentity {
  /** Configuration revision that select used; every stage handles the process under it. */
  readonly revision: number;
  /** Where the source stands once this process is loaded. */
  readonly end: Place;
  /** Server that sent the events. */
  readonly serverUuid: string;
  /** Source transactions that end in this process. */
  readonly transactionCount: number;
  /** Rows events (before extract) or rows (after it) in this process; 0 for an empty process that only moves the cursor. */
  readonly rowCount: number;
  /** Raw binlog bytes of the rows events that select kept. */
  readonly sourceBytes: number;
  /** Commit time at the source of the oldest and the newest transaction, ms since 1970 (µs fraction kept as decimals), 0 when empty. */
  readonly firstCommitMs: number;
  readonly lastCommitMs: number;
  /** Schema statements behind the process before and up to `end` that were passed over and not applied; absent = none. */
  readonly statementsSkipped?: number;
  /** The source takes names in any case (lower_case_table_names is not 0), and mappings match so; absent = it does not. */
  readonly isCaseFolded?: true;
  /** Stage times so far. Each stage appends its own entry, so that one `loaded` event tells the whole story. */
  readonly stages: readonly StageTime[];
}

export interface StageTime {
  readonly stage: Stage;
  readonly instance: string;
  /** Wall clock when the stage took the process in hand and when it was done with it, ms since 1970. */
  readonly startMs: number;
  readonly endMs: number;
  readonly rowCount: number;
  readonly bytes: number;
}

/** One source transaction, or the slice of it that this process holds. */
export interface TransactionHeader {
  /** Number of the transaction in this epoch, from 1; orders, is never compared across epochs. */
  readonly seq: number;
  /** Text form: MySQL 'uuid:n' or 'uuid:tag:n', MariaDB 'domain-server-sequence', without GTID 'file:offset' of its end. */
  readonly gtid: string;
  /** Rows events of the transaction that came in earlier slices (0 for a whole transaction). */
  readonly firstEvent: number;
  readonly commitMs: number;
  /** False when the transaction goes on in the next process. */
  readonly isLast: boolean;
}

/** A rows event exactly as the server wrote it (without its checksum), or its TABLE_MAP. Select never looks inside the rows. */
export interface RawEvent {
  readonly type: 'tableMap' | 'rows';
  /**
   * Event header (19 bytes) and payload, checksum cut off. A table map is sent when its table id first occurs in a process or
   * its payload changed; where it does not tell its columns, select has appended their definition (libs/binlog/schema).
   */
  readonly bytes: Uint8Array;
  /** Number of this rows event in its transaction, from 0 (dropped ones count too); a table map carries that of the rows event that follows. */
  readonly event: number;
}

export interface RawTransaction extends TransactionHeader {
  readonly events: readonly RawEvent[];
}

/** Bit of {@link RowChangeBase.flags}. */
export const WRITES_ALL = 8;
/** Bit of {@link RowChangeBase.flags}. */
export const REPAIRS = 16;

export interface RowChangeBase {
  /** Index into the process's table definitions. */
  readonly table: number;
  /** Place of the row inside its transaction. */
  readonly event: number;
  readonly row: number;
  /** Number among the rows that one source row became in transform; 0 before. */
  readonly part: number;
  /**
   * Bit 0: the source session had foreign_key_checks off; bit 1: unique_checks off; bit 2: what the source's foreign keys
   * changed in child rows comes as changes of its own, so that the target must not do it a second time; bit 3
   * ({@link WRITES_ALL}): an update writes all columns that its after image carries, changed or not; bit 4 ({@link REPAIRS}): the
   * source changed nothing: the row is sent once more as it stands (an update of equal images), or as one that is not there (a
   * delete whose image holds the key alone). The target is put right, whatever it holds; amounts are not moved.
   */
  readonly flags: number;
  /** The row could not be mapped: its images hold what could be made of it. Absent = it is as the mapping wants it. */
  readonly refusal?: RowRefusal | undefined;
}

export type RowChange =
  | (RowChangeBase & {
      readonly kind: 'insert';
      readonly after: RowImage;
      /** The same image as it lies in the message: values need not be made where this is enough. Only of small rows. */
      readonly encoded?: EncodedImage | undefined;
    })
  | (RowChangeBase & { readonly kind: 'update'; readonly before: RowImage; readonly after: RowImage })
  | (RowChangeBase & { readonly kind: 'delete'; readonly before: RowImage });

export interface RowTransaction extends TransactionHeader {
  readonly changes: readonly RowChange[];
}

/** After extract (source shape) and after transform (target shape): the same structure, two wire schemas. */
export interface RowProcess {
  readonly header: ProcessHeader;
  readonly tables: readonly TableDefinition[];
  readonly transactions: readonly RowTransaction[];
}

export type TargetProcess = RowProcess;

export interface RawProcess {
  readonly header: ProcessHeader;
  readonly transactions: readonly RawTransaction[];
}
