import type { ColumnValue, RowImage } from '@lutra/model';
import type { TableWriter, WrittenColumn } from './table-writer.ts';

/** Whether two values of one column are the same to the last bit. */
export function isSameValue(one: ColumnValue, other: ColumnValue): boolean {
  if (one instanceof Uint8Array && other instanceof Uint8Array)
    return one.length === other.length && Buffer.compare(one, other) === 0;
  return Object.is(one, other);
}

/** The columns that an update changes: those in `after` whose value differs, or whose value before is not known. */
export function changedColumns(
  writer: TableWriter,
  { before, after }: { readonly before: RowImage; readonly after: RowImage },
): readonly WrittenColumn[] {
  return writer.columns.filter(({ position }) => {
    const value = after[position];
    const old = before[position];
    return value !== undefined && (old === undefined || !isSameValue(old, value));
  });
}

/** What a value takes in a statement's text, in characters; an estimate from above for everything but escapes. */
export function literalCharacters(value: ColumnValue | undefined): number {
  if (typeof value === 'string') return value.length + 3;
  if (value instanceof Uint8Array) return value.length * 2 + 4;
  return value === undefined ? 0 : 22;
}

/** Characters that the row takes in a statement's text; see {@link literalCharacters}. */
export function imageCharacters(image: RowImage): number {
  let characters = 4;
  for (const value of image) characters += literalCharacters(value);
  return characters;
}
