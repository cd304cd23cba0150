/** Goal: what a mapping says nothing about goes through it unchanged, to the last bit, for every kind of column. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { must } from '@lutra/model';
import type {
  ColumnDefinition,
  ColumnKind,
  ColumnSelection,
  ColumnValue,
  MappingRules,
  RowChange,
  RowImage,
  TableDefinition,
} from '@lutra/model';
import { insert, mappingOf, outcome, remove, update } from './mapping-fixture.ts';

const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ maxLength: 5 }));
const bytes = fc.uint8Array({ maxLength: 20 });
const digits = fc.tuple(fc.bigInt(), fc.nat()).map(([whole, part]) => `${String(whole)}.${String(part)}`);
const temporal = fc.constantFrom('2024-02-29 23:59:59.999999', '0000-00-00 00:00:00', '-838:59:59', '1000-01-01');
const VALUES: Readonly<Record<ColumnKind, fc.Arbitrary<ColumnValue>>> = {
  integer: fc.oneof(fc.integer(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n })),
  decimal: digits,
  float: fc.float(),
  double: fc.oneof(fc.double(), fc.constant(-0)),
  bit: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  year: fc.integer({ min: 0, max: 2155 }),
  date: temporal,
  time: temporal,
  datetime: temporal,
  timestamp: temporal,
  text,
  binary: bytes,
  enum: text,
  set: text,
  json: fc.json(),
  geometry: bytes,
};
const KINDS = Object.keys(VALUES) as ColumnKind[];

interface Case {
  readonly table: TableDefinition;
  readonly change: RowChange;
}

const anyCase: fc.Arbitrary<Case> = fc
  .array(fc.constantFrom(...KINDS), { minLength: 1, maxLength: 8 })
  .chain((kinds) => {
    const columns = kinds.map((kind, index): ColumnDefinition => {
      const name = `c${String(index)}`;
      return { name, kind, declared: kind, nullable: true };
    });
    const image: fc.Arbitrary<RowImage> = fc.tuple(
      ...kinds.map((kind) => fc.oneof({ arbitrary: VALUES[kind], weight: 6 }, fc.constantFrom(null, undefined))),
    );
    return fc.tuple(image, image, fc.constantFrom('insert', 'update', 'delete')).map(([before, after, kind]): Case => {
      const change = kind === 'insert' ? insert(after) : kind === 'delete' ? remove(before) : update(before, after);
      return { table: { schema: 's', table: 't', columns, primaryKey: [0] }, change };
    });
  });

const ALL: ColumnSelection = { mode: 'all' };

describe('a row', () => {
  it.each<[string, (table: TableDefinition) => readonly [ColumnSelection, MappingRules | undefined]]>([
    ['is copied without rules', () => [ALL, undefined]],
    ['is the same under rules that say nothing', () => [ALL, {}]],
    ['is the same in columns that are named one by one', ({ columns }) => [listOf(columns), undefined]],
    ['is the same in columns that are computed as they are', ({ columns }) => [ALL, { columns: rulesOf(columns) }]],
    ['is the same where nothing is kept out', () => [ALL, { rows: {} }]],
  ])('%s', (_how, rulesFor) => {
    fc.assert(
      fc.property(anyCase, ({ table, change }) => {
        const [columns, rules] = rulesFor(table);
        const mapping = mappingOf(rules, { source: table, columns });
        const { kind } = change;
        const images = {
          ...(kind === 'insert' ? {} : { before: change.before }),
          ...(kind === 'delete' ? {} : { after: change.after }),
        };
        const [only, ...others] = outcome(mapping, change);
        expect(others).toEqual([]);
        expect({ kind: only?.kind, before: only?.before, after: only?.after }).toStrictEqual({
          ...{ kind, before: undefined, after: undefined },
          ...images,
        });
        expect(must(mapping.targets[0], 'a mapping has a target')).toEqual({
          ...table,
          ...{ schema: 'archive', table: 'copies' },
        });
      }),
      { numRuns: 1_000 },
    );
  });
});

const listOf = (columns: readonly ColumnDefinition[]): ColumnSelection => ({
  mode: 'list',
  columns: columns.map(({ name }) => ({ source: name.toUpperCase(), target: name })),
});

const rulesOf = (columns: readonly ColumnDefinition[]): MappingRules['columns'] & object =>
  columns.map(({ name }) => ({ target: name, from: { kind: 'column', column: name } }));
