import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { addFigures, NO_FIGURES, sumFigures } from '../src/index.ts';
import type { Figures } from '../src/index.ts';

// Goal: adding many figures up at once gives what adding them one by one gives.
// Method: figures of random pipelines, both ways.

const count = fc.integer({ min: 1, max: 1_000_000 });
const stage = fc.record({ ms: fc.nat(100_000), msMax: fc.nat(10_000) });
const figures: fc.Arbitrary<Figures> = fc.record({
  counts: fc.record({ inserted: count, deleted: count, sourceBytes: count }, { requiredKeys: [] }),
  delays: fc
    .uniqueArray(fc.tuple(fc.nat(700), count), { selector: ([sizeClass]) => sizeClass, maxLength: 30 })
    .map((delays) => delays.toSorted(([a], [b]) => a - b)),
  delayMsMax: fc.nat(100_000),
  stages: fc.record({ select: stage, load: stage, process: stage }, { requiredKeys: [] }),
});

describe('figures', () => {
  it('that are added up at once are those added up one by one', () => {
    fc.assert(
      fc.property(fc.array(figures, { maxLength: 20 }), (all) => {
        expect(sumFigures(all)).toEqual(all.reduce(addFigures, NO_FIGURES));
      }),
    );
  });
});
