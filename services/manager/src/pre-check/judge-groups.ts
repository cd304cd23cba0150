import { quoteName, quoteTable } from '@lutra/sql';
import type { TargetTable } from '@lutra/sql';
import { atSource } from './finding.ts';
import type { Finding } from './finding.ts';
import type { TablePair } from './pre-check-facts.ts';

const INDEX = /^\s*(?:PRIMARY |UNIQUE |)KEY\b[^(]*\((.*)\)/;
const NAME = /`((?:[^`]|``)+)`/g;
const COLUMN_ALONE = /^\s*(\w+)\s*$/;

/** What it costs to keep the least and the greatest of groups: with no index each removal reads the whole table. */
export function judgeGroups({ mapping, source }: TablePair): readonly Finding[] {
  const { aggregate } = mapping.rules ?? {};
  const extremes = (aggregate?.values ?? []).filter(({ function: kind }) => kind === 'min' || kind === 'max');
  if (aggregate === undefined || extremes.length === 0) return [];
  // Groups of extremes are columns as they are; a mapping of which that is not so does not fit, which is told elsewhere.
  const groups = aggregate.groupBy.map(({ expression }) => expression.trim());
  const wanted = new Set(groups.map((name) => name.toLowerCase()));
  const begins = (index: readonly string[]): boolean =>
    index.length >= wanted.size && index.slice(0, wanted.size).every((name) => wanted.has(name));
  if (indexesOf(source).some(begins)) return [];
  const value = COLUMN_ALONE.exec(extremes[0]?.expression ?? '')?.[1];
  const columns = [...groups, ...(value === undefined ? [] : [value])];
  const isKnown = columns.every((name) => source.columns.has(name.toLowerCase()));
  const sql = `ALTER TABLE ${quoteTable(source)} ADD INDEX (${columns.map(quoteName).join(', ')})`;
  return [
    {
      ...{ code: 'GROUP_INDEX_MISSING', severity: 'warning', statements: isKnown ? atSource(sql) : [] },
      subject: { place: 'source', schema: source.schema, table: source.table, name: mapping.id },
      explanation: `The mapping keeps the least or the greatest of groups of ${groups.join(', ')}, and no index begins with these columns: each row that leaves a group makes transform read the whole table`,
    },
  ];
}

/** Lower-case names of the columns of each index, in order; of an expression nothing. */
const indexesOf = ({ statement }: TargetTable): readonly (readonly string[])[] =>
  statement.split('\n').flatMap((line) => {
    const columns = INDEX.exec(line)?.[1];
    if (columns === undefined) return [];
    return [[...columns.matchAll(NAME)].map(([, name = '']) => name.replaceAll('``', '`').toLowerCase())];
  });
