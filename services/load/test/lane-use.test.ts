/** Goal: large segments are written the way that is faster, and the other way is looked at now and then at little cost. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LaneUse } from '../src/lane-use.ts';
import type { SegmentWay } from '../src/lane-use.ts';

const ROWS = 5_000;

/** Writes segments at a target that takes so long per row, and gives the ways that were taken. */
function write(use: LaneUse, micros: Readonly<Record<SegmentWay, number>>, segments: number): SegmentWay[] {
  return Array.from({ length: segments }, () => {
    const way = use.next();
    use.observe(way, { rows: ROWS, durationMs: (micros[way] * ROWS) / 1_000 });
    return way;
  });
}

const shareOf = (ways: readonly SegmentWay[], wanted: SegmentWay): number =>
  ways.filter((way) => way === wanted).length / ways.length;

const microsPerRow = fc.double({ min: 1, max: 1_000, noNaN: true });

describe('the use of lanes', () => {
  it('begins with lanes and tries both ways before it compares them', () => {
    const ways = write(new LaneUse(400), { joint: 5, lanes: 50 }, 4);
    expect(ways).toEqual(['lanes', 'joint', 'lanes', 'joint']);
  });

  it('takes the faster way nearly always, and spends little on looking at the other', () => {
    fc.assert(
      fc.property(microsPerRow, microsPerRow, (joint, lanes) => {
        const use = new LaneUse(400);
        write(use, { joint, lanes }, 4);
        const ways = write(use, { joint, lanes }, 2_000);
        const better: SegmentWay = lanes < joint * 0.85 ? 'lanes' : 'joint';
        expect(shareOf(ways, better)).toBeGreaterThan(0.93);
        const spent = ways.reduce((sum, way) => sum + { joint, lanes }[way], 0);
        expect(spent / ways.length).toBeLessThan({ joint, lanes }[better] * 1.08);
      }),
      { numRuns: 1_000 },
    );
  });

  it('finds out when the other way has become the faster one', () => {
    fc.assert(
      fc.property(fc.double({ min: 2, max: 20, noNaN: true }), (factor) => {
        const use = new LaneUse(400);
        write(use, { joint: 5, lanes: 5 * factor }, 200);
        // The next look may be far off when the way was much slower; several are needed until the estimate follows.
        write(use, { joint: 5, lanes: 5 / factor }, 2_000);
        expect(shareOf(write(use, { joint: 5, lanes: 5 / factor }, 500), 'lanes')).toBeGreaterThan(0.93);
      }),
      { numRuns: 1_000 },
    );
  });

  it('goes on when segments cannot be written by lanes, or are small', () => {
    const use = new LaneUse(400);
    for (let segment = 0; segment < 50; segment++) use.observe('joint', { rows: ROWS, durationMs: 25 });
    expect(use.next()).toBe('lanes');
    use.observe('lanes', { rows: 399, durationMs: 1_000 });
    use.observe('lanes', { rows: ROWS, durationMs: 0 });
    expect(use.next()).toBe('lanes');
  });
});
