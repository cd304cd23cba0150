import { Simulation } from '../simulation.ts';
import { EPOCH_CASES } from './epoch-cases.ts';
import { FENCE_CASES } from './fence-cases.ts';
import { LANE_CASES } from './lane-cases.ts';
import { LETTER_CASES } from './letter-cases.ts';
import { PROMISE_CASES } from './promise-cases.ts';
import { SeedFailure } from '../run-seed.ts';
import type { SimCase } from './sim-case.ts';
import { STREAM_CASES } from './stream-cases.ts';

export const CASES: readonly SimCase[] = [
  ...FENCE_CASES,
  ...EPOCH_CASES,
  ...STREAM_CASES,
  ...PROMISE_CASES,
  ...LANE_CASES,
  ...LETTER_CASES,
];

/** Plays a case with the chance of the seed. Throws {@link SeedFailure}. */
export async function playCase(
  { options, play }: SimCase,
  { seed, isTraced }: { readonly seed: number; readonly isTraced: boolean },
): Promise<void> {
  const simulation = new Simulation({ ...options, seed, isTraced });
  try {
    await play(simulation);
  } catch (error) {
    throw new SeedFailure(seed, simulation.world.trace.tail(4_000), { cause: error });
  }
}
