import type { ColumnValue, RowImage, TableDefinition } from '@lutra/model';

/** The key that an image holds, as a text that is equal for equal keys; null where a part of it is not there. */
export function keyText({ primaryKey }: TableDefinition, image: RowImage): string | null {
  const parts: string[] = [];
  for (const position of primaryKey) {
    const value = image[position];
    if (value === undefined || value === null) return null;
    parts.push(textOf(value));
  }
  return parts.length === 0 ? null : JSON.stringify(parts);
}

const textOf = (value: Exclude<ColumnValue, null>): string =>
  value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value);
