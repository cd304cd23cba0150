import { assertNever, must } from '@lutra/model';
import type { ColumnValue, RowChange, RowImage } from '@lutra/model';
import { addDelta, changedColumns, compareValues } from '@lutra/sql';
import type { TableWriter, WrittenColumn } from '@lutra/sql';
import { changesKey } from './plan-statements.ts';
import type { PlannedRow, WritableRow } from './planned-statement.ts';

/**
 * What changes of one group amount to. Law: writing it equals writing its sources one after the other. A group to which rows
 * came first need not be there, so that together they insert it; from one that rows left first it has to be there.
 */
export class MergedGroup {
  private readonly writer: TableWriter;
  private readonly first: RowChange;
  private readonly sources: WritableRow[];
  private readonly after: (ColumnValue | undefined)[];

  constructor(row: WritableRow) {
    this.writer = row.writer;
    this.first = row.change;
    this.sources = [row];
    this.after = [...imageOf(row.change)];
  }

  /** Takes one more change of the group; false when the two cannot be one. */
  merge(row: WritableRow): boolean {
    const { writer, after } = this;
    const { change } = row;
    const added = imageOf(change);
    if (row.writer !== writer || change.kind === 'delete' || changesKey(writer, after, added)) return false;
    // What is inserted may go into a column that holds nothing below zero.
    if (this.first.kind === 'insert' && writer.columns.some((column) => isNegative(column, added))) return false;
    for (const column of writer.columns) {
      const { position } = column;
      after[position] = moved(column, after[position] ?? null, added[position] ?? null);
    }
    this.sources.push(row);
    return true;
  }

  deletes(): null {
    return null;
  }

  updates(): PlannedRow | null {
    const { first, after, writer, sources } = this;
    if (first.kind !== 'update') return null;
    const change = { ...placeOf(first), kind: 'update', before: first.before, after } as const;
    return { writer, change, columns: changedColumns(writer, change), sources, toleratesMissing: false };
  }

  inserts(): PlannedRow | null {
    const { first, after, writer, sources } = this;
    if (first.kind !== 'insert') return null;
    const change: RowChange = { ...placeOf(first), kind: 'insert', after };
    return { writer, change, columns: [], sources, toleratesMissing: false };
  }
}

/** Whether an update takes rows out of its group: then it may have become empty. */
export function takesRows({ counted }: TableWriter, change: RowChange): boolean {
  if (counted === null || change.kind !== 'update') return false;
  return isNegative(counted, change.after);
}

const imageOf = (change: RowChange): RowImage => (change.kind === 'delete' ? change.before : change.after);

const placeOf = ({ table, event, row, part, flags }: RowChange) => ({ table, event, row, part, flags });

function isNegative({ definition: { amount }, position }: WrittenColumn, image: RowImage): boolean {
  const value = image[position] ?? null;
  if ((amount !== 'count' && amount !== 'sum') || value === null) return false;
  return typeof value === 'string' ? value.startsWith('-') : Number(value) < 0;
}

function moved(column: WrittenColumn, standing: ColumnValue, value: ColumnValue): ColumnValue {
  const { amount } = column.definition;
  switch (amount) {
    case undefined:
      return standing;
    case 'set':
      return value;
    case 'count':
    case 'sum':
      return addDelta(column, standing, { before: 0, after: must(value, 'a sum is moved by a number') });
    case 'least':
    case 'greatest': {
      if (value === null || standing === null) return value ?? standing;
      const order = compareValues(column, value, standing);
      return amount === 'least' ? (order < 0 ? value : standing) : order > 0 ? value : standing;
    }
    default:
      return assertNever(amount);
  }
}
