import { describe, expect, it } from '@jest/globals';
import type { ColumnDefinition, TableDefinition } from '@lutra/model';
import { beyondKey } from '../src/index.ts';

const column = (
  name: string,
  kind: ColumnDefinition['kind'],
  more: Partial<ColumnDefinition> = {},
): ColumnDefinition => ({
  ...{ name, kind, declared: kind, nullable: false },
  ...more,
});
const tableOf = (...columns: readonly ColumnDefinition[]): TableDefinition => ({
  ...{ schema: 's', table: 't', columns, primaryKey: [...columns.keys()] },
});

// Labels that are sorted as c, a, b.
const labels = ['c', 'a', 'b'];

describe('what stands behind a key', () => {
  it.each([
    ['one column', tableOf(column('id', 'integer')), [7], '>', '((`id`>7))'],
    [
      'several',
      tableOf(column('a', 'text'), column('b', 'decimal')),
      ['x', '1.5'],
      '>',
      "((`a`>'x') OR (`a`='x' AND `b`>1.5))",
    ],
    [
      'up to it',
      tableOf(column('a', 'integer'), column('b', 'integer')),
      [1, 2],
      '<=',
      '((`a`<1) OR (`a`=1 AND `b`<=2))',
    ],
    ['a label', tableOf(column('e', 'enum', { labels })), ['a'], '>', '((CAST(`e` AS UNSIGNED)>2))'],
    ['no label', tableOf(column('e', 'enum', { labels })), [''], '>=', '((CAST(`e` AS UNSIGNED)>=0))'],
    ['labels', tableOf(column('s', 'set', { labels })), ['c,b'], '>', '((CAST(`s` AS UNSIGNED)>5))'],
    ['no labels', tableOf(column('s', 'set', { labels })), [''], '>', '((CAST(`s` AS UNSIGNED)>0))'],
  ] as const)('is found by columns: %s', (_what, table, key, operator, sql) => {
    expect(beyondKey(table, key, operator)).toBe(sql);
  });
});
