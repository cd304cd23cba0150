import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PAUSE_FIRST_MS, PAUSE_MAX_MS, RepairPauses, WELL_AFTER_MS } from '../src/nats/repair-pauses.ts';

/** Looks at a stream after each of the pauses, and makes it anew where that may be. When it was made anew. */
function repairsOf(looksMs: readonly number[]): number[] {
  let nowMs = 0;
  const pauses = new RepairPauses({ monotonicMs: () => nowMs });
  const madeAtMs: number[] = [];
  for (const lookMs of looksMs) {
    nowMs += lookMs;
    if (!pauses.isOver('S')) continue;
    pauses.begin('S');
    madeAtMs.push(nowMs);
  }
  return madeAtMs;
}

describe('pauses between repairs', () => {
  it('double up to the longest while the stream is seen broken again and again', () => {
    const madeAtMs = repairsOf(Array.from({ length: 300 }, () => 1_000));
    const gaps = madeAtMs.slice(1).map((atMs, index) => atMs - (madeAtMs[index] ?? 0));
    expect(gaps).toEqual([2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => seconds * 1_000));
  });

  it('begin with the shortest when the stream was well for a while', () => {
    const madeAtMs = repairsOf([...Array.from({ length: 20 }, () => 1_000), WELL_AFTER_MS, PAUSE_FIRST_MS]);
    expect(madeAtMs.slice(-2)).toEqual([20_000 + WELL_AFTER_MS, 20_000 + WELL_AFTER_MS + PAUSE_FIRST_MS]);
  });

  it('are of one stream each', () => {
    const pauses = new RepairPauses({ monotonicMs: () => 0 });
    expect([pauses.begin('S'), pauses.begin('S'), pauses.begin('T')]).toEqual([1, 2, 1]);
    expect(['S', 'T', 'U'].map((stream) => pauses.isOver(stream))).toEqual([false, false, true]);
  });

  it('keep repairs rare, and put none off for longer than the longest of them, whenever it is looked', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 * WELL_AFTER_MS }), { maxLength: 60 }), (looksMs) => {
        const madeAtMs = repairsOf(looksMs);
        const looksAtMs = looksMs.map((_, index) => looksMs.slice(0, index + 1).reduce((sum, ms) => sum + ms, 0));
        expect(madeAtMs[0]).toBe(looksAtMs[0]);
        for (const [index, atMs] of madeAtMs.entries()) {
          const next = madeAtMs[index + 1];
          if (next !== undefined) expect(next - atMs).toBeGreaterThanOrEqual(PAUSE_FIRST_MS);
          const missed = looksAtMs.filter((lookMs) => lookMs >= atMs + PAUSE_MAX_MS && lookMs < (next ?? Infinity));
          expect(missed).toEqual([]);
        }
      }),
    );
  });
});
