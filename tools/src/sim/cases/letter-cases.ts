import { begin, complete, expectThat, holder, until, write } from './case-steps.ts';
import { decide, refuse } from '../person.ts';
import type { SimCase } from './sim-case.ts';

const PUT_ASIDE = {
  parameters: { lanes: 3, applyMode: 'merged' as const, onPoison: 'deadLetter' as const, poisonTries: 1 },
};
/** A look of the desk, and what it carries out. */
const DESK_MS = 10_000;

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
        refuse(simulation, 'p1', true);
        write(simulation, 12);
        await simulation.run(simulation.random.between(50, 3_000));
        if (simulation.random.next() < 0.5) {
          const old = holder(simulation, 'load');
          old.kill();
          simulation.start('load', old.name);
        }
        await complete(simulation);
        if (simulation.random.next() < 0.6) refuse(simulation, 'p1', false);
        decide(simulation, 'p1', simulation.random.next() < 0.6 ? 'retryWanted' : 'discardWanted', 0.7);
        write(simulation, 6);
        await simulation.run(simulation.random.between(500, DESK_MS));
      }
      expectThat('rows were put aside', letters.count > 0);
      refuse(simulation, 'p1', false);
      await complete(simulation);
      for (let look = 0; look < 20 && letters.unsettled > 0; look += 1) {
        decide(simulation, 'p1', 'retryWanted');
        await simulation.run(DESK_MS, () => letters.unsettled === 0);
      }
      await until(simulation, 'all letters are settled', () => letters.unsettled === 0);
      await complete(simulation);
      simulation.check('p1').compareAll();
    },
  },
];
