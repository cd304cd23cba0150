import { compileMappings } from '@lutra/model';
import { compileMapping } from '../publishing/compile-mapping.ts';
import type { MappingEntity } from './mapping.entity.ts';
import { mappingDtoOf } from './mapping.service.ts';
import type { ResolvedMappingDto, TableResolutionDto, UnmatchedMappingDto } from './table-resolution.dto.ts';

interface SourceName {
  readonly schema: string;
  readonly table: string;
}

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
    if (targets.length === 0)
      others.push({ mappingId: mapping.id, pattern: patternOf(mapping), reason: reasonOf(mapping, name, matcher) });
    else covering.push({ rank: rankOf(mapping), found: resolved(mapping, targets) });
  }
  const ordered = covering.toSorted((a, b) => compareRanks(a.rank, b.rank));
  return { ...name, mappings: ordered.map(({ found }) => found), others };
}

function resolved(mapping: MappingEntity, targets: readonly SourceName[]): ResolvedMappingDto {
  const { columns, rules } = mappingDtoOf(mapping);
  return {
    ...{ mappingId: mapping.id, by: kindOf(mapping), pattern: patternOf(mapping), targets, columns },
    ...(rules === undefined ? {} : { rules }),
  };
}

function kindOf({ source: { table } }: MappingEntity): ResolvedMappingDto['by'] {
  if ('exact' in table) return 'exact';
  return 'range' in table ? 'range' : 'regex';
}

function patternOf({ source: { table } }: MappingEntity): string {
  if ('exact' in table) return table.exact;
  return 'range' in table ? table.range : table.regex;
}

/** Smaller comes first. */
function rankOf(mapping: MappingEntity): readonly number[] {
  const kind = kindOf(mapping);
  return [['exact', 'range', 'regex'].indexOf(kind), kind === 'regex' ? -literalLength(patternOf(mapping)) : 0];
}

/** Characters that a name has to have as they are. */
const literalLength = (regex: string): number =>
  regex
    .replaceAll(/\\[pP]\{[^}]*\}|\\[dDwWsSbB]|\[(?:\\.|[^\]\\])*\]/gsu, '')
    .replaceAll(/\\(.)/gsu, '_')
    .replaceAll(/\(\?(?:[:=!]|<[=!]|<\w+>)|\{[\d,]*\}|[\\^$.*+?()|]/gu, '').length;

const compareRanks = (one: readonly number[], other: readonly number[]): number =>
  one.map((rank, index) => rank - (other[index] ?? 0)).find((difference) => difference !== 0) ?? 0;

function reasonOf(
  mapping: MappingEntity,
  { schema, table }: SourceName,
  matcher: ReturnType<typeof compileMappings>,
): string {
  const { source } = mapping;
  if (source.schema !== schema)
    return isSameFolded(source.schema, schema)
      ? `It reads schema ${source.schema}: names match case-sensitively`
      : `It reads schema ${source.schema}`;
  const ghostOf = matcher.leftOutOf(schema, table);
  if (ghostOf !== null)
    return `The name is that of an online schema change of ${ghostOf}, which only a mapping of its exact name covers`;
  const folded =
    matcher.targetsOf(schema, table.toLowerCase()).length + matcher.targetsOf(schema, table.toUpperCase()).length;
  const isOfCase = folded > 0 || isSameFolded(patternOf(mapping), table);
  if (isOfCase) return 'Names match case-sensitively, and this one differs in case';
  if ('exact' in source.table) return `It reads the table ${source.table.exact} alone`;
  return 'range' in source.table
    ? `The name is not in the range ${source.table.range}`
    : 'The expression does not match the whole name';
}

const isSameFolded = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
