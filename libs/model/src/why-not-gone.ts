import type { TableName } from './ddl.ts';
import { compileMappings } from './match-mapping.ts';
import { compileMappingsInto } from './match-target.ts';
import { keepsTablesApart } from './one-to-one.ts';
import type { MappingDefinition } from './pipeline.ts';

/**
 * Why a key without a row in the source's table must not be deleted at the target, for people; null = it may be. Where rows of
 * other tables stand in the same target table, the row under the key may be theirs; and what a processor would have made of the
 * row is not known. Throws MAPPING_REGEX_INVALID.
 */
export function whyNotGone(mappings: readonly MappingDefinition[], { schema, table }: TableName): string | null {
  // Careful: case may tell nothing apart at either side.
  const names = { isCaseFolded: true };
  const mappingsInto = compileMappingsInto(mappings, names);
  for (const { mapping, targetSchema, targetTable } of compileMappings(mappings, names).targetsOf(schema, table)) {
    // Groups are not touched.
    if (mapping.rules?.aggregate !== undefined) continue;
    if (mapping.rules?.processors !== undefined)
      return `There is no such row, and a processor of mapping ${mapping.id} decides what stands for it at the target`;
    const isAlone = mappingsInto(targetSchema, targetTable).every((other) => other.id === mapping.id);
    if (!isAlone || !keepsTablesApart(mapping))
      return `There is no such row, and ${targetSchema}.${targetTable} may hold another table's under the key`;
  }
  return null;
}
