import fc from 'fast-check';
import type { ColumnValue, RowRefusal } from '@lutra/model';

const length = fc.oneof(
  fc.constantFrom(0, 1, 62, 63, 64, 65, 127, 128),
  fc.constantFrom(16_382, 16_383, 16_384, 16_385),
);
export const anyValue: fc.Arbitrary<ColumnValue> = fc.oneof(
  fc.constant(null),
  fc.integer(),
  fc.integer({ min: -70, max: 70 }),
  fc.double({ noNaN: true }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.constantFrom(2n ** 63n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 64n - 1n, 2n ** 64n, -0, 2 ** 31, -(2 ** 31)),
  fc.string({ maxLength: 80 }),
  fc.string({ unit: 'grapheme', maxLength: 80 }),
  length.map((count) => 'a'.repeat(count)),
  fc.tuple(length, fc.constantFrom('é', '漢', '😀')).map(([count, last]) => 'a'.repeat(count) + last),
  fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
  length.map((count) => Buffer.alloc(count, 7)),
);
/** Of any row: columns may be absent. */
export const anyImage = fc.array(fc.option(anyValue, { nil: undefined, freq: 6 }), { maxLength: 20 });

export const anyRefusal: fc.Arbitrary<RowRefusal> = fc.record({
  code: fc.string(),
  problem: fc.string({ unit: 'grapheme' }),
  details: fc.dictionary(fc.stringMatching(/^[a-z]+$/), fc.oneof(fc.string(), fc.integer())).map((all) => ({ ...all })),
  columns: fc.array(fc.nat({ max: 4_096 }), { maxLength: 5 }),
  isOnlyBefore: fc.boolean(),
});
