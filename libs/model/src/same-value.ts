import type { ColumnValue, RowImage } from './column.ts';

/** Whether two values of one column are the same to the last bit. */
export function isSameValue(one: ColumnValue, other: ColumnValue): boolean {
  if (one instanceof Uint8Array && other instanceof Uint8Array)
    return one.length === other.length && Buffer.compare(one, other) === 0;
  return Object.is(one, other);
}

/**
 * Whether an update changes the column, to the last bit. What `after` does not carry has stayed; what `before` does not carry
 * is taken for changed.
 */
export function changesColumn(before: RowImage, after: RowImage, position: number): boolean {
  const value = after[position];
  if (value === undefined) return false;
  const old = before[position];
  return old === undefined || !isSameValue(old, value);
}
