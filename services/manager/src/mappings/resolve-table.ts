import { compileMappings, isReservedSchema } from '@lutra/model';
import type { MappingMatcher } from '@lutra/model';
import { compileMapping } from '../publishing/compile-mapping.ts';
import type { MappingEntity } from './mapping.entity.ts';
import { mappingDtoOf } from './mapping.service.ts';
import type { ResolvedMappingDto, TableResolutionDto, UnmatchedMappingDto } from './table-resolution.dto.ts';

interface SourceName {
  readonly schema: string;
  readonly table: string;
}

/** The schema or the table of a mapping's source: a name, a range or an expression. */
type Names = MappingEntity['source']['schema' | 'table'];

/**
 * What mappings make of a table of this name, whether there is one or not: those that cover it, the most specific first
 * (exact names, ranges, expressions with the longer literal part), and why the others do not. Each that covers it gives rows of its own.
 */
export function resolveTable(mappings: readonly MappingEntity[], name: SourceName): TableResolutionDto {
  const covering: { readonly rank: readonly number[]; readonly found: ResolvedMappingDto }[] = [];
  const others: UnmatchedMappingDto[] = [];
  for (const mapping of mappings) {
    const matcher = compileMappings(compileMapping(mapping));
    const targets = matcher
      .targetsOf(name.schema, name.table)
      .map(({ targetSchema, targetTable }) => ({ schema: targetSchema, table: targetTable }));
    if (targets.length === 0) others.push({ ...patternsOf(mapping), reason: whyNot(mapping, name, matcher) });
    else covering.push({ rank: rankOf(mapping), found: resolved(mapping, targets) });
  }
  const ordered = covering.toSorted((a, b) => compareRanks(a.rank, b.rank));
  return { ...name, mappings: ordered.map(({ found }) => found), others };
}

function resolved(mapping: MappingEntity, targets: readonly SourceName[]): ResolvedMappingDto {
  const { columns, rules } = mappingDtoOf(mapping);
  const { schema, table } = mapping.source;
  const reason = `${why('schema', schema)}, ${why('table', table)}`;
  return {
    ...{ ...patternsOf(mapping), by: kindOf(table), reason, targets, columns },
    ...(rules === undefined ? {} : { rules }),
  };
}

function why(what: 'schema' | 'table', names: Names): string {
  const text = textOf(names);
  switch (kindOf(names)) {
    case 'exact':
      return `the ${what} is ${text}`;
    case 'range':
      return `the ${what} is in the range ${text}`;
    case 'regex':
      return `the expression ${text} matches the whole name of the ${what}`;
  }
}

const patternsOf = ({ id, source }: MappingEntity): Omit<UnmatchedMappingDto, 'reason'> => ({
  mappingId: id,
  schemaPattern: textOf(source.schema),
  pattern: textOf(source.table),
});

function kindOf(names: Names): ResolvedMappingDto['by'] {
  if (typeof names === 'string' || 'exact' in names) return 'exact';
  return 'range' in names ? 'range' : 'regex';
}

function textOf(names: Names): string {
  if (typeof names === 'string') return names;
  if ('exact' in names) return names.exact;
  return 'range' in names ? names.range : names.regex;
}

/** Smaller comes first: the kind of both names together, then what the expressions fix. */
function rankOf({ source: { schema, table } }: MappingEntity): readonly number[] {
  const both = [schema, table];
  const kinds = both.map((names) => ['exact', 'range', 'regex'].indexOf(kindOf(names)));
  const fixed = both.map((names) => (kindOf(names) === 'regex' ? literalLength(textOf(names)) : 0));
  const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
  // An expression is wider than two ranges.
  return [sum(kinds.map((kind) => kind * kind)), kinds[1] ?? 0, -sum(fixed)];
}

/** Characters that a name has to have as they are. */
const literalLength = (regex: string): number =>
  regex
    .replaceAll(/\\[pP]\{[^}]*\}|\\[dDwWsSbB]|\[(?:\\.|[^\]\\])*\]/gsu, '')
    .replaceAll(/\\(.)/gsu, '_')
    .replaceAll(/\(\?(?:[:=!]|<[=!]|<\w+>)|\{[\d,]*\}|[\\^$.*+?()|]/gu, '').length;

const compareRanks = (one: readonly number[], other: readonly number[]): number =>
  one.map((rank, index) => rank - (other[index] ?? 0)).find((difference) => difference !== 0) ?? 0;

function whyNot(mapping: MappingEntity, { schema, table }: SourceName, matcher: MappingMatcher): string {
  const { source } = mapping;
  if (matcher.schemasOf(schema).length === 0) return whyNotSchema(mapping, schema);
  const ghostOf = matcher.leftOutOf(schema, table);
  if (ghostOf !== null)
    return `The name is that of an online schema change of ${ghostOf}, which only a mapping of its exact name covers`;
  const folded = compileMappings(compileMapping(mapping), { isCaseFolded: true });
  if (folded.targetsOf(schema, table).length > 0)
    return 'Names match case-sensitively, and this one differs in case: it is covered only where the source takes names in any case (lower_case_table_names)';
  if ('exact' in source.table) return `It reads the table ${source.table.exact} alone`;
  return 'range' in source.table
    ? `The name is not in the range ${source.table.range}`
    : 'The expression does not match the whole name';
}

function whyNotSchema(mapping: MappingEntity, schema: string): string {
  if (isReservedSchema(schema)) return `${schema} is a reserved schema, which no mapping reads`;
  const { source, target } = mapping;
  const reads = `It reads ${typeof source.schema === 'string' ? 'schema' : 'the schemas'} ${textOf(source.schema)}`;
  const folded = compileMappings(compileMapping(mapping), { isCaseFolded: true });
  if (folded.schemasOf(schema).length > 0) return `${reads}: names match case-sensitively`;
  const anywhere = compileMappings(compileMapping(mapping).map((one) => ({ ...one, target: { schema: 'copy' } })));
  return anywhere.schemasOf(schema).length > 0
    ? `${reads}, and what ${target.schema} gives for this one is no schema that may be written`
    : reads;
}
