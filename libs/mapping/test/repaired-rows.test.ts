import { describe, expect, it } from '@jest/globals';
import { REPAIRS, rowRefusal, SyncError, WRITES_ALL } from '@lutra/model';
import type { MappingRules, RowChange, RowImage } from '@lutra/model';
import { FACTS, mappingOf, ORDERS, outcome, remove, update } from './mapping-fixture.ts';

const IMAGE: RowImage = [1, 60, 'eu', '["a"]', 'x,y'];
const KEY: RowImage = [1, undefined, undefined, undefined, undefined];
const repair: RowChange = { ...update(IMAGE, IMAGE), flags: REPAIRS | WRITES_ALL };
const gone: RowChange = { ...remove(KEY), flags: REPAIRS };
const AGGREGATE: MappingRules['aggregate'] = {
  groupBy: [{ expression: 'region', target: 'region' }],
  count: 'n',
  values: [{ function: 'max', expression: 'amount', target: 'most' }],
};
const kinds = (rules: MappingRules | undefined, change: RowChange): readonly string[] =>
  outcome(mappingOf(rules), change).map(({ kind, table }) => `${kind} ${table}`);

describe('a row that is sent once more', () => {
  it.each<readonly [string, MappingRules | undefined, readonly string[], readonly string[]]>([
    ['without rules', undefined, ['update copies'], ['delete copies']],
    ['that the filter takes', { rows: { filter: 'amount > 50' } }, ['update copies'], ['delete copies']],
    ['that the filter keeps out', { rows: { filter: 'amount > 99' } }, [], ['delete copies']],
    [
      'with a route',
      { route: { expression: "'in_' + region", tables: ['in_eu', 'in_us'] } },
      ['update in_eu'],
      ['delete in_eu', 'delete in_us'],
    ],
    [
      'with soft deletion',
      { rows: { softDelete: { column: 'gone', deleted: 1, present: 0 } } },
      ['update copies'],
      ['update copies'],
    ],
    [
      'with elements, of which a key says nothing',
      { rows: { explode: { column: 'words', by: { kind: 'delimiter', separator: ',' }, as: 'word' } } },
      ['update copies', 'update copies'],
      [],
    ],
    [
      'with elements that take the place of their column',
      { rows: { explode: { column: 'words', by: { kind: 'delimiter', separator: ',' }, as: 'words' } } },
      ['update copies', 'update copies'],
      [],
    ],
    ['that its group counts already', { aggregate: AGGREGATE }, [], []],
    ['where updates are left out', { rows: { leaveOut: ['update'] } }, [], ['delete copies']],
    ['where inserts are left out', { rows: { leaveOut: ['insert'] } }, [], ['delete copies']],
    ['where deletes are left out', { rows: { leaveOut: ['delete'] } }, ['update copies'], []],
  ])('becomes %s', (_what, rules, ofRow, ofKey) => {
    expect(kinds(rules, repair)).toEqual(ofRow);
    expect(kinds(rules, gone)).toEqual(ofKey);
  });

  it('counts for nothing in a group, also when it was refused before', () => {
    const mapping = mappingOf({ aggregate: AGGREGATE });
    const error = new SyncError('ROW_VALUE_INVALID', { problem: 'no number', column: 'amount' });
    const refusal = rowRefusal(error, { columns: [1], isOnlyBefore: false });
    expect(mapping.mapOrRefuse({ ...repair, refusal }, FACTS)).toEqual([]);
    expect(mapping.mapOrRefuse({ ...repair, flags: 0, refusal }, FACTS)).toHaveLength(1);
  });

  it.each([
    ['return row;', 1],
    ["return [row, { ...row, region: 'us' }];", 2],
    ['return null;', 0],
  ])('is written whole where a script says: %s', async (answer, rows) => {
    const source = `function transform(row) { ${answer} }`;
    const mapping = mappingOf({ script: { source, columns: [], timeMs: 2_000, memoryBytes: 33_554_432 } });
    const [mapped] = await mapping.mapAll([{ change: repair, facts: FACTS }]);
    expect(mapped?.refusal).toBeNull();
    expect(mapped?.changes.map(({ kind }) => kind)).toEqual(Array.from({ length: rows }, () => 'update'));
    const [later] = await mapping.mapAll([{ change: update(IMAGE, IMAGE), facts: FACTS }]);
    // Of an ordinary row that changes nothing, several rows are as they were.
    expect(later?.changes).toHaveLength(rows === 1 ? 1 : 0);
    await mapping.close();
  });

  it('is not deleted by a key that is no key at the target', () => {
    const columns = { mode: 'list', columns: [{ source: 'amount', target: 'amount' }] } as const;
    const mapping = mappingOf({ columns: [] }, { columns });
    expect(outcome(mapping, gone)).toEqual([]);
    expect(outcome(mapping, repair)).toHaveLength(1);
    expect(mapping.targets[0]?.primaryKey).toEqual([]);
    expect(ORDERS.primaryKey).toEqual([0]);
  });
});
