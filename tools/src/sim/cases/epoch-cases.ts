import { arbiters, begin, complete, expectThat, holder, permitOf, until, write } from './case-steps.ts';
import type { SimCase } from './sim-case.ts';

/** Leases, epochs, commands, arbiters. */
export const EPOCH_CASES: readonly SimCase[] = [
  {
    name: 'B8',
    claim: 'select restarts under its own name before anybody noticed: it works only in a new epoch',
    play: async (simulation) => {
      await begin(simulation);
      const select = holder(simulation, 'select');
      const epoch = permitOf(simulation)?.epoch ?? 0;
      write(simulation, 4);
      await simulation.run(6);
      select.kill();
      simulation.start('select', select.name);
      await complete(simulation);
      expectThat('the epoch is a larger one', (permitOf(simulation)?.epoch ?? 0) > epoch);
    },
  },
  {
    name: 'B8-wiped',
    claim: 'who wins a lease after ZooKeeper lost its data does not work in an epoch that it knows from before',
    play: async (simulation) => {
      await begin(simulation);
      for (let round = 0; round < 3; round += 1) {
        simulation.zookeeper.wipe();
        simulation.check('p1').permitLost();
        write(simulation, 3);
        await simulation.run(20_000);
        await complete(simulation);
      }
    },
  },
  {
    name: 'B9i',
    claim: 'the arbiter dies in the middle of a RESTART: never PAUSED for ever, and not restarted twice for it',
    play: async (simulation) => {
      await begin(simulation);
      const epoch = permitOf(simulation)?.epoch ?? 0;
      simulation.order('p1', 'RESTART');
      // The permit is written; nothing else of the command is done.
      await until(simulation, 'the permit moves', () => (permitOf(simulation)?.epoch ?? 0) > epoch);
      for (const arbiter of arbiters(simulation)) arbiter.kill();
      simulation.start('arbiter', 'arbiter-9');
      write(simulation, 4);
      await simulation.run(60_000);
      await complete(simulation);
      expectThat('one order, one epoch', permitOf(simulation)?.epoch === epoch + 1);
      expectThat(
        'the order has its outcome',
        simulation.check('p1').openCommands(0, Number.POSITIVE_INFINITY).length === 0,
      );
    },
  },
  {
    name: 'B9ii',
    claim: 'an arbiter that froze between writing the permit and purging does not purge the living epoch when it wakes',
    play: async (simulation) => {
      await begin(simulation);
      for (let round = 0; round < 6; round += 1) {
        const epoch = permitOf(simulation)?.epoch ?? 0;
        simulation.order('p1', 'RESTART');
        await until(simulation, 'the permit moves', () => (permitOf(simulation)?.epoch ?? 0) > epoch);
        for (const arbiter of arbiters(simulation)) arbiter.freeze();
        simulation.start('arbiter', `arbiter-${String(20 + round)}`);
        write(simulation, 6);
        await simulation.run(12_000 + round * 3_000);
        for (const node of simulation.nodes) node.thaw();
        await complete(simulation);
      }
    },
  },
  {
    name: 'B9iii',
    claim: 'three RESTARTs for one incident make one new epoch',
    play: async (simulation) => {
      await begin(simulation);
      const epoch = permitOf(simulation)?.epoch ?? 0;
      for (const author of ['load-1', 'arbiter', 'select-1'])
        simulation.order('p1', 'RESTART', { aboutEpoch: epoch, author });
      await simulation.run(10_000);
      await complete(simulation);
      expectThat('one epoch more', permitOf(simulation)?.epoch === epoch + 1);
    },
  },
  {
    name: 'orders-at-once',
    claim: 'PAUSE and START at once: one of them holds, both have an outcome, nothing is lost',
    play: async (simulation) => {
      await begin(simulation);
      for (let round = 0; round < 5; round += 1) {
        write(simulation, 4);
        simulation.order('p1', 'PAUSE');
        simulation.order('p1', 'START');
        await simulation.run(5_000);
      }
      await complete(simulation);
      await until(
        simulation,
        'outcomes',
        () => simulation.check('p1').openCommands(0, Number.POSITIVE_INFINITY).length === 0,
      );
    },
  },
  {
    name: 'stop-while-draining',
    claim: 'STOP, repeated by JetStream and by its sender, drains once and stays STOPPED until a START',
    play: async (simulation) => {
      await begin(simulation);
      write(simulation, 10);
      const stop = simulation.order('p1', 'STOP');
      for (const delayMs of [5, 100, 2_000, 31_000])
        simulation.world.at(null, delayMs, () => {
          simulation.nats.commands.publish({ id: `again-${String(delayMs)}`, subject: 'p1', content: stop });
        });
      await until(simulation, 'it stops', () => permitOf(simulation)?.state === 'STOPPED');
      const epoch = permitOf(simulation)?.epoch;
      await simulation.run(40_000);
      expectThat('it stays so', permitOf(simulation)?.state === 'STOPPED' && permitOf(simulation)?.epoch === epoch);
      await complete(simulation);
    },
  },
  {
    name: 'M1',
    claim: 'ZooKeeper is away for longer than its sessions live: after it everything goes on by itself',
    play: async (simulation) => {
      await begin(simulation);
      simulation.zookeeper.goDown();
      write(simulation, 6);
      await simulation.run(30_000);
      simulation.zookeeper.comeBack();
      await complete(simulation);
    },
  },
  {
    name: 'M4',
    claim: 'sessions of ZooKeeper expire one after the other: late and lost watches cost seconds, not progress',
    play: async (simulation) => {
      await begin(simulation);
      for (const node of [...simulation.nodes]) {
        simulation.zookeeper.expireNode(node);
        write(simulation, 2);
        await simulation.run(2_000);
      }
      await complete(simulation);
    },
  },
];
