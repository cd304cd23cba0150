// Goal: the interleavings that broke an earlier design do not break this one.
// Method: each named case of the simulation, scripted, once.
import { describe, expect, it } from '@jest/globals';
import { CASES, playCase } from '../../src/sim/cases/all-cases.ts';
import { NOT_SIMULATED } from '../../src/sim/cases/not-simulated.ts';

/** On a machine that others use too. */
const LIMIT_MS = 60_000;

describe('named interleavings', () => {
  it.each(CASES.map((each) => [each.name, each.claim, each] as const))(
    '%s: %s',
    async (_name, _claim, each) => {
      await playCase(each, { seed: 1, isTraced: false });
    },
    LIMIT_MS,
  );

  it('say of the others why they are none', () => {
    const both = CASES.filter(({ name }) => name in NOT_SIMULATED);
    expect(both).toEqual([]);
  });
});
