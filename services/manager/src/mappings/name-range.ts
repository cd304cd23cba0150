import { fieldRefusal } from '../http/refuse-field.ts';

/** Tables with a running number in their name: `orders_[0001-0128]`. */
export interface NameRange {
  readonly before: string;
  /** First and last number as they are written; of equal length when they are filled up with zeros. */
  readonly first: string;
  readonly last: string;
  readonly after: string;
}

/** A number of nine digits is exact in every language that meets it. */
const RANGE = /^([^[\]]*)\[(\d{1,9})-(\d{1,9})\]([^[\]]*)$/u;
const META = /[\\^$.*+?()[\]{}|/]/gu;

/** Reads `before[first-last]after`; `field` names it in the refusal. Throws REQUEST_INVALID. */
export function readRange(text: string, field: string): NameRange {
  const [, before = '', first = '', last = '', after = ''] = RANGE.exec(text) ?? [];
  const isFilled = first.length > 1 && first.startsWith('0');
  if (first !== '' && Number(first) <= Number(last) && (!isFilled || first.length === last.length))
    return { before, first, last, after };
  throw fieldRefusal(
    field,
    `${field} has to hold one range of numbers, the smaller first, both of one length where the first begins with 0, such as orders_[0001-0128]`,
  );
}

/** Whether the text is a range at all. */
export const isRange = (text: string): boolean => RANGE.test(text);

export const rangeSize = ({ first, last }: NameRange): number => Number(last) - Number(first) + 1;

/** All names, in their order. */
export function rangeNames(range: NameRange): readonly string[] {
  const { before, first, last, after } = range;
  const digits = first.length === last.length ? first.length : 0;
  return Array.from({ length: rangeSize(range) }, (_, index) => {
    return `${before}${String(Number(first) + index).padStart(digits, '0')}${after}`;
  });
}

/** The expression that matches exactly the names of the range; its only group is the number. */
export function rangeRegex({ before, first, last, after }: NameRange): string {
  const literal = (text: string): string => text.replaceAll(META, '\\$&');
  return `${literal(before)}(${numbers(first, last).join('|')})${literal(after)}`;
}

/** Branches that match every number between two, length by length. */
function numbers(first: string, last: string): readonly string[] {
  if (first.length === last.length) return sameLength(first, last);
  const longest = '9'.repeat(first.length);
  return [...sameLength(first, longest), ...numbers(`1${'0'.repeat(first.length)}`, last)];
}

/** As {@link numbers} for numbers of equal length: from the first digit that differs, below, between and above. */
function sameLength(first: string, last: string): readonly string[] {
  const at = Array.from(first).findIndex((digit, index) => digit !== last[index]);
  if (at < 0) return [first];
  const head = first.slice(0, at);
  const rest = first.length - at - 1;
  let [low, high] = [Number(first[at]), Number(last[at])];
  const branches: string[] = [];
  const above: string[] = [];
  if (/[1-9]/.test(first.slice(at + 1))) {
    branches.push(...sameLength(first, `${head}${String(low)}${'9'.repeat(rest)}`));
    low += 1;
  }
  if (/[0-8]/.test(last.slice(at + 1))) {
    above.push(...sameLength(`${head}${String(high)}${'0'.repeat(rest)}`, last));
    high -= 1;
  }
  if (low <= high) branches.push(`${head}${digitBetween(low, high)}${'\\d'.repeat(rest)}`);
  return [...branches, ...above];
}

function digitBetween(low: number, high: number): string {
  if (low === high) return String(low);
  return low === 0 && high === 9 ? '\\d' : `[${String(low)}-${String(high)}]`;
}
