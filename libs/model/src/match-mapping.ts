import type { MappingDefinition } from './pipeline.ts';
import { isReservedSchema } from './reserved-schema.ts';
import { SyncError } from './sync-error.ts';

/** One mapping that covers a source table, with the names at the target worked out. */
export interface MappingTarget {
  readonly mapping: MappingDefinition;
  readonly targetSchema: string;
  readonly targetTable: string;
}

/** The mappings of one revision, ready to be asked. */
export interface MappingMatcher {
  /** Every mapping that covers the source table, in the order of the definition; empty when none does. Callers on a hot path keep the answer. */
  targetsOf(schema: string, table: string): readonly MappingTarget[];
}

interface CompiledMapping {
  readonly mapping: MappingDefinition;
  /** The target table's name for a source table, null when the mapping does not cover it. */
  readonly targetTableOf: (table: string) => string | null;
}

/**
 * Compiles mappings once per revision. Names match case-sensitively; a regular expression has to match the whole name.
 * Reserved schemas never match. Throws MAPPING_REGEX_INVALID.
 */
export function compileMappings(mappings: readonly MappingDefinition[]): MappingMatcher {
  const bySchema = new Map<string, CompiledMapping[]>();
  for (const mapping of mappings) {
    const { schema } = mapping.source;
    const compiled = { mapping, targetTableOf: compilePattern(mapping) };
    if (!isReservedSchema(schema)) bySchema.set(schema, [...(bySchema.get(schema) ?? []), compiled]);
  }
  return {
    targetsOf: (schema, table) =>
      (bySchema.get(schema) ?? []).flatMap(({ mapping, targetTableOf }) => {
        const targetTable = targetTableOf(table);
        return targetTable === null ? [] : [{ mapping, targetSchema: mapping.target.schema, targetTable }];
      }),
  };
}

function compilePattern({ id, source, target }: MappingDefinition): CompiledMapping['targetTableOf'] {
  if ('exact' in source.table) {
    const { exact } = source.table;
    // '$' is a legal character of a table name, so that '$1' stands for itself where there are no groups.
    const targetTable = target.table ?? exact;
    return (table) => (table === exact ? targetTable : null);
  }
  const pattern = compileRegex(id, source.table.regex);
  return (table) => {
    const match = pattern.exec(table);
    if (match === null) return null;
    return target.table?.replaceAll(/\$([1-9])/g, (_whole, group: string) => match[Number(group)] ?? '') ?? table;
  };
}

function compileRegex(mapping: string, regex: string): RegExp {
  try {
    // Alone first: an unbalanced ')' would otherwise close the group of the anchors ('a)|(b' is not valid by itself).
    new RegExp(regex, 'u');
    return new RegExp(`^(?:${regex})$`, 'u');
  } catch (cause) {
    const problem = `The expression ${regex} of mapping ${mapping} does not compile`;
    throw new SyncError('MAPPING_REGEX_INVALID', { problem, mapping, regex }, { cause });
  }
}
