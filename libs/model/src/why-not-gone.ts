import { compileMappings } from './match-mapping.ts';
import { compileMappingsInto } from './match-target.ts';
import { keepsTablesApart } from './one-to-one.ts';
import type { MappingDefinition } from './pipeline.ts';
import type { TableDefinition } from './column.ts';

/**
 * Why a key without a row in the source's table must not be deleted at the target, for people; null = it may be. Where rows of
 * other tables stand in the same target table, the row under the key may be theirs; and what a script or a processor would have
 * made of the row is not known. Throws MAPPING_REGEX_INVALID.
 */
export function whyNotGone(mappings: readonly MappingDefinition[], table: TableDefinition): string | null {
  // Careful: case may tell nothing apart at either side.
  const names = { isCaseFolded: true };
  const mappingsInto = compileMappingsInto(mappings, names);
  const targets = compileMappings(mappings, names).targetsOf(table.schema, table.table);
  for (const { mapping, targetSchema, targetTable } of targets) {
    // Groups are not touched.
    if (mapping.rules?.aggregate !== undefined) continue;
    const unclear = whyUnclear(mapping, table);
    if (unclear !== null) return `There is no such row, and ${unclear}`;
    const isAlone = mappingsInto(targetSchema, targetTable).every((other) => other.id === mapping.id);
    if (!isAlone || !keepsTablesApart(mapping))
      return `There is no such row, and ${targetSchema}.${targetTable} may hold another table's under the key`;
  }
  return null;
}

/** Null: the key at the target is told by that of the source. */
function whyUnclear(mapping: MappingDefinition, table: TableDefinition): string | null {
  const { id, rules } = mapping;
  if (rules?.processors !== undefined) return `a processor of mapping ${id} decides what stands for it at the target`;
  if (rules?.script !== undefined) return `the script of mapping ${id} decides what stands for it at the target`;
  if (rules?.rows?.explode !== undefined) return `mapping ${id} makes several rows of one`;
  const lost = table.primaryKey.flatMap((position) => {
    const name = table.columns[position]?.name ?? '';
    return carries(mapping, name) ? [] : [name];
  });
  return lost.length === 0 ? null : `mapping ${id} does not carry its key (${lost.join(', ')})`;
}

/** As far as the mapping says so itself. */
function carries({ columns, rules }: MappingDefinition, name: string): boolean {
  const is = (other: string): boolean => other.toLowerCase() === name.toLowerCase();
  if ((rules?.columns ?? []).some(({ from }) => from.kind === 'column' && is(from.column))) return true;
  switch (columns.mode) {
    case 'all':
      return true;
    case 'list':
      return columns.columns.some(({ source }) => is(source));
    case 'except':
      return !columns.names.some(is);
  }
}
