export interface KeyCounts {
  /** Keys that only the left side has, or has more often. */
  readonly missing: number;
  /** Keys that the right side has more often than the left one, which has them too or not. */
  readonly surplus: number;
  /** The first of both, for a report. */
  readonly examples: readonly string[];
}

const EXAMPLES_MAX = 10;

/** Compares two streams of keys, both in the order of `compare`; equal keys may follow each other. */
export async function mergeKeys(
  left: AsyncIterable<string>,
  right: AsyncIterable<string>,
  compare: (a: string, b: string) => number,
): Promise<KeyCounts> {
  let [missing, surplus] = [0, 0];
  const examples: string[] = [];
  const note = (text: string): void => {
    if (examples.length < EXAMPLES_MAX) examples.push(text);
  };
  const [leftKeys, rightKeys] = [left[Symbol.asyncIterator](), right[Symbol.asyncIterator]()];
  let [a, b] = [await leftKeys.next(), await rightKeys.next()];
  while (a.done !== true || b.done !== true) {
    const order = a.done === true ? 1 : b.done === true ? -1 : compare(a.value, b.value);
    if (order < 0) {
      missing += 1;
      note(`${String(a.value)} is missing`);
    } else if (order > 0) {
      surplus += 1;
      note(`${String(b.value)} is too many`);
    }
    if (order <= 0) a = await leftKeys.next();
    if (order >= 0) b = await rightKeys.next();
  }
  return { missing, surplus, examples };
}

/** '3:17' before '3:100' before '12:1': part by part, numbers as numbers. */
export function compareNumberKeys(a: string, b: string): number {
  const [left, right] = [a.split(':'), b.split(':')];
  for (const [index, part] of left.entries()) {
    const other = right[index] ?? '';
    if (part === other) continue;
    const difference = Number(part) - Number(other);
    if (Number.isNaN(difference)) return part < other ? -1 : 1;
    if (difference !== 0) return difference;
  }
  return 0;
}
