import { charsetEncoderOf } from '@lutra/binlog/decoder';
import type { CharsetEncoder } from '@lutra/binlog/decoder';

/** Characters that stand for each other, as code points, and the place of each. */
export interface Alphabet {
  readonly points: readonly number[];
  readonly places: ReadonlyMap<number, number>;
}

type Span = readonly [first: number, last: number];

/**
 * Of the scripts that names are written in, character by character: what Node's Unicode says of a character changes with its
 * versions, and tokens must not. Capitals and small letters stand in the same order, so that texts which differ in case
 * only have tokens which differ in case only.
 */
const ALPHABETS: readonly (readonly Span[])[] = [
  [[0x30, 0x39]],
  [[0x41, 0x5a]],
  [[0x61, 0x7a]],
  [
    [0xc0, 0xd6],
    [0xd8, 0xde],
  ],
  [
    [0xe0, 0xf6],
    [0xf8, 0xfe],
  ],
  [[0x1_00, 0x1_7f]],
  [
    [0x3_91, 0x3_a1],
    [0x3_a3, 0x3_a9],
  ],
  [
    [0x3_b1, 0x3_c1],
    [0x3_c3, 0x3_c9],
  ],
  [[0x4_10, 0x4_2f]],
  [[0x4_30, 0x4_4f]],
  [[0x5_d0, 0x5_ea]],
  [
    [0x6_21, 0x6_3a],
    [0x6_41, 0x6_4a],
  ],
  [[0x9_05, 0x9_39]],
  [[0xe_01, 0xe_2e]],
  [[0x30_41, 0x30_96]],
  [[0x30_a1, 0x30_fa]],
  [[0x4e_00, 0x9f_a5]],
  [[0xac_00, 0xd7_a3]],
  [[0xff_10, 0xff_19]],
  [[0xff_21, 0xff_3a]],
  [[0xff_41, 0xff_5a]],
];
/** Blanks, punctuation and symbols: they tell the form of a text and nothing of its content. */
const KEPT: readonly Span[] = [
  [0x00, 0xbf],
  [0xd7, 0xd7],
  [0xf7, 0xf7],
  [0x20_00, 0x2b_ff],
  [0x30_00, 0x30_40],
  [0xff_00, 0xff_65],
];
const HEXADECIMAL: readonly Span[] = [
  [0x30, 0x39],
  [0x61, 0x66],
];
/** All other characters stand for those of their own 128, so that no letter stays as it is. */
const BLOCK_BITS = 7;
const SURROGATES: Span = [0xd8_00, 0xdf_ff];

const isIn = (point: number, [first, last]: Span): boolean => point >= first && point <= last;

/** Which characters may take the place of which, in a charset. */
export class Alphabets {
  private readonly made = new Map<string, Alphabet | null>();
  private readonly ascii: readonly (Alphabet | null)[];

  private constructor(
    private readonly encoder: CharsetEncoder,
    private readonly isHexadecimal: boolean,
  ) {
    this.ascii = Array.from({ length: 0x80 }, (_none, point) => this.find(point));
  }

  /** Null when the charset is not known. `isHexadecimal`: letters are digits. */
  static of(charset: string, isHexadecimal: boolean): Alphabets | null {
    const encoder = charsetEncoderOf(charset);
    return encoder === null ? null : new Alphabets(encoder, isHexadecimal);
  }

  /** Null for a character that stays as it is. */
  of(point: number): Alphabet | null {
    return point < 0x80 ? (this.ascii[point] ?? null) : this.find(point);
  }

  private find(point: number): Alphabet | null {
    if (this.isHexadecimal) {
      const isDigit = HEXADECIMAL.some((span) => isIn(point, span));
      return isDigit ? this.alphabet('hexadecimal', HEXADECIMAL) : null;
    }
    const index = ALPHABETS.findIndex((spans) => spans.some((span) => isIn(point, span)));
    const spans = ALPHABETS[index];
    if (spans !== undefined) return this.alphabet(String(index), spans);
    if (KEPT.some((span) => isIn(point, span)) || isIn(point, SURROGATES)) return null;
    const block = point >> BLOCK_BITS;
    return this.alphabet(`block ${String(block)}`, [[block << BLOCK_BITS, ((block + 1) << BLOCK_BITS) - 1]]);
  }

  /** A block has what no alphabet has and is not kept. */
  private alphabet(name: string, spans: readonly Span[]): Alphabet | null {
    const known = this.made.get(name);
    if (known !== undefined) return known;
    const points: number[] = [];
    for (const [first, last] of spans)
      for (let point = first; point <= last; point += 1)
        if (this.encoder.bytesOf(point) > 0 && (!name.startsWith('block') || !isTaken(point))) points.push(point);
    const alphabet =
      points.length < 2 ? null : { points, places: new Map(points.map((point, place) => [point, place])) };
    this.made.set(name, alphabet);
    return alphabet;
  }
}

const isTaken = (point: number): boolean =>
  KEPT.some((span) => isIn(point, span)) || ALPHABETS.some((spans) => spans.some((span) => isIn(point, span)));
