/** Goal: values are compared and added by what they mean, exactly. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ColumnDefinition, ColumnKind, ColumnValue } from '@lutra/model';
import { addDelta, compareValues, isStoredValue } from '@lutra/sql';
import type { WrittenColumn } from '@lutra/sql';

const columnOf = (kind: ColumnKind, more: Partial<ColumnDefinition> = {}): WrittenColumn =>
  ({
    definition: { name: 'c', kind, declared: '', nullable: true, ...more },
    target: { paddedBytes: null, dataType: '' },
  }) as WrittenColumn;

describe('a stored value', () => {
  it.each<[ColumnKind, ColumnValue, ColumnValue, boolean]>([
    ['decimal', '1.50', '1.5', true],
    ['decimal', '-0.0', '0', true],
    ['decimal', '007', '7.000', true],
    ['decimal', '10', '1', false],
    ['datetime', '2026-01-01 10:00:00.100', '2026-01-01 10:00:00.1', true],
    ['datetime', '2026-01-01 10:00:00', '2026-01-01 10:00:00.000000', true],
    ['datetime', '2026-01-01 10:00:10', '2026-01-01 10:00:1', false],
    ['text', 'a ', 'a', false],
    ['float', 0, -0, true],
    ['integer', 5, 5n, true],
    ['json', '{"a":1,"b":[1.0,true]}', '{ "b": [1, true], "a": 1 }', true],
    ['json', '{"a":12345678901234567890}', '{"a":12345678901234567891}', false],
    ['json', '[1,2]', '[2,1]', false],
    ['json', '"\\u00e9"', '"é"', true],
    ['json', 'no json', 'no  json', false],
    ['json', null, 'null', false],
  ])('of kind %s: %j against %j is %j', (kind, one, other, isSame) => {
    expect(isStoredValue(columnOf(kind), one, other)).toBe(isSame);
    expect(isStoredValue(columnOf(kind), other, one)).toBe(isSame);
  });

  it.each<[ColumnKind, ColumnValue, ColumnValue]>([
    ['integer', 9, 10],
    ['integer', 9007199254740992n, 9007199254740993n],
    ['decimal', '9.99', '10'],
    ['decimal', '-10', '-9.5'],
    ['time', '-838:00:00', '-01:00:00'],
    ['time', '09:00:00', '100:00:00'],
    ['datetime', '2026-01-01 10:00:00', '2026-01-01 10:00:00.000001'],
    ['text', 'a', 'b'],
    ['text', null, ''],
  ])('of kind %s: %j comes before %j', (kind, one, other) => {
    expect(compareValues(columnOf(kind), one, other)).toBe(-1);
    expect(compareValues(columnOf(kind), other, one)).toBe(1);
    expect(compareValues(columnOf(kind), one, one)).toBe(0);
  });

  it('moves by what the source moved it, to the last digit', () => {
    const cents = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n });
    const text = (value: bigint): string => {
      const digits = (value < 0n ? -value : value).toString().padStart(3, '0');
      return `${value < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
    };
    fc.assert(
      fc.property(cents, cents, cents, (found, before, after) => {
        const sum = addDelta(columnOf('decimal'), text(found), { before: text(before), after: text(after) });
        expect(isStoredValue(columnOf('decimal'), sum, text(found + after - before))).toBe(true);
        const whole = addDelta(columnOf('integer', { bytes: 8 }), found, { before, after });
        expect(whole).toBe(found + after - before);
      }),
    );
    expect(addDelta(columnOf('integer', { bytes: 4 }), 10, { before: 1, after: 3 })).toBe(12);
    expect(addDelta(columnOf('integer', { bytes: 4 }), null, { before: undefined, after: 3 })).toBe(3);
  });
});
