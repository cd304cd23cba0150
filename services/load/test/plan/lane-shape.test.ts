/** Goal: equal shapes give equal lanes, in this release and, as long as the version of the function stays, in the next ones. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ColumnDefinition, ColumnValue } from '@lutra/model';
import { compileTableWriter } from '@lutra/sql';
import type { TableWriter } from '@lutra/sql';
import { laneOf } from '../../src/plan/lane-of.ts';
import { LANE_FUNCTION_VERSION, laneShape } from '../../src/plan/lane-shape.ts';
import { inserted, PLAIN, rowOf, targetOf, writerFor } from '../lane-fixture.ts';
import type { TargetKind } from '../lane-fixture.ts';

const kinds = fc.record<TargetKind>({
  collation: fc.constantFrom('utf8mb4_general_ci', 'utf8mb4_bin'),
  key: fc.constantFrom('id', 'n', 'none'),
  unique: fc.constantFrom('none', 'exact', 'prefix'),
  group: fc.constantFrom('none', 'own', 'other'),
});

describe('the shape of a table', () => {
  it('is equal only where every row has the same lane', () => {
    let equal = 0;
    const text = fc.string({ unit: fc.constantFrom('a', 'A', 'b', ' ', 'é', '1'), maxLength: 4 });
    const rows = fc.array(fc.tuple(text, fc.integer({ min: 0, max: 9 })), { maxLength: 20 });
    fc.assert(
      fc.property(kinds, kinds, rows, (one, other, values) => {
        const [a, b] = [writerFor(one), writerFor(other)];
        if (laneShape(a) !== laneShape(b)) return;
        equal += 1;
        const lanes = (writer: TableWriter) => values.map((row) => laneOf(rowOf(writer, inserted(row, 0)), 5));
        expect(lanes(a)).toEqual(lanes(b));
      }),
      { numRuns: 1_000 },
    );
    expect(equal).toBeGreaterThan(20);
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

  it('does not depend on what no lane depends on', () => {
    const target = targetOf(PLAIN);
    const wider = new Map(target.columns);
    const id = wider.get('id');
    if (id !== undefined) wider.set('id', { ...id, columnType: 'varchar(60)' });
    const { definition } = writerFor(PLAIN);
    expect(laneShape(compileTableWriter(definition, { ...target, columns: wider, statement: 'other' }))).toBe(
      laneShape(writerFor(PLAIN)),
    );
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
