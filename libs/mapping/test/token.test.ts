// Goal: a token has its value's form, and two values of a column never have one token.
// Method: the published samples of FF1; permutations are tried on all numbers of small limits; laws over random texts.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { charsetEncoderOf } from '@lutra/binlog/decoder';
import { must, readColumnType } from '@lutra/model';
import type { ColumnStep, ColumnValue } from '@lutra/model';
import { Ff1 } from '../src/token/ff1.ts';
import { NumberPermutation } from '../src/token/number-permutation.ts';
import { columnOf, outcome, problemOf, stepOver } from './step-fixture.ts';

const TOKEN: ColumnStep = { kind: 'token', key: 'env:KEY' };
const typeOf = (declared: string) => columnOf(must(readColumnType(declared), 'a type'));
const tokenOf = (type: string, value: ColumnValue): ColumnValue | undefined =>
  outcome(stepOver(TOKEN, typeOf(type)), value);

describe('Ff1', () => {
  const AES_128 = '2B7E151628AED2A6ABF7158809CF4F3C';
  const AES_256 = `${AES_128}EF4359D8D580AA4F7F036D6F04FC6A94`;
  const numeral = (text: string, radix: number): bigint =>
    Array.from(text).reduce((number, digit) => number * BigInt(radix) + BigInt(Number.parseInt(digit, radix)), 0n);

  // NIST, "Examples with intermediate values", FF1 samples 1, 2, 3, 7, 8 and 9.
  it.each([
    [AES_128, 10, '', '0123456789', '2433477484'],
    [AES_128, 10, '39383736353433323130', '0123456789', '6124200773'],
    [AES_128, 36, '3737373770717273373737', '0123456789abcdefghi', 'a9tv40mll9kdu509eum'],
    [AES_256, 10, '', '0123456789', '6657667009'],
    [AES_256, 10, '39383736353433323130', '0123456789', '1001623463'],
    [AES_256, 36, '3737373770717273373737', '0123456789abcdefghi', 'xs8a0azh2avyalyzuwd'],
  ])('with the key %s, radix %d and tweak %s makes of %s %s', (key, radix, tweak, plain, expected) => {
    const cipher = new Ff1(Buffer.from(key, 'hex'), { radix, length: plain.length, tweak: Buffer.from(tweak, 'hex') });
    const result = cipher.encipher(numeral(plain, radix));
    expect(result.toString(radix).padStart(plain.length, '0')).toBe(expected);
  });
});

describe('NumberPermutation', () => {
  it.each([1, 2, 3, 5, 10, 26, 100, 255, 256, 257, 1_000, 1_025])('permutes all numbers below %d', (limit) => {
    const permutation = new NumberPermutation(Buffer.from('a key'), 0);
    const results = Array.from({ length: limit }, (_none, value) => permutation.permute(BigInt(value), BigInt(limit)));
    expect(results.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(Array.from({ length: limit }, (_n, i) => BigInt(i)));
  });
});

describe('token', () => {
  it.each<[string, ColumnValue]>([
    ['varchar(40)', 'Max Mustermann, 1030 Wien'],
    ['varchar(40)', '+43 660 123 45 67'],
    ['varchar(40)', 'max.muster@example.com'],
    ['varchar(40)', 'Müller'],
    ['varchar(40)', '张伟明'],
    ['varchar(40)', 'Иванов'],
    ['varchar(40)', 'ёжик'],
    ['varchar(40)', 'e\u0301t\u00e9'],
    ['varchar(20) charset latin1', 'Ärger, ß'],
    ['varchar(20) charset gbk', '张伟'],
    ['bigint', -9_223_372_036_854_775_808n],
    ['int', 4_711],
    ['decimal(12,2)', '-1234.50'],
    ['varbinary(20)', Buffer.from('0123456789')],
  ])('of %s, %p, is the same each time, and another value', (type, value) => {
    const token = tokenOf(type, value);
    expect(token).toEqual(tokenOf(type, value));
    expect(token).not.toEqual(value);
  });

  it('stays the same from release to release: tables are joined by it', () => {
    const given: readonly (readonly [string, ColumnValue])[] = [
      ['varchar(40)', 'Max Mustermann, 1030 Wien'],
      ['varchar(40)', '张伟明'],
      ['varchar(40)', 'x'.repeat(65)],
      ['int', 4_711],
      ['decimal(12,2)', '1234.50'],
      ['varbinary(20)', Buffer.from('0123456789')],
    ];
    expect(given.map(([type, value]) => show(tokenOf(type, value)))).toEqual(GOLDEN);
  });

  it('keeps what makes a form: punctuation, capitals, the number of characters', () => {
    const token = String(tokenOf('varchar(40)', 'Max.Muster-77@Example.com'));
    expect(token).toMatch(/^[A-Z][a-z]{2}\.[A-Z][a-z]{5}-\d\d@[A-Z][a-z]{6}\.[a-z]{3}$/);
    expect(tokenOf('varchar(40)', '')).toBe('');
    expect(tokenOf('varchar(40)', ' -.,/ ')).toBe(' -.,/ ');
  });

  it('of texts that differ in case differ in case', () => {
    const [small, large] = ['straße müller', 'STRAßE MÜLLER'].map((text) => String(tokenOf('varchar(40)', text)));
    expect(small?.toUpperCase().replaceAll('SS', 'ß')).toBe(large?.toUpperCase().replaceAll('SS', 'ß'));
  });

  it('of a uuid is a uuid', () => {
    const uuid = '123e4567-e89b-12d3-a456-426614174000';
    const token = outcome(stepOver(TOKEN, columnOf({ kind: 'text', declared: 'uuid', charset: 'ascii' })), uuid);
    expect(token).toMatch(/^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/);
    expect(token).not.toBe(uuid);
  });

  it('of all short numbers are all short numbers', () => {
    const tokens = (type: string, values: readonly number[]) =>
      values.map((value) => Number(tokenOf(type, value))).toSorted((a, b) => a - b);
    const all = Array.from({ length: 256 }, (_none, index) => index - 128);
    expect(tokens('tinyint', all)).toEqual(all);
    expect(
      tokens(
        'tinyint unsigned',
        all.map((value) => value + 128),
      ),
    ).toEqual(all.map((value) => value + 128));
  });

  it('has the form of its value, and no other value of the column has it', () => {
    const texts = fc.string({ unit: fc.constantFrom(...Array.from('aZ09é-中 ёß')), minLength: 1, maxLength: 70 });
    const step = stepOver(TOKEN, typeOf('varchar(200)'));
    const seen = new Map<string, string>();
    fc.assert(
      fc.property(texts, (text) => {
        const token = String(outcome(step, text));
        expect(Array.from(token)).toHaveLength(Array.from(text).length);
        expect(
          token
            .replaceAll(/\d/g, '0')
            .replaceAll(/[a-z]/g, 'a')
            .replaceAll(/[A-Z]/g, 'A')
            .replaceAll(/\p{Script=Han}/gu, '中')
            .replaceAll(/[^0aA中 -]/g, 'é'),
        ).toBe(text.replaceAll(/\d/g, '0').replaceAll('Z', 'A').replaceAll(/[éёß]/g, 'é'));
        expect(seen.get(token) ?? text).toBe(text);
        seen.set(token, text);
      }),
      { numRuns: 1_000 },
    );
  });

  it('of a number has its sign, its digits and its type, and no other number has it', () => {
    const step = stepOver(TOKEN, typeOf('decimal(20,3)'));
    const seen = new Map<string, string>();
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 20n) + 1n, max: 10n ** 20n - 1n }), fc.nat(19), (given, cut) => {
        const unscaled = given / 10n ** BigInt(cut);
        const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(4, '0');
        const value = `${unscaled < 0n ? '-' : ''}${digits.slice(0, -3)}.${digits.slice(-3)}`;
        const token = String(outcome(step, value));
        expect(token).toMatch(/^-?\d+\.\d{3}$/);
        expect([token.length, token.startsWith('-')]).toEqual([value.length, value.startsWith('-')]);
        expect(seen.get(token) ?? value).toBe(value);
        seen.set(token, value);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['latin1', 'ÀÖØÞßàöøþÿaZ'],
    ['gb2312', '张伟明中文'],
    ['utf8mb3', 'ёжик张'],
    ['cp1251', 'ИвановёЪ'],
  ])('stays in the charset of its column: %s', (charset, letters) => {
    const encoder = must(charsetEncoderOf(charset), 'a charset of the servers');
    const step = stepOver(TOKEN, typeOf(`varchar(20) charset ${charset}`));
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from(letters)), minLength: 1 }), (text) => {
        expect(encoder.encode(String(outcome(step, text)))).not.toBeNull();
      }),
      { numRuns: 300 },
    );
  });

  it.each(['double', 'date', 'json', "enum('a')", 'bit(3)', 'year'])('is refused of %s', (type) => {
    expect(problemOf(() => stepOver(TOKEN, typeOf(type)))).toContain('convert it to text first');
  });

  it('is refused under a key that can be guessed', () => {
    expect(problemOf(() => stepOver(TOKEN, typeOf('int'), () => 'short'))).toContain('14 characters');
  });
});

const show = (value: ColumnValue | undefined): unknown =>
  value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;

/** Whoever changes these makes every token of every installation another one. */
const GOLDEN: readonly unknown[] = [
  'Qzt Xadxcvpgyb, 0974 Wumb',
  '煞菨盖',
  'ncomsizgycexgrfyvdktsbqsjprthtrrlxdxcegkgnljvsilbwlpnidvuolitwuwd',
  8_760,
  '1274.30',
  'c942a51689da5ae50087',
];
