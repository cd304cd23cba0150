import type { SourceSession } from '@lutra/binlog';
import { readSourceTable } from '@lutra/binlog/schema';
import { columnIndex, must } from '@lutra/model';
import type { ColumnDefinition, TableDefinition } from '@lutra/model';

/** Longer than this and a value may be of any size. */
const SMALL_LENGTH_MAX = 4_000;

export const columnAt = (table: TableDefinition, position: number): ColumnDefinition =>
  must(table.columns[position], 'a position is inside the table');

/** Whether a value may be of any size. */
export function isLarge({ kind, length }: ColumnDefinition): boolean {
  if (kind === 'json' || kind === 'geometry') return true;
  return (kind === 'text' || kind === 'binary') && (length === undefined || length > SMALL_LENGTH_MAX);
}

/** Whether the columns at the positions are still what they were. */
export async function hasSameShape(
  session: SourceSession,
  table: TableDefinition,
  positions: readonly number[],
): Promise<boolean> {
  const now = await readSourceTable(session, table);
  return positions.every((position) => {
    const logged = columnAt(table, position);
    const standing = now?.columns[columnIndex(now.columns, logged.name)];
    return standing !== undefined && shapeText(standing) === shapeText(logged);
  });
}

/** What the form and the range of a value depend on. */
const shapeText = ({ kind, bytes, unsigned, length, scale, labels }: ColumnDefinition): string =>
  JSON.stringify([kind, bytes ?? null, unsigned === true, length ?? 0, scale ?? 0, labels ?? null]);
