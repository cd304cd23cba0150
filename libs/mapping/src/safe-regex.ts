import { isSafePattern } from 'redos-detector';
import { SyncError } from '@lutra/model';

/** What an expression is matched with. */
export interface RegexUse {
  readonly charactersMax: number;
  /** So many ways of trying a text pass without analysis. */
  readonly triesMax: number;
  /** Ways in which a text may match an expression that is analysed. */
  readonly waysMax: number;
  /** It is looked for from each character on; otherwise the whole text has to match. */
  readonly isSearch: boolean;
}

/** Names: four repeats over the whole name pass, or their like (68 over 4). */
const NAMES: RegexUse = { charactersMax: 64, triesMax: 1_000_000, waysMax: 200, isSearch: false };
/**
 * The work that may be spent on counting ways: requests are answered where they are counted, and 1 000 steps took a quarter
 * of a second of it, these take some 20 ms.
 */
const STEPS_MAX = 100;
/** Steps get longer with every group around a group: 160 of them took more than 20 s. Names ask for no more than these. */
const GROUP_DEPTH_MAX = 3;

/**
 * Refuses an expression that some name or text would keep busy for very long: stages match with it, and one such would hold up
 * everybody. Expressions that are simple enough pass by counting; the others are analysed (docs/decisions/0027).
 * Throws MAPPING_REGEX_INVALID, MAPPING_REGEX_UNSAFE.
 */
export function requireSafeRegex(regex: string, use: RegexUse = NAMES): void {
  requireValid(regex);
  const outline = outlineOf(regex);
  if (isSimple(outline, use) || (depthOf(outline) <= GROUP_DEPTH_MAX && hasFewWays(regex, use.waysMax))) return;
  const problem = `The expression ${regex} may match a text in very many ways`;
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

/** No group is repeated, and the engine tries a name in few ways whatever the name: repeats share it, the rest multiplies. */
function isSimple(outline: string, { charactersMax, triesMax, isSearch }: RegexUse): boolean {
  if (/\)(?:[*+]|\{)/u.test(outline)) return false;
  let repeats = isSearch && !outline.startsWith('^') ? 1 : 0;
  let tries = branchesOf(outline) * (repeats === 0 ? 1 : charactersMax + 1);
  for (const [quantifier] of outline.matchAll(/[*+?]\??|\{\d+(?:,\d*)?\}\??/gu)) {
    if (quantifier.startsWith('?')) tries *= 2;
    else if (/^[*+]|,/u.test(quantifier)) {
      repeats += 1;
      tries *= (charactersMax + repeats) / repeats;
    }
  }
  return tries <= triesMax;
}

/** Ways through all groups with one branch of each. */
function branchesOf(outline: string): number {
  const open = [1];
  let ways = 1;
  for (const character of outline) {
    if (character === '(') open.push(1);
    else if (character === ')') ways *= open.pop() ?? 1;
    else if (character === '|') open.push((open.pop() ?? 1) + 1);
  }
  return open.reduce((product, branches) => product * branches, ways);
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

function hasFewWays(regex: string, maxScore: number): boolean {
  try {
    return isSafePattern(`^(?:${regex})$`, {
      unicode: true,
      maxScore,
      maxSteps: STEPS_MAX,
      timeout: Infinity,
    }).safe;
  } catch {
    // What the analysis cannot read is too involved for a name.
    return false;
  }
}
