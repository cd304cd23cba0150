// Goal: whatever is configured and whatever a row holds, a step is refused when it is compiled, or answers with a value of the
// type that it says, or refuses the row: nothing else is ever thrown.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LOSS_POLICIES, must, readColumnType, SyncError } from '@lutra/model';
import type { ColumnDefinition, ColumnStep, ColumnValue, RuleValue } from '@lutra/model';
import type { CompiledStep } from '../src/compiled-value.ts';
import { columnOf, stepOver } from './step-fixture.ts';

const digits = fc.integer({ min: 0, max: 999_999 });
const two = (max: number) => fc.nat(max).map((value) => String(value).padStart(2, '0'));
const date = fc.tuple(fc.nat(9_999), two(12), two(31)).map(([y, m, d]) => `${String(y).padStart(4, '0')}-${m}-${d}`);
const clock = fc.tuple(two(23), two(59), two(59)).map((parts) => parts.join(':'));
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  date,
  digits.map(String),
  fc.json(),
);

/** Types with what their columns hold; also days that no calendar has. */
const SOURCES: readonly (readonly [string, fc.Arbitrary<ColumnValue>])[] = [
  ['tinyint', fc.integer({ min: -128, max: 127 })],
  ['int unsigned', fc.nat(2 ** 31 - 1)],
  ['bigint', fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
  [
    'decimal(12,3)',
    fc
      .tuple(fc.integer({ min: -99_999_999, max: 99_999_999 }), fc.nat(999))
      .map(([whole, part]) => `${String(whole)}.${String(part).padStart(3, '0')}`),
  ],
  ['float', fc.float().map(Math.fround)],
  ['double', fc.double()],
  ['bit(9)', fc.bigInt({ min: 0n, max: 511n })],
  ['year', fc.constantFrom(0, 1901, 2024, 2155)],
  ['date', date],
  ['time(3)', fc.tuple(fc.constantFrom('', '-', '-8'), clock).map(([sign, time]) => `${sign}${time}.120`)],
  [
    'datetime(6)',
    fc.tuple(date, clock, digits).map(([day, time, micros]) => `${day} ${time}.${String(micros).padStart(6, '0')}`),
  ],
  [
    'timestamp',
    fc
      .integer({ min: 0, max: 2 ** 31 - 1 })
      .map((seconds) =>
        seconds < 9 ? '0000-00-00 00:00:00' : new Date(seconds * 1_000).toISOString().slice(0, 19).replace('T', ' '),
      ),
  ],
  ['varchar(200)', text],
  ['varchar(200) charset latin1', text],
  ['varbinary(200)', fc.uint8Array()],
  ["enum('a','b','7')", fc.constantFrom('a', 'b', '7', '')],
  ["set('a','b','7')", fc.constantFrom('', 'a', 'a,b', 'b,7')],
  ['json', fc.oneof(fc.json(), fc.string())],
];
const TYPES = SOURCES.map(([type]) => type).concat([
  'boolean',
  'binary(3)',
  'tinytext',
  'char(2)',
  'decimal(3,1) unsigned',
  'datetime',
  'time',
  'nonsense',
]);
const FORMATS = [
  'iso',
  'hex',
  'base64',
  'unixSeconds',
  'unixMilliseconds',
  'yyyyMMdd',
  'HHmm',
  "dd.MM.yyyy 'T' HH:mm:ss.SSS z",
  'q',
];

const ruleValue: fc.Arbitrary<RuleValue> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
  fc.double({ noNaN: true }),
  fc.string(),
  date,
  digits.map(String),
);
const key = fc.constant('env:KEY' as const);
const step: fc.Arbitrary<ColumnStep> = fc.oneof(
  fc.record({
    kind: fc.constant('default' as const),
    value: ruleValue,
    when: fc.constantFrom('null', 'missing', 'both'),
  }),
  fc.record({
    kind: fc.constant('map' as const),
    entries: fc.array(fc.record({ from: ruleValue, to: ruleValue }), { maxLength: 3 }),
    otherwise: fc.oneof(
      fc.record({ kind: fc.constantFrom('keep' as const, 'fail' as const) }),
      fc.record({ kind: fc.constant('value' as const), value: ruleValue }),
    ),
  }),
  {
    weight: 6,
    arbitrary: fc.record(
      {
        kind: fc.constant('convert' as const),
        type: fc.constantFrom(...TYPES),
        onLoss: fc.constantFrom(...LOSS_POLICIES),
        format: fc.constantFrom(...FORMATS),
        zone: fc.constantFrom('UTC', 'Europe/Vienna', '+05:30', 'nowhere'),
        charset: fc.constantFrom('utf8mb4', 'latin1', 'gbk', 'none'),
      },
      { requiredKeys: ['kind', 'type', 'onLoss'] },
    ),
  },
  fc.record({ kind: fc.constant('hash' as const), key, length: fc.integer({ min: 0, max: 70 }) }),
  fc.record({ kind: fc.constant('token' as const), key }),
  fc.record({
    kind: fc.constant('partial' as const),
    keepStart: fc.nat(4),
    keepEnd: fc.nat(4),
    with: fc.string({ maxLength: 9 }),
  }),
  fc.record({ kind: fc.constant('json' as const), path: fc.constantFrom('$', '$.a', '$[0]', '$[last]', 'a', '$."') }),
  fc.record({
    kind: fc.constant('split' as const),
    separator: fc.constantFrom(',', '', 'a'),
    index: fc.integer({ min: -3, max: 3 }),
  }),
);

const columnAndValue = fc.constantFrom(...SOURCES).chain(([type, values]) =>
  fc.oneof({ weight: 8, arbitrary: values }, fc.constantFrom(null, undefined)).map((value) => ({
    column: columnOf(must(readColumnType(type), 'a type')),
    value,
  })),
);

function compiled(given: ColumnStep, column: ColumnDefinition): CompiledStep | null {
  try {
    return stepOver(given, column);
  } catch (error) {
    expect(SyncError.is(error) && error.code).toBe('MAPPING_STEP_INVALID');
    return null;
  }
}

/** Whether a value has the form of its column's kind: what the encoder between the stages counts on. */
function hasForm(value: ColumnValue, { kind, bytes }: ColumnDefinition): boolean {
  switch (kind) {
    case 'integer':
      return bytes === 8 ? typeof value === 'bigint' : Number.isInteger(value);
    case 'bit':
      return typeof value === 'bigint';
    case 'year':
      return Number.isInteger(value);
    case 'float':
    case 'double':
      return typeof value === 'number';
    case 'binary':
      return value instanceof Uint8Array;
    case 'decimal':
      return typeof value === 'string' && /^-?\d+(?:\.\d+)?$/.test(value);
    case 'date':
      return typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value);
    case 'time':
      return typeof value === 'string' && /^-?\d{2,3}:\d\d:\d\d(?:\.\d{1,6})?$/.test(value);
    case 'datetime':
    case 'timestamp':
      return typeof value === 'string' && /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?$/.test(value);
    default:
      return typeof value === 'string';
  }
}

describe('any step over any value', () => {
  it('gives what its type says, or refuses', () => {
    let worked = 0;
    fc.assert(
      fc.property(columnAndValue, fc.array(step, { minLength: 1, maxLength: 3 }), ({ column, value }, steps) => {
        let [at, present]: [ColumnDefinition, ColumnValue | undefined] = [column, value];
        for (const given of steps) {
          const made = compiled(given, at);
          if (made === null) return;
          try {
            present = made.apply(present);
          } catch (error) {
            expect(SyncError.is(error) && error.class).toBe('poison');
            return;
          }
          at = made.column;
          expect(at.name).toBe('c');
          if (present === null) expect(at.nullable).toBe(true);
          else if (present !== undefined && !hasForm(present, at))
            throw new Error(`${at.declared} does not look like ${String(present)}`);
          worked += 1;
        }
      }),
      { numRuns: 2_000 },
    );
    expect(worked).toBeGreaterThan(300);
  });
});
