import type { SeededRandom } from '@lutra/testing';
import type { ChaosGround } from '../chaos-site.ts';
import type { Fault, FaultKind } from '../chaos-types.ts';

/** All faults of one kind: on what they may fall, and how one of them is made. */
export interface FaultFamily {
  readonly kind: FaultKind;
  /** Each of them has its turn before one comes twice. */
  readonly targets: readonly string[];
  make(ground: ChaosGround, target: string, random: SeededRandom): Fault | Promise<Fault>;
}

/** A whole number of milliseconds. */
export const between = (random: SeededRandom, least: number, most: number): number =>
  least + random.below(most - least + 1);
