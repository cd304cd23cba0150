import { columnIndex } from '@lutra/model';
import type { ColumnDefinition } from '@lutra/model';

/** Puts the column where one of its name stands, or behind all others; its position. */
export function placeColumn(columns: ColumnDefinition[], column: ColumnDefinition): number {
  const taken = columnIndex(columns, column.name);
  const at = taken < 0 ? columns.length : taken;
  columns[at] = column;
  return at;
}
