import type { ColumnValue, RowImage } from '@lutra/model';
import type { ByteCursor } from './byte-cursor.ts';
import { isBitSet } from './column-bitmap.ts';
import type { ColumnReader } from './column-reader.ts';

/** Reads one image of a row and leaves the cursor behind it. */
export type RowReader = (cursor: ByteCursor) => RowImage;

/**
 * Compiles the reader of one kind of image: `present` says which columns it carries (FULL: all; MINIMAL, NOBLOB: some).
 * Columns that it does not carry are `undefined`.
 */
export function compileRowReader(readers: readonly ColumnReader[], present: Uint8Array): RowReader {
  const width = readers.length;
  const carried = readers.flatMap((read, column) => (isBitSet(present, column) ? [{ read, column }] : []));
  const nullBytes = (carried.length + 7) >> 3;
  const count = carried.length;
  const columns = carried.map(({ column }) => column);
  const reads = carried.map(({ read }) => read);
  const isFull = count === width;
  return (cursor) => {
    const nullsAt = cursor.take(nullBytes);
    const { bytes } = cursor;
    const image = new Array<ColumnValue | undefined>(width);
    if (!isFull) image.fill(undefined);
    for (let index = 0; index < count; index += 1) {
      const isNull = ((bytes[nullsAt + (index >> 3)] as number) & (1 << (index & 7))) !== 0;
      const read = reads[index] as ColumnReader;
      image[columns[index] as number] = isNull ? null : read(cursor);
    }
    return image;
  };
}
