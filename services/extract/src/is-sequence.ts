import type { TableDefinition } from '@lutra/model';

/** Columns of a sequence (MariaDB KB, "CREATE SEQUENCE": a sequence is read and logged as a table of one row). */
const COLUMNS: readonly (readonly [name: string, declared: string])[] = [
  ['next_not_cached_value', 'bigint'],
  ['minimum_value', 'bigint'],
  ['maximum_value', 'bigint'],
  ['start_value', 'bigint'],
  ['increment', 'bigint'],
  ['cache_size', 'bigint'],
  ['cycle_option', 'tinyint'],
  ['cycle_count', 'bigint'],
];

/**
 * Whether it is a MariaDB sequence, of which the binlog tells nothing but the columns: these, in this order, and no primary
 * key. A table that somebody made of exactly these is taken for one.
 */
export const isSequence = ({ columns, primaryKey }: TableDefinition): boolean =>
  columns.length === COLUMNS.length &&
  primaryKey.length === 0 &&
  COLUMNS.every(([name, declared], index) => {
    const column = columns[index];
    return column?.name === name && column.declared.startsWith(declared) && !column.nullable;
  });
