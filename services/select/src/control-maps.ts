import { attachDefinition } from '@lutra/binlog/schema';
import type { LoggedTable } from '@lutra/binlog/schema';
import { CONTROL_COLUMNS, must, SyncError } from '@lutra/model';
import type { ColumnDefinition, ControlTable, TableDefinition } from '@lutra/model';

/**
 * The map of a table of schema retl with its columns; `open`: what it leaves open, null = nothing. Null when the table is
 * another one than its name says.
 */
export function completeControlMap(control: ControlTable, map: Buffer, open: LoggedTable | null): Buffer | null {
  if (open === null || open.map.optional.names !== undefined) return map;
  const told = open.known.columns;
  const columns = CONTROL_COLUMNS[control].map((column, index): ColumnDefinition => {
    const logged = told[index];
    const { charset = 'utf8mb4' } = logged ?? {};
    const nullable = logged?.nullable === true;
    return { ...column, nullable, ...(column.kind === 'text' ? { charset } : {}) };
  });
  const { schema, table } = open.known;
  const definition: TableDefinition = { schema, table, columns, primaryKey: [0] };
  try {
    return attachDefinition(map, must(open, 'the map leaves something open'), definition);
  } catch (error) {
    if (SyncError.of(error).code !== 'SOURCE_SCHEMA_MISMATCH') throw error;
    return null;
  }
}
