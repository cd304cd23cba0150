/** Schema at the source of tables that tell Lutra what to do; no mapping ever matches it. */
export const CONTROL_SCHEMA = 'retl';

/**
 * resync: images of rows, written by Lutra where they were true, for one pipeline. buffer: Otter's retl_buffer, in which people
 * name rows to be sent once more.
 */
export type ControlTable = 'resync' | 'buffer';

/** Names of the tables in {@link CONTROL_SCHEMA}. */
export const CONTROL_TABLES: Readonly<Record<ControlTable, string>> = { resync: 'lutra_resync', buffer: 'retl_buffer' };

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
