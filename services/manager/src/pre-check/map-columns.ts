import { compileSelection } from '@lutra/model';
import type { ColumnDefinition, TableDefinition } from '@lutra/model';
import { defineTable } from '@lutra/sql';
import type { TablePair } from './pre-check-facts.ts';

/** The source's table in the shape that its rows have at the target: names, columns, order, primary key as far as it is carried whole. */
export function mappedTable({ mapping, source, targetName }: TablePair): TableDefinition {
  const defined = defineTable(source);
  const nameOf = compileSelection(mapping.columns);
  const mapped = defined.columns.map((column): ColumnDefinition | null => {
    const name = nameOf(column.name);
    return name === null ? null : { ...column, name };
  });
  const columns = mapped.filter((column) => column !== null);
  const key = defined.primaryKey.map((position) => columns.findIndex((column) => column === mapped[position]));
  return { ...targetName, columns, primaryKey: key.includes(-1) ? [] : key };
}
