import { attachDefinition } from '@lutra/binlog/schema';
import type { LoggedTable } from '@lutra/binlog/schema';
import { must, SyncError } from '@lutra/model';
import type { ColumnDefinition, ControlTable, TableDefinition } from '@lutra/model';

type Column = Omit<ColumnDefinition, 'nullable'>;

/**
 * What the tables of schema retl are made of: libs/source-access makes the one, Otter the other. So nothing has to be asked of the
 * source where its log does not name columns, and no change of such a table ever stops a pipeline.
 */
const COLUMNS: Readonly<Record<ControlTable, readonly Column[]>> = {
  resync: [
    { name: 'id', kind: 'integer', declared: 'bigint unsigned', bytes: 8, unsigned: true },
    { name: 'pipeline', kind: 'binary', declared: 'varbinary(255)', length: 255 },
    { name: 'job', kind: 'binary', declared: 'varbinary(255)', length: 255 },
    { name: 'body', kind: 'binary', declared: 'longblob' },
  ],
  buffer: [
    { name: 'ID', kind: 'integer', declared: 'bigint', bytes: 8, unsigned: false },
    { name: 'TABLE_ID', kind: 'integer', declared: 'int', bytes: 4, unsigned: false },
    { name: 'FULL_NAME', kind: 'text', declared: 'varchar(512)', length: 512 },
    { name: 'TYPE', kind: 'text', declared: 'char(1)', length: 1 },
    { name: 'PK_DATA', kind: 'text', declared: 'varchar(256)', length: 256 },
    { name: 'GMT_CREATE', kind: 'timestamp', declared: 'timestamp', length: 0 },
    { name: 'GMT_MODIFIED', kind: 'timestamp', declared: 'timestamp', length: 0 },
  ],
};

/**
 * The map of a table of schema retl with its columns; `open`: what it leaves open, null = nothing. Null when the table is
 * another one than its name says.
 */
export function completeControlMap(control: ControlTable, map: Buffer, open: LoggedTable | null): Buffer | null {
  if (open === null || open.map.optional.names !== undefined) return map;
  const told = open.known.columns;
  const columns = COLUMNS[control].map((column, index): ColumnDefinition => {
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
