import { describe, expect, it } from '@jest/globals';
import type { Explode, MappingRules, RowChange, RowImage } from '@lutra/model';
import type { TableMapping } from '../src/table-mapping.ts';
import { codeOf, FACTS, insert, mappingOf, remove, update } from './mapping-fixture.ts';

// Goal: of a row that cannot be mapped as much is told as can be made of it, and which columns are open.

const INVALID = 'ROW_VALUE_INVALID';
const explode: Explode = { column: 'tags', by: { kind: 'json' }, as: 'tag', positionAs: 'n' };
const order = (tags: string | null, words = '{}'): RowImage => [1, 10, 'eu', tags, words];
const reading = (column: string): MappingRules => ({
  columns: [{ target: 'found', from: { kind: 'column', column }, steps: [{ kind: 'json', path: '$.a' }] }],
});
const refusalsOf = (mapping: TableMapping, change: RowChange) =>
  mapping.map(change, FACTS).map(({ kind, refusal }) => [kind, refusal?.code, refusal?.columns, refusal?.isOnlyBefore]);

describe('a row that cannot be mapped', () => {
  const mapping = mappingOf(reading('words'), { columns: { mode: 'list', columns: [{ source: 'id', target: 'id' }] } });
  const [good, bad] = [order(null, '{"a":1}'), order(null, '{')];

  it.each<[string, RowChange, readonly unknown[]]>([
    ['is not refused', update(good, good), [['update', undefined, undefined, undefined]]],
    ['is an insert', insert(bad), [['insert', INVALID, [1], false]]],
    ['is an update', update(good, bad), [['update', INVALID, [1], false]]],
    ['has been mended', update(bad, good), [['update', INVALID, [1], true]]],
    ['is deleted', remove(bad), [['delete', INVALID, [1], true]]],
    ['stays so', update(bad, bad), [['update', INVALID, [1], false]]],
  ])('%s', (_what, change, expected) => {
    expect(refusalsOf(mapping, change)).toEqual(expected);
  });

  it('keeps what could be made, and leaves no trace in the next one', () => {
    expect(mapping.map(update(good, bad), FACTS)).toMatchObject([{ before: [1, '1'], after: [1, undefined] }]);
    expect(mapping.map(insert(good), FACTS)).toEqual([{ kind: 'insert', target: 0, after: [1, '1'] }]);
  });

  it('is refused by element where elements differ', () => {
    const ofTags = mappingOf({ rows: { explode }, ...reading('tag') });
    const change = insert(order('["{\\"a\\":1}", "{", "{}"]'));
    expect(refusalsOf(ofTags, change).map(([, code]) => code)).toEqual([undefined, INVALID, undefined]);
  });

  it('is refused as one when its elements cannot be told, and they are open', () => {
    const exploded = mappingOf({ rows: { explode } });
    const change = update(order('["a"]'), order('['));
    expect(codeOf(() => exploded.map(change, FACTS))).toBe(INVALID);
    let refused = null;
    try {
      exploded.map(change, FACTS);
    } catch (error) {
      refused = exploded.refused(change, FACTS, error);
    }
    expect(refused).toMatchObject({
      ...{ kind: 'update', target: 0, refusal: { code: INVALID, columns: [5, 6], isOnlyBefore: false } },
      after: [1, 10, 'eu', '[', '{}', undefined, undefined],
    });
  });

  it('is none where the error is not about it', () => {
    const failure = new TypeError('no');
    expect(() => mapping.refused(insert(bad), FACTS, failure)).toThrow(failure);
  });
});
