import type { ColumnDefinition, ColumnValue } from '@lutra/model';
import { doubleText, floatText } from './convert/float-text.ts';

/** A value as text, as the server would write it; floating point numbers by their shortest digits, bytes in hexadecimal. */
export function textOf(value: Exclude<ColumnValue, null>, { kind }: Pick<ColumnDefinition, 'kind'>): string {
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex');
  if (typeof value === 'bigint') return String(value);
  if (kind === 'year') return String(value).padStart(4, '0');
  if (kind === 'double') return doubleText(value);
  return kind === 'float' ? floatText(value) : String(value);
}
