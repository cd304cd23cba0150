import { plainChange } from '@lutra/model';
import type { RowChange, RowImage } from '@lutra/model';
import { errorValueColumns } from '@lutra/sql';
import { plannedAlone } from '../plan/plan-statements.ts';
import type { PlannedRow } from '../plan/planned-statement.ts';
import { sourceOf } from './conflict.ts';

/** A row in two steps: with labels where it has the error value of an ENUM, and then the columns that are to get that value. */
export interface SplitRow {
  readonly row: PlannedRow;
  readonly columns: ReturnType<typeof errorValueColumns>;
  /** Holds the key under which the row stands after the first step. */
  readonly image: RowImage;
}

/** Null when the row has none that could be written so. */
export function withoutErrorValues(row: PlannedRow): SplitRow | null {
  const { writer } = row;
  const change = plainChange(row.change);
  if (change.kind === 'delete') return null;
  const columns = errorValueColumns(writer, change.after);
  if (columns.length === 0) return null;
  const after = [...change.after];
  for (const { column, standIn } of columns) after[column.position] = standIn;
  const image = change.kind === 'insert' ? after : change.before.map((value, position) => after[position] ?? value);
  const split: RowChange = { ...change, after };
  return { row: plannedAlone({ writer, change: split, origin: sourceOf(row).origin }), columns, image };
}
