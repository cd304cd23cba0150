import type { RowImage } from '@lutra/model';

/** The same text for the same values to the last bit, and for no others. */
export function identityOf(values: RowImage): string {
  let identity = '';
  for (const value of values) {
    const text = value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value);
    identity += `${value === null ? 'null' : typeof value} ${String(text.length)} ${text}`;
  }
  return identity;
}
