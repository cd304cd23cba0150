// Goal: conversions to numbers are exact, and each loss policy does what docs/mapping-rules.md says.
// Method: a table for every pair of types; laws over all integers and decimals.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LOSS_POLICIES, readColumnType } from '@lutra/model';
import type { ColumnStep, ColumnValue, LossPolicy } from '@lutra/model';
import { columnOf, outcome, problemOf, stepOver } from './step-fixture.ts';

const LOST = 'ROW_VALUE_LOST';
const INVALID = 'ROW_VALUE_INVALID';
const convert = (type: string, onLoss: LossPolicy = 'fail'): ColumnStep => ({ kind: 'convert', type, onLoss });
const typeOf = (declared: string) => columnOf(readColumnType(declared) ?? { kind: 'geometry' });
const from = (source: string, target: string, onLoss: LossPolicy, value: ColumnValue): ColumnValue | undefined =>
  outcome(stepOver(convert(target, onLoss), typeOf(source)), value);

describe('a value that fits', () => {
  it.each<[string, ColumnValue, string, ColumnValue]>([
    ['int', -5, 'bigint', -5n],
    ['int', -5, 'smallint', -5],
    ['bigint', 7n, 'tinyint unsigned', 7],
    ['bigint unsigned', 18_446_744_073_709_551_615n, 'decimal(20,0)', '18446744073709551615'],
    ['int', 5, 'decimal(5,2)', '5.00'],
    ['int', 5, 'double', 5],
    ['int', 5, 'bit(3)', 5n],
    ['bit(1)', 1n, 'boolean', 1],
    ['bit(64)', 2n ** 64n - 1n, 'bigint unsigned', 2n ** 64n - 1n],
    ['boolean', 1, 'bit(1)', 1n],
    ['int', 2024, 'year', 2024],
    ['year', 0, 'int', 0],
    ['decimal(10,2)', '12.00', 'int', 12],
    ['decimal(10,2)', '-12.50', 'decimal(5,1)', '-12.5'],
    ['decimal(10,2)', '-0.50', 'decimal(3,3)', '-0.500'],
    ['decimal(30,2)', '0.10', 'double', 0.1],
    ['double', 0.1, 'decimal(10,4)', '0.1000'],
    ['double', 1e21, 'decimal(22,0)', '1000000000000000000000'],
    ['double', -0, 'int', 0],
    ['double', 1.5, 'float', 1.5],
    ['float', Math.fround(0.1), 'decimal(5,3)', '0.100'],
    ['float', Math.fround(0.1), 'double', Math.fround(0.1)],
    ['varchar(20)', ' -12.5e1 ', 'int', -125],
    ['varchar(20)', '+.5', 'decimal(2,1)', '0.5'],
    ['varchar(20)', '1e-2', 'decimal(5,2)', '0.01'],
    ['varchar(20)', '9223372036854775807', 'bigint', 9_223_372_036_854_775_807n],
    ['varchar(20)', '0.1', 'float', Math.fround(0.1)],
    ['varchar(20)', '0.1', 'double', 0.1],
    ['varchar(20)', 'TRUE', 'boolean', 1],
    ['varchar(20)', 'no', 'boolean', 0],
    ['varchar(20)', '1', 'boolean', 1],
    ["enum('x','y')", 'y', 'tinyint', 2],
    ["enum('x','y')", '', 'tinyint', 0],
    ["set('x','y','z')", 'x,z', 'bigint', 5n],
    ["set('x','y','z')", '', 'decimal(3,1)', '0.0'],
    ['json', '9007199254740993', 'bigint', 9_007_199_254_740_993n],
    ['json', '"12.50"', 'decimal(5,2)', '12.50'],
    ['json', 'true', 'boolean', 1],
    ['json', 'null', 'int', null],
  ])('of %s, %p, becomes %s', (source, value, target, expected) => {
    for (const policy of LOSS_POLICIES) expect(from(source, target, policy, value)).toBe(expected);
  });
});

describe('a value that does not fit', () => {
  it.each<[string, ColumnValue, string, readonly [ColumnValue, ColumnValue, ColumnValue, ColumnValue]]>([
    // fail, clamp, truncate, null
    ['int', 200, 'tinyint', [LOST, 127, LOST, null]],
    ['int', -1, 'bigint unsigned', [LOST, 0n, LOST, null]],
    ['bigint unsigned', 2n ** 63n, 'bigint', [LOST, 2n ** 63n - 1n, LOST, null]],
    ['int', 8, 'bit(3)', [LOST, 7n, LOST, null]],
    ['int', 2, 'boolean', [LOST, 1, LOST, null]],
    ['int', 1900, 'year', [LOST, 1901, LOST, null]],
    ['int', 2156, 'year', [LOST, 2155, LOST, null]],
    ['decimal(10,2)', '12.50', 'int', [LOST, 13, 12, null]],
    ['decimal(10,2)', '-12.50', 'int', [LOST, -13, -12, null]],
    ['decimal(10,2)', '127.50', 'tinyint', [LOST, 127, 127, null]],
    ['decimal(10,3)', '-0.005', 'decimal(4,2)', [LOST, '-0.01', '0.00', null]],
    ['decimal(10,2)', '-1234.56', 'decimal(3,1)', [LOST, '-99.9', LOST, null]],
    ['decimal(10,2)', '-1.00', 'decimal(3,1) unsigned', [LOST, '0.0', LOST, null]],
    [
      'decimal(30,20)',
      '0.12345678901234567891',
      'double',
      [LOST, 0.123_456_789_012_345_68, 0.123_456_789_012_345_68, null],
    ],
    ['bigint', 9_007_199_254_740_993n, 'double', [LOST, 9_007_199_254_740_992, 9_007_199_254_740_992, null]],
    ['int', 16_777_217, 'float', [LOST, 16_777_216, 16_777_216, null]],
    ['double', 0.1, 'float', [LOST, Math.fround(0.1), Math.fround(0.1), null]],
    ['double', 1e300, 'float', [LOST, 3.402_823_466_385_288_6e38, LOST, null]],
    ['double', -1.5, 'double unsigned', [LOST, 0, LOST, null]],
    ['double', 1.5, 'bigint', [LOST, 2n, 1n, null]],
    ['double', 1e300, 'decimal(65,0)', [LOST, '9'.repeat(65), LOST, null]],
    ['double', Infinity, 'int', [INVALID, INVALID, INVALID, null]],
    ['varchar(20)', '1e999999999', 'int', [LOST, 2_147_483_647, LOST, null]],
    ['varchar(20)', '-1e999999999', 'double', [LOST, -Number.MAX_VALUE, LOST, null]],
    ['varchar(20)', '1e-999999999', 'decimal(65,30)', [LOST, `0.${'0'.repeat(30)}`, `0.${'0'.repeat(30)}`, null]],
    ['varchar(20)', '12a', 'int', [INVALID, INVALID, INVALID, null]],
    ['varchar(20)', '', 'int', [INVALID, INVALID, INVALID, null]],
    ['varchar(20)', '.', 'decimal(5,2)', [INVALID, INVALID, INVALID, null]],
    ['varchar(20)', '0x10', 'int', [INVALID, INVALID, INVALID, null]],
    ['varchar(20)', 'maybe', 'boolean', [INVALID, INVALID, INVALID, null]],
    ['varchar(20)', '1'.repeat(1_001), 'decimal(65,0)', [INVALID, INVALID, INVALID, null]],
    ['json', '{"a": 1}', 'int', [INVALID, INVALID, INVALID, null]],
    ['json', '{', 'int', [INVALID, INVALID, INVALID, null]],
    ["set('x','y')", 'x,y', 'bit(1)', [LOST, 1n, LOST, null]],
  ])('of %s, %p, for %s meets its policy', (source, value, target, expected) => {
    expect(LOSS_POLICIES.map((policy) => from(source, target, policy, value))).toEqual(expected);
  });
});

describe('the type that comes out', () => {
  it('is the one that is named, and may be null where it can become so', () => {
    const source = { ...typeOf('varchar(9)'), nullable: false };
    expect(stepOver(convert('Decimal( 12, 2)'), source).column).toEqual({
      ...{
        name: 'c',
        kind: 'decimal',
        declared: 'decimal(12,2)',
        length: 12,
        scale: 2,
        unsigned: false,
        nullable: false,
      },
    });
    expect(stepOver(convert('int', 'null'), source).column.nullable).toBe(true);
    expect(stepOver(convert('int'), { ...typeOf('json'), nullable: false }).column.nullable).toBe(true);
  });

  it.each<[string, string, string]>([
    ['int', 'number', 'number is no type'],
    ['int', 'varchar', 'varchar is no type'],
    ['blob', 'int', 'blob does not become int'],
    ['date', 'int', 'date becomes int by a format'],
    ['int', 'point', 'point is no type'],
  ])('of %s is refused as %s', (source, target, why) => {
    expect(problemOf(() => stepOver(convert(target), typeOf(source)))).toContain(why);
  });

  it('is refused of labels that are not known', () => {
    expect(problemOf(() => stepOver(convert('int'), columnOf({ kind: 'enum' })))).toContain('labels');
  });
});

describe('laws', () => {
  const integers = fc
    .constantFrom('tinyint', 'smallint', 'mediumint', 'int', 'bigint')
    .chain((type) => fc.boolean().map((unsigned) => typeOf(unsigned ? `${type} unsigned` : type)));
  const bounds = ({ bytes = 8, unsigned = false }) => {
    const bits = BigInt(8 * bytes);
    return unsigned ? { min: 0n, max: 2n ** bits - 1n } : { min: -(2n ** (bits - 1n)), max: 2n ** (bits - 1n) - 1n };
  };
  const inForm = (value: bigint, bytes: number | undefined): ColumnValue => (bytes === 8 ? value : Number(value));

  it('every integer comes back from its text, from a decimal and from JSON', () => {
    fc.assert(
      fc.property(
        integers.chain((column) => fc.tuple(fc.constant(column), fc.bigInt(bounds(column)))),
        fc.constantFrom('varchar(20)', 'decimal(20,0)', 'json', 'longtext'),
        ([column, value], through) => {
          const given = inForm(value, column.bytes);
          const there = outcome(stepOver(convert(through), column), given) as ColumnValue;
          expect(outcome(stepOver(convert(column.declared), typeOf(through)), there)).toBe(given);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('every decimal comes back from its text and from wider decimals', () => {
    const decimals = fc.integer({ min: 1, max: 65 }).chain((precision) =>
      fc.integer({ min: 0, max: Math.min(30, precision) }).chain((scale) =>
        fc.bigInt({ min: -(10n ** BigInt(precision)) + 1n, max: 10n ** BigInt(precision) - 1n }).map((unscaled) => ({
          declared: `decimal(${String(precision)},${String(scale)})`,
          value: textOfDecimal(unscaled, scale),
        })),
      ),
    );
    fc.assert(
      fc.property(
        decimals,
        fc.constantFrom('varchar(70)', 'json', 'decimal(65,30)'),
        ({ declared, value }, through) => {
          const there = from(declared, through, 'null', value);
          if (there === null) return;
          expect(from(through, declared, 'fail', there as ColumnValue)).toBe(value);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('every double and float comes back from its text', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const float = Math.fround(value);
        expect(from('varchar(40)', 'double', 'fail', from('double', 'varchar(40)', 'fail', value) as string)).toBe(
          value + 0,
        );
        if (Number.isFinite(float))
          expect(from('varchar(40)', 'float', 'fail', from('float', 'varchar(40)', 'fail', float) as string)).toBe(
            float + 0,
          );
      }),
      { numRuns: 2_000 },
    );
  });

  it('a value that fits is changed by no policy, and nothing is thrown but an error of a row', () => {
    const types = fc.constantFrom(
      ...[
        'tinyint',
        'int unsigned',
        'bigint',
        'decimal(5,2)',
        'decimal(20,0) unsigned',
        'double',
        'float',
        'bit(7)',
        'year',
        'boolean',
      ],
    );
    const numbers = fc.oneof(
      fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
      fc.tuple(fc.integer(), fc.nat(99_999)).map(([whole, part]) => `${String(whole)}.${String(part)}`),
      fc.double().map(String),
      fc.integer({ min: -300, max: 300 }).map((exponent) => `1.5e${String(exponent)}`),
      fc.string(),
    );
    fc.assert(
      fc.property(types, numbers, (type, text) => {
        const strict = from('longtext', type, 'fail', text);
        const others = (['clamp', 'truncate', 'null'] as const).map((policy) => from('longtext', type, policy, text));
        if (strict !== LOST && strict !== INVALID) expect(others).toEqual([strict, strict, strict]);
        else expect(others[2]).toBeNull();
      }),
      { numRuns: 3_000 },
    );
  });
});

function textOfDecimal(unscaled: bigint, scale: number): string {
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return unscaled < 0n ? `-${text}` : text;
}
