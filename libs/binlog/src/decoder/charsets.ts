import type { EventBytes } from './byte-cursor.ts';
import { invalidText } from './invalid-text.ts';
import { multiByteDecoder } from './multi-byte-decoder.ts';
import { SINGLE_BYTE_CHARSETS } from './single-byte-charsets.ts';
import { roomForUnits } from './utf16-units.ts';

/** Decodes bytes `start` to `end` of `bytes`. Throws SOURCE_EVENT_UNSUPPORTED when they are no valid text: no replacement characters, ever. */
export type TextDecode = (bytes: Buffer, start: number, end: number) => string;

/**
 * The decoder of a charset, or null when no server offers it. What it decodes is what both servers convert, checked against
 * them byte sequence by byte sequence; what they make '?' or U+FFFD of is refused.
 */
export function textDecoderOf(charset: string): TextDecode | null {
  const known = DECODERS.get(charset);
  if (known !== undefined) return known;
  const single = SINGLE_BYTE_CHARSETS[charset];
  const decode = single === undefined ? multiByteDecoder(charset) : singleByte(charset, single);
  if (decode !== null) DECODERS.set(charset, decode);
  return decode;
}

const DECODERS = new Map<string, TextDecode>([
  ['utf8mb4', utf8('utf8mb4')],
  ['utf8mb3', utf8('utf8mb3')],
  ['utf8', utf8('utf8mb3')],
  // Surrogates, which no server converts from UCS-2, are a pair for UTF-16 only.
  ['ucs2', strict('ucs2', 'utf-16be', /[\ud800-\udfff\u{10000}-\u{10ffff}]/u)],
  ['utf16', strict('utf16', 'utf-16be')],
  ['utf16le', strict('utf16le', 'utf-16le')],
  ['utf32', utf32],
]);

/** Whether bytes below 0x80 are the ASCII characters wherever they stand; false for charsets of which it is not known. */
export const keepsAscii = (charset: string): boolean =>
  charset === 'utf8mb4' ||
  charset === 'utf8mb3' ||
  charset === 'utf8' ||
  // The tables of such charsets begin behind ASCII.
  SINGLE_BYTE_CHARSETS[charset]?.length === 128;

/** Up to this length a look at each byte costs less than what it saves: the slower call and the search for U+FFFD. */
const ASCII_CHECK_BYTES_MAX = 64;

function utf8(charset: string): TextDecode {
  return (buffer, start, end) => {
    const bytes = buffer as EventBytes;
    if (end - start <= ASCII_CHECK_BYTES_MAX && isAscii(bytes, start, end)) return bytes.latin1Slice(start, end);
    const text = bytes.utf8Slice(start, end);
    // U+FFFD is either in the data itself or Node's mark for bytes that are not UTF-8: only then is the slow proof needed.
    if (text.includes('\ufffd') && !bytes.subarray(start, end).equals(Buffer.from(text, 'utf8'))) {
      throw invalidText(charset);
    }
    return text;
  };
}

function strict(charset: string, label: string, refused?: RegExp): TextDecode {
  const decoder = new TextDecoder(label, { fatal: true, ignoreBOM: true });
  return (bytes, start, end) => {
    let text: string;
    try {
      text = decoder.decode(bytes.subarray(start, end));
    } catch {
      throw invalidText(charset);
    }
    if (refused?.test(text) === true) throw invalidText(charset);
    return text;
  };
}

function singleByte(charset: string, table: string): TextDecode {
  const isWhole = table.length === 256;
  const meanings = Uint16Array.from({ length: 256 }, (_, byte) =>
    isWhole ? table.charCodeAt(byte) : byte < 0x80 ? byte : table.charCodeAt(byte - 0x80),
  );
  return (bytes, start, end) => {
    if (!isWhole && isAscii(bytes, start, end)) return (bytes as EventBytes).latin1Slice(start, end);
    const units = roomForUnits(end - start);
    let written = 0;
    for (let at = start; at < end; at += 1) {
      const unit = meanings[bytes[at] as number] as number;
      if (unit === 0xfffd) throw invalidText(charset);
      units[written] = unit & 0xff;
      units[written + 1] = unit >> 8;
      written += 2;
    }
    return units.toString('utf16le', 0, written);
  };
}

function isAscii(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if ((bytes[at] as number) > 0x7f) return false;
  return true;
}

function utf32(bytes: Buffer, start: number, end: number): string {
  if ((end - start) % 4 !== 0) throw invalidText('utf32');
  let text = '';
  for (let at = start; at < end; at += 4) {
    const point = bytes.readUInt32BE(at);
    if (point > 0x10_ff_ff || (point >= 0xd800 && point <= 0xdfff)) throw invalidText('utf32');
    text += String.fromCodePoint(point);
  }
  return text;
}
