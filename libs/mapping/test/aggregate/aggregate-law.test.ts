/**
 * Goal: what the changes of any history add to the groups is what GROUP BY says of the rows that the source then holds, whatever
 * is counted, filtered and exploded.
 * Method: random histories of one table; the changes that come out are added up in memory as load does, and groups that count no
 * row are deleted; the model groups the rows with arithmetic of its own.
 */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { must } from '@lutra/model';
import type { AggregateRule, ColumnValue, MappingRules, RowChange, RowImage, TableDefinition } from '@lutra/model';
import { GroupTally } from '../../src/aggregate/group-tally.ts';
import type { TableMapping } from '../../src/table-mapping.ts';
import { codeOf, FACTS, insert, mappingOf, outcome, remove, update } from '../mapping-fixture.ts';

const SALES: TableDefinition = {
  schema: 'shop',
  table: 'sales',
  columns: [
    { name: 'id', kind: 'integer', declared: 'bigint', nullable: false, bytes: 8 },
    { name: 'region', kind: 'text', declared: 'varchar(20)', nullable: false, charset: 'utf8mb4' },
    { name: 'price', kind: 'decimal', declared: 'decimal(12,2)', nullable: true, length: 12, scale: 2 },
    { name: 'pieces', kind: 'integer', declared: 'int', nullable: true, bytes: 4 },
    { name: 'tags', kind: 'json', declared: 'json', nullable: true },
    { name: 'rate', kind: 'double', declared: 'double', nullable: true },
  ],
  primaryKey: [0],
};

const AGGREGATE: AggregateRule = {
  groupBy: [{ expression: 'region', target: 'region' }],
  count: 'row_count',
  values: [
    { function: 'sum', expression: 'price', target: 'price' },
    { function: 'sum', expression: 'pieces', target: 'pieces' },
    { function: 'count', expression: 'price', target: 'priced' },
    { function: 'sum', expression: 'price * pieces', target: 'turnover' },
  ],
};

const mapping = (rules: Partial<MappingRules> = {}, aggregate: Partial<AggregateRule> = {}): TableMapping =>
  mappingOf({ ...rules, aggregate: { ...AGGREGATE, ...aggregate } }, { source: SALES });

type Row = readonly [id: bigint, region: string, price: string | null, pieces: number | null, tags: string | null];

interface Operation {
  readonly kind: 'insert' | 'update' | 'delete';
  readonly id: bigint;
  readonly rest: readonly [string, string | null, number | null, string | null];
}

const price = fc.option(fc.integer({ min: -99_999, max: 99_999 }).map((cents) => textOf(BigInt(cents), 2)));
const pieces = fc.option(fc.integer({ min: -2_147_483_648, max: 2_147_483_647 }));
const tags = fc.option(fc.uniqueArray(fc.constantFrom('a', 'b', 'c')).map((each) => JSON.stringify(each)));
const operation: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constantFrom('insert', 'insert', 'update', 'update', 'delete'),
  id: fc.bigInt({ min: 1n, max: 5n }),
  rest: fc.tuple(fc.constantFrom('eu', 'us', 'EU'), price, pieces, tags),
});
const history = fc.array(operation, { maxLength: 40, size: 'max' });

/** The changes of a history, and the rows that are there in the end. */
function played(operations: readonly Operation[]): {
  readonly changes: readonly RowChange[];
  readonly rows: readonly Row[];
} {
  const rows = new Map<bigint, Row>();
  const changes: RowChange[] = [];
  for (const { kind, id, rest } of operations) {
    const before = rows.get(id);
    const after: Row = [id, ...rest];
    if (kind === 'delete' || (kind === 'insert' && before !== undefined)) {
      if (before === undefined) continue;
      changes.push(remove(imageOf(before)));
      rows.delete(id);
    } else {
      changes.push(before === undefined ? insert(imageOf(after)) : update(imageOf(before), imageOf(after)));
      rows.set(id, after);
    }
  }
  return { changes, rows: [...rows.values()] };
}

const imageOf = (row: Row): RowImage => [...row, null];

/** By the values of the group: count and sums in their last digit. */
type Groups = Map<string, bigint[]>;

const SCALES = [0, 2, 0, 0, 2];

function added(of: TableMapping, changes: readonly RowChange[], keys = 1): Groups {
  const groups: Groups = new Map();
  for (const change of changes)
    for (const { kind, after = [], refusal } of outcome(of, change)) {
      if (refusal !== undefined) continue;
      const key = JSON.stringify(after.slice(0, keys));
      const standing = groups.get(key);
      // What leaves a group finds it.
      if (kind === 'update') expect(standing).toBeDefined();
      const deltas = after.slice(keys).map((value, at) => unitsOf(value ?? null, SCALES[at] ?? 0));
      const sums = deltas.map((delta, at) => (standing?.[at] ?? 0n) + delta);
      expect(kind).toBe(must(deltas[0], 'a count') > 0n ? 'insert' : 'update');
      if (sums[0] === 0n) groups.delete(key);
      else groups.set(key, sums);
    }
  return groups;
}

function grouped(rows: readonly Row[], keysOf: (row: Row) => readonly (readonly unknown[])[]): Groups {
  const groups: Groups = new Map();
  for (const row of rows)
    for (const key of keysOf(row).map((each) => JSON.stringify(each))) {
      const [cents, pieces] = [unitsOf(row[2], 2), BigInt(row[3] ?? 0)];
      const sums = groups.get(key) ?? [0n, 0n, 0n, 0n, 0n];
      const own = [
        1n,
        cents,
        pieces,
        row[2] === null ? 0n : 1n,
        row[2] === null || row[3] === null ? 0n : cents * pieces,
      ];
      groups.set(
        key,
        sums.map((sum, at) => sum + (own[at] ?? 0n)),
      );
    }
  return groups;
}

function unitsOf(value: ColumnValue, scale: number): bigint {
  if (value === null) return 0n;
  const [whole = '0', fraction = ''] = valueText(value).split('.');
  return BigInt(whole + fraction.padEnd(scale, '0'));
}

const valueText = (value: Exclude<ColumnValue, null>): string => (value instanceof Uint8Array ? '' : String(value));

function textOf(units: bigint, scale: number): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
  return `${units < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

describe('an aggregation', () => {
  it('adds up to GROUP BY after any history', () => {
    const of = mapping();
    fc.assert(
      fc.property(history, (operations) => {
        const { changes, rows } = played(operations);
        expect(added(of, changes)).toEqual(grouped(rows, (row) => [[row[1]]]));
      }),
    );
  });

  it('is told of the rows alone as of their history', () => {
    const of = mapping({ rows: { filter: 'pieces > 0' } });
    fc.assert(
      fc.property(history, (operations) => {
        const { changes, rows } = played(operations);
        const tally = new GroupTally(must(of.targets[0], 'one'));
        for (const row of rows)
          for (const change of of.mapOrRefuse(insert(imageOf(row)), FACTS)) tally.addChange(change);
        const told = [...tally.all()].map(([, { key, amounts }]) => [
          JSON.stringify(key),
          amounts.map((value, at) => unitsOf(value, SCALES[at] ?? 0)),
        ]);
        expect(new Map(told as [string, bigint[]][])).toEqual(added(of, changes));
      }),
    );
  });

  it('counts the rows that a filter accepts', () => {
    const of = mapping({ rows: { filter: 'pieces > 0' } });
    fc.assert(
      fc.property(history, (operations) => {
        const { changes, rows } = played(operations);
        const accepted = rows.filter((row) => (row[3] ?? 0) > 0);
        expect(added(of, changes)).toEqual(grouped(accepted, (row) => [[row[1]]]));
      }),
    );
  });

  it('counts elements where rows are exploded', () => {
    const explode = { column: 'tags', by: { kind: 'json' }, as: 'tag' } as const;
    const groupBy = ['region', 'tag'].map((name) => ({ expression: name, target: name }));
    const of = mapping({ rows: { explode } }, { groupBy });
    fc.assert(
      fc.property(history, (operations) => {
        const { changes, rows } = played(operations);
        const tagsOf = (row: Row) => JSON.parse(row[4] ?? '[]') as readonly string[];
        expect(added(of, changes, 2)).toEqual(grouped(rows, (row) => tagsOf(row).map((tag) => [row[1], tag])));
      }),
    );
  });

  it('counts the rows that are not refused, whatever they were before and become later', () => {
    const of = mapping({}, { groupBy: [{ expression: 'price', target: 'price_group' }] });
    fc.assert(
      fc.property(history, (operations) => {
        const { changes, rows } = played(operations);
        const priced = rows.filter((row) => row[2] !== null);
        expect(added(of, changes)).toEqual(grouped(priced, (row) => [[row[2]]]));
      }),
    );
  });

  it('takes a row out of its group that is refused from now on, and names the group that it should have come to', () => {
    const groupBy = ['region', 'price'].map((name) => ({ expression: name, target: `${name}_group` }));
    const values = [{ function: 'sum' as const, expression: 'pieces', target: 'pieces' }];
    const of = mapping({}, { groupBy, values });
    const good: RowImage = [1n, 'eu', '1.50', 2, null, null];
    const bad: RowImage = [1n, 'us', null, 3, null, null];
    expect(of.mapOrRefuse(update(good, bad), FACTS)).toMatchObject([
      { kind: 'update', after: ['eu', '1.50', -1n, '-2'] },
      { kind: 'insert', refusal: { code: 'ROW_GROUP_NULL' } },
    ]);
    expect(of.mapOrRefuse(update(bad, good), FACTS)).toMatchObject([
      { kind: 'insert', after: ['eu', '1.50', 1n, '2'] },
    ]);
    expect(of.mapOrRefuse(remove(bad), FACTS)).toEqual([]);
  });

  it('says nothing of an update that changes nothing that is counted', () => {
    const row: Row = [1n, 'eu', '1.50', 2, null];
    expect(outcome(mapping(), update(imageOf(row), [1n, 'eu', '1.50', 2, '["a"]', 0.5]))).toEqual([]);
  });

  it('takes what an update does not carry from before it', () => {
    const change = update([1n, 'eu', '1.50', 2, null, null], [1n, undefined, undefined, 3, undefined, undefined]);
    expect(outcome(mapping(), change)).toMatchObject([{ kind: 'update', after: ['eu', 0n, '0.00', '1', '0', '1.50'] }]);
  });

  it('refuses a row whose images do not tell the group, and one of no group', () => {
    const of = mapping();
    expect(codeOf(() => of.map(update([1n], [1n, 'eu', '1.00']), FACTS))).toBe('ROW_IMAGE_PARTIAL');
    const grouping = { groupBy: [{ expression: 'price', target: 'price_group' }] };
    const [refused] = mapping({}, grouping).mapOrRefuse(insert([1n, 'eu', null, 1, null, null]), FACTS);
    expect(refused).toMatchObject({ kind: 'insert', refusal: { code: 'ROW_GROUP_NULL', columns: [0, 1, 2, 3, 4, 5] } });
  });

  it('names the group of a row whose value cannot be made', () => {
    const values = [{ function: 'sum' as const, expression: 'pieces / 0', target: 'x' }];
    const [refused] = mapping({}, { values }).mapOrRefuse(insert([1n, 'eu', null, 1, null, null]), FACTS);
    expect(refused).toMatchObject({ after: ['eu', undefined, undefined], refusal: { columns: [1, 2] } });
  });

  it.each<[string, Partial<MappingRules>, Partial<AggregateRule>]>([
    ['computed columns', { columns: [] }, {}],
    ['a route', { route: { expression: 'region', tables: ['eu'] } }, {}],
    ['soft delete', { rows: { softDelete: { column: 'gone', deleted: true, present: false } } }, {}],
    ['left out changes', { rows: { leaveOut: ['delete'] } }, {}],
    ['a column twice', {}, { count: 'REGION' }],
    ['a sum of doubles', {}, { values: [{ function: 'sum', expression: 'rate', target: 'x' }] }],
    ['a sum of texts', {}, { values: [{ function: 'sum', expression: 'region', target: 'x' }] }],
    ['a group by the change', {}, { groupBy: [{ expression: 'row.gtid', target: 'x' }] }],
    ['a filter by the change', { rows: { filter: "row.kind == 'insert'" } }, {}],
  ])('is refused with %s', (_what, rules, aggregate) => {
    expect(codeOf(() => mapping(rules, aggregate))).toBe('MAPPING_AGGREGATE_INVALID');
  });
});
