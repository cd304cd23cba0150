import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeRowProcess, RowProcessEncoder } from '@lutra/messaging';
import type { ColumnValue, ImageSink, RowChange, RowImage } from '@lutra/model';
import { anyImage, anyValue } from './any-image.ts';
import { processHeader } from './fixtures.ts';

const header = processHeader();
const begin = { seq: 1, gtid: '0-1-8', firstEvent: 0, commitMs: 1, isLast: true };

/** The body of a process with one transaction of these rows. */
function bodyOf(changes: readonly RowChange[]): Buffer {
  const chunks: Uint8Array[] = [];
  const encoder = new RowProcessEncoder({
    isFull: false,
    write: (bytes) => chunks.push(bytes),
    drain: () => Promise.resolve(),
  });
  encoder.defineTable({ schema: 'shop', table: 'orders', columns: [], primaryKey: [] });
  encoder.beginTransaction(begin);
  for (const change of changes) encoder.change(change);
  encoder.endTransaction();
  encoder.end();
  return Buffer.concat(chunks);
}

const insertOf = (after: RowImage, row: number): RowChange => ({
  kind: 'insert',
  table: 0,
  event: 300,
  row,
  part: 0,
  flags: row & 7,
  after,
});

const changesOf = (body: Uint8Array, isLazy: boolean): readonly RowChange[] =>
  decodeRowProcess(header, body, { isLazy }).transactions.flatMap(({ changes }) => changes);

/** Makes values of what it is offered. */
class Values implements ImageSink {
  readonly values: ColumnValue[] = [];

  takeNull(position: number): boolean {
    return this.take(position, null);
  }
  takeInteger(position: number, value: number): boolean {
    return this.take(position, value);
  }
  takeDouble(position: number, value: number): boolean {
    return this.take(position, value);
  }
  takeInt64(position: number, bytes: Buffer, at: number, isUnsigned: boolean): boolean {
    return this.take(position, isUnsigned ? bytes.readBigUInt64LE(at) : bytes.readBigInt64LE(at));
  }
  takeLatin1(position: number, bytes: Buffer, start: number, end: number): boolean {
    return this.take(position, Buffer.from(bytes.subarray(start, end)).toString('latin1'));
  }
  takeUtf8(position: number, bytes: Buffer, start: number, end: number): boolean {
    return this.take(
      position,
      new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(start, end)),
    );
  }
  takeBytes(position: number, bytes: Buffer, start: number, end: number): boolean {
    return this.take(position, Buffer.from(bytes.subarray(start, end)));
  }

  private take(position: number, value: ColumnValue): boolean {
    expect(position).toBe(this.values.length);
    this.values.push(value);
    return true;
  }
}

/** Values that no sink is offered: integers of more than 64 bits, and text that is not well formed. */
const isOffered = (value: ColumnValue | undefined): boolean =>
  typeof value === 'bigint'
    ? BigInt.asIntN(64, value) === value || BigInt.asUintN(64, value) === value
    : typeof value !== 'string' || value.isWellFormed();

const bytesOf = (image: RowImage): number =>
  image.reduce<number>(
    (sum, value) => sum + (value instanceof Uint8Array || typeof value === 'string' ? value.length : 0),
    0,
  );
/** A message gives a character one to four bytes. */
const isLarge = (image: RowImage): boolean => bytesOf(image) > 16_384;
const isSmall = (image: RowImage): boolean => bytesOf(image) < 4_000;

const fullImage = fc.array(anyValue, { maxLength: 20 });
const integers = fc.array(fc.integer(), { minLength: 1, maxLength: 5 });
const long = fc.constant([10n ** 30n]);

describe('an insert that stays in its message', () => {
  it('is the one that is decoded at once, in whatever order it is asked', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fullImage, anyImage), { maxLength: 6 }), fc.boolean(), (images, isBackwards) => {
        const body = bodyOf(images.map(insertOf));
        const [eager, lazy] = [changesOf(body, false), changesOf(body, true)];
        const order = lazy.map((change, index) => ({ change, own: eager[index], image: images[index] ?? [] }));
        for (const { change, own, image } of isBackwards ? order.reverse() : order) {
          if (change.kind !== 'insert') throw new Error('an insert is an insert');
          const { kind, table, event, row, part, flags, encoded } = change;
          if (image.includes(undefined) || isLarge(image)) expect(encoded).toBeUndefined();
          else if (isSmall(image)) expect(encoded).toBeDefined();
          if (encoded !== undefined) {
            expect(encoded.columnCount).toBe(image.length);
            for (let position = image.length; position >= 0; position--)
              expect(encoded.valueAt(position)).toStrictEqual(image[position]);
            const sink = new Values();
            expect(encoded.offerTo(sink)).toBe(image.every(isOffered));
            expect(sink.values).toStrictEqual(image.slice(0, sink.values.length));
            if (image.every(isOffered)) expect(sink.values).toHaveLength(image.length);
          }
          const { after } = change;
          expect({ kind, table, event, row, part, flags, after }).toStrictEqual(own);
          expect(change.after).toBe(after);
          if (encoded !== undefined) expect(encoded.valueAt(0)).toStrictEqual(image[0]);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('is as strict about damaged bytes as decoding', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fullImage, integers, long), { minLength: 1, maxLength: 3 }),
        fc.nat(),
        fc.nat({ max: 255 }),
        (images, at, value) => {
          const body = bodyOf(images.map(insertOf));
          body[at % body.length] = value;
          expect(outcomeOf(body, true)).toStrictEqual(outcomeOf(body, false));
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

/** The images, or the code of the error: decoding them all, one after the other, never fails later. */
function outcomeOf(body: Uint8Array, isLazy: boolean): unknown {
  let changes: readonly RowChange[];
  try {
    changes = changesOf(body, isLazy);
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return changes.map((change) => (change.kind === 'delete' ? change.before : change.after));
}
