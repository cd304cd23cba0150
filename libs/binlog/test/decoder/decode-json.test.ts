import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SyncError } from '@lutra/model';
import { decodeJson } from '../../src/decoder/decode-json.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('decodeJson', () => {
  it.each<[string, string, string]>([
    ['an empty value is the literal null', '', 'null'],
    ['a literal', '04 01', 'true'],
    ['a small array with inlined numbers', '02 0200 0a00 05 ffff 05 0100', '[-1, 1]'],
    ['a string', '0c 03 616263', '"abc"'],
    ['a double that is a whole number', '0b 000000000000f03f', '1.0'],
    ['the largest unsigned integer', '0a ffffffffffffffff', '18446744073709551615'],
  ])('%s', (_sentence, bytes, text) => {
    expect(decodeJson(hex(bytes))).toBe(text);
  });

  it.each<[string, string]>([
    ['an array that contains itself', '02 0100 0700 02 0000'],
    ['an array of elements that all are one nested array', `02 0300 0d00 02 0000 02 0000 02 0000`],
    ['a count that its bytes do not hold', '02 ffff 0400'],
    ['an unknown type', '0d 00'],
    ['a string longer than the value', '0c 7f 61'],
  ])('refuses %s', (_sentence, bytes) => {
    expect(() => decodeJson(hex(bytes))).toThrow(expect.objectContaining({ code: 'SOURCE_EVENT_CORRUPT' }));
  });

  it('ends any bytes in text that parses, or in SOURCE_EVENT_CORRUPT', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(0, 1, 2, 3, 15), (bytes, kind) => {
        const document = Buffer.concat([Buffer.of(kind), bytes]);
        try {
          JSON.parse(decodeJson(document));
        } catch (error) {
          if (!SyncError.is(error) || error.code !== 'SOURCE_EVENT_CORRUPT') throw error;
        }
      }),
      { numRuns: 5_000 },
    );
  });
});
