import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RowProcessEncoder } from '@lutra/messaging';
import type { ColumnValue, RowImage, ValueSink } from '@lutra/model';
import { anyImage } from './any-image.ts';

const place = { table: 0, event: 300, row: 2, part: 0, flags: 1 };

/** What is written, in one piece; a little text before it, so that blocks end anywhere. */
function written(padding: number, write: (encoder: RowProcessEncoder) => void): string {
  const chunks: Uint8Array[] = [];
  const encoder = new RowProcessEncoder({
    isFull: false,
    write: (bytes) => chunks.push(bytes),
    drain: () => Promise.resolve(),
  });
  encoder.defineTable({ schema: 'x'.repeat(padding), table: '', columns: [], primaryKey: [] });
  write(encoder);
  encoder.end();
  return Buffer.concat(chunks).toString('hex');
}

/** Hands over a value in the form in which a log may hold it. */
function take(to: ValueSink, value: ColumnValue): void {
  if (value === null) to.takeNull();
  else if (typeof value === 'number') to.takeNumber(value);
  else if (typeof value === 'bigint') takeBigint(to, value);
  else if (typeof value === 'string') takeText(to, value);
  else to.takeBytes(Buffer.concat([AROUND, value, AROUND]), AROUND.length, AROUND.length + value.length);
}

const AROUND = Buffer.from([0xff, 0xfe, 0xfd]);

function takeBigint(to: ValueSink, value: bigint): void {
  const bytes = Buffer.alloc(AROUND.length + 8, AROUND);
  if (BigInt.asUintN(64, value) === value) {
    bytes.writeBigUInt64LE(value, AROUND.length);
    to.takeUint64(bytes, AROUND.length);
  } else if (BigInt.asIntN(64, value) === value) {
    bytes.writeBigInt64LE(value, AROUND.length);
    to.takeInt64(bytes, AROUND.length);
  } else to.takeValue(value);
}

function takeText(to: ValueSink, value: string): void {
  const bytes = Buffer.concat([AROUND, Buffer.from(value, 'utf8'), AROUND]);
  const isAscii = /^[\0-\x7f]*$/.test(value);
  expect(to.takeAscii(bytes, AROUND.length, bytes.length - AROUND.length)).toBe(isAscii);
  if (!isAscii) to.takeValue(value);
}

function takeImage(to: ValueSink, image: RowImage): void {
  const absent = new Uint8Array((image.length + 7) >> 3);
  image.forEach((value, column) => {
    if (value === undefined) absent[column >> 3] = (absent[column >> 3] ?? 0) | (1 << (column & 7));
  });
  to.beginImage(image.length, image.includes(undefined) ? absent : null);
  for (const value of image) if (value !== undefined) take(to, value);
}

describe('an image that is taken value by value', () => {
  it('is byte for byte the image that is encoded in one piece', () => {
    fc.assert(
      fc.property(anyImage, anyImage, fc.nat({ max: 70_000 }), (before, after, padding) => {
        const whole = written(padding, (encoder) => encoder.change({ kind: 'update', ...place, before, after }));
        const byValue = written(padding, (encoder) => {
          encoder.beginChange({ kind: 'update', ...place });
          takeImage(encoder.images, before);
          takeImage(encoder.images, after);
        });
        const inOne = written(padding, (encoder) => {
          encoder.beginChange({ kind: 'update', ...place });
          encoder.images.takeImage(before);
          encoder.images.takeImage(after);
        });
        expect(byValue === whole).toBe(true);
        expect(inOne === whole).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});
