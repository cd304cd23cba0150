import type { ColumnValue, RowImage, TableDefinition } from './column.ts';

/** Groups of a source table whose extremes are asked for. */
export interface GroupQuestion {
  readonly table: TableDefinition;
  /** Positions of the columns that make a group, and of each group their values. */
  readonly columns: readonly number[];
  readonly groups: readonly (readonly ColumnValue[])[];
  /** Positions of the columns that are needed of the rows. */
  readonly reads: readonly number[];
  /** What the server can tell itself; null: every row of the group has to be looked at. */
  readonly extremes: readonly { readonly position: number; readonly function: 'min' | 'max' }[] | null;
}

/** Takes what was found of a group, by its number in the question: rows, or images that hold nothing but extremes. */
export type TakeGroupRow = (group: number, image: RowImage) => void;
