import { NO_SINGLE, multiByteCharset, TRIPLE_PREFIX } from './multi-byte-charsets.ts';
import type { MultiByteCharset } from './multi-byte-charsets.ts';
import { SINGLE_BYTE_CHARSETS } from './single-byte-charsets.ts';

/** The way back from {@link textDecoderOf}: what a charset makes of characters. */
export interface CharsetEncoder {
  /** How many bytes the character (a code point) takes; 0 when the charset does not have it. */
  bytesOf(point: number): number;
  /** Null when the charset lacks a character of the text. */
  encode(text: string): Buffer | null;
}

/**
 * The encoder of a charset, or null when no server offers it. Where a charset has several bytes for one character, the
 * lowest ones are taken: they are read as the same character.
 */
export function charsetEncoderOf(charset: string): CharsetEncoder | null {
  const known = ENCODERS.get(charset);
  if (known !== undefined) return known;
  const codes = codesOf(charset);
  if (codes === null) return null;
  const encoder = byCodes(codes, charset === 'gb18030');
  ENCODERS.set(charset, encoder);
  return encoder;
}

const isSurrogate = (point: number): boolean => point >= 0xd800 && point <= 0xdfff;
const utf8Bytes = (point: number): number => (point < 0x80 ? 1 : point < 0x8_00 ? 2 : point < 0x1_00_00 ? 3 : 4);
const toUtf8 = (text: string): Buffer => Buffer.from(text, 'utf8');
const toUtf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');

const ENCODERS = new Map<string, CharsetEncoder>([
  ['utf8mb4', unicode(utf8Bytes, toUtf8)],
  ['utf8mb3', unicode(threeBytes, toUtf8)],
  ['utf8', unicode(threeBytes, toUtf8)],
  [
    'ucs2',
    unicode(
      (point) => (point < 0x1_00_00 ? 2 : 0),
      (text) => toUtf16(text).swap16(),
    ),
  ],
  [
    'utf16',
    unicode(
      (point) => (point < 0x1_00_00 ? 2 : 4),
      (text) => toUtf16(text).swap16(),
    ),
  ],
  ['utf16le', unicode((point) => (point < 0x1_00_00 ? 2 : 4), toUtf16)],
  ['utf32', unicode(() => 4, toUtf32)],
]);

function threeBytes(point: number): number {
  return point < 0x1_00_00 ? utf8Bytes(point) : 0;
}

function unicode(size: (point: number) => number, encode: (text: string) => Buffer): CharsetEncoder {
  const bytesOf = (point: number): number => (isSurrogate(point) ? 0 : size(point));
  const isShort = size(0x1_00_00) === 0;
  const ASTRAL = /[\u{10000}-\u{10ffff}]/u;
  return {
    bytesOf,
    encode: (text) => (!text.isWellFormed() || (isShort && ASTRAL.test(text)) ? null : encode(text)),
  };
}

function toUtf32(text: string): Buffer {
  const points = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  const bytes = Buffer.alloc(4 * points.length);
  for (const [index, point] of points.entries()) bytes.writeUInt32BE(point, 4 * index);
  return bytes;
}

/** Bytes of each character of the Basic Multilingual Plane as one number, first byte high; {@link NONE} where there are none. */
function codesOf(charset: string): Uint32Array | null {
  const single = SINGLE_BYTE_CHARSETS[charset];
  if (single !== undefined) return singleByteCodes(single);
  const table = multiByteCharset(charset);
  return table === null ? null : multiByteCodes(table);
}

/** No character but U+0000 has the byte 0, and that one is known. */
const NONE = 0;
const LINEAR_BASE = [12_600, 1_260, 10, 1] as const;
/** Where the code points above the Basic Multilingual Plane begin in gb18030: 90 30 81 30. */
const SUPPLEMENTARY = (0x90 - 0x81) * LINEAR_BASE[0];

function singleByteCodes(table: string): Uint32Array {
  const codes = new Uint32Array(0x1_00_00);
  const isWhole = table.length === 256;
  for (let byte = 0; byte < 256; byte += 1) {
    const unit = isWhole ? table.charCodeAt(byte) : byte < 0x80 ? byte : table.charCodeAt(byte - 0x80);
    if (unit !== 0xfffd) keep(codes, unit, byte);
  }
  return codes;
}

function multiByteCodes({ singles, pairs, triples, quads }: MultiByteCharset): Uint32Array {
  const codes = new Uint32Array(0x1_00_00);
  for (const [byte, unit] of singles.entries()) if (unit !== NO_SINGLE) keep(codes, unit, byte);
  for (const [code, unit] of pairs.entries()) keep(codes, unit, code);
  for (const [code, unit] of (triples ?? []).entries()) keep(codes, unit, TRIPLE_PREFIX * 0x1_00_00 + code);
  for (const [index, unit] of (quads ?? []).entries()) keep(codes, unit, quadCode(index));
  return codes;
}

function keep(codes: Uint32Array, unit: number, code: number): void {
  if (unit !== 0 && codes[unit] === NONE) codes[unit] = code;
}

function quadCode(index: number): number {
  const [one, two, three] = LINEAR_BASE;
  const bytes = [
    0x81 + Math.floor(index / one),
    0x30 + Math.floor((index % one) / two),
    0x81 + Math.floor((index % two) / three),
    0x30 + (index % three),
  ];
  return bytes.reduce((code, byte) => code * 256 + byte, 0);
}

function byCodes(codes: Uint32Array, hasSupplementary: boolean): CharsetEncoder {
  const codeOf = (point: number): number => {
    if (point < 0x1_00_00) return codes[point] ?? NONE;
    return hasSupplementary ? quadCode(SUPPLEMENTARY + point - 0x1_00_00) : NONE;
  };
  const bytesOf = (point: number): number => {
    const code = codeOf(point);
    if (code === NONE) return point === 0 ? 1 : 0;
    return code < 0x1_00 ? 1 : code < 0x1_00_00 ? 2 : code < 0x1_00_00_00 ? 3 : 4;
  };
  return {
    bytesOf,
    encode: (text) => {
      const bytes = Buffer.allocUnsafe(4 * text.length);
      let written = 0;
      for (let at = 0; at < text.length;) {
        const point = text.codePointAt(at) ?? 0;
        const size = bytesOf(point);
        if (size === 0) return null;
        bytes.writeUIntBE(codeOf(point), written, size);
        written += size;
        at += point > 0xffff ? 2 : 1;
      }
      return bytes.subarray(0, written);
    },
  };
}
