import { SyncError } from '@lutra/model';
import { requireSafeRegex } from '../safe-regex.ts';
import type { RegexUse } from '../safe-regex.ts';
import { ExpressionProblem } from './expression-problem.ts';

/** A match that is tried from each character on may take the square of the length. */
export const PATTERN_TEXT_MAX = 4_096;
/** Ten million steps are some 50 ms: what the worst text of that length takes, not what texts take. */
const TEXTS: RegexUse = { charactersMax: PATTERN_TEXT_MAX, triesMax: 10_000_000, waysMax: 10, isSearch: true };

/** A pattern that no text of so many characters keeps busy for long. Throws an ExpressionProblem. */
export function patternOf(text: string, offset: number): RegExp {
  try {
    requireSafeRegex(text, TEXTS);
  } catch (error) {
    const isUnsafe = SyncError.is(error) && error.code === 'MAPPING_REGEX_UNSAFE';
    const why = isUnsafe
      ? 'The pattern may match a text in very many ways: no repeats inside of repeats, and no two open ones in a row'
      : 'The pattern does not compile';
    throw new ExpressionProblem(why, offset);
  }
  return new RegExp(text, 'u');
}
