/** Goal: the filter says which rows stand at the target, and the route where. */
import { describe, expect, it } from '@jest/globals';
import type { Explode, RowChange, RowImage } from '@lutra/model';
import { codeOf, insert, mappingOf, outcome, remove, update } from './mapping-fixture.ts';

const ORDER: RowImage = [1, 10, 'eu', '["a","b"]', 'x,y'];
const SMALL: RowImage = [1, 2, 'eu', '["a","b"]', 'x,y'];
const LARGE = { filter: 'amount > 5' };

describe('a filter', () => {
  const mapping = mappingOf({ rows: LARGE });
  it.each<[string, RowChange, readonly object[]]>([
    ['inserts what it accepts', insert(ORDER), [{ kind: 'insert', after: ORDER }]],
    ['leaves out what it does not', insert(SMALL), []],
    ['inserts a row that enters it', update(SMALL, ORDER), [{ kind: 'insert', after: ORDER }]],
    ['deletes a row that leaves it', update(ORDER, SMALL), [{ kind: 'delete', before: ORDER }]],
    ['updates a row inside', update(ORDER, ORDER), [{ kind: 'update', before: ORDER, after: ORDER }]],
    ['does nothing outside', update(SMALL, SMALL), []],
    ['deletes a row inside', remove(ORDER), [{ kind: 'delete', before: ORDER }]],
    ['knows nothing of a row that it never took', remove(SMALL), []],
    ['does not take a row for which it is null', insert(ORDER.with(1, null)), []],
  ])('%s', (_behaviour, change, expected) => {
    expect(outcome(mapping, change)).toEqual(expected.map((each) => ({ table: 'copies', ...each })));
  });

  it.each([
    ['before', update([1, undefined], ORDER)],
    ['after', update(ORDER, [1, undefined])],
  ])('refuses a row whose image %s leaves out what it asks for', (_side, change) => {
    expect(codeOf(() => outcome(mapping, change))).toBe('ROW_IMAGE_PARTIAL');
  });

  it('takes a partial image that holds what it asks for', () => {
    const [mapped] = outcome(mapping, update([1, 10], [undefined, 11]));
    expect([mapped?.kind, mapped?.before?.[0], mapped?.after?.[0]]).toEqual(['update', 1, undefined]);
  });

  it('deletes a row that leaves it, where deletes are left out: the source updated it', () => {
    const mapping = mappingOf({ rows: { ...LARGE, leaveOut: ['delete'] } });
    expect([update(ORDER, SMALL), remove(ORDER)].map((change) => outcome(mapping, change).length)).toEqual([1, 0]);
  });

  it('flags a row that leaves it, where deletes are soft', () => {
    const softDelete = { column: 'gone', deleted: true, present: false };
    expect(outcome(mappingOf({ rows: { ...LARGE, softDelete } }), update(ORDER, SMALL))).toEqual([
      { table: 'copies', kind: 'update', before: [...ORDER, 0], after: [...ORDER, 1] },
    ]);
  });
});

describe('a filter of both images', () => {
  const RICH = ORDER.with(1, 11);
  const MOVED = ORDER.with(2, 'us');
  const moves = "row.kind != 'update' || before.region != after.region";
  it.each<[string, string, RowChange, readonly string[]]>([
    ['takes an update that it asks for', moves, update(ORDER, MOVED), ['update']],
    ['passes over another one', moves, update(ORDER, RICH), []],
    ['takes what is no update', moves, insert(ORDER), ['insert']],
    ['compares numbers', 'after.amount > before.amount', update(ORDER, RICH), ['update']],
    ['sees nulls before an insert', 'before.id == null && after.id == id', insert(ORDER), ['insert']],
    ['sees nulls after a delete', 'after.id == null && before.id == id', remove(ORDER), ['delete']],
    [
      'is asked of each image for its own columns',
      "region == 'us' && before.id == 1",
      update(ORDER, MOVED),
      ['insert'],
    ],
    ['is asked of the other image too', "region == 'eu' && after.id == 1", update(ORDER, MOVED), ['delete']],
    ['takes names as col does', 'col("BEFORE.Amount") < AFTER.amount', update(ORDER, RICH), ['update']],
  ])('%s', (_behaviour, filter, change, kinds) => {
    const outcomes = outcome(mappingOf({ rows: { filter } }), change);
    expect(outcomes.map(({ kind }) => kind)).toEqual(kinds);
  });

  it('needs only what it asks for, of the image that it asks', () => {
    const mapping = mappingOf({ rows: { filter: moves } });
    const partial = (change: RowChange): string => codeOf(() => outcome(mapping, change));
    expect(partial(update([1, undefined, 'eu'], [undefined, 2, 'us']))).toBe('none');
    expect(partial(update([1, 2, undefined], ORDER))).toBe('ROW_IMAGE_PARTIAL');
    expect(mapping.reads).toEqual([...ORDER.keys()]);
    expect(mappingOf({ rows: { filter: moves } }, { columns: { mode: 'list', columns: [] } }).reads).toEqual([2]);
  });

  it('decides before rows are made of elements and sent to tables', () => {
    const explode: Explode = { column: 'words', by: { kind: 'delimiter', separator: ',' }, as: 'word' };
    const route = { expression: "'w_' + word", tables: ['w_x', 'w_y'] };
    const mapping = mappingOf({ rows: { explode, filter: 'before.amount != after.amount' }, route });
    expect(outcome(mapping, update(ORDER, RICH)).map(({ kind, table }) => `${kind} ${table}`)).toEqual([
      'update w_x',
      'update w_y',
    ]);
    expect(outcome(mapping, update(ORDER, MOVED))).toEqual([]);
  });

  it.each([
    ['a column that there is not', { rows: { filter: 'before.nothing == 1' } }],
    ['a type that it is not', { rows: { filter: "before.amount == 'a'" } }],
    ['a column', { columns: [{ target: 'n', from: { kind: 'expression' as const, expression: 'before.amount' } }] }],
    ['a route', { route: { expression: "'in_' + before.region", tables: ['in_eu'] } }],
  ])('is all that may name them: not %s', (_where, rules) => {
    expect(codeOf(() => mappingOf(rules))).toBe('MAPPING_EXPRESSION_INVALID');
  });

  it('may not decide what a group is made of', () => {
    const aggregate = { groupBy: [{ target: 'region', expression: 'region' }], count: 'n', values: [] };
    expect(codeOf(() => mappingOf({ aggregate, rows: { filter: 'before.id == 1' } }))).toBe(
      'MAPPING_AGGREGATE_INVALID',
    );
  });
});

describe('a route', () => {
  const route = { expression: "'orders_' + region", tables: ['orders_eu', 'orders_us'] };
  const mapping = mappingOf({ route });

  it('has a target for each of its tables', () => {
    const names = mapping.targets.map(({ schema, table }) => `${schema}.${table}`);
    expect(names).toEqual(['archive.orders_eu', 'archive.orders_us']);
  });

  it('deletes a row from one table and inserts it into the other', () => {
    const moved = ORDER.with(2, 'us');
    expect(outcome(mapping, update(ORDER, moved))).toEqual([
      { table: 'orders_eu', kind: 'delete', before: ORDER },
      { table: 'orders_us', kind: 'insert', after: moved },
    ]);
  });

  it.each([
    ['another name', 'EU'],
    ['none', null],
  ])('refuses a row for which it gives %s', (_what, region) => {
    expect(codeOf(() => outcome(mapping, insert(ORDER.with(2, region))))).toBe('ROW_ROUTE_UNKNOWN');
  });

  it('goes by the element', () => {
    const explode: Explode = { column: 'words', by: { kind: 'delimiter', separator: ',' }, as: 'word' };
    const byWord = mappingOf({ rows: { explode }, route: { expression: "'w_' + word", tables: ['w_x', 'w_y'] } });
    expect(outcome(byWord, insert(ORDER)).map(({ table }) => table)).toEqual(['w_x', 'w_y']);
  });

  it('may not depend on the change: the row would be looked for elsewhere than it was written', () => {
    const byMonth = { expression: "'w_' + row.commitTime", tables: ['w_1'] };
    expect(codeOf(() => mappingOf({ route: byMonth }))).toBe('MAPPING_EXPRESSION_INVALID');
  });
});
