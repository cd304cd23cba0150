/**
 * Goal: after any history the extremes of each group are those of the rows that the source then holds, at whatever moment behind
 * a change its group was read.
 * Method: random histories, cut into portions; each portion is mapped when the source is some changes further, and its groups
 * are read there; what comes out is applied as load does. The model takes the extremes of the rows in the end.
 */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { must } from '@lutra/model';
import type { AggregateRule, ColumnValue, MappingRules, RowChange, RowImage, TableDefinition } from '@lutra/model';
import type { GroupReader } from '../../src/aggregate/group-reader.ts';
import { GroupTally } from '../../src/aggregate/group-tally.ts';
import type { TableMapping } from '../../src/table-mapping.ts';
import { codeOf, FACTS, insert, mappingOf, remove, update } from '../mapping-fixture.ts';

const SALES: TableDefinition = {
  schema: 'shop',
  table: 'sales',
  columns: [
    { name: 'id', kind: 'integer', declared: 'int', nullable: false, bytes: 4 },
    { name: 'region', kind: 'text', declared: 'varchar(20)', nullable: false, charset: 'utf8mb4' },
    { name: 'price', kind: 'decimal', declared: 'decimal(12,2)', nullable: true, length: 12, scale: 2 },
    { name: 'lasted', kind: 'time', declared: 'time', nullable: true, length: 0 },
    { name: 'note', kind: 'text', declared: 'text', nullable: true, charset: 'utf8mb4' },
  ],
  primaryKey: [0],
};

const AGGREGATE: AggregateRule = {
  groupBy: [{ expression: 'region', target: 'region' }],
  count: 'n',
  values: [
    { function: 'min', expression: 'price', target: 'lowest' },
    { function: 'sum', expression: 'price', target: 'price' },
    { function: 'max', expression: 'price', target: 'highest' },
    { function: 'max', expression: 'lasted', target: 'longest' },
  ],
};

const mapping = (rules: Partial<MappingRules> = {}, aggregate: Partial<AggregateRule> = {}): TableMapping =>
  mappingOf({ ...rules, aggregate: { ...AGGREGATE, ...aggregate } }, { source: SALES });

const PRICES = ['-10.00', '-9.99', '0.00', '2.00', '10.00', '9.50'];
const TIMES = ['-01:00:00', '00:00:01', '23:59:59', '100:00:00', '99:59:59'];

interface Operation {
  readonly kind: 'insert' | 'update' | 'delete';
  readonly id: number;
  readonly rest: readonly [string, string | null, string | null];
}

const operation: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constantFrom('insert', 'update', 'update', 'delete'),
  id: fc.integer({ min: 1, max: 6 }),
  rest: fc.tuple(
    fc.constantFrom('eu', 'us'),
    fc.constantFrom<string | null>(null, ...PRICES),
    fc.constantFrom<string | null>(null, ...TIMES),
  ),
});
const history = fc.array(operation, { maxLength: 40, size: 'max' });
/** Changes of a portion, and how many changes further the source is when it is read. */
const cuts = fc.array(fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 8 })), {
  minLength: 40,
  maxLength: 40,
});

/** The changes, and the rows of the source after each. */
function played(
  operations: readonly Operation[],
): readonly { readonly change: RowChange; readonly rows: readonly RowImage[] }[] {
  const rows = new Map<number, RowImage>();
  return operations.flatMap(({ kind, id, rest }) => {
    const before = rows.get(id);
    const after: RowImage = [id, ...rest, null];
    if (kind === 'delete' && before === undefined) return [];
    if (kind === 'delete') rows.delete(id);
    else rows.set(id, after);
    const change = before === undefined ? insert(after) : kind === 'delete' ? remove(before) : update(before, after);
    return [{ change, rows: [...rows.values()] }];
  });
}

/** Reads the rows of a source as they stand: extremes where those are asked for, and rows otherwise. */
const readerOf = (rows: readonly RowImage[]): GroupReader => ({
  read: ({ columns, groups, extremes, table }, _transactions, begin) => {
    begin()(
      0,
      table.columns.map(() => null),
    );
    const take = begin();
    for (const [number, group] of groups.entries()) {
      const own = rows.filter((row) => columns.every((position, at) => row[position] === group[at]));
      if (extremes === null) for (const row of own) take(number, row);
      else
        for (const { position, function: kind } of extremes) {
          const values = own.map((row) => row[position] ?? null).filter((value) => value !== null);
          const ordered = values.toSorted((one, other) => rankOf(one) - rankOf(other));
          const value = (kind === 'min' ? ordered[0] : ordered.at(-1)) ?? null;
          take(
            number,
            table.columns.map((_column, at) => (at === position ? value : undefined)),
          );
        }
    }
    return Promise.resolve();
  },
});

/** An order of its own: of the numbers, or of the place in the list. */
const ORDERED_TIMES = ['-01:00:00', '00:00:01', '23:59:59', '99:59:59', '100:00:00'];
const rankOf = (value: ColumnValue): number => {
  const text = typeof value === 'string' ? value : '';
  return text.includes(':') ? ORDERED_TIMES.indexOf(text) : Number(text);
};

type Extremes = readonly [least: ColumnValue, greatest: ColumnValue, longest: ColumnValue];

/** What load holds in the end. */
async function written(
  of: TableMapping,
  operations: readonly Operation[],
  portions: readonly (readonly [number, number])[],
): Promise<ReadonlyMap<string, Extremes>> {
  const steps = played(operations);
  const groups = new Map<string, { n: bigint; extremes: ColumnValue[] }>();
  let at = 0;
  for (const [size, ahead] of portions) {
    const portion = steps.slice(at, at + size);
    at += portion.length;
    const { rows = [] } = steps[Math.min(at - 1 + ahead, steps.length - 1)] ?? {};
    const sources = portion.map(({ change }) => ({ change, facts: { ...FACTS, kind: change.kind } }));
    for (const { changes } of await of.withExtremes(sources, await of.mapAll(sources), readerOf(rows)))
      for (const change of changes) {
        if (change.kind === 'delete') throw new Error('A group is never deleted by a change');
        const [region, n, low, , high, long] = change.after;
        const known = groups.get(region as string) ?? { n: 0n, extremes: [null, null, null] };
        groups.set(region as string, known);
        known.n += n as bigint;
        const given = [low ?? null, high ?? null, long ?? null];
        known.extremes = given.map((value, index) => {
          const standing = known.extremes[index] ?? null;
          if (change.target === 1) return value;
          if (value === null || standing === null) return value ?? standing;
          const isBeyond = index === 0 ? rankOf(value) < rankOf(standing) : rankOf(value) > rankOf(standing);
          return isBeyond ? value : standing;
        });
        if (known.n === 0n) groups.delete(region as string);
      }
  }
  return new Map([...groups].map(([region, { extremes }]) => [region, extremes as unknown as Extremes]));
}

function grouped(rows: readonly RowImage[]): ReadonlyMap<string, Extremes> {
  const groups = new Map<string, Extremes>();
  for (const region of new Set(rows.map((row) => row[1] as string))) {
    const own = rows.filter((row) => row[1] === region);
    const valuesOf = (position: number) =>
      own
        .map((row) => row[position] ?? null)
        .filter((value) => value !== null)
        .toSorted((one, other) => rankOf(one) - rankOf(other));
    const [prices, times] = [valuesOf(2), valuesOf(3)];
    groups.set(region, [prices[0] ?? null, prices.at(-1) ?? null, times.at(-1) ?? null]);
  }
  return groups;
}

/** Of the rows alone. */
function tallied(of: TableMapping, rows: readonly RowImage[]): ReadonlyMap<string, Extremes> {
  const tally = new GroupTally(must(of.targets[0], 'two'));
  for (const row of rows) for (const change of of.mapOrRefuse(insert(row), FACTS)) tally.addChange(change);
  const told = [...tally.all()].map(([, { key, amounts }]) => [key[0], [amounts[1], amounts[3], amounts[4]]]);
  return new Map(told as [string, Extremes][]);
}

describe('least and greatest values of groups', () => {
  it.each<[string, TableMapping, (row: RowImage) => boolean]>([
    ['are those of GROUP BY, told by the server', mapping(), () => true],
    [
      'are those of the rows that a filter accepts',
      mapping({ rows: { filter: 'price >= 0' } }),
      ([, , price]) => Number(price ?? -1) >= 0,
    ],
    [
      'are those of expressions',
      mapping(
        {},
        {
          values: AGGREGATE.values.map((value) =>
            value.function === 'min' ? { ...value, expression: 'price + 0' } : value,
          ),
        },
      ),
      () => true,
    ],
  ])('%s', async (_what, of, accepts) => {
    await fc.assert(
      fc.asyncProperty(history, cuts, async (operations, portions) => {
        const rows = (played(operations).at(-1)?.rows ?? []).filter(accepts);
        expect(await written(of, operations, portions)).toEqual(grouped(rows));
        expect(tallied(of, rows)).toEqual(grouped(rows));
      }),
    );
  });

  it('are not asked for while they grow, or what leaves is covered', () => {
    const of = mapping();
    const targets = (change: RowChange) => of.map(change, FACTS).map(({ target, asks }) => [target, asks]);
    const row = (price: string | null, lasted: string | null): RowImage => [1, 'eu', price, lasted, null];
    expect(targets(insert(row('1.00', null)))).toEqual([[0, undefined]]);
    expect(targets(update(row(null, null), row('1.00', '01:00:00')))).toEqual([[0, undefined]]);
    expect(targets(update(row(null, '01:00:00'), row(null, '02:00:00')))).toEqual([[0, undefined]]);
    expect(targets(update(row('1.00', null), row('2.00', null)))).toEqual([[1, ['eu']]]);
    expect(targets(remove(row(null, '01:00:00')))).toEqual([[1, ['eu']]]);
  });

  it.each<[string, Partial<MappingRules>, Partial<AggregateRule>]>([
    ['groups that are computed', {}, { groupBy: [{ expression: "region + '!'", target: 'region' }] }],
    ['the greatest text', {}, { values: [{ function: 'max', expression: 'note', target: 'x' }] }],
  ])('are refused with %s', (_what, rules, aggregate) => {
    expect(codeOf(() => mapping(rules, aggregate))).toBe('MAPPING_AGGREGATE_INVALID');
  });

  it('are refused of a table without a key', () => {
    const source = { ...SALES, primaryKey: [] };
    expect(codeOf(() => mappingOf({ aggregate: AGGREGATE }, { source }))).toBe('MAPPING_AGGREGATE_INVALID');
  });

  it('name both tables at the target: that which moves, and that which sets', () => {
    const amounts = mapping().targets.map(({ columns }) => columns.map(({ amount = 'group' }) => amount).join(' '));
    expect(amounts).toEqual(['group count least sum greatest greatest', 'group count set sum set set']);
    expect(must(mapping().targets[1], 'two').table).toBe('copies');
  });
});
