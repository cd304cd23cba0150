import {
  arbiters,
  begin,
  checkpointSlot,
  checkpointSlots,
  complete,
  expectThat,
  holder,
  permitOf,
  until,
  write,
} from './case-steps.ts';
import type { SimCase } from './sim-case.ts';

/** What nobody's review had to find: each keeps a sentence of DESIGN §4 or §5 by itself. */
export const PROMISE_CASES: readonly SimCase[] = [
  {
    name: 'fence-idle',
    claim: 'a frozen loader wakes with work in hand when the next one has claimed the target and written nothing yet',
    play: async (simulation) => {
      await begin(simulation);
      for (let round = 0; round < 3; round += 1) {
        const old = holder(simulation, 'load');
        const epoch = Number(checkpointSlot(simulation)?.committed?.['epoch']);
        old.freeze();
        write(simulation, 6);
        await simulation.run(1_000);
        // Nobody publishes in the next epoch: the checkpoint changes by the claim only.
        const selects = simulation.nodes.filter(({ service }) => service === 'select');
        for (const select of selects) select.kill();
        const isClaimed = (): boolean => Number(checkpointSlot(simulation)?.committed?.['epoch']) > epoch;
        await until(simulation, 'another loader claims the target', isClaimed);
        old.thaw();
        await simulation.run(3_000);
        for (const { name } of selects) simulation.start('select', name);
        await complete(simulation);
      }
    },
  },
  {
    name: 'stage-dies',
    claim: 'extract dies with processes in hand: that costs a redelivery, and no new epoch',
    options: { instances: { extract: 2 } },
    play: async (simulation) => {
      await begin(simulation);
      const epoch = permitOf(simulation)?.epoch;
      for (let round = 0; round < 24; round += 1) {
        const extracts = simulation.nodes.filter(({ service }) => service === 'extract');
        write(simulation, 10);
        // Each round a little later in the life of the processes.
        await simulation.run(2 + round);
        for (const extract of extracts) extract.kill();
        for (const { name } of extracts) simulation.start('extract', name);
        await until(simulation, 'the work is done again', () => simulation.check('p1').isComplete);
      }
      expectThat('the epoch stays', permitOf(simulation)?.epoch === epoch);
    },
  },
  {
    name: 'checkpoint-gone',
    claim: 'the checkpoint row of a pipeline that has been running is gone: it halts, and does not begin anew',
    play: async (simulation) => {
      await begin(simulation);
      const slots = checkpointSlots(simulation);
      const rows = slots.map(({ committed }) => committed);
      for (const slot of slots) slot.committed = null;
      write(simulation, 6);
      simulation.order('p1', 'RESTART');
      const isHalted = (): boolean => permitOf(simulation)?.failure?.code === 'TARGET_CHECKPOINT_MISSING';
      await until(simulation, 'it says what is missing', () => isHalted() || checkpointOf(simulation) !== null);
      expectThat('nobody has stored an origin', checkpointOf(simulation) === null);
      await simulation.run(30_000);
      expectThat('nor later', checkpointOf(simulation) === null && isHalted());
      const store = simulation.targets.get('p1')?.tables.get('lutra.checkpoint');
      // The operator puts them back.
      for (const row of rows) if (store !== undefined && row !== null) store.slot(store.keyOf(row)).committed = row;
      await complete(simulation);
    },
  },
  {
    name: 'row-missing',
    claim: 'a row that is missing at the target is put there and counted as a conflict',
    play: async (simulation) => {
      await begin(simulation);
      const store = simulation.targets.get('p1')?.tables.get('shop.account');
      const conflicts: number[] = [];
      simulation.onEvent = (event) => {
        if (event.kind === 'conflict') conflicts.push(event.count);
      };
      const [missing] = [...(store?.slots.values() ?? [])];
      if (missing === undefined) return;
      missing.committed = null;
      for (let round = 0; round < 20 && missing.committed === null; round += 1) {
        write(simulation, 3);
        await complete(simulation);
      }
      await simulation.run(3_000);
      expectThat('it was counted', conflicts.length > 0 && conflicts.every((count) => count > 0));
    },
  },
  {
    name: 'order-again',
    claim: 'an order that was overtaken comes again, much later and as a new message: it changes nothing',
    play: async (simulation) => {
      await begin(simulation);
      const pause = simulation.order('p1', 'PAUSE');
      await until(simulation, 'it pauses', () => permitOf(simulation)?.state === 'PAUSED');
      simulation.order('p1', 'START');
      await until(simulation, 'it runs again', () => permitOf(simulation)?.state === 'RUNNING');
      await simulation.run(5_000);
      const epoch = permitOf(simulation)?.epoch;
      simulation.nats.commands.publish({ id: 'again', subject: 'p1', content: pause });
      write(simulation, 4);
      await simulation.run(40_000);
      expectThat('it runs on', permitOf(simulation)?.state === 'RUNNING' && permitOf(simulation)?.epoch === epoch);
      await complete(simulation);
    },
  },
  {
    name: 'old-epoch-waits',
    claim: 'processes of an epoch that has passed wait in the queue, since nobody purged it: load drops them',
    play: async (simulation) => {
      await begin(simulation);
      const target = simulation.targets.get('p1');
      for (let round = 0; round < 4; round += 1) {
        const { commits } = simulation.check('p1');
        write(simulation, 30);
        // Some are loaded, so that the numbers of the next epoch mean other places.
        await simulation.run(5_000, () => simulation.check('p1').commits > commits);
        target?.goDown();
        await simulation.run(500);
        const epoch = permitOf(simulation)?.epoch ?? 0;
        simulation.order('p1', 'RESTART');
        await until(simulation, 'the permit moves', () => (permitOf(simulation)?.epoch ?? 0) > epoch);
        const dead = arbiters(simulation);
        for (const arbiter of dead) arbiter.kill();
        target?.comeBack();
        write(simulation, 10);
        await simulation.run(20_000);
        for (const { name } of dead) simulation.start('arbiter', name);
        await complete(simulation);
      }
    },
  },
  {
    name: 'poison-alone',
    claim: 'a pipeline whose processes fail in extract does not keep another one from its work',
    options: { pipelines: 2 },
    play: async (simulation) => {
      simulation.order('p2', 'START');
      await begin(simulation);
      simulation.poisoned.add('p1');
      for (let second = 0; second < 20; second += 1) {
        write(simulation, 3);
        simulation.sources.get('p2')?.write(simulation.operator.clock.now().getTime());
        await simulation.run(2_500, () => simulation.check('p2').isComplete);
        expectThat('p2 loads at once', simulation.check('p2').isComplete);
        await simulation.run(500);
      }
      simulation.poisoned.clear();
      await complete(simulation);
    },
  },
];

const checkpointOf = (simulation: Parameters<SimCase['play']>[0]) => checkpointSlot(simulation)?.committed ?? null;
