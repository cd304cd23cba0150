import { describe, expect, it } from '@jest/globals';
import { compileCondition, compileText } from '../../src/expression/compile-condition.ts';
import { compileExpressionValue } from '../../src/expression/compile-expression.ts';
import { errorOf, evaluate, FACTS, IMAGE, TABLE, typeOf } from './expression-fixture.ts';

describe('columns and facts', () => {
  it.each([
    ['I', 7],
    ['col("unit price") * 2', '6.00'],
    ['row.gtid', '0-1-7'],
    ['row.commitTime', '2023-11-14 22:13:20.123456'],
    ['row.kind', 'update'],
    ['row.schema + "." + row.table', 'shop.orders'],
    ['row.pipeline', 'shop'],
    ['b + 1', 6n],
    ['y - 24', 2_000n],
    ['u', 18_446_744_073_709_551_615n],
    ['u + 1', '18446744073709551616'],
    ['e + tags', 'newa,b'],
  ])('%s', (text, expected) => {
    expect(evaluate(text)).toBe(expected);
  });

  it('a column alone keeps its value and its type', () => {
    for (const [index, { name }] of TABLE.columns.entries()) {
      const text = `col(${JSON.stringify(name)})`;
      const { column, reads, valueOf } = compileExpressionValue(text, { source: TABLE, name: 'made', mapping: 'm' });
      expect(column).toEqual({ ...TABLE.columns[index], name: 'made' });
      expect(reads).toEqual([index]);
      expect(valueOf(IMAGE, FACTS)).toBe(IMAGE[index]);
    }
  });

  it('says which columns it reads, and what tells of the change', () => {
    const made = compileExpressionValue('d > 1 ? s : row.gtid', { source: TABLE, name: 'made', mapping: 'm' });
    expect(made.reads.map((position) => TABLE.columns[position]?.name)).toEqual(['d', 's']);
    expect(made.column.ofChange).toBe(true);
    expect(
      compileExpressionValue('row.table', { source: TABLE, name: 'x', mapping: 'm' }).column.ofChange,
    ).toBeUndefined();
    expect(compileText('row.kind', { source: TABLE, mapping: 'm', field: 'f' }).ofChange).toBe(true);
  });

  it('is undefined when the image does not carry a column that it names', () => {
    expect(evaluate('i > 0 ? 1 : d', { d: undefined })).toBeUndefined();
  });
});

describe('types of columns', () => {
  it.each([
    ['i + 1', 'bigint'],
    ['d + 1', 'decimal(65,2)'],
    ['d * price', 'decimal(65,6)'],
    ['d / 3', 'decimal(65,6)'],
    ['f * 2', 'double'],
    ['s + "!"', 'longtext'],
    ['bytes(s)', 'longblob'],
    ['i > 1', 'tinyint(1)'],
    ['null', 'longtext'],
    ['i > 1 ? 1 : 1.5', 'decimal(65,1)'],
    ['coalesce(n, 1e0)', 'double'],
  ])('%s is %s', (text, type) => {
    expect(typeOf(text)).toBe(type);
  });
});

describe('operators', () => {
  it.each([
    ['7 / 2', 3n],
    ['-7 / 2', -3n],
    ['-7 % 3', -1n],
    ['2 + 3 * 4 - 1', 13n],
    ['-9223372036854775808 + 0', -9_223_372_036_854_775_808n],
    ['0x10 + 0', 16n],
    ['price * 1.19', '23.788100'],
    ['d / 3', '-4.166667'],
    ['1.0 / 8', '0.12500'],
    ['2.0 / 3', '0.66667'],
    ['-2.0 / 3', '-0.66667'],
    ['d % 5', '-2.50'],
    ['0.1 + 0.2', '0.3'],
    ['0.1 + 0.2 == 0.3', 1],
    ['1e-1 + 2e-1', 0.30000000000000004],
    ['-d', '12.50'],
    ['f + 1', 1.5],
    ['f * d', -6.25],
    ['"a" + "b"', 'ab'],
    ['1 == 1.0', 1],
    ['u > big', 1],
    ['f < 1', 1],
    ['"B" < "a"', 1],
    ['"a" == "A"', 0],
    ['day < at', 1],
    ['raw == b"\\x00\\xff\\x10"', 1],
    ['raw != g', 1],
    ['!(i > 1)', 0],
    ['i in [1, 7]', 1],
    ['d in [-12.5]', 1],
    ['e in ["old", s]', 0],
    ['i > 5 ? "much" : "little"', 'much'],
    ['i > 5 && s != "" || 1 / 0 > 1', 1],
  ])('%s', (text, expected) => {
    expect(evaluate(text)).toBe(expected);
  });
});

describe('null', () => {
  it.each([
    ['n + 1', null],
    ['nd * 2.5', null],
    ['upper(ns)', null],
    ['ns + "x"', null],
    ['n == 1', null],
    ['n == null', 1],
    ['null == n', 1],
    ['i != null', 1],
    ['n != null', 0],
    ['n + 1 == null', 1],
    ['coalesce(n, 0) + i', 7n],
    ['coalesce(ns, e)', 'new'],
    ['coalesce(n, nd)', null],
    ['!(n > 1)', null],
    ['n > 1 && i > 100', 0],
    ['n > 1 && i > 1', null],
    ['n > 1 || i > 1', 1],
    ['n > 1 ? "a" : "b"', 'b'],
    ['n == null ? 0 : n * 2', 0n],
    ['n in [1]', null],
    ['i in [n, 7]', 1],
    ['i in [n, 8]', null],
    ['min(i, n)', null],
    ['i > 1 ? null : 1', null],
    ['null + 1', null],
  ])('%s', (text, expected) => {
    expect(evaluate(text)).toBe(expected);
  });

  it('a condition that is null counts as false', () => {
    const condition = compileCondition('n > 1', { source: TABLE, mapping: 'm', field: 'filter' });
    expect(condition.isTrue(IMAGE, FACTS)).toBe(false);
    expect(compileCondition('i > 1', { source: TABLE, mapping: 'm', field: 'filter' }).isTrue(IMAGE, FACTS)).toBe(true);
  });
});

describe('rows that cannot be computed', () => {
  it.each([
    ['i / 0', 'ROW_DIVISION_BY_ZERO'],
    ['i % (i - 7)', 'ROW_DIVISION_BY_ZERO'],
    ['d / 0', 'ROW_DIVISION_BY_ZERO'],
    ['d % 0.0', 'ROW_DIVISION_BY_ZERO'],
    ['f / 0', 'ROW_DIVISION_BY_ZERO'],
    ['f % 0e0', 'ROW_DIVISION_BY_ZERO'],
    ['big * big', 'ROW_VALUE_OVERFLOW'],
    ['9223372036854775807 + i', 'ROW_VALUE_OVERFLOW'],
    ['-9223372036854775807 - i', 'ROW_VALUE_OVERFLOW'],
    ['u * u * u * u', 'ROW_VALUE_OVERFLOW'],
    ['f * 1e308 * 1e308', 'ROW_VALUE_OVERFLOW'],
    ['int("x")', 'ROW_VALUE_INVALID'],
    ['int("9223372036854775808")', 'ROW_VALUE_OVERFLOW'],
    ['decimal(s, 2)', 'ROW_VALUE_INVALID'],
    ['double(s)', 'ROW_VALUE_INVALID'],
    ['bool(s)', 'ROW_VALUE_INVALID'],
    ['string(raw)', 'ROW_VALUE_INVALID'],
    ['year(s)', 'ROW_VALUE_INVALID'],
    ['month("2024-02-30")', 'ROW_VALUE_INVALID'],
    ['dateAdd("0000-00-00", 1, "day")', 'ROW_VALUE_INVALID'],
    ['dateAdd(at, 8000, "year")', 'ROW_VALUE_OVERFLOW'],
    ['dateAdd(at, -9223372036854775807, "microsecond")', 'ROW_VALUE_OVERFLOW'],
    ['json(s, "$.a")', 'ROW_VALUE_INVALID'],
    ['padStart(s, 99999999999, "xy")', 'ROW_VALUE_TOO_LARGE'],
    [`matches(padStart(s, 5000, "x"), "^a")`, 'ROW_VALUE_TOO_LARGE'],
    [`${'hex('.repeat(27)}s${')'.repeat(27)}`, 'ROW_VALUE_TOO_LARGE'],
    ['replace(padStart("", 60000000, "a"), "a", "bb")', 'ROW_VALUE_TOO_LARGE'],
    ['padStart("", 23000000, "漢") + "x"', 'ROW_VALUE_TOO_LARGE'],
  ])('%s: %s', (text, code) => {
    const error = errorOf(text);
    expect(error?.code).toBe(code);
    expect(error?.class).toBe('poison');
    expect(error?.details).toMatchObject({ mapping: 'm', column: 'made', offset: expect.any(Number) });
    expect(error?.message).not.toContain('Größe');
  });

  it('names the place in the expression', () => {
    expect(errorOf('i + 10 / (i - 7)')?.details['offset']).toBe(4);
  });
});
