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
