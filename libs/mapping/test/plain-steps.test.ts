// Goal: the steps that make texts of texts do what docs/mapping-rules.md says, for every kind of column.
import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ColumnStep, ColumnValue } from '@lutra/model';
import { KEY, outcome, problemOf, stepOver } from './step-fixture.ts';

const TEXT = { kind: 'text', declared: 'varchar(20)', length: 20, charset: 'utf8mb4' } as const;
const json = (path: string): ColumnStep => ({ kind: 'json', path });
const split = (separator: string, index: number): ColumnStep => ({ kind: 'split', separator, index });
const partial = (keepStart: number, keepEnd: number, mask = '*'): ColumnStep => ({
  kind: 'partial',
  keepStart,
  keepEnd,
  with: mask,
});
const hash = (length?: number): ColumnStep => ({
  kind: 'hash',
  key: `env:KEY`,
  ...(length === undefined ? {} : { length }),
});

describe('every step but default and map', () => {
  it.each<ColumnStep>([json('$'), split(',', 0), partial(1, 1), hash()])(
    'lets null and absent values through: %j',
    (step) => {
      const compiled = stepOver(step, TEXT);
      expect([outcome(compiled, null), outcome(compiled, undefined)]).toEqual([null, undefined]);
      expect(compiled.column.name).toBe('c');
    },
  );
});

describe('json', () => {
  it('gives text that may be null', () => {
    const compiled = stepOver(json('$.a'), { kind: 'json' });
    expect(compiled.column).toMatchObject({ kind: 'text', declared: 'longtext', nullable: true });
    expect([outcome(compiled, '{"a": 1e3}'), outcome(compiled, '{"b": 1}'), outcome(compiled, '{"a"')]).toEqual([
      '1e3',
      null,
      'ROW_VALUE_INVALID',
    ]);
  });

  it('is refused over numbers and with a path that leads to several places', () => {
    expect(problemOf(() => stepOver(json('$'), { kind: 'integer', declared: 'int' }))).toBe(
      'Column c of mapping orders: a json step reads a document, and int holds none',
    );
    expect(problemOf(() => stepOver(json('$[*]'), TEXT))).toContain('without wildcards');
  });
});

describe('split', () => {
  it.each<[string, string, number, string | null]>([
    ['a,b,c', ',', 0, 'a'],
    ['a,b,c', ',', 1, 'b'],
    ['a,b,c', ',', 2, 'c'],
    ['a,b,c', ',', 3, null],
    ['a,b,c', ',', -1, 'c'],
    ['a,b,c', ',', -3, 'a'],
    ['a,b,c', ',', -4, null],
    ['', ',', 0, ''],
    ['', ',', 1, null],
    ['a', ',', -1, 'a'],
    [':::', '::', 0, ''],
    [':::', '::', 1, ':'],
    [':::', '::', -1, ':'],
    ['a--b', '--', 1, 'b'],
  ])('of %j at %j, part %d, is %j', (text, separator, index, expected) => {
    expect(outcome(stepOver(split(separator, index), TEXT), text)).toBe(expected);
  });

  it('is String.split for any text', () => {
    const texts = fc.string({ unit: fc.constantFrom('a', ',', ';', '€') });
    fc.assert(
      fc.property(
        texts,
        fc.constantFrom(',', ';', ',;', '€'),
        fc.integer({ min: -9, max: 9 }),
        (text, separator, index) => {
          expect(outcome(stepOver(split(separator, index), TEXT), text)).toBe(text.split(separator).at(index) ?? null);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('reads numbers as the server prints them', () => {
    expect(outcome(stepOver(split('.', 1), { kind: 'decimal', declared: 'decimal(5,2)' }), '12.50')).toBe('50');
    expect(outcome(stepOver(split('0', 0), { kind: 'integer', declared: 'bigint' }), 17_503n)).toBe('175');
  });

  it('is refused without a separator and over bytes', () => {
    expect(problemOf(() => stepOver(split('', 0), TEXT))).toContain('separator');
    expect(problemOf(() => stepOver(split(',', 0), { kind: 'binary', declared: 'blob' }))).toContain(
      'convert it first',
    );
  });
});

describe('partial', () => {
  it.each<[string, ColumnStep, string]>([
    ['4111222233334444', partial(0, 4), '************4444'],
    ['Mustermann', partial(1, 0), 'M*********'],
    ['ab', partial(1, 1), '**'],
    ['abc', partial(1, 1), 'a*c'],
    ['a', partial(5, 5), '*'],
    ['', partial(1, 1), ''],
    ['张伟明', partial(1, 0), '张**'],
    ['😀😁😂', partial(1, 1), '😀*😂'],
    ['abc', partial(0, 0, ''), ''],
    ['abcd', partial(1, 0, '--'), 'a------'],
  ])('of %j', (text, step, expected) => {
    expect(outcome(stepOver(step, TEXT), text)).toBe(expected);
  });

  it('keeps the type where the text stays as long, and else says any length', () => {
    expect(stepOver(partial(1, 1), TEXT).column).toMatchObject(TEXT);
    expect(stepOver(partial(1, 1, '--'), TEXT).column.declared).toBe('longtext');
    expect(stepOver(partial(1, 1), { kind: 'text', declared: 'uuid' }).column.declared).toBe('longtext');
    expect(outcome(stepOver(partial(0, 2), { kind: 'integer', declared: 'int' }), 12_345)).toBe('***45');
  });

  it('never shows more characters than it says', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(6), fc.nat(6), (text, keepStart, keepEnd) => {
        const characters = Array.from(text.replaceAll('*', '-'));
        const shown = Array.from(String(outcome(stepOver(partial(keepStart, keepEnd), TEXT), characters.join(''))));
        const expected = characters.map((character, index) => {
          const isShown = index < keepStart || index >= characters.length - keepEnd;
          return isShown && characters.length > keepStart + keepEnd ? character : '*';
        });
        expect(shown).toEqual(expected);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each<[ColumnStep, string]>([
    [partial(-1, 0), 'whole numbers'],
    [partial(0.5, 0), 'whole numbers'],
    [partial(0, 0, '*'.repeat(9)), 'more than 8'],
  ])('is refused: %j', (step, why) => {
    expect(problemOf(() => stepOver(step, TEXT))).toContain(why);
  });
});

describe('hash', () => {
  const hmac = (value: string | Uint8Array): string => createHmac('sha256', KEY).update(value).digest('hex');

  it.each<[Parameters<typeof stepOver>[1], ColumnValue, string | Uint8Array]>([
    [TEXT, 'Müller', 'Müller'],
    [{ kind: 'integer', declared: 'int' }, 42, '42'],
    [{ kind: 'integer', declared: 'bigint' }, 42n, '42'],
    [{ kind: 'decimal', declared: 'decimal(5,2)' }, '1.50', '1.50'],
    [{ kind: 'binary', declared: 'blob' }, Buffer.of(0, 255), Buffer.of(0, 255)],
  ])('is the HMAC of %j', (from, value, text) => {
    expect(outcome(stepOver(hash(), from), value)).toBe(hmac(text));
  });

  it('is cut to its length, which its type tells', () => {
    const compiled = stepOver(hash(16), TEXT);
    expect(outcome(compiled, 'a')).toBe(hmac('a').slice(0, 16));
    expect(compiled.column).toMatchObject({ declared: 'varchar(16)', length: 16, kind: 'text' });
  });

  it('is refused with a length that tells values no longer apart', () => {
    expect(problemOf(() => stepOver(hash(7), TEXT))).toContain('8 to 64');
  });
});

it('forgets of a generated column that the database computes it', () => {
  expect(stepOver(partial(1, 1), { ...TEXT, generated: true }).column.generated).toBe(false);
});
