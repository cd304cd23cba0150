import { describe, expect, it } from '@jest/globals';
import { readFullName } from '../src/resyncs/full-name.ts';

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
