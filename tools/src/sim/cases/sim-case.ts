import type { SimulationOptions, Simulation } from '../simulation.ts';

/** An interleaving that broke an earlier design, with what has to come of it. */
export interface SimCase {
  readonly name: string;
  /** What happens and what must hold. */
  readonly claim: string;
  readonly options?: Omit<SimulationOptions, 'seed'>;
  /** Throws when the claim does not hold; the rules of pipeline-check.ts hold besides. */
  readonly play: (simulation: Simulation) => Promise<void>;
}
