import { describe, expect, it } from '@jest/globals';
import { SyncError } from '@lutra/model';
import { checkExpression } from '../../src/expression/check-expression.ts';
import { compileCondition, compileText } from '../../src/expression/compile-condition.ts';
import { errorOf, TABLE } from './expression-fixture.ts';

/** What does not compile, and the place (from 0) that is named. */
const INVALID: readonly (readonly [string, number])[] = [
  ['', 0],
  ['i +', 3],
  ['(i', 2],
  ['i ? 1', 5],
  ['"open', 0],
  ['i = 1', 2],
  ['größe', 2],
  ['nothing + 1', 0],
  ['i + foo(1)', 4],
  ['i + "a"', 0],
  ['i && true', 0],
  ['!i', 1],
  ['i > 1 ? 1 : "a"', 0],
  ['s == 1', 0],
  ['raw < g', 0],
  ['true < false', 0],
  ['upper(i)', 0],
  ['upper()', 0],
  ['upper(s, s)', 0],
  ['round(s)', 0],
  ['round(d, i)', 9],
  ['decimal(s)', 0],
  ['decimal(d, 31)', 11],
  ['coalesce()', 0],
  ['coalesce(i, s)', 0],
  ['min(i)', 0],
  ['max(true, false)', 0],
  ['concat(i)', 0],
  ['matches(s, mail)', 11],
  ['matches(s, "(")', 11],
  ['matches(s, "(a+)+$")', 11],
  ['matches(s, ".*a.*b.*")', 11],
  ['matches(s, "a*b*c*")', 11],
  ['json(j, "a.b")', 8],
  ['json(j, s)', 8],
  ['dateAdd(day, 1, "fortnight")', 16],
  ['dateAdd(day, 1, s)', 16],
  ['toUtc(day, "Mars/Olympus")', 11],
  ['[1, 2]', 0],
  ['i in "abc"', 5],
  ['i in j', 5],
  ['i in [s]', 0],
  ['{"a": 1}', 0],
  ['s[0]', 0],
  ['5u', 0],
  ['row', 0],
  ['row.user', 0],
  ['row.constructor', 0],
  ['s.length', 0],
  ['s.constructor', 0],
  ['s.constructor.constructor("return process")()', 43],
  ['s.constructor.constructor("return process")', 0],
  ['s.__proto__', 0],
  ['constructor', 0],
  ['__proto__', 0],
  ['toString()', 0],
  ['hasOwnProperty("a")', 0],
  ['s.valueOf()', 0],
  ['[1, 2].all(x, x > 1)', 0],
  ['[1, 2].exists(x, x > 1)', 0],
  ['[1, 2].map(x, x * 2)', 0],
  ['[1, 2].filter(x, x > 1)', 0],
  ['cel.bind(x, 1, x + 1)', 0],
  ['has(i.x)', 0],
  ['dyn(i)', 0],
  ['type(i)', 0],
  ['timestamp("2024-01-01T00:00:00Z")', 0],
  ['now()', 0],
  ['col(s)', 0],
  ['col("no such")', 0],
  ['col()', 0],
  ['-s', 0],
  ['s - s', 0],
  ['price * price * price * price * price * price * price * price', 0],
  [`1.${'0'.repeat(31)}`, 0],
  ['9'.repeat(66), 0],
  ['i +\n  nope', 6],
];

describe('what does not compile', () => {
  it.each(INVALID)('%j at %d', (text, offset) => {
    const error = errorOf(text);
    expect(error?.code).toBe('MAPPING_EXPRESSION_INVALID');
    expect(error?.details).toMatchObject({ mapping: 'm', field: 'made', position: offset + 1 });
    expect(checkExpression(text, TABLE.columns, null)).toMatchObject({ kind: 'invalid', offset });
  });

  it('names line and column', () => {
    expect(checkExpression('i +\n  nope', TABLE.columns, null)).toEqual({
      kind: 'invalid',
      problem: 'The table has no column nope',
      line: 2,
      column: 3,
      offset: 6,
    });
    expect(errorOf('i +\n  nope')?.message).toContain('line 2, column 3: The table has no column nope (at "nope")');
  });
});

describe('limits', () => {
  it.each([
    ['length', `"${'a'.repeat(4_000)}"`],
    ['nodes', `i${' + i'.repeat(300)}`],
    ['depth', `${'('.repeat(40)}i${')'.repeat(40)}`],
    ['calls', `${'abs('.repeat(40)}i${')'.repeat(40)}`],
    ['choices', `${'i > 1 ? 1 : '.repeat(40)}2`],
    ['signs', `${'-'.repeat(3_900)}i`],
    ['negations', `${'!'.repeat(3_900)}true`],
    ['arguments', `concat(${Array.from({ length: 40 }, () => 's').join(', ')})`],
  ])('of %s', (_what, text) => {
    expect(errorOf(text)?.code).toBe('MAPPING_EXPRESSION_INVALID');
    expect(checkExpression(text, null, null).kind).toBe('invalid');
  });

  it('lets through what people write', () => {
    expect(checkExpression(`i${' + i'.repeat(100)}`, TABLE.columns, null)).toEqual({ kind: 'valid', type: 'int' });
    expect(checkExpression(`${'('.repeat(30)}i${')'.repeat(30)}`, TABLE.columns, null).kind).toBe('valid');
  });
});

describe('an expression has the type of its place', () => {
  it('of a condition bool', () => {
    const compile = (): unknown =>
      compileCondition('i + 1', { source: TABLE, mapping: 'm', field: 'rules.rows.filter' });
    expect(compile).toThrow(SyncError);
    expect(checkExpression('i + 1', TABLE.columns, 'bool')).toMatchObject({ kind: 'invalid', offset: 0 });
    expect(checkExpression('i > 1', TABLE.columns, 'bool')).toEqual({ kind: 'valid', type: 'bool' });
  });

  it('of a route text', () => {
    expect(() => compileText('i', { source: TABLE, mapping: 'm', field: 'route' })).toThrow(SyncError);
    expect(checkExpression('"a_" + string(i)', TABLE.columns, 'string').kind).toBe('valid');
  });
});

describe('without columns', () => {
  it.each([
    ['anything * 2 + other', 'any'],
    ['a > b && c in [1, 2]', 'bool'],
    ['upper(a)', 'string'],
    ['size(a)', 'int'],
    ['coalesce(a, 0) + 1', 'any'],
    ['a > 1 ? b : "x"', 'any'],
    ['round(a, 2)', 'any'],
    ['matches(a, "^x")', 'bool'],
    ['json(a, "$.b")', 'string'],
    ['dateAdd(a, b, "day")', 'string'],
    ['-a', 'any'],
    ['decimal(a, 2)', 'any'],
    ['string(a)', 'string'],
    ['concat(a, b)', 'string'],
    ['min(a, b)', 'any'],
    ['row.gtid', 'string'],
    ['1 + 1', 'int'],
  ])('%s is %s', (text, type) => {
    expect(checkExpression(text, null, null)).toEqual({ kind: 'valid', type });
  });

  it.each([
    'a +',
    'foo(a)',
    'upper(1)',
    '1 + "a"',
    'matches(a, "(a+)+$")',
    'upper(a, b)',
    'a.b',
    'json(a, "x")',
    'toUtc(a, "X/Y")',
    'a && 1',
  ])('still refuses %s', (text) => {
    expect(checkExpression(text, null, null).kind).toBe('invalid');
  });

  it('knows both images of a change in filters alone', () => {
    expect(checkExpression('before.a != after.b', null, 'bool', { hasImages: true }).kind).toBe('valid');
    expect(checkExpression('upper(before.a)', null, 'bool', { hasImages: true }).kind).toBe('invalid');
    expect(checkExpression('now.a != after.b', null, 'bool', { hasImages: true })).toMatchObject({ offset: 0 });
    expect(checkExpression('a != after.b', null, 'bool')).toMatchObject({
      problem: 'Only filters see the row after the change',
      offset: 5,
    });
  });

  it('takes a type that is not known for the one that is wanted', () => {
    expect(checkExpression('a', null, 'bool').kind).toBe('valid');
    expect(checkExpression('upper(a)', null, 'bool').kind).toBe('invalid');
  });
});
