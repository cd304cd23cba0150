/** Goal: equal shapes give equal lanes, in this release and, as long as the version of the function stays, in the next ones. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ColumnDefinition, ColumnValue } from '@lutra/model';
import { compileTableWriter } from '@lutra/sql';
import type { TableWriter, TargetTable } from '@lutra/sql';
import { laneOf } from '../../src/plan/lane-of.ts';
import { LANE_FUNCTION_VERSION, laneShape } from '../../src/plan/lane-shape.ts';
import { inserted, PLAIN, rowOf, writerFor } from '../lane-fixture.ts';
import type { TargetKind } from '../lane-fixture.ts';

const COLLATIONS = ['utf8mb4_general_ci', 'utf8mb4_bin'] as const;
const KINDS = COLLATIONS.flatMap((collation) =>
  (['id', 'n', 'none'] as const).flatMap((key) =>
    (['none', 'exact', 'prefix'] as const).flatMap((unique) =>
      (['none', 'own', 'other'] as const).map((group): TargetKind => ({ collation, key, unique, group })),
    ),
  ),
);

/** The table with all that no lane depends on changed, the order of its indexes too. */
function asideOf(target: TargetTable): TargetTable {
  const columns = [...target.columns].map(
    ([name, column]) => [name, { ...column, columnType: `${column.columnType} invisible`, needsValue: true }] as const,
  );
  return {
    ...target,
    ...{ statement: 'other', rowEstimate: 7, indexed: new Set(['id', 'n']) },
    columns: new Map(columns.reverse()),
    uniqueKeys: target.uniqueKeys.map((each) => ({ ...each, name: `${each.name}_2` })).reverse(),
  };
}

/** Writers of every kind, each in two ways, by shape. */
function writersByShape(): ReadonlyMap<string, readonly TableWriter[]> {
  const plain = KINDS.map((kind) => writerFor(kind));
  const aside = plain.map(({ definition, target }) =>
    compileTableWriter(definition, asideOf(target), { noPrimaryKey: 'matchAllColumns' }),
  );
  const byShape = new Map<string, TableWriter[]>();
  for (const writer of [...plain, ...aside]) {
    const shape = laneShape(writer);
    byShape.set(shape, [...(byShape.get(shape) ?? []), writer]);
  }
  return byShape;
}

describe('the shape of a table', () => {
  it('is equal only where every row has the same lane', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'A', 'b', ' ', 'é', '1'), maxLength: 4 });
    const rows = fc.array(fc.tuple(text, fc.integer({ min: 0, max: 9 })), { minLength: 1, maxLength: 20 });
    const byShape = [...writersByShape()];
    fc.assert(
      fc.property(rows, (values) => {
        const lanes = (writer: TableWriter) => values.map((row) => laneOf(rowOf(writer, inserted(row, 0)), 5)).join();
        const unlike = byShape.filter(([, writers]) => new Set(writers.map(lanes)).size > 1);
        expect(unlike.map(([shape]) => shape)).toEqual([]);
      }),
    );
  });

  it('is one for all tables that differ in what no lane depends on only', () => {
    const writers = [...writersByShape().values()];
    // The collation of a column that is in no index does not count either.
    const different = KINDS.filter(({ key, collation }) => key === 'id' || collation === 'utf8mb4_bin');
    expect(writers).toHaveLength(different.length);
    expect(writers.every(({ length }) => length >= 2)).toBe(true);
  });

  it.each<[string, Partial<TargetKind>]>([
    ['collation', { collation: 'utf8mb4_bin' }],
    ['key', { key: 'n' }],
    ['lack of a key', { key: 'none' }],
    ['unique index', { unique: 'exact' }],
    ['group', { group: 'other' }],
  ])('is another one with another %s', (_what, change) => {
    expect(laneShape(writerFor({ ...PLAIN, ...change }))).not.toBe(laneShape(writerFor(PLAIN)));
  });
});

interface KeyKind {
  readonly column: Partial<ColumnDefinition> & Pick<ColumnDefinition, 'kind' | 'declared'>;
  readonly dataType: string;
  readonly collation?: string;
  readonly value: (index: number) => ColumnValue;
}

const day = (index: number): string => `2026-01-${String((index % 28) + 1).padStart(2, '0')}`;
const KEYS: Readonly<Record<string, KeyKind>> = {
  integer: { column: { kind: 'integer', declared: 'int' }, dataType: 'int', value: (index) => index * 7_919 - 99 },
  bigint: {
    column: { kind: 'integer', declared: 'bigint' },
    dataType: 'bigint',
    value: (index) => 2n ** 60n + BigInt(index),
  },
  decimal: {
    column: { kind: 'decimal', declared: 'decimal(9,2)' },
    dataType: 'decimal',
    value: (index) => `${String(index)}.50`,
  },
  text: {
    column: { kind: 'text', declared: 'varchar(40)', charset: 'utf8mb4' },
    ...{ dataType: 'varchar', collation: 'utf8mb4_general_ci' },
    value: (index) => `Key-${String(index)} Ij`,
  },
  binaryText: {
    column: { kind: 'text', declared: 'varchar(40)', charset: 'utf8mb4' },
    ...{ dataType: 'varchar', collation: 'utf8mb4_bin' },
    value: (index) => `Key-é${String(index)} `,
  },
  bytes: {
    column: { kind: 'binary', declared: 'binary(4)' },
    dataType: 'binary',
    value: (index) => Uint8Array.of(index, 200, 0),
  },
  time: {
    column: { kind: 'datetime', declared: 'datetime(3)' },
    dataType: 'datetime',
    value: (index) => `${day(index)} 10:00:00.${String(index % 10)}00`,
  },
};

/** Lanes of 50 values of the kind, alone and in a key of two columns. */
function lanesOf({ column, dataType, collation, value }: KeyKind): readonly unknown[] {
  const defined = ['a', 'b'].map((name): ColumnDefinition => ({ nullable: false, ...column, name }));
  const charset = collation === undefined ? null : 'utf8mb4';
  const plain = { nullable: false, generated: false, needsValue: false, paddedBytes: null, columnType: dataType };
  return [['a'], ['a', 'b']].flatMap((names) => {
    const key = { name: 'PRIMARY', columns: names, isExact: true, isNotNull: true };
    const columns = ['a', 'b'].map(
      (name) => [name, { ...plain, name, dataType, charset, collation: collation ?? null }] as const,
    );
    const table = {
      schema: 's',
      table: 't',
      triggers: [],
      engine: 'InnoDB',
      rowEstimate: null,
      statement: '',
      indexed: new Set<string>(),
    };
    const definition = { schema: 's', table: 't', columns: defined, primaryKey: [0] };
    const writer = compileTableWriter(definition, { ...table, columns: new Map(columns), key, uniqueKeys: [key] });
    const place = { table: 0, event: 0, row: 0, part: 0, flags: 0 };
    return Array.from({ length: 50 }, (_, index) =>
      laneOf(rowOf(writer, { ...place, kind: 'insert', after: [value(index), value(index + 1)] }), 32),
    );
  });
}

describe('the lanes of rows', () => {
  // A release that gives a row another lane than the one before it would skip, after a crash between two lanes, rows that
  // nobody has written. Does this fail, then raise LANE_FUNCTION_VERSION, and only then put in what is found here.
  it('are those that this version of the function has always given', () => {
    expect(LANE_FUNCTION_VERSION).toBe(1);
    const found = Object.fromEntries(
      Object.entries(KEYS).map(([name, kind]) => [
        name,
        createHash('sha256')
          .update(JSON.stringify(lanesOf(kind)))
          .digest('hex')
          .slice(0, 16),
      ]),
    );
    expect(found).toEqual({
      integer: 'dd7b0d4914feb650',
      bigint: '7ca1a6e25e4dbf0d',
      decimal: '0ec9fa4fb09a1e3c',
      text: '9b9c0a06dba2dbe7',
      binaryText: '9c373b4f595e05ec',
      bytes: 'e931c8dad1330995',
      time: '15e0b00b8f5e8b4d',
    });
    expect(laneOf(rowOf(writerFor({ ...PLAIN, key: 'none' }), inserted(['a', 1], 0)), 32)).toBe(16);
  });
});
