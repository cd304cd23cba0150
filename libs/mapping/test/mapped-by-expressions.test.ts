import { describe, expect, it } from '@jest/globals';
import type { MappingRules, RowImage } from '@lutra/model';
import { codeOf, columnsOf, insert, mappingOf, outcome, remove, update } from './mapping-fixture.ts';

const row = (amount: number | null, region = 'eu'): RowImage => [1, amount, region, '[]', null];

describe('a filter', () => {
  const mapping = mappingOf({ rows: { filter: 'amount > 10 && region != "test"' } });
  const [small, large, larger, none] = [row(1), row(11), row(12), row(null)];

  it.each([
    ['a row that enters is inserted', update(small, large), [{ kind: 'insert', after: large }]],
    ['a row that leaves is deleted', update(large, small), [{ kind: 'delete', before: large }]],
    ['a row that becomes null leaves', update(large, none), [{ kind: 'delete', before: large }]],
    ['a row inside is updated', update(large, larger), [{ kind: 'update', before: large, after: larger }]],
    ['a row outside is nothing', update(small, none), []],
    ['what is inserted outside is nothing', insert(none), []],
    ['what is deleted outside is nothing', remove(small), []],
    ['what is deleted inside is deleted', remove(large), [{ kind: 'delete', before: large }]],
  ])('%s', (_what, change, expected) => {
    expect(outcome(mapping, change)).toEqual(expected.map((mapped) => ({ ...mapped, table: 'copies' })));
  });

  it('needs the columns that it names in each image', () => {
    expect(mapping.reads).toEqual(expect.arrayContaining([1, 2]));
    expect(codeOf(() => outcome(mapping, update([1, undefined, 'eu', '[]', null], row(11))))).toBe('ROW_IMAGE_PARTIAL');
  });
});

describe('a route', () => {
  const rules: MappingRules = { route: { expression: '"orders_" + region', tables: ['orders_eu', 'orders_us'] } };

  it('moves a row whose table changes', () => {
    const [eu, us] = [row(1, 'eu'), row(1, 'us')];
    expect(outcome(mappingOf(rules), update(eu, us))).toEqual([
      { kind: 'delete', table: 'orders_eu', before: eu },
      { kind: 'insert', table: 'orders_us', after: us },
    ]);
  });

  it('refuses a row of another table, and an expression that tells of the change', () => {
    expect(codeOf(() => outcome(mappingOf(rules), insert(row(1, 'asia'))))).toBe('ROW_ROUTE_UNKNOWN');
    const byKind = { route: { expression: 'row.kind', tables: ['insert'] } };
    expect(codeOf(() => mappingOf(byKind))).toBe('MAPPING_EXPRESSION_INVALID');
  });
});

describe('columns', () => {
  const mapping = mappingOf(
    {
      columns: [
        { target: 'gross', from: { kind: 'expression', expression: 'round(amount * 1.19, 2)' } },
        { target: 'how', from: { kind: 'expression', expression: 'row.kind + "@" + row.gtid' } },
        {
          target: 'size',
          from: { kind: 'expression', expression: 'amount > 10 ? "large" : "small"' },
          steps: [{ kind: 'partial', keepStart: 1, keepEnd: 0, with: '*' }],
        },
      ],
    },
    { columns: { mode: 'except', names: ['tags', 'words', 'region'], renames: [{ source: 'id', target: 'no' }] } },
  );

  it('are computed beside those that are taken', () => {
    expect(columnsOf(mapping)).toEqual(['no', 'amount', 'gross', 'how', 'size']);
    expect(outcome(mapping, insert(row(11)))).toEqual([
      { kind: 'insert', table: 'copies', after: [1, 11, '13.09', 'insert@0-1-7', 'l****'] },
    ]);
  });

  it('of a change are not of the row before it', () => {
    const [mapped] = outcome(mapping, update(row(1), row(11)));
    expect(mapped?.before).toEqual([1, 1, '1.19', undefined, 's****']);
  });

  it('name what they read', () => {
    expect(mapping.reads).toEqual([0, 1]);
  });

  it('give the same for the same row, before and after others', () => {
    const first = outcome(mapping, insert(row(11)));
    outcome(mapping, insert(row(7)));
    expect(codeOf(() => outcome(mapping, insert(row(null))))).toBe('none');
    expect(outcome(mapping, insert(row(11)))).toEqual(first);
  });
});
