import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { homeArbiter } from '../src/home-arbiter.ts';

const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 8 });
const pipelines = Array.from({ length: 300 }, (_, index) => `pipeline-${String(index)}`);

describe('the home of a pipeline', () => {
  it('is the same in whatever order the arbiters are known', () => {
    fc.assert(
      fc.property(names, fc.string(), (arbiters, pipelineId) => {
        const home = homeArbiter(pipelineId, arbiters);
        expect(arbiters).toContain(home);
        expect(homeArbiter(pipelineId, arbiters.toReversed())).toBe(home);
      }),
    );
  });

  it('moves only with the arbiter that goes', () => {
    fc.assert(
      fc.property(names, fc.string(), (arbiters, pipelineId) => {
        const home = homeArbiter(pipelineId, arbiters);
        for (const gone of arbiters.filter((name) => name !== home))
          expect(
            homeArbiter(
              pipelineId,
              arbiters.filter((name) => name !== gone),
            ),
          ).toBe(home);
      }),
    );
  });

  it.each([2, 3, 5])('spreads pipelines over %d arbiters', (count) => {
    const arbiters = Array.from({ length: count }, (_, index) => `arbiter-${String(index)}`);
    const shares = arbiters.map(
      (name) => pipelines.filter((pipelineId) => homeArbiter(pipelineId, arbiters) === name).length,
    );
    // Fixed names, so that chance has no say: within a third of the fair share.
    for (const share of shares)
      expect(Math.abs(share - pipelines.length / count)).toBeLessThan(pipelines.length / count / 3);
  });

  it('is nobody without an arbiter', () => {
    expect(homeArbiter('p', [])).toBeNull();
  });
});
