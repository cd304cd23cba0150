import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ColumnValue, RuleValue, TableDefinition } from '@lutra/model';
import { commitTime, concatValue, typedConstant } from '../src/column-origins.ts';
import type { RowFacts } from '../src/compiled-value.ts';
import { textOf } from '../src/text-of.ts';
import { columnOf } from './step-fixture.ts';

const FACTS: RowFacts = { pipelineId: 'p', gtid: '0-1-1', commitMs: 0, event: 0, row: 0, kind: 'insert' };

describe('typedConstant', () => {
  it.each<[RuleValue, string, ColumnValue]>([
    [true, 'tinyint(1)', 1],
    [false, 'tinyint(1)', 0],
    [0, 'tinyint', 0],
    [-128, 'tinyint', -128],
    [128, 'smallint', 128],
    [-32_769, 'mediumint', -32_769],
    [8_388_608, 'int', 8_388_608],
    [2_147_483_648, 'bigint', 2_147_483_648n],
    [Number.MAX_SAFE_INTEGER, 'bigint', 9_007_199_254_740_991n],
    [2 ** 53, 'double', 2 ** 53],
    [0.5, 'double', 0.5],
    [-0, 'double', -0],
    ['', 'varchar(1)', ''],
    ['é😀', 'varchar(2)', 'é😀'],
    ['9007199254740993', 'varchar(16)', '9007199254740993'],
    ['x'.repeat(16_384), 'longtext', 'x'.repeat(16_384)],
    [null, 'longtext', null],
  ])('%p is %s', (given, declared, value) => {
    const constant = typedConstant(given, 'c');
    expect(constant.value).toBe(value);
    expect(constant.column).toMatchObject({ name: 'c', declared, nullable: given === null });
  });
});

describe('textOf', () => {
  it.each<[ColumnValue, Parameters<typeof columnOf>[0]['kind'], string]>([
    [-5, 'integer', '-5'],
    [2n ** 64n - 1n, 'integer', '18446744073709551615'],
    ['1.50', 'decimal', '1.50'],
    [1e21, 'double', '1e21'],
    [1e-7, 'double', '1e-7'],
    [0.1, 'double', '0.1'],
    [Math.fround(0.1), 'float', '0.1'],
    [Math.fround(16_777_216), 'float', '16777216'],
    [Math.fround(3.402_823_466_385_288_6e38), 'float', '3.4028235e38'],
    [0, 'year', '0000'],
    [2024, 'year', '2024'],
    [5n, 'bit', '5'],
    ['10:00:00.5', 'time', '10:00:00.5'],
    [Buffer.of(0, 255), 'binary', '00ff'],
    [new Uint8Array([1, 2, 3, 4]).subarray(1, 3), 'binary', '0203'],
  ])('of %p, %s, is %s', (value, kind, text) => {
    expect(value === null ? null : textOf(value, { kind })).toBe(text);
  });

  it('writes digits that stand for one float only', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Math.fround(Number(textOf(value, { kind: 'float' })))).toBe(value + 0);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('concatValue', () => {
  const source: TableDefinition = {
    schema: 's',
    table: 't',
    columns: [columnOf({ kind: 'integer' }), columnOf({ kind: 'text' }), columnOf({ kind: 'decimal' })],
    primaryKey: [0],
  };
  const { valueOf, column } = concatValue(source, [1, 0, 2], { separator: '-', name: 'all' });

  it.each<[string, readonly (ColumnValue | undefined)[], ColumnValue | undefined]>([
    ['all values in the order that is asked for', [1, 'a', '2.50'], 'a-1-2.50'],
    ['the others where one is null', [null, 'a', '2.50'], 'a-2.50'],
    ['an empty text as a text', [1, '', null], '-1'],
    ['nothing but null as null', [null, null, null], null],
    ['nothing where one is absent', [1, undefined, null], undefined],
  ])('joins %s', (_what, image, expected) => {
    expect(valueOf(image, FACTS)).toBe(expected);
  });

  it('is text that may be null', () => {
    expect(column).toMatchObject({ name: 'all', kind: 'text', declared: 'longtext', nullable: true });
  });
});

it.each([
  [0, '1970-01-01 00:00:00.000000'],
  [1_700_000_000_123.456, '2023-11-14 22:13:20.123456'],
  [1_700_000_000_123.999, '2023-11-14 22:13:20.123999'],
])('commitTime of %d ms is %s', (ms, text) => {
  expect(commitTime(ms)).toBe(text);
});
