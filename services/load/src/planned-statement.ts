import type { RowChange, TransactionHeader } from '@lutra/model';
import type { TableWriter, TargetStatement } from '@lutra/sql';

/** Where rows come from: shared by all rows of one transaction in one process. */
export interface RowOrigin {
  readonly process: number;
  readonly transaction: TransactionHeader;
}

/** A row with the table that it goes to. */
export interface WritableRow {
  readonly writer: TableWriter;
  readonly change: RowChange;
  readonly origin: RowOrigin;
}

/** A statement and the rows that it writes: all of one table and one kind, in source order. */
export interface PlannedStatement {
  readonly kind: RowChange['kind'];
  readonly writer: TableWriter;
  readonly statement: TargetStatement;
  readonly rows: readonly WritableRow[];
}
