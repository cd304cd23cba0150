import type { RowChange, TransactionHeader } from '@lutra/model';
import type { ProcessCounts } from '../loaded-process.ts';
import type { TableWriter, TargetStatement, WrittenColumn } from '@lutra/sql';

/** Where rows come from: shared by all rows of one transaction in one process. */
export interface RowOrigin {
  readonly process: number;
  readonly transaction: TransactionHeader;
  /** Server of the source that sent it. */
  readonly serverUuid: string;
  /** The rows may be in the target already, with all that followed them in other lanes. */
  readonly isRepeat?: true;
  /** Of the part that holds the rows. */
  readonly counts?: ProcessCounts;
}

/** A row of the source with the table that it goes to. */
export interface WritableRow {
  readonly writer: TableWriter;
  readonly change: RowChange;
  readonly origin: RowOrigin;
}

/** What is to be done for one key: one row of the source, or several merged. */
export interface PlannedRow {
  readonly writer: TableWriter;
  /** `before` is the FIRST before image of the sources, `after` the last after image, completed by earlier ones. */
  readonly change: RowChange;
  /** What an update writes: the columns whose value one of its sources changed. Empty for the other kinds. */
  readonly columns: readonly WrittenColumn[];
  /** In source order; one when nothing was merged. Delete and insert of a replaced row have the same. */
  readonly sources: readonly WritableRow[];
  /** A row may be missing for this delete, because it was to be inserted by one of the sources. */
  readonly toleratesMissing: boolean;
}

/** A statement and the rows that it writes: all of one table and one kind. */
export interface PlannedStatement {
  readonly kind: RowChange['kind'];
  readonly writer: TableWriter;
  readonly statement: TargetStatement;
  /** To be run behind it: deletes groups that it has left empty. Its count says nothing. Null: nothing is. */
  readonly closing: TargetStatement | null;
  readonly rows: readonly PlannedRow[];
  /** Deletes only: finding fewer rows than are named is right. */
  readonly toleratesMissing: boolean;
}
