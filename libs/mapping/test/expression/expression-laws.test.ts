import { describe, expect, it } from '@jest/globals';
import { evaluate as evaluateCel } from '@marcbachmann/cel-js';
import fc from 'fast-check';
import { SyncError } from '@lutra/model';
import type { ColumnDefinition, ColumnValue, TableDefinition } from '@lutra/model';
import { compileExpressionValue } from '../../src/expression/compile-expression.ts';
import { FUNCTIONS } from '../../src/expression/functions.ts';
import { decimalText, power } from '../../src/convert/exact-number.ts';
import { FACTS, IMAGE, TABLE } from './expression-fixture.ts';

const tableOf = (
  ...columns: readonly (Partial<ColumnDefinition> & Pick<ColumnDefinition, 'name' | 'kind'>)[]
): TableDefinition => ({
  schema: 's',
  table: 't',
  columns: columns.map((column) => ({ declared: column.kind, nullable: true, ...column })),
  primaryKey: [],
});

const compile = (text: string, source: TableDefinition) =>
  compileExpressionValue(text, { source, name: 'x', mapping: 'm' });

/** A decimal and its column. */
const decimal = fc
  .tuple(fc.integer({ min: 0, max: 15 }), fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }))
  .map(([scale, unscaled]) => ({ scale, unscaled, text: decimalText(unscaled, scale) }));

const absolute = (value: bigint): bigint => (value < 0n ? -value : value);

describe('decimals', () => {
  // Goal: what is computed is the number itself. Method: the same with fractions of bigints.
  it('are added, subtracted, multiplied and compared exactly', () => {
    fc.assert(
      fc.property(decimal, decimal, (a, b) => {
        const source = tableOf(
          { name: 'a', kind: 'decimal', scale: a.scale },
          { name: 'b', kind: 'decimal', scale: b.scale },
        );
        const of = (text: string): ColumnValue | undefined => compile(text, source).valueOf([a.text, b.text], FACTS);
        const scale = Math.max(a.scale, b.scale);
        const [left, right] = [a.unscaled * power(scale - a.scale), b.unscaled * power(scale - b.scale)];
        expect(of('a + b')).toBe(decimalText(left + right, scale));
        expect(of('a - b')).toBe(decimalText(left - right, scale));
        expect(of('a * b')).toBe(decimalText(a.unscaled * b.unscaled, a.scale + b.scale));
        expect(of('a < b')).toBe(left < right ? 1 : 0);
        expect(of('a >= b')).toBe(left >= right ? 1 : 0);
        expect(of('a == b')).toBe(left === right ? 1 : 0);
      }),
      { numRuns: 1_000 },
    );
  });

  it('are divided to the nearest, half away from zero', () => {
    fc.assert(
      fc.property(decimal, decimal, (a, b) => {
        fc.pre(b.unscaled !== 0n);
        const source = tableOf(
          { name: 'a', kind: 'decimal', scale: a.scale },
          { name: 'b', kind: 'decimal', scale: b.scale },
        );
        const { column, valueOf } = compile('a / b', source);
        const scale = a.scale + 4;
        expect(column.scale).toBe(scale);
        const quotient = BigInt(String(valueOf([a.text, b.text], FACTS)).replace('.', ''));
        // quotient / 10^scale against a / b, both times the same.
        const exact = a.unscaled * power(b.scale) * power(scale - a.scale);
        const error = absolute(quotient * b.unscaled - exact);
        expect(2n * error <= absolute(b.unscaled)).toBe(true);
        if (2n * error === absolute(b.unscaled)) expect(absolute(quotient * b.unscaled) > absolute(exact)).toBe(true);
        const rest = String(compile('a % b', source).valueOf([a.text, b.text], FACTS));
        const common = Math.max(a.scale, b.scale);
        const wanted = (a.unscaled * power(common - a.scale)) % (b.unscaled * power(common - b.scale));
        expect(rest).toBe(decimalText(wanted, common));
      }),
      { numRuns: 1_000 },
    );
  });
});

/** A column of each kind with a value of it. */
const anyValue = fc.oneof(
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }).map((value) => [{ kind: 'integer', bytes: 4 }, value] as const),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => [{ kind: 'integer', bytes: 8 }, value] as const),
  fc
    .bigInt({ min: 0n, max: 2n ** 64n - 1n })
    .map((value) => [{ kind: 'integer', bytes: 8, unsigned: true }, value] as const),
  decimal.map(({ scale, text }) => [{ kind: 'decimal', scale, length: 65 }, text] as const),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => [{ kind: 'double' }, value] as const),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) => [{ kind: 'bit', length: 64 }, value] as const),
  fc.string({ unit: 'grapheme' }).map((value) => [{ kind: 'text' }, value] as const),
  fc.uint8Array().map((value) => [{ kind: 'binary' }, value] as const),
  fc
    .constantFrom('date', 'time', 'datetime', 'timestamp', 'enum', 'set', 'json')
    .map((kind) => [{ kind }, '2024-02-29'] as const),
  fc.constant([{ kind: 'year' }, 2_024] as const),
);

describe('values', () => {
  it('of any kind stay what they are', () => {
    fc.assert(
      fc.property(anyValue, ([definition, value]) => {
        const source = tableOf({ name: 'x', ...(definition as { kind: ColumnDefinition['kind'] }) });
        expect(compile('x', source).valueOf([value], FACTS)).toBe(value);
        // Through the value's form inside of expressions and back.
        const through = compile('true ? x : x', source).valueOf([value], FACTS);
        if (value instanceof Uint8Array || typeof value === 'string') expect(through).toBe(value);
        else expect(String(through)).toBe(String(value));
        expect(compile('true ? x : x', source).valueOf([null], FACTS)).toBeNull();
        expect(compile('true ? x : x', source).valueOf([undefined], FACTS)).toBeUndefined();
      }),
      { numRuns: 1_000 },
    );
  });
});

const {
  int,
  text: textExpression,
  bool,
} = fc.letrec<{ int: string; text: string; bool: string }>((tie) => ({
  int: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('i', 'k', '0', '1', '-3', '42'),
    fc.tuple(tie('int'), fc.constantFrom('+', '-', '*', '/', '%'), tie('int')).map(([a, o, b]) => `(${a} ${o} ${b})`),
    fc.tuple(tie('bool'), tie('int'), tie('int')).map(([c, a, b]) => `(${c} ? ${a} : ${b})`),
  ),
  text: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('s', '"a"', "'b\\n'", '"ä"', 'r"\\x"'),
    fc.tuple(tie('text'), tie('text')).map(([a, b]) => `(${a} + ${b})`),
    fc.tuple(tie('bool'), tie('text'), tie('text')).map(([c, a, b]) => `(${c} ? ${a} : ${b})`),
  ),
  bool: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('true', 'false'),
    fc
      .tuple(tie('int'), fc.constantFrom('<', '<=', '>', '>=', '==', '!='), tie('int'))
      .map(([a, o, b]) => `(${a} ${o} ${b})`),
    fc.tuple(tie('text'), fc.constantFrom('<', '>=', '==', '!='), tie('text')).map(([a, o, b]) => `(${a} ${o} ${b})`),
    fc.tuple(tie('bool'), fc.constantFrom('&&', '||'), tie('bool')).map(([a, o, b]) => `(${a} ${o} ${b})`),
    fc
      .tuple(tie('int'), fc.array(tie('int'), { minLength: 1, maxLength: 3 }))
      .map(([a, list]) => `(${a} in [${list.join(', ')}])`),
    tie('bool').map((a) => `!${a}`),
    fc
      .tuple(tie('text'), fc.constantFrom('contains', 'startsWith', 'endsWith'), tie('text'))
      .map(([a, f, b]) => `${a}.${f}(${b})`),
  ),
}));

describe('the language', () => {
  // Goal: what people know of CEL holds here. Method: the library's own evaluation says what an expression is.
  it('is CEL where values are ints, texts and bools and nothing is null', () => {
    const source = tableOf(
      { name: 'i', kind: 'integer', bytes: 8 },
      { name: 'k', kind: 'integer', bytes: 4 },
      { name: 's', kind: 'text' },
    );
    const values = fc.tuple(
      fc.bigInt({ min: -100n, max: 100n }),
      fc.integer({ min: -5, max: 5 }),
      fc.string({ unit: 'binary-ascii' }),
    );
    fc.assert(
      fc.property(fc.oneof(int, textExpression, bool), values, (text, [i, k, s]) => {
        fc.pre(text.length < 1_000);
        const wanted = outcome(() => evaluateCel(text, { i, k: BigInt(k), s }));
        const given = outcome(() => compile(`true ? ${text} : ${text}`, source).valueOf([i, k, s], FACTS));
        // Here the sides of && and || are asked from left to right, and CEL may pass over an error of one.
        if (wanted === 'error' || given === 'error') return;
        expect(given).toBe(typeof wanted === 'boolean' ? Number(wanted) : wanted);
      }),
      { numRuns: 2_000 },
    );
  });
});

function outcome(evaluate: () => unknown): unknown {
  try {
    return evaluate();
  } catch {
    return 'error';
  }
}

const words = fc.constantFrom(
  ...[
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    ',',
    '.',
    '?',
    ':',
    '+',
    '-',
    '*',
    '/',
    '%',
    '<',
    '==',
    '!=',
    '&&',
    '||',
    '!',
    'in',
    '"',
    "'",
    '1',
    '1.5',
  ],
  ...[
    '1e3',
    '0x1F',
    '9'.repeat(70),
    '"a"',
    'b"\\xff"',
    'null',
    'true',
    'row',
    '.gtid',
    'constructor',
    '__proto__',
    'col("d")',
    '"$.a"',
    '"day"',
    '"UTC"',
  ],
  ...TABLE.columns.flatMap(({ name }) => (name.includes(' ') ? [] : [name])),
  ...FUNCTIONS.keys(),
);
const sentence = fc.array(words, { maxLength: 12 }).map((parts) => parts.join(' '));

/** Calls with arguments of any kind: most of them compile. */
const call: fc.Arbitrary<string> = fc.letrec<{ term: string }>((tie) => ({
  term: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(
      ...TABLE.columns.map(({ name }) => `col("${name}")`),
      '0',
      '-1',
      '1.5',
      '"a"',
      '"day"',
      '"$.a"',
      '9223372036854775807',
      '1e308',
      'null',
    ),
    fc
      .tuple(fc.constantFrom(...FUNCTIONS.keys()), fc.array(tie('term'), { minLength: 1, maxLength: 3 }))
      .map(([name, args]) => `${name}(${args.join(', ')})`),
    fc
      .tuple(tie('term'), fc.constantFrom('+', '-', '*', '/', '%', '<', '==', '&&', 'in'), tie('term'))
      .map(([a, o, b]) => (o === 'in' ? `(${a} in [${b}])` : `(${a} ${o} ${b})`)),
  ),
})).term;

describe('whatever is written', () => {
  it('compiles, or is refused with MAPPING_EXPRESSION_INVALID; and what compiles gives a value of its type, or an error of the row', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), sentence, call), (text) => {
        let compiled;
        try {
          compiled = compile(text, TABLE);
        } catch (error) {
          expect(SyncError.of(error).code).toBe('MAPPING_EXPRESSION_INVALID');
          return;
        }
        try {
          expectType(compiled.valueOf(IMAGE, FACTS), compiled.column);
        } catch (error) {
          if (!SyncError.is(error)) throw error;
          expect(error.class).toBe('poison');
        }
      }),
      { numRuns: 5_000 },
    );
  });
});

function expectType(value: ColumnValue | undefined, { kind, bytes }: ColumnDefinition): void {
  if (value === null) return;
  switch (kind) {
    case 'integer':
      expect(typeof value).toBe(bytes === 8 ? 'bigint' : 'number');
      return;
    case 'bit':
      expect(typeof value).toBe('bigint');
      return;
    case 'double':
    case 'float':
    case 'year':
      expect(typeof value).toBe('number');
      return;
    case 'binary':
    case 'geometry':
      expect(value).toBeInstanceOf(Uint8Array);
      return;
    default:
      expect(typeof value).toBe('string');
  }
}
