import { begin, complete, expectThat, holder, until, write } from './case-steps.ts';
import type { SimCase } from './sim-case.ts';
import type { Simulation } from '../simulation.ts';

const PUT_ASIDE = {
  parameters: { lanes: 3, applyMode: 'merged' as const, onPoison: 'deadLetter' as const, poisonTries: 1 },
};
/** A look of the desk, and what it carries out. */
const DESK_MS = 10_000;

/** The target refuses some versions of an account, or takes all of them. */
function refuse(simulation: Simulation, isRefusing: boolean): void {
  const accounts = simulation.targets.get('p1')?.tables.get('shop.account');
  if (accounts === undefined) throw new Error('No table account');
  accounts.refuses = (row) => isRefusing && Number(row['version']) % 4 === 3;
}

/** A person's word about letters that follow no other one. Gives how many it concerns. */
function decide(simulation: Simulation, state: 'retryWanted' | 'discardWanted', share: number): number {
  let decided = 0;
  for (const slot of simulation.targets.get('p1')?.tables.get('lutra.dead_letter')?.slots.values() ?? []) {
    const { committed, owner } = slot;
    if (owner !== null || committed?.['state'] !== 'open' || committed['follows'] !== null) continue;
    if (simulation.random.next() >= share) continue;
    slot.committed = { ...committed, state, wanted_by: 'a person', wanted_at: 'now' };
    decided += 1;
  }
  return decided;
}

/** Rows that the target refuses, and persons who decide about them. */
export const LETTER_CASES: readonly SimCase[] = [
  {
    name: 'letters',
    claim:
      'rows are refused and put aside, loaders die, a person retries and discards: no row overtakes its letter, nothing is lost',
    options: PUT_ASIDE,
    play: async (simulation) => {
      await begin(simulation);
      const { letters } = simulation.check('p1');
      for (let round = 0; round < 8; round += 1) {
        refuse(simulation, true);
        write(simulation, 12);
        await simulation.run(simulation.random.between(50, 3_000));
        if (simulation.random.next() < 0.5) {
          const old = holder(simulation, 'load');
          old.kill();
          simulation.start('load', old.name);
        }
        await complete(simulation);
        if (simulation.random.next() < 0.6) refuse(simulation, false);
        decide(simulation, simulation.random.next() < 0.6 ? 'retryWanted' : 'discardWanted', 0.7);
        write(simulation, 6);
        await simulation.run(simulation.random.between(500, DESK_MS));
      }
      expectThat('rows were put aside', letters.count > 0);
      refuse(simulation, false);
      await complete(simulation);
      for (let look = 0; look < 20 && letters.unsettled > 0; look += 1) {
        decide(simulation, 'retryWanted', 1);
        await simulation.run(DESK_MS, () => letters.unsettled === 0);
      }
      await until(simulation, 'all letters are settled', () => letters.unsettled === 0);
      await complete(simulation);
      simulation.check('p1').compareAll();
    },
  },
];
