import { begin, complete, expectThat, holder, permitOf, write } from './case-steps.ts';
import type { SimCase } from './sim-case.ts';

/** Work queues: loss, repetition, roll-back, silence. */
export const STREAM_CASES: readonly SimCase[] = [
  {
    name: 'I16',
    claim: 'the streams lose what is on its way: load reports the gap, and a new epoch reads it again',
    play: async (simulation) => {
      await begin(simulation);
      for (let round = 0; round < 4; round += 1) {
        write(simulation, 12);
        await simulation.run(6 + round);
        simulation.nats.loseMessages(0.5);
        await complete(simulation);
      }
    },
  },
  {
    name: 'I16-wiped',
    claim: 'all streams are wiped in the middle of a backlog',
    play: async (simulation) => {
      await begin(simulation);
      write(simulation, 30);
      await simulation.run(15);
      simulation.nats.wipe([...simulation.definitions.values()]);
      await complete(simulation);
    },
  },
  {
    name: 'I16-back',
    claim: 'JetStream goes back to a moment ago: old messages come again and are dropped',
    play: async (simulation) => {
      await begin(simulation);
      write(simulation, 10);
      await simulation.run(10);
      const goBack = simulation.nats.snapshot();
      await simulation.run(3_000);
      goBack();
      await complete(simulation);
    },
  },
  {
    name: 'I13',
    claim: 'NATS is away in the middle of everything: nothing is lost, nothing doubled',
    play: async (simulation) => {
      await begin(simulation);
      for (let round = 0; round < 3; round += 1) {
        write(simulation, 10);
        await simulation.run(5 + 4 * round);
        simulation.nats.goDown();
        await simulation.run(20_000);
        simulation.nats.comeBack();
        await complete(simulation);
      }
    },
  },
  {
    name: 'M3',
    claim: 'an extract that was frozen hands its process on when another one has done it: load drops the repeat',
    options: { instances: { extract: 2, transform: 2 } },
    play: async (simulation) => {
      await begin(simulation);
      const epoch = permitOf(simulation)?.epoch;
      write(simulation, 8);
      await simulation.run(4);
      for (const node of simulation.nodes) if (node.name === 'extract-1' || node.name === 'transform-1') node.freeze();
      await simulation.run(30_000, () => simulation.check('p1').isComplete);
      expectThat('the others have done its work', simulation.check('p1').isComplete);
      for (const node of simulation.nodes) node.thaw();
      await complete(simulation);
      expectThat('without a new epoch', permitOf(simulation)?.epoch === epoch);
    },
  },
  {
    name: 'I11',
    claim: 'the target of one pipeline is down for a minute: the other one goes on',
    options: { pipelines: 2 },
    play: async (simulation) => {
      simulation.order('p2', 'START');
      await begin(simulation);
      await simulation.run(3_000);
      simulation.targets.get('p1')?.goDown();
      for (let second = 0; second < 60; second += 1) {
        write(simulation, 2);
        simulation.sources.get('p2')?.write(simulation.operator.clock.now().getTime());
        // A message may be late by seconds.
        await simulation.run(8_000, () => simulation.check('p2').isComplete);
        expectThat('p2 loads at once', simulation.check('p2').isComplete);
        await simulation.run(500);
      }
      simulation.targets.get('p1')?.comeBack();
      await complete(simulation);
    },
  },
  {
    name: 'select-frozen',
    claim: 'a select that was frozen for longer than its lease publishes nothing into an epoch that is not its own',
    play: async (simulation) => {
      await begin(simulation);
      const select = holder(simulation, 'select');
      write(simulation, 6);
      await simulation.run(5);
      select.freeze();
      await simulation.run(25_000);
      write(simulation, 6);
      select.thaw();
      await complete(simulation);
    },
  },
];
