import { coversDone } from '@lutra/model';
import type { Clock, DonePlace } from '@lutra/model';
import { readExecuted } from '@lutra/sql';
import type { TargetSession } from '@lutra/sql';
import { textOf } from './group-queries.ts';
import type { GroupKey, GroupQueries, Side } from './group-queries.ts';

export interface ComparedGroups {
  readonly groups: number;
  /** That are not as the source says, or stand at one side alone. */
  readonly differing: number;
  /** That changed all the time, or were read when the target did not come as far. */
  readonly unsettled: number;
  readonly examples: readonly GroupDifference[];
}

/** `source`, `target`: count and values in the order of the rule; null = no such group. */
export interface GroupDifference {
  readonly group: string;
  readonly source: string | null;
  readonly target: string | null;
}

export interface GroupSides extends Readonly<Record<Side, TargetSession>> {
  readonly queries: GroupQueries;
  /** What the target holds; null = not known. */
  readonly reached: () => Promise<DonePlace | null>;
  readonly clock: Clock;
}

const PAGE = 50;
export const TRIES = 5;
/** A group has to differ so often in a row, with the same two contents, before it counts. */
export const DIFFERENCES_MIN = 2;
const POLL_MS = 500;
const WAIT_MS_MAX = 60_000;
export const EXAMPLES_MAX = 10;

/**
 * Compares all groups of both sides while the source goes on changing. A try reads groups at the source, then what the source
 * has executed; waits until the target holds all of that; then reads them at the target, and at the source again. What the
 * source says the same both times the target has to say too, except where a group was changed and changed back in between:
 * so only one that differs twice in a row, with the same contents, is a difference.
 */
export async function compareGroups(sides: GroupSides, signal: AbortSignal): Promise<ComparedGroups> {
  const found = { groups: 0, differing: 0, unsettled: 0, examples: [] as GroupDifference[] };
  for await (const keys of pages(sides, 'source', signal)) {
    found.groups += keys.length;
    await comparePage(sides, keys, { found, signal });
  }
  for await (const keys of pages(sides, 'target', signal)) {
    const there = await ask(sides, 'source', keys);
    const alone = keys.filter((_key, number) => !there.has(number));
    if (alone.length === 0) continue;
    found.groups += alone.length;
    await comparePage(sides, alone, { found, signal });
  }
  return found;
}

interface Candidate {
  readonly key: GroupKey;
  readonly source: string | null;
  readonly target: string | null;
  readonly differences: number;
}

interface Found {
  groups: number;
  differing: number;
  unsettled: number;
  readonly examples: GroupDifference[];
}

async function comparePage(
  sides: GroupSides,
  keys: readonly GroupKey[],
  { found, signal }: { readonly found: Found; readonly signal: AbortSignal },
): Promise<void> {
  let candidates: readonly Candidate[] = keys.map((key) => ({ key, source: null, target: null, differences: 0 }));
  for (let tries = 0; tries < TRIES && candidates.length > 0; tries += 1) {
    const own = candidates.map(({ key }) => key);
    const first = await ask(sides, 'source', own);
    if (!(await waitUntilReached(sides, await readExecuted(sides.source), signal))) break;
    const at = await ask(sides, 'target', own);
    const second = await ask(sides, 'source', own);
    candidates = candidates.flatMap((candidate, number) => {
      const [before, target, after] = [first, at, second].map((each) => each.get(number) ?? null);
      if (target === undefined || target === before || target === after) return [];
      const isSame = before === after && candidate.source === after && candidate.target === target;
      const differences = before !== after ? 0 : isSame ? candidate.differences + 1 : 1;
      return [{ key: candidate.key, source: after ?? null, target, differences }];
    });
    const wrong = candidates.filter(({ differences }) => differences >= DIFFERENCES_MIN);
    found.differing += wrong.length;
    for (const { key, source, target } of wrong)
      if (found.examples.length < EXAMPLES_MAX) found.examples.push({ group: key.join(', '), source, target });
    candidates = candidates.filter((candidate) => !wrong.includes(candidate));
  }
  found.unsettled += candidates.length;
}

async function* pages(
  { queries, ...sides }: GroupSides,
  side: Side,
  signal: AbortSignal,
): AsyncGenerator<readonly GroupKey[]> {
  for (let after: GroupKey | null = null; ;) {
    signal.throwIfAborted();
    const rows = await sides[side].query(queries.keys(side, after, PAGE));
    await sides[side].rollback();
    const keys: readonly GroupKey[] = rows.map(queries.keyOf);
    if (keys.length > 0) yield keys;
    after = keys.at(-1) ?? null;
    if (keys.length < PAGE) return;
  }
}

/** By number of the key; a group that is not there is not in it. */
async function ask(
  { queries, ...sides }: GroupSides,
  side: Side,
  keys: readonly GroupKey[],
): Promise<ReadonlyMap<number, string>> {
  const rows = await sides[side].query(queries.groups(side, keys));
  await sides[side].rollback();
  return new Map(rows.map(({ number, counted }) => [Number(number), plain(textOf(counted))]));
}

/** Digits behind the point are a matter of the column. */
const plain = (counted: string): string =>
  counted
    .split(',')
    .map((value) => value.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, ''))
    .join(',');

/** False: the target does not come as far in time. */
export async function waitUntilReached(
  { clock, reached }: Pick<GroupSides, 'clock' | 'reached'>,
  executed: DonePlace,
  signal: AbortSignal,
): Promise<boolean> {
  const endMs = clock.monotonicMs() + WAIT_MS_MAX;
  for (;;) {
    const place = await reached();
    if (place !== null && coversDone(place, executed)) return true;
    if (signal.aborted || clock.monotonicMs() > endMs) return false;
    await clock.sleep(POLL_MS, signal);
  }
}
