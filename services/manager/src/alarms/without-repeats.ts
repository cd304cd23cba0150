import type { Notice } from './alarm-facts.ts';

/** An instance that reports a failure logs it too, somewhat earlier or later. */
const SAME_MS = 10_000;

/**
 * Notices of one pipeline in the order of their times, without the lines about what one of the events tells: of the same
 * instance, with the same code, at about the same time.
 */
export function withoutRepeats(notices: readonly Notice[]): Notice[] {
  const timed = notices.map((notice) => ({ notice, atMs: Date.parse(notice.at) }));
  timed.sort((one, other) => one.atMs - other.atMs);
  const told = new Map<string, number[]>();
  const keyOf = ({ who, code }: Notice): string => JSON.stringify([who, code]);
  for (const { notice, atMs } of timed) {
    if (notice.isLine) continue;
    const times = told.get(keyOf(notice)) ?? [];
    times.push(atMs);
    told.set(keyOf(notice), times);
  }
  const isTold = (line: Notice, atMs: number): boolean =>
    told.get(keyOf(line))?.some((toldMs) => Math.abs(toldMs - atMs) <= SAME_MS) === true;
  return timed.filter(({ notice, atMs }) => !notice.isLine || !isTold(notice, atMs)).map(({ notice }) => notice);
}
