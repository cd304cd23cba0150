import { assertNever, must } from '@lutra/model';
import type { ColumnDefinition, ColumnValue, RowFact, RuleValue, TableDefinition } from '@lutra/model';
import type { CompiledValue, RowFacts } from './compiled-value.ts';
import { textOf } from './text-of.ts';

const MICROSECONDS = 1_000;
/** Four bytes each, so many characters are as long as a row may be. */
const VARCHAR_MAX = 16_383;
const INTEGERS = [
  { declared: 'tinyint', bytes: 1 },
  { declared: 'smallint', bytes: 2 },
  { declared: 'mediumint', bytes: 3 },
  { declared: 'int', bytes: 4 },
  { declared: 'bigint', bytes: 8 },
];

/** The others are the same for every change of a row. */
const OF_CHANGE: ReadonlySet<RowFact> = new Set(['commitTime', 'gtid', 'operation']);

/** Whether a fact tells of the change, and not of the row. */
export const isOfChange = (fact: RowFact): boolean => OF_CHANGE.has(fact);

/** A column of the source as it is. */
export function columnValue(source: TableDefinition, position: number, name: string): CompiledValue {
  const column = must(source.columns[position], 'a position is inside the table');
  return { column: { ...column, name }, isTaken: true, reads: [position], valueOf: (image) => image[position] };
}

/** The same value in every row. */
export function constantValue(given: RuleValue, name: string): CompiledValue {
  const { column, value } = typedConstant(given, name);
  return { column, reads: [], valueOf: () => value };
}

/**
 * A value of configuration with the narrowest type that holds it: a whole number an integer, another one a double, a text as
 * many characters as it has. Whole numbers that JSON holds only roughly are doubles; exact ones are given as text.
 */
export function typedConstant(
  given: RuleValue,
  name: string,
): { readonly column: ColumnDefinition; readonly value: ColumnValue } {
  const named = { name, nullable: given === null };
  if (typeof given === 'boolean')
    return {
      column: { ...named, kind: 'integer', declared: 'tinyint(1)', bytes: 1, unsigned: false },
      value: given ? 1 : 0,
    };
  if (typeof given === 'number') {
    if (!Number.isSafeInteger(given) || Object.is(given, -0))
      return { column: { ...named, kind: 'double', declared: 'double' }, value: given };
    const { declared, bytes } = must(
      INTEGERS.find(({ bytes }) => given >= -(2 ** (8 * bytes - 1)) && given < 2 ** (8 * bytes - 1)),
      'a safe integer has 8 bytes at most',
    );
    const column: ColumnDefinition = { ...named, kind: 'integer', declared, bytes, unsigned: false };
    return { column, value: bytes === 8 ? BigInt(given) : given };
  }
  const length = given === null ? Infinity : Math.max(1, Array.from(given).length);
  if (length > VARCHAR_MAX) return { column: textColumn(name, given === null), value: given };
  const column: ColumnDefinition = { ...textColumn(name, false), declared: `varchar(${String(length)})`, length };
  return { column, value: given };
}

/** Texts one after the other; null only when all are null. */
export function concatValue(
  source: TableDefinition,
  positions: readonly number[],
  { separator, name }: { readonly separator: string; readonly name: string },
): CompiledValue {
  const columns = positions.map((position) => must(source.columns[position], 'a position is inside the table'));
  return {
    column: textColumn(name, true),
    reads: positions,
    valueOf: (image) => {
      const parts: string[] = [];
      for (const [index, position] of positions.entries()) {
        const value = image[position];
        if (value === undefined) return undefined;
        if (value !== null) parts.push(textOf(value, must(columns[index], 'there is a column for each position')));
      }
      return parts.length === 0 ? null : parts.join(separator);
    },
  };
}

/** Names of schemas and tables have 64 characters at most, ids are ULIDs. */
const FACT_CHARS: Partial<Record<RowFact, number>> = { operation: 6, sourceSchema: 64, sourceTable: 64, pipeline: 26 };

/** Something that is known of the row beside its columns. */
export function factValue(
  fact: RowFact,
  { source, name }: { readonly source: TableDefinition; readonly name: string },
): CompiledValue {
  const chars = FACT_CHARS[fact];
  const text = textColumn(name, false);
  const named = chars === undefined ? text : { ...text, declared: `varchar(${String(chars)})`, length: chars };
  const typed: ColumnDefinition =
    fact === 'commitTime' ? { name, kind: 'datetime', declared: 'datetime(6)', nullable: false, length: 6 } : named;
  const column = OF_CHANGE.has(fact) ? { ...typed, ofChange: true } : typed;
  return { column, reads: [], valueOf: (_image, facts) => factOf(fact, source, facts) };
}

function factOf(fact: RowFact, { schema, table }: TableDefinition, facts: RowFacts): string {
  switch (fact) {
    case 'commitTime':
      return commitTime(facts.commitMs);
    case 'gtid':
      return facts.gtid;
    case 'operation':
      return facts.kind;
    case 'sourceSchema':
      return schema;
    case 'sourceTable':
      return table;
    case 'pipeline':
      return facts.pipelineId;
    default:
      return assertNever(fact);
  }
}

/** 'YYYY-MM-DD HH:MM:SS.ffffff' in UTC. */
export function commitTime(commitMs: number): string {
  const whole = Math.floor(commitMs);
  const micros = Math.min(Math.round((commitMs - whole) * MICROSECONDS), MICROSECONDS - 1);
  const text = new Date(whole).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, 23)}${String(micros).padStart(3, '0')}`;
}

export const textColumn = (name: string, nullable: boolean): ColumnDefinition => ({
  name,
  kind: 'text',
  declared: 'longtext',
  nullable,
  charset: 'utf8mb4',
});
