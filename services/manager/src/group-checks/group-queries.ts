import type { MappingDefinition } from '@lutra/model';
import { beyond } from '@lutra/source-access';
import { keyLiteralWriter, quoteName, quoteTable } from '@lutra/sql';
import type { TargetTable } from '@lutra/sql';

/** Values of a group's columns as literals, in the order of groupBy. */
export type GroupKey = readonly string[];

/** How the groups of a mapping are asked for at both sides. */
export interface GroupQueries {
  /** A page of keys behind `after`, in the order of the server. */
  readonly keys: (side: Side, after: GroupKey | null, limit: number) => string;
  /** One row for each of the groups that there are: its number in the list, and all that is counted as one text. */
  readonly groups: (side: Side, keys: readonly GroupKey[]) => string;
  /** The key of a row that {@link keys} found. */
  readonly keyOf: (row: Readonly<Record<string, unknown>>) => GroupKey;
}

export type Side = 'source' | 'target';

const COLUMN_ALONE = /^\s*([A-Za-z_][A-Za-z0-9_]*)\s*$/;
/** Kinds whose values are written in one way by every server, and sorted as they compare: labels are sorted by their numbers. */
const KEYS: Readonly<Record<string, 'integer' | 'decimal' | 'text' | 'datetime'>> = {
  ...{
    tinyint: 'integer',
    smallint: 'integer',
    mediumint: 'integer',
    int: 'integer',
    bigint: 'integer',
    year: 'integer',
  },
  ...{ decimal: 'decimal', char: 'text', varchar: 'text' },
  ...{ date: 'datetime', datetime: 'datetime', timestamp: 'datetime', time: 'datetime' },
};

/** Why a mapping's groups cannot be asked for in SQL. */
export interface NotAskable {
  readonly why: string;
}

/** The questions, where all that is counted are columns of the source as they are, and no filter or explode decides about rows. */
export function groupQueries(
  { rules }: Pick<MappingDefinition, 'rules'>,
  source: TargetTable,
  target: { readonly schema: string; readonly table: string },
): GroupQueries | NotAskable {
  const aggregate = rules?.aggregate;
  if (aggregate === undefined) return { why: 'the mapping counts nothing' };
  if (rules?.rows !== undefined) return { why: 'a filter or explode decides which rows are counted' };
  const columnOf = (expression: string) => {
    const name = COLUMN_ALONE.exec(expression)?.[1]?.toLowerCase();
    return name === undefined ? undefined : source.columns.get(name);
  };
  const groups = aggregate.groupBy.map(({ expression, target: own }) => ({ own, column: columnOf(expression) }));
  const values = aggregate.values.map((value) => ({ ...value, column: columnOf(value.expression) }));
  const literals: ((value: string) => string)[] = [];
  const names: Record<Side, string[]> = { source: [], target: [] };
  for (const { own, column } of groups) {
    const kind = KEYS[column?.dataType ?? ''];
    if (column === undefined || kind === undefined)
      return { why: `it groups by more than columns whose values sort alike everywhere: ${own}` };
    literals.push(keyLiteralWriter(kind));
    names.source.push(quoteName(column.name));
    names.target.push(quoteName(own));
  }
  const counted: Record<Side, string[]> = { source: ['COUNT(*)'], target: [quoteName(aggregate.count)] };
  for (const { function: kind, column, target: own } of values) {
    if (column === undefined) return { why: `it computes ${own}` };
    const isFloating = column.dataType === 'float' || column.dataType === 'double';
    const exact = (name: string): string => (isFloating ? `${quoteName(name)}+0e0` : quoteName(name));
    counted.source.push(
      kind === 'sum' ? `COALESCE(SUM(${quoteName(column.name)}),0)` : `${kind.toUpperCase()}(${exact(column.name)})`,
    );
    counted.target.push(exact(own));
  }
  const tables = { source: quoteTable(source), target: quoteTable(target) };
  const text = (expressions: readonly string[]): string =>
    `CONCAT_WS(',',${expressions.map((one) => `COALESCE(CAST(${one} AS CHAR),'NULL')`).join(',')})`;
  const condition = (side: Side, key: GroupKey): string =>
    names[side].map((name, at) => `${name}=${key[at] ?? 'NULL'}`).join(' AND ');
  return {
    keys: (side, after, limit) => {
      const columns = names[side].join(',');
      const aliased = names[side].map((name, at) => `${name} AS k${String(at)}`).join(',');
      const isWhole = names[side].map((name) => `${name} IS NOT NULL`).join(' AND ');
      const bounds = names[side].map((compared, at) => ({ compared, literal: after?.[at] ?? 'NULL' }));
      const behind = after === null ? '' : ` AND ${beyond(bounds, '>')}`;
      return `SELECT DISTINCT ${aliased} FROM ${tables[side]} WHERE ${isWhole}${behind} ORDER BY ${columns} LIMIT ${String(limit)}`;
    },
    groups: (side, keys) =>
      keys
        .map((key, number) => {
          const having = side === 'source' ? ' HAVING COUNT(*)>0' : '';
          return `(SELECT ${String(number)} AS number, ${text(counted[side])} AS counted FROM ${tables[side]} WHERE ${condition(side, key)}${having})`;
        })
        .join(' UNION ALL '),
    keyOf: (row) => literals.map((literal, at) => literal(textOf(row[`k${String(at)}`]))),
  };
}

/** A session gives integers as numbers or text, everything else as text. */
export const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'bigint' ? String(value) : '';
