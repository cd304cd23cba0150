import { describe, expect, it } from '@jest/globals';
import { readColumnType } from '@lutra/model';
import type { ColumnStep, ColumnValue, RuleValue } from '@lutra/model';
import { columnOf, outcome, problemOf, stepOver } from './step-fixture.ts';

type Otherwise = Extract<ColumnStep, { kind: 'map' }>['otherwise'];

const KEEP: Otherwise = { kind: 'keep' };
const FAIL: Otherwise = { kind: 'fail' };
const typeOf = (declared: string) => columnOf(readColumnType(declared) ?? { kind: 'geometry' });
const map = (entries: readonly (readonly [RuleValue, RuleValue])[], otherwise: Otherwise = FAIL): ColumnStep => ({
  kind: 'map',
  entries: entries.map(([from, to]) => ({ from, to })),
  otherwise,
});
const fill = (value: RuleValue, when: 'null' | 'missing' | 'both'): ColumnStep => ({ kind: 'default', value, when });

describe('map', () => {
  it.each<[string, ColumnStep, ColumnValue | undefined, ColumnValue | undefined]>([
    ['int', map([[1, 'active']]), 1, 'active'],
    ['int', map([['1', 'active']]), 1, 'active'],
    ['bigint', map([['9223372036854775807', 'last']]), 2n ** 63n - 1n, 'last'],
    ['int', map([[1, 'active']]), 2, 'ROW_VALUE_UNKNOWN'],
    ['int', map([[1, 'active']], { kind: 'value', value: 'other' }), 2, 'other'],
    ['int', map([[1, 'active']], { kind: 'value', value: 'other' }), null, 'other'],
    ['int', map([[1, 'active']], { kind: 'value', value: null }), 2, null],
    ['int', map([[null, 'unknown']]), null, 'unknown'],
    ['int', map([[1, null]]), 1, null],
    ['int', map([[1, 2]], KEEP), 1, 2],
    ['int', map([[1, 2]], KEEP), 7, 7],
    ['int', map([[1, 2]], KEEP), null, null],
    ['int', map([[1, 2]]), null, 'ROW_VALUE_UNKNOWN'],
    ['int', map([[1, 2]]), undefined, undefined],
    [
      'decimal(5,2)',
      map([
        ['1.5', 'a'],
        [2, 'b'],
      ]),
      '1.50',
      'a',
    ],
    [
      'decimal(5,2)',
      map([
        ['1.5', 'a'],
        [2, 'b'],
      ]),
      '2.00',
      'b',
    ],
    ['double', map([[0, 'zero']]), -0, 'zero'],
    ['double', map([[0.1, 'tenth']]), 0.1, 'tenth'],
    ['varchar(5)', map([['a', 1]]), 'A', 'ROW_VALUE_UNKNOWN'],
    [
      'varchar(5)',
      map([
        ['a', 1],
        ['A', 2],
      ]),
      'A',
      2,
    ],
    ['varchar(5)', map([['a', 300_000_000_000]]), 'a', 300_000_000_000n],
    [
      'varchar(5)',
      map([
        ['a', 1],
        ['b', 0.5],
      ]),
      'a',
      1,
    ],
    [
      'varchar(5)',
      map([
        ['a', true],
        ['b', false],
      ]),
      'a',
      1,
    ],
    [
      'bit(1)',
      map([
        [true, 'yes'],
        [0, 'no'],
      ]),
      1n,
      'yes',
    ],
    ["enum('x','y')", map([['x', 'Ex']], KEEP), 'x', 'Ex'],
    ["enum('x','y')", map([['x', 'Ex']], KEEP), 'y', 'y'],
    ['binary(1)', map([['a', 'A']]), Buffer.from('a'), 'A'],
    ['int', map([], KEEP), 5, 5],
    ['datetime(2)', map([['2024-02-29 10:00:00.5', 'half']]), '2024-02-29 10:00:00.50', 'half'],
  ])('of %s by %j, %p, is %p', (type, step, value, expected) => {
    expect(outcome(stepOver(step, typeOf(type)), value)).toBe(expected);
  });

  it.each<[string, ColumnStep, string, boolean]>([
    [
      'int',
      map([
        [1, 'active'],
        [2, 'gone'],
      ]),
      'varchar(6)',
      false,
    ],
    [
      'varchar(9)',
      map([
        ['a', 1],
        ['b', 300],
      ]),
      'smallint',
      false,
    ],
    [
      'varchar(9)',
      map([
        ['a', 1],
        ['b', null],
      ]),
      'tinyint',
      true,
    ],
    [
      'varchar(9)',
      map([
        ['a', 1],
        ['b', 0.5],
      ]),
      'double',
      false,
    ],
    ['varchar(3)', map([['a', 'b']], KEEP), 'varchar(3)', true],
    ['varchar(3)', map([['a', 'long']], KEEP), 'longtext', true],
    ['int', map([[1, 2]], KEEP), 'int', true],
    ['int', map([[1, null]]), 'int', true],
  ])('of %s by %j has the narrowest type', (type, step, declared, nullable) => {
    expect(stepOver(step, typeOf(type)).column).toMatchObject({ declared, nullable, name: 'c' });
  });

  it.each<[string, ColumnStep, string]>([
    ['int', map([['one', 1]]), '"one" is no value of int'],
    ['tinyint', map([[300, 1]]), '300 is no value of tinyint'],
    [
      'int',
      map([
        [1, 1],
        ['1', 2],
      ]),
      'two entries for "1"',
    ],
    [
      'decimal(5,2)',
      map([
        ['1.5', 1],
        ['1.50', 2],
      ]),
      'two entries',
    ],
    [
      'varchar(5)',
      map([
        ['a', 1],
        ['b', 'x'],
      ]),
      'different types',
    ],
    ['int', map([[1, 'one']], KEEP), 'convert the column first'],
    ["enum('a')", map([['b', 1]]), '"b" is no value of enum'],
  ])('of %s is refused: %j', (type, step, why) => {
    expect(problemOf(() => stepOver(step, typeOf(type)))).toContain(why);
  });

  it('names the column and not the value', () => {
    expect(() => stepOver(map([[1, 2]]), typeOf('int')).apply(4_711)).toThrow(
      'ROW_VALUE_UNKNOWN: Column c of mapping orders: a value is not among the entries of its map',
    );
  });
});

describe('default', () => {
  it.each<['null' | 'missing' | 'both', readonly unknown[]]>([
    ['null', [7, undefined, 1]],
    ['missing', [null, 7, 1]],
    ['both', [7, 7, 1]],
  ])('when %s', (when, expected) => {
    const step = stepOver(fill(7, when), typeOf('int'));
    expect([null, undefined, 1].map((value) => outcome(step, value))).toEqual(expected);
  });

  it.each<[string, RuleValue, ColumnValue]>([
    ['bigint', 7, 7n],
    ['bigint unsigned', '18446744073709551615', 2n ** 64n - 1n],
    ['decimal(5,2)', 1.5, '1.50'],
    ['varchar(5)', 'none', 'none'],
    ['varchar(5)', 5, '5'],
    ['double', 5, 5],
    ['bit(1)', true, 1n],
    ["enum('a','b')", 'b', 'b'],
    ['json', '{}', '{}'],
    ['date', '2024-02-29', '2024-02-29'],
    ['datetime(3)', '2024-02-29', '2024-02-29 00:00:00.000'],
    ['int', null, null],
  ])('of %s is a value of that type: %p', (type, given, expected) => {
    expect(outcome(stepOver(fill(given, 'both'), typeOf(type)), undefined)).toBe(expected);
  });

  it('tells whether the column may still be null', () => {
    const nullable = (value: RuleValue, when: 'null' | 'missing' | 'both') =>
      stepOver(fill(value, when), typeOf('int')).column.nullable;
    expect([nullable(7, 'null'), nullable(7, 'both'), nullable(7, 'missing'), nullable(null, 'missing')]).toEqual([
      ...[false, false, true, true],
    ]);
  });

  it.each<[string, RuleValue]>([
    ['int', 'none'],
    ['varchar(3)', 'none'],
    ["enum('a')", 'b'],
    ['json', '{'],
    ['decimal(5,2)', '1.555'],
  ])('of %s is refused: %p', (type, value) => {
    expect(problemOf(() => stepOver(fill(value, 'both'), typeOf(type)))).toContain('is no value of');
  });
});
