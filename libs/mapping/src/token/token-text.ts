import { must } from '@lutra/model';
import type { Alphabet, Alphabets } from './alphabets.ts';
import { NumberPermutation } from './number-permutation.ts';

/** What one permutation hides: longer texts are cut into parts of this length at most, so that none costs more than its length. */
const PART_CHARACTERS = 64;
/** Parts have permutations of their own up to here; those behind repeat them. */
const PARTS_MAX = 64;

interface Hidden {
  /** Where it stands among the text's characters. */
  readonly at: number;
  readonly alphabet: Alphabet;
}

/**
 * Texts of one form – as many characters, each of the same alphabet or the same kept one – are permuted among themselves: two
 * different ones never become one.
 */
export class TextTokens {
  private readonly permutations: NumberPermutation[] = [];

  constructor(
    private readonly secret: Uint8Array,
    private readonly alphabets: Alphabets,
  ) {}

  tokenOf(text: string): string {
    const points = Array.from(text, (character) => must(character.codePointAt(0), 'a character'));
    const hidden: Hidden[] = [];
    for (const [at, point] of points.entries()) {
      const alphabet = this.alphabets.of(point);
      if (alphabet?.places.has(point) === true) hidden.push({ at, alphabet });
    }
    const parts = Math.ceil(hidden.length / PART_CHARACTERS);
    for (let part = 0; part < parts; part += 1) {
      // Of equal lengths, so that no last one is short enough to be guessed.
      const start = Math.floor((part * hidden.length) / parts);
      this.hide(points, hidden.slice(start, Math.floor(((part + 1) * hidden.length) / parts)), part % PARTS_MAX);
    }
    return points.map((point) => String.fromCodePoint(point)).join('');
  }

  private hide(points: number[], places: readonly Hidden[], part: number): void {
    let number = 0n;
    let limit = 1n;
    for (const { at, alphabet } of places) {
      const size = BigInt(alphabet.points.length);
      number = number * size + BigInt(must(alphabet.places.get(must(points[at], 'inside')), 'of the alphabet'));
      limit *= size;
    }
    let permuted = (this.permutations[part] ??= new NumberPermutation(this.secret, part)).permute(number, limit);
    for (const { at, alphabet } of places.toReversed()) {
      const size = BigInt(alphabet.points.length);
      points[at] = must(alphabet.points[Number(permuted % size)], 'below the limit');
      permuted /= size;
    }
  }
}
