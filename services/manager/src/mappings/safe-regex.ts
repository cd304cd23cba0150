import { isSafePattern } from 'redos-detector';
import { SyncError } from '@lutra/model';

const NAME_CHARS_MAX = 64;
/** So many ways of trying a name pass without analysis: four repeats over the whole name, or their like (68 over 4). */
const TRIES_MAX = 1_000_000;
/**
 * Ways in which a name may match an expression that repeats a group, and the work that may be spent on counting them: requests
 * are answered where they are counted, and 1 000 steps took a quarter of a second of it, these take some 20 ms.
 */
const WAYS_MAX = 200;
const STEPS_MAX = 100;
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

/** No group is repeated, and the engine tries a name in few ways whatever the name: repeats share it, the rest multiplies. */
function isSimple(outline: string): boolean {
  if (/\)(?:[*+]|\{)/u.test(outline)) return false;
  let repeats = 0;
  let tries = branchesOf(outline);
  for (const [quantifier] of outline.matchAll(/[*+?]\??|\{\d+(?:,\d*)?\}\??/gu)) {
    if (quantifier.startsWith('?')) tries *= 2;
    else if (/^[*+]|,/u.test(quantifier)) {
      repeats += 1;
      tries *= (NAME_CHARS_MAX + repeats) / repeats;
    }
  }
  return tries <= TRIES_MAX;
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
