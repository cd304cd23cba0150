import type { ColumnDefinition } from './column.ts';

/** Schema at the source of tables that tell Lutra what to do; no mapping ever matches it. */
export const CONTROL_SCHEMA = 'retl';

/**
 * resync: images of rows, written by Lutra where they were true, for one pipeline. buffer: Otter's retl_buffer, in which people
 * name rows to be sent once more.
 */
export type ControlTable = 'resync' | 'buffer';

/** Names of the tables in {@link CONTROL_SCHEMA}. */
export const CONTROL_TABLES: Readonly<Record<ControlTable, string>> = { resync: 'lutra_resync', buffer: 'retl_buffer' };

/** Whether it may be NULL is nobody's matter: they are only read. */
export type ControlColumn = Omit<ColumnDefinition, 'nullable'>;

/**
 * What the tables of schema retl are made of: libs/source-access makes the one, of bytes only, so that what the log says of
 * them can be read without any charset; Otter makes the other. So nothing has to be asked of the source where its log does
 * not name columns, and no change of such a table ever stops a pipeline.
 */
export const CONTROL_COLUMNS: Readonly<Record<ControlTable, readonly ControlColumn[]>> = {
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

/** Null: an ordinary table. Names of tables count in any case: some servers know them in lower case only. */
export function controlTableOf(schema: string, table: string): ControlTable | null {
  if (schema.toLowerCase() !== CONTROL_SCHEMA) return null;
  switch (table.toLowerCase()) {
    case CONTROL_TABLES.resync:
      return 'resync';
    case CONTROL_TABLES.buffer:
      return 'buffer';
    default:
      return null;
  }
}
