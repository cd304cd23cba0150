import { describe, expect, it } from '@jest/globals';
import { whyNotGone } from '../src/index.ts';
import type { MappingDefinition } from '../src/index.ts';

// Goal: nobody's row is deleted at the target for a key that one table of the source does not have.
// Method: mappings that bring rows of one table, or of several, into the table at the target.

let count = 0;
const mapping = (
  table: MappingDefinition['source']['table'],
  more: Partial<MappingDefinition> = {},
): MappingDefinition => ({
  ...{ id: `m${String(++count)}`, source: { schema: 'shop', table }, target: { schema: 'copy' } },
  ...{ columns: { mode: 'all' }, ...more },
});
const exact = (name: string, into?: string): MappingDefinition =>
  mapping({ exact: name }, into === undefined ? {} : { target: { schema: 'copy', table: into } });

describe('a key without a row', () => {
  it.each<[string, readonly MappingDefinition[]]>([
    ['one table', [exact('item')]],
    ['a whole schema', [mapping({ regex: '.*' })]],
    [
      'an expression that keeps its tables apart',
      [mapping({ regex: '(i.*)' }, { target: { schema: 'c', table: 'x_$1' } })],
    ],
    ['one table into two', [exact('item'), exact('item', 'other')]],
    [
      'of groups too, which are not touched',
      [
        exact('item'),
        mapping({ regex: 'i.*' }, { target: { schema: 'copy', table: 'sums' }, rules: { aggregate: {} as never } }),
      ],
    ],
    ['other tables with a processor', [exact('item'), mapping({ exact: 'word' }, { rules: { processors: [] } })]],
  ])('is deleted where the mapping is %s', (_what, mappings) => {
    expect(whyNotGone(mappings, { schema: 'shop', table: 'item' })).toBeNull();
  });

  it.each<[string, readonly MappingDefinition[]]>([
    ['many tables are one', [mapping({ regex: 'i.*' }, { target: { schema: 'copy', table: 'all' } })]],
    ['two mappings meet', [exact('item', 'both'), exact('word', 'both')]],
    ['they meet but for their case', [exact('item', 'both'), exact('word', 'BOTH')]],
    ['a processor has its say', [mapping({ exact: 'item' }, { rules: { processors: [] } })]],
    [
      'a route may bring rows of another table',
      [exact('item'), mapping({ exact: 'word' }, { rules: { route: { expression: 'x', tables: ['a', 'item'] } } })],
    ],
  ])('is nobody knows whose where %s', (_what, mappings) => {
    expect(whyNotGone(mappings, { schema: 'shop', table: 'item' })).toMatch(/^There is no such row/);
  });
});
