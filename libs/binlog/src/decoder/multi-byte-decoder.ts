import type { TextDecode } from './charsets.ts';
import { invalidText } from './invalid-text.ts';
import { multiByteCharset, NO_SINGLE, TRIPLE_PREFIX } from './multi-byte-charsets.ts';
import type { MultiByteCharset } from './multi-byte-charsets.ts';
import { roomForUnits } from './utf16-units.ts';

/** The decoder of a charset of two-, three- or four-byte characters; null when there is no such charset. */
export function multiByteDecoder(charset: string): TextDecode | null {
  const table = multiByteCharset(charset);
  return table === null ? null : decoderOf(charset, table);
}

function decoderOf(charset: string, table: MultiByteCharset): TextDecode {
  const { singles, pairs, triples, quads } = table;
  return (bytes, start, end) => {
    const units = roomForUnits(end - start);
    let written = 0;
    for (let at = start; at < end;) {
      const first = bytes[at] as number;
      let unit = singles[first] as number;
      if (unit !== NO_SINGLE) {
        at += 1;
      } else if (at + 1 < end && (unit = pairs[(first << 8) | (bytes[at + 1] as number)] as number) !== 0) {
        at += 2;
      } else if (triples !== null && first === TRIPLE_PREFIX && at + 2 < end) {
        unit = triples[((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number)] as number;
        at += 3;
      } else if (quads !== null && at + 3 < end) {
        const point = quadPoint(quads, bytes, at);
        at += 4;
        if (point > 0xffff) {
          const high = 0xd800 + ((point - 0x1_00_00) >> 10);
          units[written] = high & 0xff;
          units[written + 1] = high >> 8;
          written += 2;
          unit = 0xdc00 + (point & 0x3ff);
        } else {
          unit = point;
        }
      } else {
        unit = 0;
      }
      // U+0000 is a single byte in all of them: from more bytes, 0 means that the servers know no such character.
      if (unit === 0 && first !== 0) throw invalidText(charset);
      units[written] = unit & 0xff;
      units[written + 1] = unit >> 8;
      written += 2;
    }
    return units.toString('utf16le', 0, written);
  };
}

/** Where the code points above the Basic Multilingual Plane begin: 90 30 81 30. */
const SUPPLEMENTARY = (0x90 - 0x81) * 12_600;

/** Code point of the four bytes of gb18030 at `at`; 0 when there is none. */
function quadPoint(quads: Uint16Array, bytes: Buffer, at: number): number {
  const one = (bytes[at] as number) - 0x81;
  const two = (bytes[at + 1] as number) - 0x30;
  const three = (bytes[at + 2] as number) - 0x81;
  const four = (bytes[at + 3] as number) - 0x30;
  if (one < 0 || one > 125 || two < 0 || two > 9 || three < 0 || three > 125 || four < 0 || four > 9) return 0;
  const index = one * 12_600 + two * 1_260 + three * 10 + four;
  if (index < SUPPLEMENTARY) return quads[index] ?? 0;
  const point = 0x1_00_00 + index - SUPPLEMENTARY;
  return point > 0x10_ff_ff ? 0 : point;
}
