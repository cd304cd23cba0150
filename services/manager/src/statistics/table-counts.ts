import type { TableCount } from '@lutra/model';

/** Rows by kind: inserted, updated, deleted, skipped. */
export type RowsByKind = readonly [inserted: number, updated: number, deleted: number, skipped: number];

/** Rows of a slot by table, in the order in which tables came first. Plain data, stored as JSON. */
export type TableCounts = readonly (readonly [table: string, rows: RowsByKind])[];

/** A slot names so many tables; rows of those that come later are added up under one name. */
const TABLES_MAX = 200;
/** No table has this name: names have a dot. */
export const OTHER_TABLES = '*';

/** Adds counts of events to those of a slot, as if each row had been counted there one by one. */
export function addTableCounts(known: TableCounts, added: TableCounts, tablesMax = TABLES_MAX): TableCounts {
  const sums = new Map(known);
  for (const [table, rows] of added) {
    const isNamed =
      table === OTHER_TABLES || sums.has(table) || sums.size - (sums.has(OTHER_TABLES) ? 1 : 0) < tablesMax;
    const name = isNamed ? table : OTHER_TABLES;
    sums.set(name, addRows(sums.get(name) ?? [0, 0, 0, 0], rows));
  }
  return [...sums];
}

export const tableCountsOf = (tables: readonly TableCount[]): TableCounts =>
  tables.map(([table, ...rows]) => [table, rows]);

export const addRows = (a: RowsByKind, b: RowsByKind): RowsByKind => [
  a[0] + b[0],
  a[1] + b[1],
  a[2] + b[2],
  a[3] + b[3],
];
