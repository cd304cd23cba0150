import { ERRORS } from './errors.ts';
import type { ErrorCode } from './errors.ts';
import { SyncError } from './sync-error.ts';

/**
 * Why a row could not be mapped. It travels with what could be made of the row: load decides by the pipeline's policy what
 * becomes of it, as it does of a row that the target refuses.
 */
export interface RowRefusal {
  /** Of class poison; another release may know more. */
  readonly code: string;
  /** A sentence for people, without values of the row. */
  readonly problem: string;
  /** Names and numbers that the workaround is filled from. */
  readonly details: Readonly<Record<string, string | number>>;
  /** Positions of the columns that could not be made: no image has them, and what they are is not known. */
  readonly columns: readonly number[];
  /** Only of the image before, and nothing else is wrong: where the row is found without these columns it need not be refused. */
  readonly isOnlyBefore: boolean;
}

// A message is a sentence; one that somebody's script has made may be anything.
const PROBLEM_CHARACTERS_MAX = 2_000;
const DETAIL_CHARACTERS_MAX = 200;

/** The error in the form that travels. */
export function rowRefusal(
  { code, sentence, details }: SyncError,
  where: Pick<RowRefusal, 'columns' | 'isOnlyBefore'>,
): RowRefusal {
  const kept: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(details)) {
    if (name === 'problem') continue;
    if (typeof value === 'number') kept[name] = value;
    if (typeof value === 'string') kept[name] = shortened(value, DETAIL_CHARACTERS_MAX);
  }
  const problem = shortened(sentence, PROBLEM_CHARACTERS_MAX);
  return { code, problem, details: kept, ...where };
}

/** The error again; a code that this release does not know becomes ROW_REFUSED. */
export function refusalError({ code, problem, details }: RowRefusal): SyncError {
  if (Object.hasOwn(ERRORS, code)) return new SyncError(code as ErrorCode, { ...details, problem });
  return new SyncError('ROW_REFUSED', { ...details, problem: `${code}: ${problem}` });
}

/** Whether the code says that a mapping, not the target, has refused a row. */
export const isOfMapping = (code: string): boolean => code.startsWith('ROW_');

const shortened = (text: string, lengthMax: number): string =>
  (text.length <= lengthMax ? text : `${text.slice(0, lengthMax)}…`).toWellFormed();
