import { describe, expect, it } from '@jest/globals';
import { SyncError } from '@lutra/model';
import type { ColumnDefinition, ColumnKind, RowChange } from '@lutra/model';
import type { DeadLetter } from '@lutra/sql';
import { editedImage } from '../src/dead-letters/read-edit.ts';

const column = (name: string, kind: ColumnKind, more: Partial<ColumnDefinition> = {}): ColumnDefinition => ({
  ...{ name, kind, declared: kind, nullable: true },
  ...more,
});

const columns = [
  column('id', 'integer', { bytes: 8, nullable: false }),
  column('Small', 'integer', { bytes: 1, unsigned: true, nullable: false }),
  column('big', 'integer', { bytes: 8 }),
  column('price', 'decimal'),
  column('ratio', 'double'),
  column('flags', 'bit'),
  column('day', 'date'),
  column('at', 'timestamp'),
  column('name', 'text', { length: 3 }),
  column('data', 'binary'),
  column('size', 'enum', { labels: ['S', 'L'] }),
  column('tags', 'set', { labels: ['a', 'b'] }),
  column('doc', 'json'),
  column('sum', 'integer', { generated: true }),
];

/** Of the target, whatever the source's is. */
const KEY = ['ID', 'ratio'];

const place = { table: 0, event: 0, row: 0, part: 0, flags: 0 };
const letter = (change: RowChange): DeadLetter =>
  ({ change, definition: { schema: 's', table: 't', columns, primaryKey: [1] } }) as unknown as DeadLetter;
const update = letter({ ...place, kind: 'update', before: [1n], after: [1n, 2, undefined, '1.00'] });

describe('editedImage', () => {
  it('keeps what is given and nothing else: what the person did not name is not set by the person', () => {
    const edit = {
      small: 7,
      BIG: 8,
      name: 'abc',
      data: { bytes: 'AQI=' },
      flags: { integer: '5' },
      doc: '{}',
    };
    expect(editedImage(update, edit, KEY)).toEqual({
      ...{ Small: 7, big: { integer: '8' }, name: 'abc', data: { bytes: 'AQI=' } },
      ...{ flags: { integer: '5' }, doc: '{}' },
    });
    expect(editedImage(update, { big: { integer: '9223372036854775807' } }, KEY)).toEqual({
      big: { integer: '9223372036854775807' },
    });
    expect(editedImage(update, { price: null, tags: 'b,a', size: 'L', day: '2026-11-21' }, KEY)).toMatchObject({
      price: null,
    });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['no column at all', {}, 'row holds no column'],
    ['a column that is not there', { other: 1 }, 'row.other is no column of this row'],
    ['a column of the key', { id: 2 }, 'row.id is part of the key'],
    ['another of it', { Ratio: 0.5 }, 'row.Ratio is part of the key'],
    ['a computed column', { sum: 2 }, 'row.sum is computed'],
    ['NULL where none may be', { small: null }, 'row.small must not be null'],
    ['a number that does not fit', { small: 256 }, 'row.small must be a number'],
    ['a number below zero', { small: -1 }, 'row.small must be a number'],
    ['a fraction', { big: 1.5 }, 'row.big must be a number'],
    ['an unsafe number', { big: 2 ** 60 }, 'row.big must be a number'],
    ['more than 64 bits', { big: { integer: '9223372036854775808' } }, 'row.big must be a number'],
    ['a decimal as a number', { price: 1.5 }, 'row.price must be text'],
    ['a decimal with an exponent', { price: '1e3' }, 'row.price must be a decimal'],
    ['a day that is none', { day: '21.11.2026' }, 'row.day must be a date'],
    ['a time with a zone', { at: '2026-11-21T10:00:00Z' }, 'row.at must be like'],
    ['text that is too long', { name: 'abcd' }, 'row.name must not be longer than 3'],
    ['bytes as text', { data: 'AQI=' }, 'row.data must be {"bytes": "…"}'],
    ['bytes that are no base64', { data: { bytes: 'A' } }, 'row.data must be {"bytes": "…"}'],
    ['an unknown label', { size: 'M' }, 'row.size must be one of S, L'],
    ['an unknown member', { tags: 'a,c' }, 'row.tags must be made of a, b'],
    ['JSON that is none', { doc: '{' }, 'row.doc must be JSON'],
    ['two mistakes', { doc: '{', size: 'M' }, 'row.doc must be JSON as text; row.size must be one of'],
  ])('refuses %s, without its value', (_sentence, edit, expected) => {
    try {
      editedImage(update, edit, KEY);
      throw new Error('it was taken');
    } catch (error) {
      expect(SyncError.of(error).code).toBe('REQUEST_INVALID');
      expect(SyncError.of(error).message).toContain(expected);
    }
  });

  it('a deletion has nothing to edit', () => {
    expect(() => editedImage(letter({ ...place, kind: 'delete', before: [1n] }), { small: 1 }, KEY)).toThrow(
      'a deletion has no row to edit',
    );
  });
});
