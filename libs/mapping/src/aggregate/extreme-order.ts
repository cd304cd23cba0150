import type { ColumnDefinition, ColumnValue } from '@lutra/model';
import { fixedOf, SCALE_MAX } from '../expression/fixed-number.ts';

/** Compares two values of a column that are not null: as numbers, or by what they mean as dates and times. */
export type ValueOrder = (one: ColumnValue, other: ColumnValue) => number;

/** The order of the kinds that servers order alike; null: of a text it is a matter of collations. */
export function orderOf({ kind, scale }: ColumnDefinition): ValueOrder | null {
  switch (kind) {
    case 'integer':
    case 'float':
    case 'double':
    case 'year':
      return (one, other) => compare(one as number | bigint, other as number | bigint);
    case 'decimal': {
      // One that does not say how many digits it has behind the point has no more than these.
      const digits = scale ?? SCALE_MAX;
      return (one, other) => compare(fixedOf(String(one), digits), fixedOf(String(other), digits));
    }
    case 'date':
    case 'datetime':
    case 'timestamp':
      return (one, other) => compare(String(one), String(other));
    case 'time':
      return (one, other) => compare(microseconds(String(one)), microseconds(String(other)));
    default:
      return null;
  }
}

function compare<T extends number | bigint | string>(one: T, other: T): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** A time may be negative, and longer than a day. */
function microseconds(text: string): number {
  const [, sign = '', hours = '0', minutes = '0', seconds = '0', fraction = ''] =
    /^(-?)(\d+):(\d+):(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  const whole = Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
  const value = whole * 1_000_000 + Number(fraction.padEnd(6, '0'));
  return sign === '-' ? -value : value;
}
