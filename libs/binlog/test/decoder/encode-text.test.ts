// Goal: what the encoder of a charset writes, its decoder reads as the same text, and no character that it can read is missing.
import { describe, expect, it } from '@jest/globals';
import { must } from '@lutra/model';
import { charsetEncoderOf, textDecoderOf } from '@lutra/binlog/decoder';

const SINGLE = ['ascii', 'latin1', 'latin2', 'cp1251', 'koi8r', 'swe7', 'armscii8', 'tis620'];
const MULTI = ['gbk', 'gb2312', 'gb18030', 'big5', 'sjis', 'cp932', 'ujis', 'eucjpms', 'euckr'];
const UNICODE = ['utf8mb4', 'utf8mb3', 'utf8', 'ucs2', 'utf16', 'utf16le', 'utf32'];

function coderOf(charset: string) {
  const encoder = must(charsetEncoderOf(charset), 'a charset of the servers');
  const decode = must(textDecoderOf(charset), 'a charset of the servers');
  return { encoder, read: (bytes: Buffer) => decode(bytes, 0, bytes.length) };
}

function readable(read: (bytes: Buffer) => string, bytes: readonly number[]): string | null {
  try {
    return read(Buffer.from(bytes));
  } catch {
    return null;
  }
}

describe('charsetEncoderOf', () => {
  it.each([...SINGLE, ...MULTI, ...UNICODE])('writes what is read as the same text: %s', (charset) => {
    const { encoder, read } = coderOf(charset);
    const wrong: string[] = [];
    let count = 0;
    for (let point = 0; point <= 0x10_ff_ff; point += point < 0x6_00 ? 1 : point < 0x1_10_00 ? 7 : 997) {
      const text = String.fromCodePoint(point);
      const bytes = encoder.encode(text);
      if (bytes !== null) count += 1;
      const isRight = (bytes?.length ?? 0) === encoder.bytesOf(point) && (bytes === null || read(bytes) === text);
      if (!isRight) wrong.push(point.toString(16));
    }
    expect(wrong).toEqual([]);
    expect(count).toBeGreaterThan(90);
  });

  it.each([...SINGLE, ...MULTI])('writes every character that is read: %s', (charset) => {
    const { encoder, read } = coderOf(charset);
    const missing: string[] = [];
    const look = (bytes: readonly number[]): boolean => {
      const text = readable(read, bytes);
      if (text !== null && encoder.encode(text) === null) missing.push(Buffer.from(bytes).toString('hex'));
      return text !== null;
    };
    for (let byte = 0; byte < 256; byte += 1) {
      if (look([byte]) || !MULTI.includes(charset)) continue;
      for (let trail = 0x30; trail < 256; trail += 7) look([byte, trail]);
    }
    expect(missing).toEqual([]);
  });

  it.each<[string, string, string | null]>([
    ['latin1', 'é€', 'e980'],
    ['ascii', 'é', null],
    ['gbk', '中文a', 'd6d0cec461'],
    ['gb18030', '😀', '9439fc36'],
    ['sjis', 'ﾊ', 'ca'],
    ['utf8mb3', '😀', null],
    ['utf16', 'a😀', '0061d83dde00'],
    ['utf32', '😀', '0001f600'],
    ['ucs2', '😀', null],
    ['utf8mb4', '\ud800', null],
  ])('%s of %j', (charset, text, hex) => {
    expect(coderOf(charset).encoder.encode(text)?.toString('hex') ?? null).toBe(hex);
  });

  it('knows no charset that no server has', () => {
    expect(charsetEncoderOf('latin99')).toBeNull();
  });
});
