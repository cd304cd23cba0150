import { SyncError } from '@lutra/model';
import type { ColumnValue, TableDefinition } from '@lutra/model';
import { keyLiteralWriter, quoteName } from './sql-text.ts';
import type { KeyColumn, WrittenColumn } from './table-writer.ts';

/** Whether rows of the table are groups: what is written moves what is there, see ColumnDefinition.amount. */
export const holdsGroups = ({ columns }: TableDefinition): boolean => columns.some(({ amount }) => amount === 'count');

/** What an upsert assigns to the column when the row is there. */
export const upsertAssignment = ({ quoted, definition: { amount } }: WrittenColumn): string =>
  `${quoted}=${moved(quoted, `VALUES(${quoted})`, amount)}`;

/** What an update assigns to the column; `standing` is its name in the statement, `value` an expression that {@link amountType} names. */
export const updateAssignment = ({ definition: { amount } }: WrittenColumn, standing: string, value: string): string =>
  `${standing}=${moved(standing, value, amount)}`;

/** A value of an amount in a computation: as text a number would become a float, and a date be compared as text. */
export function amountLiteral({ definition: { kind } }: WrittenColumn, value: ColumnValue): string {
  const literal = keyLiteralWriter(kind)(value);
  const type = CASTS[kind];
  return type === undefined || value === null ? literal : `CAST(${literal} AS ${type})`;
}

/** The condition that a group counts as many rows as leave it; null = none leave. `leaving`: the count that is added, at most 0. */
export const holdsRows = (quoted: string, leaving: string): string => `${quoted}>=-(${leaving})`;

/** Throws TARGET_GROUP_KEY: the groups of two rows would become one row, or those of one row two. */
export function requireGroupKey(definition: TableDefinition, key: readonly KeyColumn[]): void {
  const groups = definition.columns.filter(({ amount }) => amount === undefined).map(({ name }) => name);
  const isIn = (names: readonly string[], name: string) =>
    names.some((one) => one.toLowerCase() === name.toLowerCase());
  const names = key.map(({ name }) => name);
  if (groups.every((name) => isIn(names, name)) && names.every((name) => isIn(groups, name))) return;
  const table = `${definition.schema}.${definition.table}`;
  const columns = groups.join(', ');
  const problem = `The key of ${table} at the target is (${names.join(', ')}); its rows are groups by ${columns}`;
  const statement = `ALTER TABLE ${quoteName(definition.schema)}.${quoteName(definition.table)} DROP PRIMARY KEY, ADD PRIMARY KEY (${groups.map(quoteName).join(', ')})`;
  throw new SyncError('TARGET_GROUP_KEY', { table, columns, problem, statement });
}

const CASTS: Readonly<Partial<Record<string, string>>> = {
  date: 'DATE',
  time: 'TIME(6)',
  datetime: 'DATETIME(6)',
  timestamp: 'DATETIME(6)',
};

function moved(standing: string, value: string, amount: WrittenColumn['definition']['amount']): string {
  switch (amount) {
    case undefined:
    case 'set':
      return value;
    case 'count':
    case 'sum':
      return `COALESCE(${standing},0)+(${value})`;
    case 'least':
      return `IF(${standing} IS NULL OR ${value}<${standing},${value},${standing})`;
    case 'greatest':
      return `IF(${standing} IS NULL OR ${value}>${standing},${value},${standing})`;
  }
}
