import fc from 'fast-check';
import type { DatabaseKind } from '@lutra/model';
import { corpusType } from './corpus-types.ts';
import type { CorpusType } from './corpus-types.ts';

export interface CorpusColumn {
  readonly name: string;
  readonly type: CorpusType;
  readonly isNullable: boolean;
  /** DEFAULT as SQL; null when none. */
  readonly defaultValue: string | null;
  /** Expression of a generated column; null for one that is written. */
  readonly generated: string | null;
  /** The whole column definition. */
  readonly definition: string;
}

export type RowImageMode = 'FULL' | 'MINIMAL' | 'NOBLOB';

export type Step =
  /** Rows of values per written column (by name; absent: the default). `ids` are given in order over the whole scenario. */
  | { readonly kind: 'insert'; readonly rows: readonly Readonly<Record<string, string>>[] }
  /** Sets columns in all rows whose id leaves `remainder` when divided by `modulus`. */
  | {
      readonly kind: 'update';
      readonly set: Readonly<Record<string, string>>;
      readonly modulus: number;
      readonly remainder: number;
    }
  | { readonly kind: 'delete'; readonly modulus: number; readonly remainder: number }
  | { readonly kind: 'add'; readonly column: CorpusColumn; readonly isFirst: boolean };

/** One table and what happens to it. */
export interface Scenario {
  readonly image: RowImageMode;
  readonly columns: readonly CorpusColumn[];
  /** Clause of CREATE TABLE; null for a table without any key. */
  readonly key: string | null;
  readonly steps: readonly Step[];
}

/** Types whose defaults may stand without brackets: only so can a column with a default be added at once. */
const LITERAL_DEFAULTS =
  /^(?:tinyint|smallint|mediumint|int|bigint|decimal|float|double|char|varchar|datetime|timestamp)\b/;

/** Names that need quoting, and one that is a word of SQL. */
const NAME_ENDINGS = ['', ' x', '-y', '.z', '`q', "'s", 'ü😀'];

export const quotedName = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

function columnOf(kind: DatabaseKind, index: number): fc.Arbitrary<CorpusColumn> {
  const written = corpusType(kind).chain((type) =>
    fc
      .record({
        ending: fc.constantFrom(...NAME_ENDINGS),
        isNullable: fc.boolean(),
        defaultValue: fc.option(type.defaults ?? fc.constant(null)),
        isInvisible: fc.integer({ min: 0, max: 6 }).map((chance) => chance === 0),
      })
      .map(({ ending, isNullable, defaultValue, isInvisible }): CorpusColumn => {
        // The servers keep emoji out of names.
        const name = `c${String(index)}${ending.replace('😀', '')}`;
        const clauses = [
          isNullable ? 'NULL' : 'NOT NULL',
          ...(defaultValue === null
            ? []
            : [`DEFAULT ${LITERAL_DEFAULTS.test(type.declared) ? defaultValue : `(${defaultValue})`}`]),
          // MariaDB wants a default for what INSERT may leave out.
          ...(isInvisible && (isNullable || defaultValue !== null) ? ['INVISIBLE'] : []),
        ];
        const definition = `${quotedName(name)} ${type.declared} ${clauses.join(' ')}`;
        return { name, type, isNullable, defaultValue, generated: null, definition };
      }),
  );
  const generated = fc
    .tuple(fc.constantFrom('VIRTUAL', 'STORED'), fc.boolean())
    .map(([storage, isText]): CorpusColumn => {
      const name = `g${String(index)}`;
      const type: CorpusType = isText
        ? { declared: 'varchar(40)', values: fc.constant('DEFAULT'), select: quoted, read: (answer) => answer }
        : { declared: 'bigint', values: fc.constant('DEFAULT'), select: asText, read: BigInt };
      const expression = isText ? "CONCAT('n', id, 'ä')" : '(id * 3 - 7)';
      const definition = `${name} ${type.declared} GENERATED ALWAYS AS (${expression}) ${storage}`;
      return { name, type, isNullable: true, defaultValue: null, generated: expression, definition };
    });
  return fc.oneof({ weight: 8, arbitrary: written }, { weight: 1, arbitrary: generated });
}

const quoted = (name: string): string => name;
const asText = (name: string): string => `CAST(${name} AS CHAR)`;
const isWritten = ({ generated }: CorpusColumn): boolean => generated === null;

function valueOf({ type, isNullable }: CorpusColumn): fc.Arbitrary<string> {
  return isNullable
    ? fc.oneof({ weight: 5, arbitrary: type.values }, { weight: 1, arbitrary: fc.constant('NULL') })
    : type.values;
}

function insertOf(columns: readonly CorpusColumn[]): fc.Arbitrary<Step> {
  const fields = columns.filter(isWritten).map((column) => {
    const canStayOut = column.isNullable || column.defaultValue !== null;
    const value = valueOf(column).map((sql): readonly [string, string | null] => [column.name, sql]);
    return canStayOut
      ? fc.oneof({ weight: 7, arbitrary: value }, { weight: 1, arbitrary: fc.constant([column.name, null] as const) })
      : value;
  });
  const row = fc
    .tuple(...fields)
    .map((pairs) => Object.fromEntries(pairs.filter((pair): pair is [string, string] => pair[1] !== null)));
  return fc.array(row, { minLength: 1, maxLength: 4 }).map((rows): Step => ({ kind: 'insert', rows }));
}

function updateOf(columns: readonly CorpusColumn[]): fc.Arbitrary<Step> {
  return fc
    .subarray(columns.filter(isWritten), { minLength: 1, maxLength: Math.min(columns.filter(isWritten).length, 3) })
    .chain((chosen) => fc.tuple(...chosen.map((column) => valueOf(column).map((sql) => [column.name, sql] as const))))
    .chain((pairs) => selection.map((rows): Step => ({ kind: 'update', set: Object.fromEntries(pairs), ...rows })));
}

const selection = fc
  .integer({ min: 1, max: 3 })
  .chain((modulus) => fc.record({ modulus: fc.constant(modulus), remainder: fc.nat({ max: modulus - 1 }) }));

function stepsOf(columns: readonly CorpusColumn[], kind: DatabaseKind): fc.Arbitrary<readonly Step[]> {
  const rounds = (known: readonly CorpusColumn[]): fc.Arbitrary<Step[]> =>
    fc.array(
      fc.oneof(
        { weight: 3, arbitrary: insertOf(known) },
        { weight: 4, arbitrary: updateOf(known) },
        { weight: 1, arbitrary: selection.map((rows): Step => ({ kind: 'delete', ...rows })) },
      ),
      { minLength: 1, maxLength: 3 },
    );
  const before = fc.tuple(insertOf(columns), rounds(columns)).map(([first, rest]) => [first, ...rest]);
  const added = columnOf(kind, 90)
    .filter((column) => isWritten(column) && (column.isNullable || column.defaultValue !== null))
    .chain((column) =>
      fc
        .tuple(fc.boolean(), rounds([...columns, column]))
        .map(([isFirst, steps]): Step[] => [{ kind: 'add', column, isFirst }, ...steps]),
    );
  return fc.tuple(before, fc.option(added)).map(([first, rest]) => [...first, ...(rest ?? [])]);
}

function keyOf(columns: readonly CorpusColumn[]): fc.Arbitrary<string | null> {
  const parts = columns.flatMap(({ name, type, isNullable, generated }) =>
    type.keyPart === undefined || isNullable || generated !== null ? [] : [type.keyPart(quotedName(name))],
  );
  const composite = parts.length === 0 ? [] : parts.slice(0, 3).map((part) => `PRIMARY KEY (${part}, id)`);
  return fc.constantFrom<string | null>('PRIMARY KEY (id)', null, 'UNIQUE KEY (id)', ...composite);
}

/** Tables and statements over all types of `kind`. Every table has a column `id`, by which its rows are told apart. */
export const scenarioOf = (kind: DatabaseKind): fc.Arbitrary<Scenario> =>
  fc
    .integer({ min: 1, max: 8 })
    .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => columnOf(kind, index))))
    .filter((columns) => columns.some(isWritten))
    .chain((columns) =>
      fc.record<Scenario>({
        image: fc.constantFrom<RowImageMode>('FULL', 'FULL', 'MINIMAL', 'NOBLOB'),
        columns: fc.constant(columns),
        key: keyOf(columns),
        steps: stepsOf(columns, kind),
      }),
    );
