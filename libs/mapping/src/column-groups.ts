import type { MappingDefinition, TableDefinition } from '@lutra/model';
import type { CompileContext } from './compile-context.ts';
import { positionOf } from './compile-columns.ts';
import type { CompiledValue } from './compiled-value.ts';

/**
 * The columns of the target with the number of their column group: all that is made of columns of one group at the source.
 * Groups that share a column are one, those too of which one target column is made. Throws MAPPING_COLUMN_UNKNOWN.
 */
export function withGroups(
  columns: readonly CompiledValue[],
  { mapping, source }: CompileContext,
): readonly CompiledValue[] {
  const groups = columnGroups(mapping, source);
  if (groups.length === 0) return columns;
  const joined = joinedGroups(groups, columns);
  return columns.map((value) => {
    const group = joined.findIndex((positions) => value.reads.some((position) => positions.has(position)));
    return group < 0 ? value : { ...value, column: { ...value.column, group } };
  });
}

/** The column groups of a mapping as positions of the source's columns. Throws MAPPING_COLUMN_UNKNOWN. */
export const columnGroups = (mapping: MappingDefinition, source: TableDefinition): readonly (readonly number[])[] =>
  (mapping.rules?.columnGroups ?? []).map((names) => names.map((name) => positionOf(source, name, mapping.id)));

function joinedGroups(
  groups: readonly (readonly number[])[],
  columns: readonly CompiledValue[],
): readonly ReadonlySet<number>[] {
  let joined: ReadonlySet<number>[] = [];
  for (const group of groups) joined = joinedWith(joined, new Set(group));
  for (const { reads } of columns) {
    const touched = joined.filter((group) => reads.some((position) => group.has(position)));
    if (touched.length > 1) joined = joinedWith(joined, new Set(touched.flatMap((group) => [...group])));
  }
  return joined;
}

function joinedWith(groups: readonly ReadonlySet<number>[], added: ReadonlySet<number>): ReadonlySet<number>[] {
  const isShared = (group: ReadonlySet<number>): boolean => [...group].some((position) => added.has(position));
  const shared = groups.filter(isShared);
  return [...groups.filter((group) => !isShared(group)), new Set([...added, ...shared.flatMap((group) => [...group])])];
}
