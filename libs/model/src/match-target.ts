import type { MappingDefinition } from './pipeline.ts';
import { compileNameRegex, templatePattern } from './name-template.ts';
import type { TemplateGroups } from './name-template.ts';
import { isReservedSchema } from './reserved-schema.ts';

/** Finds the mapping whose rows go into a target table. */
export type TargetMappingLookup = (schema: string, table: string) => MappingDefinition | null;

/**
 * The other direction: which mapping writes a target table. Where several may (regular expressions with $1, shards that become
 * one table), the first of the definition; the manager refuses mappings into one table whose policies differ. Throws
 * MAPPING_REGEX_INVALID.
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

interface Names {
  readonly fold: (name: string) => string;
  readonly flags: string;
  /** Of expressions over names of the source. */
  readonly sourceFlags: string;
}

/**
 * Every mapping that may write a target table, in the order of the definition: no other can bring a row into it. A table that
 * takes its name from the source is sought in its case first, and where that is of no mapping in any: a source that folds names
 * has brought it. Throws MAPPING_REGEX_INVALID.
 */
export function compileMappingsInto(
  mappings: readonly MappingDefinition[],
  options: TargetNames = {},
): (schema: string, table: string) => readonly MappingDefinition[] {
  const names = namesOf(options);
  const asNamed = compileInto(mappings, names);
  const inAnyCase = compileInto(mappings, { ...names, sourceFlags: ANY_CASE });
  return (schema, table) => {
    const found = asNamed(schema, table);
    return found.length > 0 ? found : inAnyCase(schema, table);
  };
}

function compileInto(
  mappings: readonly MappingDefinition[],
  names: Names,
): (schema: string, table: string) => readonly MappingDefinition[] {
  const compiled = mappings.map((mapping) => ({
    mapping,
    schema: schemaTest(mapping, names),
    table: tableTest(mapping, names),
  }));
  return (schema, table) => {
    const found: MappingDefinition[] = [];
    for (const each of compiled) if (each.schema(schema) && each.table(table)) found.push(each.mapping);
    return found;
  };
}

/** The schemas that mappings write into. */
export interface TargetSchemas {
  /** Those that they name. */
  readonly named: readonly string[];
  /** Whether there are others, which depend on the names at the source. */
  readonly isOpen: boolean;
  /** Whether a schema of the target may be one of them. */
  readonly has: (schema: string) => boolean;
}

/** Throws MAPPING_REGEX_INVALID. */
export function compileTargetSchemas(mappings: readonly MappingDefinition[], options: TargetNames = {}): TargetSchemas {
  const names = { ...namesOf(options), sourceFlags: ANY_CASE };
  const isNamed = ({ source, target }: MappingDefinition): boolean =>
    typeof source.schema === 'string' || templatePattern(target.schema, { schema: true, table: false }, 'u') === null;
  const named = [...new Set(mappings.filter(isNamed).map(({ target }) => target.schema))];
  const tests = mappings.map((mapping) => schemaTest(mapping, names));
  return {
    named,
    isOpen: !mappings.every(isNamed),
    has: (schema) => tests.some((test) => test(schema)),
  };
}

const ANY_CASE = 'ui';

const namesOf = ({ isCaseFolded = false }: TargetNames): Names => {
  const flags = isCaseFolded ? ANY_CASE : 'u';
  return { fold: (name) => (isCaseFolded ? name.toLowerCase() : name), flags, sourceFlags: flags };
};

function schemaTest({ id, source, target }: MappingDefinition, names: Names): (schema: string) => boolean {
  if (typeof source.schema === 'string') return equals(target.schema, names);
  if (target.schema === '$s0') {
    const pattern = compileNameRegex(id, source.schema.regex, names.sourceFlags);
    return (schema) => !isReservedSchema(schema) && pattern.test(schema);
  }
  const test = fromTemplate(target.schema, { schema: true, table: false }, names);
  return (schema) => !isReservedSchema(schema) && test(schema);
}

function tableTest({ id, source, target, rules }: MappingDefinition, names: Names): (table: string) => boolean {
  if (rules?.route !== undefined) {
    const tables = new Set(rules.route.tables.map(names.fold));
    return (table) => tables.has(names.fold(table));
  }
  if (target.table === undefined) {
    if ('exact' in source.table) return equals(source.table.exact, names);
    const pattern = compileNameRegex(id, source.table.regex, names.sourceFlags);
    return (table) => pattern.test(table);
  }
  return fromTemplate(
    target.table,
    { schema: typeof source.schema !== 'string', table: !('exact' in source.table) },
    names,
  );
}

function fromTemplate(template: string, has: TemplateGroups, names: Names): (name: string) => boolean {
  const pattern = templatePattern(template, has, names.flags);
  return pattern === null ? equals(template, names) : (name) => pattern.test(name);
}

function equals(wanted: string, { fold }: Names): (name: string) => boolean {
  const folded = fold(wanted);
  return (name) => fold(name) === folded;
}
