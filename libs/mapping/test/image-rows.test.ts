/** Goal: rules of rows do what their words say, one by one. */
import { describe, expect, it } from '@jest/globals';
import type { Explode, MappingRules, RowChange, RowImage } from '@lutra/model';
import { codeOf, columnsOf, insert, mappingOf, outcome, remove, update } from './mapping-fixture.ts';

const ORDER: RowImage = [1, 10, 'eu', '["a","b"]', 'x,y'];
const ONLY_ID = { columns: { mode: 'list' as const, columns: [{ source: 'id', target: 'id' }] } };

describe('leaveOut', () => {
  it.each<[string, RowChange, number]>([
    ['leaves out deletes', remove(ORDER), 0],
    ['does not leave out updates', update(ORDER, ORDER), 1],
  ])('%s', (_behaviour, change, count) => {
    expect(outcome(mappingOf({ rows: { leaveOut: ['delete'] } }), change)).toHaveLength(count);
  });
});

describe('a soft delete', () => {
  const rules: MappingRules = {
    rows: { softDelete: { column: 'gone', deleted: true, present: false } },
    columns: [{ target: 'done_by', from: { kind: 'fact', fact: 'operation' } }],
  };
  const mapping = mappingOf(rules, ONLY_ID);
  const before = [1, undefined, 0];

  it.each<[string, RowChange, readonly object[]]>([
    ['flags a row instead of a delete', remove(ORDER), [{ kind: 'update', before, after: [1, 'delete', 1] }]],
    ['takes the flag off an inserted row', insert(ORDER), [{ kind: 'insert', after: [1, 'insert', 0] }]],
    ['keeps it off in updates', update(ORDER, ORDER), [{ kind: 'update', before, after: [1, 'update', 0] }]],
    [
      'flags the row under the old key, and inserts that of the new one',
      update(ORDER, ORDER.with(0, 2)),
      [
        { kind: 'update', before, after: [1, 'update', 1] },
        { kind: 'insert', after: [2, 'update', 0] },
      ],
    ],
  ])('%s', (_behaviour, change, expected) => {
    expect(outcome(mapping, change)).toEqual(expected.map((each) => ({ table: 'copies', ...each })));
  });

  it('takes values that leave room for NULL', () => {
    const softDelete = { column: 'gone', deleted: '2024-01-01', present: null };
    expect(outcome(mappingOf({ rows: { softDelete } }), remove(ORDER))).toMatchObject([
      { before: [...ORDER, null], after: [...ORDER, '2024-01-01'] },
    ]);
  });

  it.each([
    ['values of two types', { column: 'gone', deleted: 'yes', present: 0 }],
    ['one value for both', { column: 'gone', deleted: 1, present: 1 }],
  ])('is refused with %s', (_what, softDelete) => {
    expect(codeOf(() => mappingOf({ rows: { softDelete } }))).toBe('MAPPING_STEP_INVALID');
  });

  it('is refused on a column that is computed', () => {
    const columns = [{ target: 'GONE', from: { kind: 'constant' as const, value: 1 } }];
    const softDelete = { column: 'gone', deleted: 1, present: 0 };
    expect(codeOf(() => mappingOf({ rows: { softDelete }, columns }))).toBe('MAPPING_COLUMN_TWICE');
  });
});

describe('explode', () => {
  const json: Explode = { column: 'tags', by: { kind: 'json' }, as: 'tag' };
  const delimited: Explode = { column: 'words', by: { kind: 'delimiter', separator: ',' }, as: 'words' };
  const exploded = (explode: Explode) => mappingOf({ rows: { explode } }, ONLY_ID);
  const tagged = (tags: string | null): RowImage => ORDER.with(3, tags);
  const tagsOf = (tags: string | null, explode = json) =>
    outcome(exploded(explode), insert(tagged(tags))).map(({ after }) => after?.slice(1));

  it.each<[string, string | null, readonly RowImage[]]>([
    ['strings', String.raw`["a", "b\n"]`, [['a'], ['b\n']]],
    ['numbers digit by digit', '[18446744073709551615, 1.10]', [['18446744073709551615'], ['1.10']]],
    ['objects as they are', '[{"a": 1}]', [['{"a": 1}']]],
    ['a null among them', '[null, ""]', [[null], ['']]],
    ['those that are distinct', '["a", 1, "a", "1"]', [['a'], ['1']]],
    ['none of an empty list', '[]', []],
    ['none of NULL', null, []],
    ['none of nothing', '', []],
    ["none of JSON's null", ' null', []],
  ])('takes %s', (_what, tags, expected) => {
    expect(tagsOf(tags)).toEqual(expected);
  });

  it.each([
    ['an object', '{"a": 1}'],
    ['broken JSON', '["a"'],
    ['half of a character', String.raw`["\ud800"]`],
  ])('refuses %s', (_what, tags) => {
    expect(codeOf(() => tagsOf(tags))).toBe('ROW_VALUE_INVALID');
  });

  it('numbers the elements from 0', () => {
    expect(tagsOf('["a", "b", "a"]', { ...json, positionAs: 'n' })).toEqual([
      ['a', 0],
      ['b', 1],
    ]);
  });

  it('refuses more than ten thousand', () => {
    const tags = JSON.stringify(Array.from({ length: 10_001 }, (_one, index) => index));
    expect(codeOf(() => tagsOf(tags))).toBe('ROW_TOO_LARGE');
  });

  it('refuses what would become gigabytes', () => {
    const tags = JSON.stringify(Array.from({ length: 10_000 }, (_one, index) => index));
    const large = [1, 10, 'x'.repeat(20_000), tags, ''];
    expect(codeOf(() => outcome(mappingOf({ rows: { explode: json } }), insert(large)))).toBe('ROW_TOO_LARGE');
  });

  it('updates what stays, deletes what goes, inserts what comes', () => {
    expect(outcome(exploded(json), update(tagged('["a","b"]'), tagged('["c","b"]')))).toEqual([
      { table: 'copies', kind: 'delete', before: [1, 'a'] },
      { table: 'copies', kind: 'update', before: [1, 'b'], after: [1, 'b'] },
      { table: 'copies', kind: 'insert', after: [1, 'c'] },
    ]);
  });

  it('writes an element anew whose number is another one: either may be the key', () => {
    const numbered = exploded({ ...json, positionAs: 'n' });
    expect(outcome(numbered, update(tagged('["a","b"]'), tagged('["b","a"]')))).toEqual([
      { table: 'copies', kind: 'delete', before: [1, 'a', 0] },
      { table: 'copies', kind: 'delete', before: [1, 'b', 1] },
      { table: 'copies', kind: 'insert', after: [1, 'b', 0] },
      { table: 'copies', kind: 'insert', after: [1, 'a', 1] },
    ]);
  });

  it('takes the parts of a text, and the place of a column of that name', () => {
    const mapping = mappingOf({ rows: { explode: delimited } });
    expect(columnsOf(mapping)).toEqual(['id', 'amount', 'region', 'tags', 'words']);
    const parts = outcome(mapping, insert(ORDER.with(4, 'x,,x,y'))).map(({ after }) => after?.[4]);
    expect(parts).toEqual(['x', '', 'y']);
  });

  it('lets computed columns use the element', () => {
    const from = { kind: 'concat' as const, columns: ['id', 'TAG'], separator: ':' };
    const mapping = mappingOf({ rows: { explode: json }, columns: [{ target: 'tag', from }] }, ONLY_ID);
    expect(outcome(mapping, insert(ORDER))).toMatchObject([{ after: [1, '1:a'] }, { after: [1, '1:b'] }]);
  });

  it('needs the column of the elements, and no other for them', () => {
    expect(exploded({ ...json, positionAs: 'n' }).reads).toEqual([0, 3]);
  });

  it('refuses an image without it', () => {
    expect(codeOf(() => outcome(exploded(json), remove([1])))).toBe('ROW_IMAGE_PARTIAL');
  });

  it.each<[string, Explode, string]>([
    ['a column that is no list', { ...json, column: 'amount' }, 'MAPPING_STEP_INVALID'],
    ['a column that is not there', { ...json, column: 'none' }, 'MAPPING_COLUMN_UNKNOWN'],
    ['one name for both columns', { ...json, positionAs: 'TAG' }, 'MAPPING_COLUMN_TWICE'],
  ])('is refused for %s', (_what, explode, code) => {
    expect(codeOf(() => exploded(explode))).toBe(code);
  });
});

describe('what is known of a change', () => {
  const facts = (['commitTime', 'gtid', 'operation', 'sourceTable'] as const).map((fact) => ({
    target: fact,
    from: { kind: 'fact' as const, fact },
  }));
  const mapping = mappingOf({ columns: facts }, { columns: { mode: 'list', columns: [] } });

  it('is told of the row after it, and not of the row before', () => {
    expect(outcome(mapping, update(ORDER, ORDER))).toMatchObject([
      {
        before: [undefined, undefined, undefined, 'orders'],
        after: ['2023-11-14 22:13:20.000250', '0-1-7', 'update', 'orders'],
      },
    ]);
  });

  it('is marked so in the table', () => {
    const marks = mapping.targets[0]?.columns.map(({ ofChange = false }) => ofChange);
    expect(marks).toEqual([true, true, true, false]);
  });
});
