// First byte of a value in row-process/1. The two ranges hold the commonest values without a second byte for number or length.
export const NULL = 0x00;
export const INTEGER = 0x01; // zigzag varint of 32 bits
export const DOUBLE = 0x02; // 8 bytes, little-endian: fractions, -0, NaN, and integers beyond 32 bits
export const BIGINT_SIGNED = 0x03; // 8 bytes, little-endian
export const BIGINT_UNSIGNED = 0x04; // 8 bytes, little-endian: 2^63 and more
export const BIGINT_LONG = 0x05; // length-prefixed decimal text: beyond 64 bits
export const LATIN1 = 0x06; // length-prefixed, a byte per character
export const UTF8 = 0x07; // length-prefixed
export const UTF16 = 0x08; // length-prefixed: text with lone surrogates, which UTF-8 cannot carry
export const BYTES = 0x09; // length-prefixed
export const SMALL_INTEGER = 0x40; // 0x40–0x7f: 0 … 63
export const SHORT_LATIN1 = 0x80; // 0x80–0xbf: 0 … 63 characters
export const SHORT_LATIN1_MAX = 0xbf;
