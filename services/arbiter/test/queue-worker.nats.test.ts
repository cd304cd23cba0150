// Goal: what was placed on an instance that is gone reaches another one, without a new epoch, whoever of several arbiters ends
// in the middle of it.
// Method: members and readers are connections of the test; arbiters run on a real NATS and ZooKeeper in a namespace of their own.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { openBus } from '@lutra/messaging';
import type { Bus } from '@lutra/messaging';
import { openCoordinator } from '@lutra/coordination';
import { SyncError, systemClock } from '@lutra/model';
import type { InstanceDescription, ProcessHeader, ServiceName } from '@lutra/model';
import { testServers, waitUntil } from '@lutra/testing';
import pino from 'pino';
import { Announcer } from '../src/announcer.ts';
import { QueueWorker } from '../src/queue-worker.ts';
import { permit } from './arbiter-fixture.ts';
import { RunningArbiters } from './running-arbiters.ts';

jest.setTimeout(60_000);

const SESSION_TIMEOUT_MS = 4_000;
const queue = 'selected' as const;

const soon = <T>(what: string, question: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> =>
  waitUntil(question, { what, timeoutMs: 60_000, everyMs: 20 });

const description = (service: ServiceName, instance: string): InstanceDescription => ({
  service,
  instance,
  host: 'here',
  pid: process.pid,
  version: '0',
  startedAt: new Date().toISOString(),
  httpPort: 1,
  load: { cpu: 0, memoryBytes: 1, tasks: 0 },
  weight: 1,
  draining: false,
});

const header = (number: number): ProcessHeader => ({
  pipelineId: 'p',
  epoch: 4,
  process: number,
  revision: 1,
  end: { done: { kind: 'mysqlGtid', gtidSet: '' }, inside: null },
  serverUuid: '',
  transactionCount: 1,
  rowCount: 1,
  sourceBytes: 1,
  firstCommitMs: 0,
  lastCommitMs: 0,
  stages: [],
});

describe('the queue of an instance', () => {
  let running: RunningArbiters;
  const undos: (() => Promise<void>)[] = [];
  const stop = { reading: new AbortController() };
  const readers: Promise<void>[] = [];

  beforeEach(async () => {
    running = await RunningArbiters.open();
    stop.reading = new AbortController();
    await running.coordinator.writePermit('p', permit({ epoch: 4 }), null);
  });
  afterEach(async () => {
    stop.reading.abort();
    await Promise.all(readers.splice(0));
    await Promise.all(undos.splice(0).map((undo) => undo()));
    await running.close();
  });

  /** A member with its own session and reader; `die` ends both as a killed process does: nothing is given back. */
  const member = async (name: string, service: 'extract' | 'transform' = 'extract') => {
    const { nats, zookeeper } = testServers();
    const bus = await openBus({ ...nats, name, namespace: running.names.namespace });
    const coordinator = await openCoordinator({
      ...zookeeper,
      root: running.names.root,
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
    });
    await bus.openInstanceQueue({ queue, instance: name });
    const membership = await coordinator.join(description(service, name));
    const die = async (): Promise<void> => {
      await Promise.all([bus.close(), coordinator.close()]);
    };
    undos.push(die);
    return { bus, membership, die };
  };

  const send = async (target: string, number: number): Promise<void> => {
    const writer = running.bus.writeProcess({ queue, identity: header(number), schema: 'raw-process/1' });
    writer.write(Buffer.from('x'));
    await writer.finish(header(number), target);
  };

  /** Reads and acknowledges until the test ends; the numbers that came. */
  const read = (bus: Bus, target: string): number[] => {
    const seen: number[] = [];
    const reading = async (): Promise<void> => {
      const options = { queue, target, inFlightMax: 4, signal: stop.reading.signal };
      for await (const delivery of bus.consume(options)) {
        seen.push(delivery.header.process);
        await delivery.ack();
      }
    };
    readers.push(reading());
    return seen;
  };

  /** Takes one delivery and holds it. */
  const hold = async (bus: Bus, target: string): Promise<void> => {
    const reader = bus.consume({ queue, target, inFlightMax: 2, signal: stop.reading.signal })[Symbol.asyncIterator]();
    expect((await reader.next()).done).not.toBe(true);
  };

  const consumers = (): Promise<string[]> => running.bus.instanceQueues(queue, { withConsumers: true });

  it('goes to the others as soon as its instance is gone, with what that one held, and no epoch ends', async () => {
    await running.start('arbiter-1');
    const lost = await member('lost');
    const heir = await member('heir');
    for (let number = 1; number <= 6; number++) await send('lost', number);
    await hold(lost.bus, 'lost');
    const own = read(heir.bus, 'heir');
    const seen = read(heir.bus, 'any');
    await send('heir', 7);
    await soon('the heir to work', () => own.length === 1);
    expect(seen).toEqual([]);
    const diedMs = performance.now();
    await lost.die();
    await soon('all processes', () => seen.length === 6);
    process.stderr.write(`taken over ${(performance.now() - diedMs).toFixed(0)} ms after its connections ended\n`);
    expect([...seen].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6]);
    await soon('the consumer to be gone', async () => (await consumers()).join() === 'heir');
    expect((await running.coordinator.permit('p'))?.permit.epoch).toBe(4);
    await soon('the log to tell', () => running.kinds('p').length > 0);
    expect(running.kinds('p')).toEqual(['warning']);
  });

  it('is moved too when somebody sends to an instance that has long been gone', async () => {
    await running.start('arbiter-1');
    const heir = await member('heir');
    const seen = read(heir.bus, 'any');
    await send('nobody', 1);
    await soon('the process', () => seen.length === 1);
  });

  it('goes to the others when its instance lives by its session alone and reads nothing', async () => {
    await running.start('arbiter-1');
    const lost = await member('lost');
    const heir = await member('heir');
    for (let number = 1; number <= 3; number++) await send('lost', number);
    await hold(lost.bus, 'lost');
    const seen = read(heir.bus, 'any');
    const diedMs = performance.now();
    await lost.bus.close();
    await soon('all processes', () => seen.length === 3);
    process.stderr.write(
      `taken over ${(performance.now() - diedMs).toFixed(0)} ms after its connection to NATS ended\n`,
    );
    expect((await running.coordinator.members('extract')).map(({ instance }) => instance)).toContain('lost');
    expect(await consumers()).toContain('lost');
  });

  it('is moved by the next arbiter when the first one ends in the middle', async () => {
    const lost = await member('lost');
    const heir = await member('heir');
    for (let number = 1; number <= 3; number++) await send('lost', number);
    await lost.die();
    let calls = 0;
    const first = await running.start('arbiter-1', {
      moveInstanceQueue: () => {
        calls += 1;
        return Promise.reject(new SyncError('BUS_UNREACHABLE', { problem: 'It ends here' }));
      },
    });
    await soon('the first arbiter to begin', () => calls > 0);
    const second = running.start('arbiter-2');
    await first.close();
    await second;
    const seen = read(heir.bus, 'any');
    await soon('all processes', () => seen.length === 3);
  });

  it('is left to an instance that lives, and to one that comes back under its name', async () => {
    await running.start('arbiter-1');
    const before = await member('again');
    const heir = await member('heir');
    const others = read(heir.bus, 'any');
    await send('again', 1);
    await before.membership.leave();
    await soon('the move', () => others.length === 1);
    await soon('the consumer to be gone', async () => !(await consumers()).includes('again'));
    await before.die();
    const after = await member('again');
    const own = read(after.bus, 'again');
    await send('again', 2);
    await send('any', 3);
    await soon('both processes', () => own.length + others.length === 3);
    expect([own, others]).toEqual([[2], [1, 3]]);
  });

  it('goes to the others, and stays open, when its instance drains for too long', async () => {
    const slow = await member('slow');
    const heir = await member('heir');
    const seen = read(heir.bus, 'any');
    for (let number = 1; number <= 3; number++) await send('slow', number);
    await hold(slow.bus, 'slow');
    const parts = {
      bus: running.bus,
      coordinator: running.coordinator,
      clock: systemClock,
      log: pino({ level: 'silent' }),
      identity: { service: 'arbiter', instance: 'mover', host: 'here', version: '0' },
    } as const;
    const end = new AbortController();
    const run = new QueueWorker(parts, new Announcer(parts), { drainMs: 500 }).run(end.signal);
    await slow.membership.update({ draining: true });
    await soon('all processes', () => seen.length === 3);
    expect(await consumers()).toContain('slow');
    end.abort();
    await run;
  });
});
