import type { MappingDefinition } from './pipeline.ts';
import { readGhostTable } from './ghost-table.ts';
import { compileNameRegex, fillTemplate } from './name-template.ts';
import { isReservedSchema } from './reserved-schema.ts';

/** One table that a mapping may bring rows of a source table into, with the names at the target worked out. */
export interface MappingTarget {
  readonly mapping: MappingDefinition;
  readonly targetSchema: string;
  readonly targetTable: string;
}

/** A mapping that reads tables of a source schema, and the schema that it brings them into. */
export type MappedSchema = Pick<MappingTarget, 'mapping' | 'targetSchema'>;

/** The mappings of one revision, ready to be asked. */
export interface MappingMatcher {
  /**
   * Of every mapping that covers the source table, in the order of the definition; empty when none does. Where a mapping has a
   * route, one entry for each of its tables. Callers on a hot path keep the answer.
   */
  targetsOf(schema: string, table: string): readonly MappingTarget[];
  /** Every mapping that reads tables of the schema, in the order of the definition. */
  schemasOf(schema: string): readonly MappedSchema[];
  /**
   * Where no mapping covers a source table only because its name is that of an online schema change: the table that it would
   * be a change of; null otherwise.
   */
  leftOutOf(schema: string, table: string): string | null;
}

/** How the source takes names. */
export interface SourceNames {
  /** The source takes names in any case (lower_case_table_names is not 0), so that case tells nothing apart. */
  readonly isCaseFolded?: boolean;
}

/** What an expression or a name matched, the whole name first; null: it is another name. */
type NameMatch = (name: string) => readonly (string | undefined)[] | null;

interface CompiledMapping {
  readonly mapping: MappingDefinition;
  /** Place in the definition. */
  readonly order: number;
  readonly schema: NameMatch;
  /** The target's schema for a source schema; null when the mapping does not read it. */
  readonly targetSchemaOf: (schema: string) => string | null;
  readonly table: NameMatch;
  /** The expression over tables; null for an exact name. */
  readonly pattern: RegExp | null;
}

/**
 * Compiles mappings once per revision. Names match case-sensitively, unless the source folds them; a regular expression has to
 * match the whole name. Reserved schemas never match, neither at the source nor as what a template gives, and an expression
 * does not match the tables of an online schema change (readGhostTable) of a table that it matches. Throws MAPPING_REGEX_INVALID.
 */
export function compileMappings(
  mappings: readonly MappingDefinition[],
  { isCaseFolded = false }: SourceNames = {},
): MappingMatcher {
  const fold = (name: string): string => (isCaseFolded ? name.toLowerCase() : name);
  const named = new Map<string, CompiledMapping[]>();
  const patterned: CompiledMapping[] = [];
  for (const [order, mapping] of mappings.entries()) {
    const { schema } = mapping.source;
    const compiled = compileMapping(mapping, order, isCaseFolded);
    if (typeof schema !== 'string') patterned.push(compiled);
    else if (!isReservedSchema(schema)) named.set(fold(schema), [...(named.get(fold(schema)) ?? []), compiled]);
  }
  const readersOf = (schema: string): readonly CompiledMapping[] => {
    const own = named.get(fold(schema)) ?? [];
    if (patterned.length === 0 || isReservedSchema(schema)) return own;
    const more = patterned.filter(({ targetSchemaOf }) => targetSchemaOf(schema) !== null);
    return more.length === 0 ? own : [...own, ...more].sort((one, other) => one.order - other.order);
  };
  return {
    targetsOf: (schema, table) => readersOf(schema).flatMap((compiled) => targetsOf(compiled, schema, table)),
    schemasOf: (schema) =>
      readersOf(schema).flatMap(({ mapping, targetSchemaOf }) => {
        const targetSchema = targetSchemaOf(schema);
        return targetSchema === null ? [] : [{ mapping, targetSchema }];
      }),
    leftOutOf: (schema, table) => {
      const compiled = readersOf(schema);
      if (compiled.some((each) => targetsOf(each, schema, table).length > 0)) return null;
      const isLeftOut = compiled.some(({ pattern }) => pattern?.test(table) === true && isGhost(table, pattern));
      return isLeftOut ? (readGhostTable(table)?.of ?? null) : null;
    },
  };
}

function targetsOf(compiled: CompiledMapping, schema: string, table: string): readonly MappingTarget[] {
  const { mapping, targetSchemaOf } = compiled;
  const groups = compiled.table(table);
  const targetSchema = targetSchemaOf(schema);
  if (groups === null || targetSchema === null) return NONE;
  const { source, target, rules } = mapping;
  const name = {
    schema: typeof source.schema === 'string' ? null : compiled.schema(schema),
    table: 'exact' in source.table ? null : groups,
  };
  // A name that the source takes in another case is the mapping's own all the same.
  const same = 'exact' in source.table ? source.table.exact : table;
  const targetTable = target.table === undefined ? same : fillTemplate(target.table, name);
  const tables = rules?.route?.tables ?? [targetTable];
  return tables.map((each) => ({ mapping, targetSchema, targetTable: each }));
}

function compileMapping(mapping: MappingDefinition, order: number, isCaseFolded: boolean): CompiledMapping {
  const { id, source, target } = mapping;
  const flags = isCaseFolded ? 'ui' : 'u';
  const exactly = (wanted: string): NameMatch => {
    const folded = wanted.toLowerCase();
    return isCaseFolded
      ? (name) => (name.toLowerCase() === folded ? [wanted] : null)
      : (name) => (name === wanted ? [wanted] : null);
  };
  const schema =
    typeof source.schema === 'string'
      ? exactly(source.schema)
      : expression(compileNameRegex(id, source.schema.regex, flags));
  const isPattern = typeof source.schema !== 'string';
  const targetSchemaOf = (name: string): string | null => {
    const groups = schema(name);
    if (groups === null) return null;
    if (!isPattern) return target.schema;
    const filled = fillTemplate(target.schema, { schema: groups, table: null });
    return filled === '' || isReservedSchema(filled) ? null : filled;
  };
  if ('exact' in source.table)
    return { mapping, order, schema, targetSchemaOf, pattern: null, table: exactly(source.table.exact) };
  const pattern = compileNameRegex(id, source.table.regex, flags);
  const matched = expression(pattern);
  const table: NameMatch = (name) => {
    const groups = matched(name);
    return groups === null || isGhost(name, pattern) ? null : groups;
  };
  return { mapping, order, schema, targetSchemaOf, pattern, table };
}

const expression =
  (pattern: RegExp): NameMatch =>
  (name) =>
    pattern.exec(name);

/** A table of an online schema change of a table that the expression covers: who wants it replicated maps it by its exact name. */
function isGhost(table: string, pattern: RegExp): boolean {
  if (!table.startsWith('_')) return false;
  const ghost = readGhostTable(table);
  return ghost !== null && pattern.test(ghost.of);
}

const NONE: readonly never[] = [];
