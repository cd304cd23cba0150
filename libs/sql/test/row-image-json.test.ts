import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ColumnValue, RowImage } from '@lutra/model';
import { imageFromJson, imageToJson } from '../src/row-image-json.ts';
import type { JsonImage } from '../src/row-image-json.ts';

const columns = (names: readonly string[]) => ({
  columns: names.map((name) => ({ name, kind: 'text' as const, declared: 'text', nullable: true })),
});
const throughText = (json: JsonImage): JsonImage => JSON.parse(JSON.stringify(json)) as JsonImage;

/** Halves of surrogate pairs, numbers that JSON has no form for, 64 bits and bytes included. */
const value: fc.Arbitrary<ColumnValue | undefined> = fc.oneof(
  fc.constant(null),
  fc.constant(undefined),
  fc.double(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('\ud800', '{"bytes":"AQI="}', ''),
  fc.uint8Array(),
);

describe('images as JSON', () => {
  it('every image comes back as it was', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 8 }), (image) => {
        const definition = columns(image.map((_value, index) => `c${String(index)}`));
        const back = imageFromJson(definition, throughText(imageToJson(definition, image)));
        expect(back).toHaveLength(image.length);
        for (const [index, one] of back.entries()) {
          const was = image[index];
          if (was instanceof Uint8Array) expect(Buffer.from(one as Uint8Array)).toEqual(Buffer.from(was));
          else expect(Object.is(one, was)).toBe(true);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it.each<[string, RowImage, string]>([
    ['absent is not null', [undefined, null], '{"b":null}'],
    ['a 64-bit integer says that it is one', [9_223_372_036_854_775_807n], '{"a":{"integer":"9223372036854775807"}}'],
    ['bytes stand in base64', [Uint8Array.of(1, 2)], '{"a":{"bytes":"AQI="}}'],
    ['minus zero keeps its sign', [-0], '{"a":{"number":"-0"}}'],
    ['text stands as itself', ['1'], '{"a":"1"}'],
  ])('%s', (_sentence, image, expected) => {
    expect(JSON.stringify(imageToJson(columns(['a', 'b']), image))).toBe(expected);
  });

  it('a column may have any name', () => {
    const definition = columns(['__proto__', 'constructor']);
    const json = throughText(imageToJson(definition, ['x', undefined]));
    expect(imageFromJson(definition, json)).toEqual(['x', undefined]);
  });

  it('leaves out large values where that is asked for, and says which', () => {
    const json = imageToJson(columns(['a', 'b']), ['x'.repeat(11), 'y'], { valueLengthMax: 10 });
    expect(json).toEqual({ a: { length: 11, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }, b: 'y' });
    expect(imageFromJson(columns(['a', 'b']), json)).toEqual([undefined, 'y']);
  });
});
