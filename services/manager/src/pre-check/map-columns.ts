import type { ColumnDefinition, ColumnSelection, TableDefinition } from '@lutra/model';
import { defineTable } from '@lutra/sql';
import type { TablePair } from './pre-check-facts.ts';

/** The name of a source's column at the target; null = it stays out. Names of columns are the same in any case. */
export function targetNameOf(selection: ColumnSelection, name: string): string | null {
  const isIt = (one: { readonly source: string }): boolean => one.source.toLowerCase() === name.toLowerCase();
  switch (selection.mode) {
    case 'all':
      return name;
    case 'list':
      return selection.columns.find(isIt)?.target ?? null;
    case 'except':
      if (selection.names.some((one) => one.toLowerCase() === name.toLowerCase())) return null;
      return selection.renames.find(isIt)?.target ?? name;
  }
}

/** The source's table in the shape that its rows have at the target: names, columns, order, primary key as far as it is carried whole. */
export function mappedTable({ mapping, source, targetName }: TablePair): TableDefinition {
  const defined = defineTable(source);
  const mapped = defined.columns.map((column): ColumnDefinition | null => {
    const name = targetNameOf(mapping.columns, column.name);
    return name === null ? null : { ...column, name };
  });
  const columns = mapped.filter((column) => column !== null);
  const key = defined.primaryKey.map((position) => columns.findIndex((column) => column === mapped[position]));
  return { ...targetName, columns, primaryKey: key.includes(-1) ? [] : key };
}
