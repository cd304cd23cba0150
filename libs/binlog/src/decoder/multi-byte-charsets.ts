import { brotliDecompressSync } from 'node:zlib';
import { MULTI_BYTE_TABLE } from './multi-byte-table.ts';

/** The characters of a charset by the bytes that make them, as the servers convert them; 0 where they do not. */
export interface MultiByteCharset {
  /** UTF-16 unit per byte that stands alone; {@link NO_SINGLE} for lead bytes and bytes without meaning. */
  readonly singles: Uint16Array;
  /** UTF-16 unit per two bytes, first byte high. */
  readonly pairs: Uint16Array;
  /** UTF-16 unit per two bytes behind 0x8F; null when the charset has no three-byte characters. */
  readonly triples: Uint16Array | null;
  /** UTF-16 unit per four-byte character of the Basic Multilingual Plane, from 81 30 81 30 on; gb18030 only. */
  readonly quads: Uint16Array | null;
}

export const NO_SINGLE = 0xffff;
/** Byte before the three-byte characters of the Japanese EUC charsets. */
export const TRIPLE_PREFIX = 0x8f;

/** Where a grid of the generated table belongs: `prefix lead trail` for all leads and trails, row by row. */
interface GridPlace {
  readonly charset: string;
  readonly prefix: number;
  readonly leads: readonly [number, number];
  readonly trails: readonly [number, number];
  readonly length: number;
}

interface Grid extends GridPlace {
  readonly units: Uint16Array;
}

let grids: readonly Grid[] | null = null;

/** The table of a multi-byte charset; null when it is not one that needs a table. The first call unpacks, in a few milliseconds. */
export function multiByteCharset(charset: string): MultiByteCharset | null {
  grids ??= unpackGrids(MULTI_BYTE_TABLE);
  const own = grids.filter((grid) => grid.charset === charset);
  const plain = own.find(({ prefix }) => prefix === 0);
  if (plain === undefined) return null;
  const triple = own.find(({ prefix }) => prefix === TRIPLE_PREFIX);
  const pairs = spread(plain);
  return {
    singles: singlesOf(charset),
    pairs,
    triples: triple === undefined ? null : spread(triple),
    quads: charset === 'gb18030' ? quadsOf(plain.units) : null,
  };
}

/** ASCII, and in the two Shift JIS the katakana of half width. */
function singlesOf(charset: string): Uint16Array {
  const singles = new Uint16Array(256).fill(NO_SINGLE);
  for (let byte = 0; byte < 0x80; byte += 1) singles[byte] = byte;
  if (charset === 'sjis' || charset === 'cp932') {
    for (let byte = 0xa1; byte <= 0xdf; byte += 1) singles[byte] = byte - 0xa1 + 0xff61;
  }
  return singles;
}

/**
 * GB 18030-2005, four bytes: all code points from U+0080 on that two bytes do not stand for, in order, without the
 * surrogates. One pair has changed places since 2000: A8BC became U+1E3F, and its four bytes U+E7C7.
 */
function quadsOf(twoByte: Uint16Array): Uint16Array {
  const hasTwoBytes = new Uint8Array(0x1_00_00);
  for (const unit of twoByte) hasTwoBytes[unit] = 1;
  const quads: number[] = [];
  for (let unit = 0x80; unit <= 0xffff; unit += 1) {
    if (unit === 0x1e3f) quads.push(0xe7c7);
    else if (hasTwoBytes[unit] === 0 && unit !== 0xe7c7 && (unit < 0xd800 || unit > 0xdfff)) quads.push(unit);
  }
  return Uint16Array.from(quads);
}

/** Format: encode-tables.ts of `npm run charsets`. */
function unpackGrids(table: string): readonly Grid[] {
  const bytes = brotliDecompressSync(Buffer.from(table, 'base64'));
  const headEnd = 4 + bytes.readUInt32LE(0);
  const places = JSON.parse(bytes.toString('utf8', 4, headEnd)) as readonly GridPlace[];
  let at = headEnd;
  let previous = 0;
  return places.map((place) => {
    const units = new Uint16Array(place.length);
    for (let index = 0; index < units.length; index += 1, at += 2) {
      previous = (previous + bytes.readUInt16LE(at)) & 0xffff;
      units[index] = previous;
    }
    return { ...place, units };
  });
}

/** By both bytes as one index: no arithmetic per character. */
function spread({ leads, trails, units }: Grid): Uint16Array {
  const all = new Uint16Array(0x1_00_00);
  const width = trails[1] - trails[0] + 1;
  for (const [index, unit] of units.entries()) {
    all[((leads[0] + Math.floor(index / width)) << 8) + trails[0] + (index % width)] = unit;
  }
  return all;
}
