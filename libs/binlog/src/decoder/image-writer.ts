import type { ValueSink } from '@lutra/model';
import type { ByteCursor } from './byte-cursor.ts';
import { isBitSet } from './column-bitmap.ts';
import type { ColumnWriter } from './column-writer.ts';

/** Hands one image of a row to the sink and leaves the cursor behind it. */
export type ImageWriter = (cursor: ByteCursor, to: ValueSink) => void;

/** Compiles the writer of images that carry the columns of `present`: to the same effect as what {@link compileRowReader} makes of them. */
export function compileImageWriter(writers: readonly ColumnWriter[], present: Uint8Array): ImageWriter {
  const width = writers.length;
  const carried = writers.filter((_write, column) => isBitSet(present, column));
  const count = carried.length;
  const nullBytes = (count + 7) >> 3;
  const absent = count === width ? null : absentBitmap(width, present);
  return (cursor, to) => {
    const nullsAt = cursor.take(nullBytes);
    const { bytes } = cursor;
    to.beginImage(width, absent);
    for (let index = 0; index < count; index += 1) {
      const isNull = ((bytes[nullsAt + (index >> 3)] as number) & (1 << (index & 7))) !== 0;
      if (isNull) to.takeNull();
      else (carried[index] as ColumnWriter)(cursor, to);
    }
  };
}

function absentBitmap(width: number, present: Uint8Array): Uint8Array {
  const absent = new Uint8Array((width + 7) >> 3);
  for (let column = 0; column < width; column += 1)
    if (!isBitSet(present, column)) absent[column >> 3] = (absent[column >> 3] ?? 0) | (1 << (column & 7));
  return absent;
}
