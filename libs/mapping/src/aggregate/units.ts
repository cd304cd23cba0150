import type { ColumnValue } from '@lutra/model';

/** An integer, or a decimal's text, as a whole number of its last digit. */
export function units(value: ColumnValue, scale: number): bigint {
  if (typeof value !== 'string') return BigInt(value as number | bigint);
  const point = value.indexOf('.');
  if (point < 0) return BigInt(value + '0'.repeat(scale));
  return BigInt(value.slice(0, point) + value.slice(point + 1).padEnd(scale, '0'));
}
