import { isSafePattern } from 'redos-detector';
import { SyncError } from '@lutra/model';

/**
 * So many choices (repeats, options, further branches) may stand in an expression that repeats no group: a name has 64
 * characters, so that the engine tries less than a million ways whatever the name (68 over 4).
 */
const CHOICES_MAX = 4;
/** Ways in which a name may match a more involved expression, and the work that may be spent on counting them (about 0.1 s). */
const WAYS_MAX = 200;
const STEPS_MAX = 1_000;
/** Steps get longer with every group around a group: 160 of them took more than 20 s. Names ask for no more than these. */
const GROUP_DEPTH_MAX = 3;

/**
 * Refuses an expression that some name would keep busy for very long: stages match with it, and one such name would hold up
 * everybody. Expressions that are simple enough pass by counting; the others are analysed (docs/decisions/0027).
 * Throws MAPPING_REGEX_INVALID, MAPPING_REGEX_UNSAFE.
 */
export function requireSafeRegex(regex: string): void {
  requireValid(regex);
  const outline = outlineOf(regex);
  if (isSimple(outline) || (depthOf(outline) <= GROUP_DEPTH_MAX && hasFewWays(regex))) return;
  const problem = `The expression ${regex} may match a name in very many ways`;
  throw new SyncError('MAPPING_REGEX_UNSAFE', { problem, regex });
}

function requireValid(regex: string): void {
  try {
    new RegExp(regex, 'u');
  } catch (cause) {
    throw new SyncError(
      'MAPPING_REGEX_INVALID',
      { problem: `The expression ${regex} does not compile`, regex },
      { cause },
    );
  }
}

/** Groups, repeats and branches: escaped characters and classes stand for one character each. */
const outlineOf = (regex: string): string =>
  regex
    .replaceAll(/\\[pP]\{[^}]*\}|\\u\{[^}]*\}|\\./gsu, '_')
    .replaceAll(/\[[^\]]*\]/gu, '_')
    .replaceAll('(?', '(');

function isSimple(outline: string): boolean {
  if (/\)[*+?{]/u.test(outline)) return false;
  const repeats = outline.match(/[*+?]\??|\{\d+(?:,\d*)?\}\??/gu)?.length ?? 0;
  const branches = outline.match(/\|/gu)?.length ?? 0;
  return repeats + branches <= CHOICES_MAX;
}

function depthOf(outline: string): number {
  let depth = 0;
  let deepest = 0;
  for (const character of outline) {
    if (character === '(') depth += 1;
    else if (character === ')') depth -= 1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

function hasFewWays(regex: string): boolean {
  try {
    return isSafePattern(`^(?:${regex})$`, {
      unicode: true,
      maxScore: WAYS_MAX,
      maxSteps: STEPS_MAX,
      timeout: Infinity,
    }).safe;
  } catch {
    // What the analysis cannot read is too involved for a name.
    return false;
  }
}
