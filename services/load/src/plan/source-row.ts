import { REPAIRS } from '@lutra/model';
import type { RowChange } from '@lutra/model';
import { changedColumns } from '@lutra/sql';
import type { TableWriter, WrittenColumn } from '@lutra/sql';
import type { PlannedRow, RowOrigin, WritableRow } from './planned-statement.ts';

/**
 * A row of the source with the table that it goes to. As long as no other row of its key joins it, it is also what is
 * planned for the key: one object for both, since rows are what load holds most of.
 */
export class SourceRow implements WritableRow, PlannedRow {
  private changed: readonly WrittenColumn[] | null = null;

  constructor(
    readonly writer: TableWriter,
    readonly change: RowChange,
    readonly origin: RowOrigin,
  ) {}

  get columns(): readonly WrittenColumn[] {
    if (this.changed !== null) return this.changed;
    const { writer, change } = this;
    return (this.changed = change.kind === 'update' ? changedColumns(writer, change) : NO_COLUMNS);
  }

  get sources(): readonly WritableRow[] {
    return [this];
  }

  /** A key that is sent once more as one without a row: that it has none already is what was wanted. */
  get toleratesMissing(): boolean {
    const { change } = this;
    return change.kind === 'delete' && (change.flags & REPAIRS) !== 0;
  }
}

const NO_COLUMNS: readonly WrittenColumn[] = [];
