import type { ColumnDefinition, ColumnValue } from '@lutra/model';

/** A value as text, as the server would write it; bytes in hexadecimal. */
export function textOf(value: Exclude<ColumnValue, null>, { kind }: Pick<ColumnDefinition, 'kind'>): string {
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex');
  if (kind === 'year') return String(value).padStart(4, '0');
  return String(value);
}
