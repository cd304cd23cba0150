import { describe, expect, it } from '@jest/globals';
import { whyNotGone } from '../src/index.ts';
import type { MappingDefinition, TableDefinition } from '../src/index.ts';

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
const item: TableDefinition = {
  ...{ schema: 'shop', table: 'item', primaryKey: [1, 0] },
  columns: ['no', 'Place', 'title'].map((name) => ({
    name,
    kind: 'integer',
    declared: 'int',
    nullable: false,
    bytes: 4,
  })),
};
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
    [
      'one that carries its key under other names',
      [
        mapping(
          { exact: 'item' },
          {
            columns: { mode: 'list', columns: [{ source: 'NO', target: 'number' }] },
            rules: { columns: [{ target: 'at', from: { kind: 'column', column: 'place' } }] },
          },
        ),
      ],
    ],
    [
      'all but another column',
      [mapping({ exact: 'item' }, { columns: { mode: 'except', names: ['title'], renames: [] } })],
    ],
    ['other tables with a processor', [exact('item'), mapping({ exact: 'word' }, { rules: { processors: [] } })]],
  ])('is deleted where the mapping is %s', (_what, mappings) => {
    expect(whyNotGone(mappings, item)).toBeNull();
  });

  it.each<[string, readonly MappingDefinition[]]>([
    ['many tables are one', [mapping({ regex: 'i.*' }, { target: { schema: 'copy', table: 'all' } })]],
    ['two mappings meet', [exact('item', 'both'), exact('word', 'both')]],
    ['they meet but for their case', [exact('item', 'both'), exact('word', 'BOTH')]],
    [
      'a script has its say',
      [mapping({ exact: 'item' }, { rules: { script: { source: '', columns: [], timeMs: 1, memoryBytes: 1 } } })],
    ],
    [
      'a row becomes several',
      [
        mapping(
          { exact: 'item' },
          { rules: { rows: { explode: { column: 'title', by: { kind: 'json' }, as: 'one' } } } },
        ),
      ],
    ],
    [
      'a part of the key is left out',
      [mapping({ exact: 'item' }, { columns: { mode: 'except', names: ['no'], renames: [] } })],
    ],
    [
      'a part of the key is not taken',
      [mapping({ exact: 'item' }, { columns: { mode: 'list', columns: [{ source: 'place', target: 'place' }] } })],
    ],
    ['a processor has its say', [mapping({ exact: 'item' }, { rules: { processors: [] } })]],
    [
      'a route may bring rows of another table',
      [exact('item'), mapping({ exact: 'word' }, { rules: { route: { expression: 'x', tables: ['a', 'item'] } } })],
    ],
  ])('is nobody knows whose where %s', (_what, mappings) => {
    expect(whyNotGone(mappings, item)).toMatch(/^There is no such row/);
  });
});
