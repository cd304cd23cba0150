import { SyncError } from '@lutra/model';
import type { ColumnDefinition, TableDefinition } from '@lutra/model';
import type { ColumnReader } from './column-reader.ts';

/** The end of the period of a row that is in force: the last moment of a timestamp with 32 bits, signed and (MariaDB 11.5) unsigned. */
const IN_FORCE = new Set<unknown>(['2038-01-19 03:14:07.999999', '2106-02-07 06:28:15.999999']);

/**
 * A reader that refuses rows of a system-versioned table (MariaDB KB, "System-Versioned Tables"). Observed on 10.11: a DELETE
 * is logged as an update of the period's end, an UPDATE also as an insert of the old row under the same key; who took them for
 * what they look like would keep what was deleted and bring back what was changed. The log does not say which tables are
 * versioned. What can be the end of a period (computed, the last part of the key, or hidden under its own name) is told by
 * its value: every row that comes, changes or goes is in force before or after.
 */
export function refusingHistory(definition: TableDefinition, position: number, read: ColumnReader): ColumnReader {
  const column = definition.columns[position];
  if (column === undefined || !mayEndPeriod(definition, column, position)) return read;
  return (cursor) => {
    const value = read(cursor);
    if (!IN_FORCE.has(value)) return value;
    const problem = `Column ${column.name} holds the end of the period of a system-versioned table, whose history cannot be told from its rows`;
    throw new SyncError('SOURCE_EVENT_UNSUPPORTED', {
      problem,
      type: 'rows of a system-versioned table',
      column: column.name,
    });
  };
}

function mayEndPeriod({ columns, primaryKey }: TableDefinition, column: ColumnDefinition, position: number): boolean {
  if (column.kind !== 'timestamp' || column.length !== 6 || column.nullable) return false;
  if (column.generated === true || (primaryKey.length > 1 && primaryKey.at(-1) === position)) return true;
  return column.name === 'row_end' && columns[position - 1]?.name === 'row_start';
}
