import { describe, expect, it } from '@jest/globals';
import type { TableDefinition } from '@lutra/model';
import { bufferWishes } from '../src/resync/buffer-wishes.ts';
import { readFullName } from '../src/resync/full-name.ts';

const covers = (text: string, schema: string, table: string): boolean => {
  const name = readFullName(text);
  return typeof name !== 'string' && name.covers({ schema, table });
};

describe('a full name of retl_buffer', () => {
  it.each([
    ['shop.item', 'shop', 'item', true],
    ['shop.item', 'shop', 'items', false],
    ['shop.item[0001-0128]', 'shop', 'item0128', true],
    ['shop.item[0001-0128]', 'shop', 'item128', false],
    ['shop.item[0001-0128]', 'shop', 'item0129', false],
    ['shop.item[1-12]_log', 'shop', 'item12_log', true],
    ['shop.item[1-12]_log', 'shop', 'item012_log', false],
    ['shop[01-02].item', 'shop02', 'item', true],
    ['(shop|store).(item|order)', 'store', 'order', true],
    ['(shop|store).(item|order)', 'store', 'orders', false],
    ['shop.it.m', 'shop', 'item', true],
    ['shop..*', 'shop', 'anything', true],
  ])('%s covers %s.%s: %s', (text, schema, table, isCovered) => {
    expect(covers(text, schema, table)).toBe(isCovered);
  });

  it.each(['', 'item', '.item', 'shop.', 'shop.(item', 'shop.(a+)+b'])('is refused: %j', (text) => {
    expect(typeof readFullName(text)).toBe('string');
  });
});

describe('rows of retl_buffer', () => {
  const names = ['ID', 'TABLE_ID', 'FULL_NAME', 'TYPE', 'PK_DATA', 'GMT_CREATE', 'GMT_MODIFIED'];
  const table: TableDefinition = {
    ...{ schema: 'retl', table: 'retl_buffer', primaryKey: [0] },
    columns: names.map((name) => ({ name, kind: 'text', declared: 'varchar(512)', nullable: true })),
  };
  const after = [7n, 0, 'shop.item', 'u', 'a\u0001b', null, null];

  it('name a table and the values of a key', () => {
    const wish = { id: '7', fullName: 'shop.item', type: 'U', key: ['a', 'b'] };
    expect(bufferWishes({ table, kind: 'insert', rows: [{ after }] })).toEqual([wish]);
    expect(bufferWishes({ table, kind: 'update', rows: [{ before: [], after }] })).toEqual([wish]);
  });

  it('mean nothing when they are deleted', () => {
    expect(bufferWishes({ table, kind: 'delete', rows: [{ before: after }] })).toEqual([]);
  });

  it('are taken without a column that is not there', () => {
    const other = { ...table, columns: table.columns.slice(0, 3) };
    expect(bufferWishes({ table: other, kind: 'insert', rows: [{ after: [1, 0, 's.t'] }] })).toEqual([
      { id: '1', fullName: 's.t', type: '', key: [''] },
    ]);
  });
});
