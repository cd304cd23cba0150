import { begin, complete, expectThat, holder, permitOf, until, write } from './case-steps.ts';
import type { SimCase } from './sim-case.ts';

/** Checkpoints, claims, unknown commits, zombies. */
export const FENCE_CASES: readonly SimCase[] = [
  {
    name: 'B2b',
    claim: 'two loaders meet: the frozen one wakes after its lease has moved and writes nothing',
    play: async (simulation) => {
      await begin(simulation);
      for (let round = 0; round < 6; round += 1) {
        const old = holder(simulation, 'load');
        const epoch = permitOf(simulation)?.epoch ?? 0;
        old.freeze();
        // What is delivered to it now is the first thing that it finds when it wakes, together with the news of its lease.
        write(simulation, 6);
        const isTakenOver = (): boolean =>
          (permitOf(simulation)?.epoch ?? 0) > epoch && simulation.check('p1').isComplete;
        await until(simulation, 'another loader takes over', isTakenOver);
        old.thaw();
        await complete(simulation);
      }
    },
  },
  {
    name: 'B2-claim',
    claim: 'a loader that was frozen in front of its claim does not take the checkpoint back from a newer epoch',
    play: async (simulation) => {
      await begin(simulation);
      const target = simulation.targets.get('p1');
      if (target === undefined) return;
      for (let round = 0; round < 5; round += 1) {
        const old = holder(simulation, 'load');
        const epoch = permitOf(simulation)?.epoch ?? 0;
        target.onOpen = ({ node, tag }) => {
          if (tag.epoch > epoch && node === old) old.freeze();
        };
        simulation.order('p1', 'RESTART');
        await until(simulation, 'it opens its session for the next epoch', () => old.state === 'frozen');
        target.onOpen = () => undefined;
        write(simulation, 4);
        const isTakenOver = (): boolean =>
          (permitOf(simulation)?.epoch ?? 0) > epoch + 1 && simulation.check('p1').isComplete;
        await until(simulation, 'another loader takes over', isTakenOver);
        old.thaw();
        await complete(simulation);
      }
    },
  },
  {
    name: 'B2c',
    claim: 'COMMITs whose answers are lost are settled by the checkpoint row: none is lost, none repeated',
    play: async (simulation) => {
      await begin(simulation);
      const target = simulation.targets.get('p1');
      if (target === undefined) return;
      for (let round = 0; round < 12; round += 1) {
        write(simulation, 3);
        const connection = holder(simulation, 'load').connection(target);
        const before = simulation.check('p1').moves;
        // In the moment in which the target has committed, before its answer arrives.
        await simulation.run(5_000, () => simulation.check('p1').moves > before);
        connection.cut(true);
        await simulation.run(50);
        connection.mend(true);
        await simulation.run(600);
      }
      const { epoch } = permitOf(simulation) ?? { epoch: 0 };
      await complete(simulation);
      expectThat('no new epoch was needed', permitOf(simulation)?.epoch === epoch);
    },
  },
  {
    name: 'B2d',
    claim: 'a loader whose session is killed in a transaction repeats it and is not taken for a fenced one',
    play: async (simulation) => {
      await begin(simulation);
      const target = simulation.targets.get('p1');
      const epoch = permitOf(simulation)?.epoch;
      for (let round = 0; round < 8; round += 1) {
        write(simulation, 3);
        await simulation.run(12 + round);
        for (const session of [...(target?.sessions.values() ?? [])]) target?.end(session);
        await simulation.run(400);
      }
      await complete(simulation);
      expectThat('the epoch stays', permitOf(simulation)?.epoch === epoch);
    },
  },
  {
    name: 'M12',
    claim: 'in applyMode transactional no half transaction is seen, whatever ends it between two slices',
    options: { parameters: { applyMode: 'transactional', parallelism: 2, maxRows: 8 } },
    play: async (simulation) => {
      await begin(simulation);
      const target = simulation.targets.get('p1');
      const isOpen = (): boolean => [...(target?.sessions.values() ?? [])].some(({ savepoint }) => savepoint !== null);
      for (let round = 0; round < 6; round += 1) {
        // Many times the window.
        simulation.sources.get('p1')?.writeLarge(simulation.operator.clock.now().getTime(), 30);
        await until(simulation, 'a second slice is staged', isOpen);
        await simulation.run(5 * round);
        const old = holder(simulation, 'load');
        if (round % 3 === 0) old.kill();
        else if (round % 3 === 1) for (const session of [...(target?.sessions.values() ?? [])]) target?.end(session);
        else old.freeze();
        await complete(simulation);
        if (old.state === 'dead') simulation.start('load', old.name);
        old.thaw();
      }
    },
  },
  {
    name: 'B13',
    claim: 'an origin is stored once: a loader that dies behind it does not resolve "latest" again',
    play: async (simulation) => {
      simulation.order('p1', 'START');
      await until(simulation, 'the origin is stored', () => simulation.check('p1').at !== null);
      holder(simulation, 'load').kill();
      write(simulation, 6);
      await complete(simulation);
    },
  },
  {
    name: 'B13-cursor',
    claim: 'the place is state: a select that comes late, with the cursor bucket lost, still learns where to begin',
    play: async (simulation) => {
      await begin(simulation);
      holder(simulation, 'select').kill();
      simulation.nats.wipe([...simulation.definitions.values()]);
      write(simulation, 6);
      await complete(simulation);
    },
  },
  {
    name: 'I9',
    claim:
      'a frozen loader with an open transaction holds up the next one for seconds, not for hours: its session is killed',
    play: async (simulation) => {
      await begin(simulation);
      const old = holder(simulation, 'load');
      const target = simulation.targets.get('p1');
      write(simulation, 8);
      // Stopped with rows locked.
      const isLocking = (): boolean => [...(target?.sessions.values() ?? [])].some(({ touched }) => touched.size > 1);
      await simulation.run(10_000, isLocking);
      expectThat('a transaction is open', isLocking());
      old.freeze();
      const frozenMs = simulation.world.nowMs;
      await until(simulation, 'another loader goes on', () => simulation.check('p1').isComplete);
      expectThat('within session timeout, claim wait and some', simulation.world.nowMs - frozenMs < 40_000);
      old.thaw();
      await complete(simulation);
    },
  },
];
