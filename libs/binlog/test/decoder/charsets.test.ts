import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { textDecoderOf } from '../../src/decoder/charsets.ts';
import { SINGLE_BYTE_CHARSETS } from '../../src/decoder/single-byte-charsets.ts';

const MULTI_BYTE = ['big5', 'gbk', 'gb2312', 'gb18030', 'ujis', 'eucjpms', 'sjis', 'cp932', 'euckr'];
const UNICODE = ['utf8', 'utf8mb3', 'utf8mb4', 'ucs2', 'utf16', 'utf16le', 'utf32'];

function decode(charset: string, hex: string): string {
  const decoder = textDecoderOf(charset);
  if (decoder === null) throw new Error(`no decoder for ${charset}`);
  // Bytes around the value belong to other columns.
  const bytes = Buffer.from(`ff${hex}ff`, 'hex');
  return decoder(bytes, 1, bytes.length - 1);
}

describe('textDecoderOf', () => {
  // What MySQL 9.7 and MariaDB 10.11 said to SELECT HEX(CONVERT(… USING utf16)).
  it.each<[string, string, string]>([
    ['latin1', '8081e4ff', '€\u0081äÿ'],
    ['swe7', '5b5c5d7b7c7d', 'ÄÖÅäöå'],
    ['big5', 'a440a15641a4d1', '一–A天'],
    ['gbk', 'babad7d6a2a141', '汉字ⅰA'],
    ['gb2312', 'a1a4a1aababa', '・―汉'],
    ['gb18030', 'bababa5c8130813090308130e3329a35a8bc8135f437', '汉篭\u0080\u{10000}\u{10ffff}ḿ\ue7c7'],
    ['ujis', 'b4c1bbfa8eb18fb0a1a1c1', '漢字ｱ丂〜'],
    ['eucjpms', 'b4c1bbfa8eb18fb0a1a1c1ada1f5a1', '漢字ｱ丂～①\ue000'],
    ['sjis', '8abf8e9ab15c815f8160', '漢字ｱ\\\\〜'],
    ['cp932', '8abf8e9ab15c815f81608740', '漢字ｱ\\＼～①'],
    ['euckr', 'c7d1b1db8141', '한글갂'],
    ['utf16', '00e4d83dde00', 'ä😀'],
    ['utf16le', 'e4003dd800de', 'ä😀'],
    ['utf32', '000000e40001f600', 'ä😀'],
    ['ucs2', '00e46f22', 'ä漢'],
    ['utf8mb4', 'efbbbfc3a4f09f9880efbfbd', '\ufeffä😀\ufffd'],
  ])('%s %s is %s', (charset, hex, text) => {
    expect(decode(charset, hex)).toBe(text);
  });

  it.each<[string, string, string]>([
    ['bytes that ASCII does not have', 'ascii', '4180'],
    ['a lead byte at the end', 'gbk', '41ba'],
    ['a lead byte before a wrong one', 'big5', 'a401'],
    ['two bytes without a meaning', 'gbk', 'a440'],
    ['three bytes cut short', 'ujis', '8fb0'],
    ['three bytes without a meaning', 'eucjpms', '8fa1a1'],
    ['four bytes cut short', 'gb18030', '813081'],
    ['four bytes beyond U+FFFF and before U+10000', 'gb18030', '8431a530'],
    ['four bytes beyond U+10FFFF', 'gb18030', 'e3329a36'],
    ['surrogates, which UCS-2 does not have', 'ucs2', 'd83dde00'],
    ['half of a pair', 'utf16', 'd83d0041'],
    ['surrogates in UTF-32', 'utf32', '0000d800'],
    ['half a unit', 'ucs2', '004100'],
    ['surrogates in UTF-8', 'utf8mb3', 'eda080'],
    ['UTF-8 cut short', 'utf8mb4', 'f09f98'],
  ])('refuses %s (%s)', (_sentence, charset, hex) => {
    expect(() => decode(charset, hex)).toThrow(expect.objectContaining({ code: 'SOURCE_EVENT_UNSUPPORTED' }));
  });

  it('knows no charset that no server has', () => {
    expect(textDecoderOf('cp1252')).toBeNull();
    expect(textDecoderOf('')).toBeNull();
  });

  it('never fails otherwise, reads no byte outside, and gives well-formed text', () => {
    const charset = fc.constantFrom(...MULTI_BYTE, ...UNICODE, ...Object.keys(SINGLE_BYTE_CHARSETS));
    fc.assert(
      fc.property(charset, fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 4 }), (name, value, around) => {
        const hex = Buffer.from(value).toString('hex');
        const bytes = Buffer.concat([around, value, around]);
        let whole: string | null = null;
        try {
          whole = decode(name, hex);
        } catch (error) {
          expect(error).toMatchObject({ code: 'SOURCE_EVENT_UNSUPPORTED' });
          return;
        }
        expect(whole.isWellFormed()).toBe(true);
        expect(textDecoderOf(name)?.(bytes, around.length, around.length + value.length)).toBe(whole);
      }),
      { numRuns: 3_000 },
    );
  });
});
