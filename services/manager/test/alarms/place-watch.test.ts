import { expect, it } from '@jest/globals';
import type { CursorState } from '@lutra/model';
import { PlaceWatch } from '../../src/alarms/place-watch.ts';

/** Select writes the place anew each second, with the time. */
const cursor = (gtidList: string, atMs: number): CursorState => ({
  ...{ state: 'place', epoch: 1, revision: 1, process: 1, at: new Date(atMs).toISOString() },
  place: { done: { kind: 'mariadbGtid', gtidList }, inside: null },
});

it('a new leader knows since when a cursor stands, and what it has done, from what the one before has stored', () => {
  const before = new PlaceWatch();
  before.begin([]);
  before.see('P', cursor('0-1-5', 1_000), 900);
  // Seen once: it may move with each look.
  expect(before.changes()).toEqual([]);
  before.begin([]);
  expect(before.see('P', cursor('0-1-5', 4_000), 900)).toMatchObject({ movedMs: 1_000, lastCommitMs: 900 });
  const stored = before.changes();
  expect(stored).toHaveLength(1);

  const after = new PlaceWatch();
  after.begin(stored);
  expect(after.see('P', cursor('0-1-5', 9_000), null)).toMatchObject({ movedMs: 1_000, lastCommitMs: 900 });
  expect(after.changes()).toEqual([]);
  expect(after.see('P', cursor('0-1-6', 10_000), null)).toMatchObject({ movedMs: 10_000, lastCommitMs: null });
});

it('a commit that is heard of late is kept with the place', () => {
  const watch = new PlaceWatch();
  watch.begin([]);
  watch.see('P', cursor('0-1-5', 1_000), null);
  watch.see('P', cursor('0-1-5', 2_000), null);
  const stored = watch.changes();
  watch.begin(stored);
  watch.see('P', cursor('0-1-5', 3_000), 900);
  expect(watch.changes()).toMatchObject([{ movedMs: 1_000, lastCommitMs: 900 }]);
});
