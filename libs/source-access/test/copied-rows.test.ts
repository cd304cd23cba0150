import { describe, expect, it } from '@jest/globals';
import type { ColumnDefinition, TableDefinition } from '@lutra/model';
import { decodeCopied, encodeCopied, keyTexts, readKey } from '../src/index.ts';

const column = (kind: ColumnDefinition['kind'], more: Partial<ColumnDefinition> = {}): ColumnDefinition => ({
  ...{ name: kind, kind, declared: kind, nullable: true },
  ...more,
});
const tableOf = (...columns: readonly ColumnDefinition[]): TableDefinition => ({
  ...{ schema: 's', table: 't', columns, primaryKey: [...columns.keys()] },
});

describe('copied rows', () => {
  const table: TableDefinition = {
    ...tableOf(column('integer', { bytes: 8 }), column('text'), column('binary'), column('double')),
    primaryKey: [0, 1],
  };

  it('come back to the last bit', () => {
    const rows = [
      [-9_223_372_036_854_775_808n, 'é😀', Buffer.from([0, 255]), -0],
      [1n, '', null, 0.1],
      [2n, "quote ' and \\", Buffer.alloc(0), 1e300],
    ];
    const gone = [[3n, 'x']];
    const read = decodeCopied(encodeCopied({ table, rows, gone }));
    expect(read).toEqual({ table, rows, gone });
    expect(Object.is(read?.rows[0]?.[3], -0)).toBe(true);
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['what somebody else wrote', Buffer.from('hello')],
    ['a head that is none', Buffer.from('lutra-resync/1\x02\0\0\0{}', 'latin1')],
    ['a body that is cut off', encodeCopied({ table, rows: [[1n, 'a', null, 1]], gone: [] }).subarray(0, -3)],
  ])('are null for %s', (_what, body) => {
    expect(decodeCopied(body)).toBeNull();
  });
});

describe('a key that is written down', () => {
  it.each([
    ['a 64-bit integer', column('integer', { bytes: 8 }), '9223372036854775807', 9_223_372_036_854_775_807n],
    ['an integer', column('integer', { bytes: 4 }), '-7', -7],
    ['a decimal', column('decimal'), '1.50', '1.50'],
    ['a text', column('text'), "it's", "it's"],
    ['bytes', column('binary'), '0x00Ff', Buffer.from([0, 255])],
    ['bytes that are a text', column('binary'), 'ab', Buffer.from('ab')],
    ['bytes of a fixed number', column('binary', { declared: 'binary(4)' }), 'ab', Buffer.from('ab\0\0')],
    ['a label', column('enum', { labels: ['b', 'a'] }), 'a', 'a'],
    ['labels', column('set', { labels: ['b', 'a', 'c'] }), 'b,c', 'b,c'],
    ['a time stamp', column('timestamp'), '2031-01-02 03:04:05.6', '2031-01-02 03:04:05.6'],
  ])('is read: %s', (_what, of, text, value) => {
    const key = readKey(tableOf(of), [text]);
    expect(key).toEqual([value]);
    expect(typeof key === 'string' ? key : readKey(tableOf(of), keyTexts(key))).toEqual([value]);
  });

  it.each([
    ['no integer', column('integer', { bytes: 4 }), ['1 OR 1=1']],
    ['a broken number', column('integer', { bytes: 8 }), ['1.5']],
    ['no date', column('date'), ['yesterday']],
    ['half a pair', column('text'), ['\ud800']],
    ['too many bytes', column('binary', { declared: 'binary(4)' }), ['abcde']],
    ['no label', column('enum', { labels: ['b', 'a'] }), ['c']],
    ['labels and none', column('set', { labels: ['b', 'a'] }), ['a,c']],
    ['too many values', column('text'), ['a', 'b']],
    ['no value', column('text'), []],
  ])('is refused with a reason: %s', (_what, of, texts) => {
    expect(typeof readKey(tableOf(of), texts)).toBe('string');
  });
});
