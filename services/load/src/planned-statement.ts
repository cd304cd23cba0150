import type { RowChange } from '@lutra/model';
import type { TableWriter, TargetStatement } from '@lutra/sql';

/** A row with the table that it goes to. */
export interface WritableRow {
  readonly writer: TableWriter;
  readonly change: RowChange;
}

/** A statement and the rows that it writes: all of one table and one kind, in source order. */
export interface PlannedStatement {
  readonly kind: RowChange['kind'];
  readonly writer: TableWriter;
  readonly statement: TargetStatement;
  readonly rows: readonly WritableRow[];
}
