import type { MappingDefinition } from './pipeline.ts';
import { readGhostTable } from './ghost-table.ts';
import { isReservedSchema } from './reserved-schema.ts';
import { SyncError } from './sync-error.ts';

/** One table that a mapping may bring rows of a source table into, with the names at the target worked out. */
export interface MappingTarget {
  readonly mapping: MappingDefinition;
  readonly targetSchema: string;
  readonly targetTable: string;
}

/** The mappings of one revision, ready to be asked. */
export interface MappingMatcher {
  /**
   * Of every mapping that covers the source table, in the order of the definition; empty when none does. Where a mapping has a
   * route, one entry for each of its tables. Callers on a hot path keep the answer.
   */
  targetsOf(schema: string, table: string): readonly MappingTarget[];
  /**
   * Where no mapping covers a source table only because its name is that of an online schema change: the table that it would
   * be a change of; null otherwise.
   */
  leftOutOf(schema: string, table: string): string | null;
}

interface CompiledMapping {
  readonly mapping: MappingDefinition;
  /** The target table's name for a source table, null when the mapping does not cover it. */
  readonly targetTableOf: (table: string) => string | null;
  /** The expression; null for an exact name. */
  readonly pattern: RegExp | null;
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
    const compiled = compileMapping(mapping);
    if (!isReservedSchema(schema)) bySchema.set(schema, [...(bySchema.get(schema) ?? []), compiled]);
  }
  return {
    targetsOf: (schema, table) =>
      (bySchema.get(schema) ?? []).flatMap(({ mapping, targetTableOf }) => {
        const targetTable = targetTableOf(table);
        if (targetTable === null) return [];
        const tables = mapping.rules?.route?.tables ?? [targetTable];
        return tables.map((each) => ({ mapping, targetSchema: mapping.target.schema, targetTable: each }));
      }),
    leftOutOf: (schema, table) => {
      const compiled = bySchema.get(schema) ?? [];
      if (compiled.some(({ targetTableOf }) => targetTableOf(table) !== null)) return null;
      const isLeftOut = compiled.some(({ pattern }) => pattern?.test(table) === true && isGhost(table, pattern));
      return isLeftOut ? (readGhostTable(table)?.of ?? null) : null;
    },
  };
}

/** Finds the mapping whose rows go into a target table. */
export type TargetMappingLookup = (schema: string, table: string) => MappingDefinition | null;

/**
 * The other direction: which mapping writes a target table. Where several may (regular expressions with $1), the first of
 * the definition; the manager refuses mappings into one table whose policies differ. Throws MAPPING_REGEX_INVALID.
 */
export function compileTargetLookup(
  mappings: readonly MappingDefinition[],
  options: TargetNames = {},
): TargetMappingLookup {
  const mappingsInto = compileMappingsInto(mappings, options);
  return (schema, table) => mappingsInto(schema, table)[0] ?? null;
}

export interface TargetNames {
  /** The target takes and shows names in any case (lower_case_table_names is not 0), so that case tells nothing apart. */
  readonly isCaseFolded?: boolean;
}

/**
 * Every mapping that may write a target table, in the order of the definition: no other can bring a row into it. Throws
 * MAPPING_REGEX_INVALID.
 */
export function compileMappingsInto(
  mappings: readonly MappingDefinition[],
  { isCaseFolded = false }: TargetNames = {},
): (schema: string, table: string) => readonly MappingDefinition[] {
  const fold = (name: string): string => (isCaseFolded ? name.toLowerCase() : name);
  const flags = isCaseFolded ? 'ui' : 'u';
  const compiled = mappings.map((mapping) => ({
    mapping,
    schema: fold(mapping.target.schema),
    covers: targetPattern(mapping, { fold, flags }),
  }));
  return (schema, table) =>
    compiled.filter((one) => one.schema === fold(schema) && one.covers(table)).map(({ mapping }) => mapping);
}

function targetPattern(
  { id, source, target, rules }: MappingDefinition,
  { fold, flags }: { readonly fold: (name: string) => string; readonly flags: string },
): (table: string) => boolean {
  if (rules?.route !== undefined) {
    const tables = new Set(rules.route.tables.map(fold));
    return (table) => tables.has(fold(table));
  }
  if ('exact' in source.table) {
    const exact = fold(target.table ?? source.table.exact);
    return (table) => fold(table) === exact;
  }
  if (target.table === undefined) {
    const pattern = compileRegex(id, source.table.regex, flags);
    return (table) => pattern.test(table);
  }
  const literals = target.table.split(/\$[1-9]/).map((literal) => literal.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
  const pattern = new RegExp(`^${literals.join('(?:.*)')}$`, `s${flags}`);
  return (table) => pattern.test(table);
}

function compileMapping(mapping: MappingDefinition): CompiledMapping {
  const { id, source, target } = mapping;
  if ('exact' in source.table) {
    const { exact } = source.table;
    // '$' is a legal character of a table name, so that '$1' stands for itself where there are no groups.
    const targetTable = target.table ?? exact;
    return { mapping, pattern: null, targetTableOf: (table) => (table === exact ? targetTable : null) };
  }
  const pattern = compileRegex(id, source.table.regex);
  const targetTableOf = (table: string): string | null => {
    const match = pattern.exec(table);
    if (match === null || isGhost(table, pattern)) return null;
    return target.table?.replaceAll(/\$([1-9])/g, (_whole, group: string) => match[Number(group)] ?? '') ?? table;
  };
  return { mapping, pattern, targetTableOf };
}

/** A table of an online schema change of a table that the expression covers: who wants it replicated maps it by its exact name. */
function isGhost(table: string, pattern: RegExp): boolean {
  if (!table.startsWith('_')) return false;
  const ghost = readGhostTable(table);
  return ghost !== null && pattern.test(ghost.of);
}

function compileRegex(mapping: string, regex: string, flags = 'u'): RegExp {
  try {
    // Alone first: an unbalanced ')' would otherwise close the group of the anchors ('a)|(b' is not valid by itself).
    new RegExp(regex, 'u');
    return new RegExp(`^(?:${regex})$`, flags);
  } catch (cause) {
    const problem = `The expression ${regex} of mapping ${mapping} does not compile`;
    throw new SyncError('MAPPING_REGEX_INVALID', { problem, mapping, regex }, { cause });
  }
}
