import type { MappingDefinition } from './pipeline.ts';
import { readGhostTable } from './ghost-table.ts';
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
 * Reserved schemas never match, and an expression does not match the tables of an online schema change (readGhostTable) of
 * a table that it matches. Throws MAPPING_REGEX_INVALID.
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

/** Finds the mapping whose rows go into a target table. */
export type TargetMappingLookup = (schema: string, table: string) => MappingDefinition | null;

/**
 * The other direction: which mapping writes a target table. Where several may (regular expressions with $1), the first of
 * the definition; the manager refuses mappings into one table whose policies differ. Throws MAPPING_REGEX_INVALID.
 */
export function compileTargetLookup(mappings: readonly MappingDefinition[]): TargetMappingLookup {
  const mappingsInto = compileMappingsInto(mappings);
  return (schema, table) => mappingsInto(schema, table)[0] ?? null;
}

/**
 * Every mapping that may write a target table, in the order of the definition: no other can bring a row into it. Throws
 * MAPPING_REGEX_INVALID.
 */
export function compileMappingsInto(
  mappings: readonly MappingDefinition[],
): (schema: string, table: string) => readonly MappingDefinition[] {
  const compiled = mappings.map((mapping) => ({ mapping, covers: targetPattern(mapping) }));
  return (schema, table) =>
    compiled
      .filter(({ mapping, covers }) => mapping.target.schema === schema && covers(table))
      .map(({ mapping }) => mapping);
}

function targetPattern({ id, source, target }: MappingDefinition): (table: string) => boolean {
  if ('exact' in source.table) {
    const exact = target.table ?? source.table.exact;
    return (table) => table === exact;
  }
  if (target.table === undefined) {
    const pattern = compileRegex(id, source.table.regex);
    return (table) => pattern.test(table);
  }
  const literals = target.table.split(/\$[1-9]/).map((literal) => literal.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
  const pattern = new RegExp(`^${literals.join('(?:.*)')}$`, 'su');
  return (table) => pattern.test(table);
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
    if (match === null || isGhost(table, pattern)) return null;
    return target.table?.replaceAll(/\$([1-9])/g, (_whole, group: string) => match[Number(group)] ?? '') ?? table;
  };
}

/** A table of an online schema change of a table that the expression covers: who wants it replicated maps it by its exact name. */
function isGhost(table: string, pattern: RegExp): boolean {
  if (!table.startsWith('_')) return false;
  const ghost = readGhostTable(table);
  return ghost !== null && pattern.test(ghost.of);
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
