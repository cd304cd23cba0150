/** Goal: rows of one key never stand in two lanes of a segment, whatever the shapes in which the source has sent them. */
import { describe, expect, it } from '@jest/globals';
import type { ColumnDefinition, RowChange, RowImage } from '@lutra/model';
import { compileTableWriter } from '@lutra/sql';
import type { TableWriter, TargetTable } from '@lutra/sql';
import { laneOf } from '../../src/plan/lane-of.ts';
import { planSegments } from '../../src/plan/plan-segments.ts';
import type { WritableRow } from '../../src/plan/planned-statement.ts';

type TargetColumn = NonNullable<ReturnType<TargetTable['columns']['get']>>;
const plain = {
  nullable: true,
  generated: false,
  needsValue: false,
  charset: null,
  collation: null,
  paddedBytes: null,
};
const column = (name: string, dataType: string): [string, TargetColumn] => [
  name,
  { ...plain, name, dataType, columnType: dataType },
];
const primary = { name: 'PRIMARY', columns: ['id'], isExact: true, isNotNull: true };

/** The table has a unique index over `u`, which only some of its rows carry. */
function writerOf(columns: readonly ColumnDefinition[], keyType = 'int'): TableWriter {
  const definition = { schema: 's', table: 't', columns, primaryKey: [0] };
  return compileTableWriter(definition, {
    ...{ schema: 's', table: 't', triggers: [], engine: 'InnoDB', rowEstimate: null, statement: '' },
    columns: new Map([column('id', keyType), column('a', 'int'), column('u', 'int')]),
    key: primary,
    uniqueKeys: [primary, { name: 'by_u', columns: ['u'], isExact: true, isNotNull: false }],
    indexed: new Set(),
  });
}

const integer = (name: string): ColumnDefinition => ({
  name,
  kind: 'integer',
  declared: 'int',
  nullable: true,
  bytes: 4,
});
const withUnique = writerOf([integer('id'), integer('a'), integer('u')]);
const withoutUnique = writerOf([integer('id'), integer('a')]);

const transaction = { seq: 1, gtid: 'g', firstEvent: 0, commitMs: 0, isLast: true };
const origin = { process: 1, transaction, serverUuid: 'a' };
const update = (writer: TableWriter, before: RowImage, after: RowImage): WritableRow => ({
  writer,
  change: { table: 0, event: 0, row: 0, part: 0, flags: 0, kind: 'update', before, after } satisfies RowChange,
  origin,
});
const IDS = Array.from({ length: 40 }, (_, id) => id);
const before = IDS.map((id) => update(withUnique, [id, 0, id], [id, 1, id]));
const after = IDS.map((id) => update(withoutUnique, [id, 1], [id, 2]));
const options = { lanes: 4, isJoint: false, parallelRowsMin: 1 };

describe('segments of a table that was altered at the source', () => {
  it('are cut where its rows begin to be spread in another way', () => {
    expect(new Set(before.map((row) => laneOf(row, 4))).size).toBe(4);
    expect(new Set(after.map((row) => laneOf(row, 4))).size).toBe(1);
    expect(planSegments([before, after], options).map(({ kind, processCount }) => [kind, processCount])).toEqual([
      ['lanes', 1],
      ['lanes', 1],
    ]);
  });

  it('are joint where one process holds rows of both ways', () => {
    expect(planSegments([[...before, ...after]], options).map(({ kind }) => kind)).toEqual(['joint']);
  });

  it('have a key in one lane when its type has changed to decimal', () => {
    const decimal: ColumnDefinition = {
      name: 'id',
      kind: 'decimal',
      declared: 'decimal(10,2)',
      nullable: false,
      scale: 2,
    };
    const was = writerOf([integer('id'), integer('a'), integer('u')], 'decimal');
    const is = writerOf([{ ...decimal, declared: 'decimal(10,0)', scale: 0 }, integer('a'), integer('u')], 'decimal');
    const lanes = (writer: TableWriter, key: (id: number) => RowImage[number]) =>
      IDS.map((id) => laneOf(update(writer, [key(id), 0, id], [key(id), 1, id]), 4));
    expect(lanes(is, (id) => String(id))).toEqual(lanes(was, (id) => id));
  });
});

describe('segments of a table whose policy compares', () => {
  it('are joint where rows of other keys may hold its unique values', () => {
    const ordered = { ...options, isOrdered: (writer: TableWriter) => writer === withUnique };
    expect(planSegments([before, before], ordered)).toEqual([
      { kind: 'joint', processCount: 2, rows: [...before, ...before] },
    ]);
    expect(planSegments([after, before, after], ordered).map(({ kind }) => kind)).toEqual(['lanes', 'joint', 'lanes']);
  });
});
