// Goal: processes that were sent to one instance reach it alone, and reach another one when it is gone; none is lost.
// Method: connections of their own stand for instances, in a namespace of its own on a real server.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { PARALLELISM_MAX } from '@lutra/model';
import type { Bus } from '../src/index.ts';
import { eventually, iteratorOf, nextOf, openTestBus, processHeader } from './fixtures.ts';
import type { TestBus } from './fixtures.ts';

jest.setTimeout(40_000);

const queue = 'selected' as const;
const identity = (process: number, epoch = 1, pipelineId = 'P1') => ({ pipelineId, epoch, process });

describe("an instance's own queue", () => {
  let test: TestBus;
  let stop: AbortController;

  beforeEach(async () => {
    test = await openTestBus();
    stop = new AbortController();
  });
  afterEach(async () => {
    stop.abort();
    await test.close();
  });

  const send = async (
    target: string,
    process: number,
    body = Buffer.from(`body ${String(process)}`),
  ): Promise<void> => {
    const writer = test.bus.writeProcess({ queue, identity: identity(process), schema: 'raw-process/1' });
    writer.write(body);
    await writer.finish(processHeader(identity(process)), target);
  };
  const read = (bus: Bus, target: string, signal = stop.signal) =>
    iteratorOf(bus.consume({ queue, target, inFlightMax: 4, signal }));
  const queued = async (): Promise<number> => (await test.bus.queuedProcesses('P1', 1)).selected;
  const move = (instance: string, isClosed = true) => test.bus.moveInstanceQueue({ queue, instance }, { isClosed });

  it('is read by its instance alone, next to the queue of all', async () => {
    for (const instance of ['a', 'b']) await test.bus.openInstanceQueue({ queue, instance });
    await send('b', 1);
    await send('a', 2);
    await send('any', 3);
    const [a, b, any] = ['a', 'b', 'any'].map((target) => read(test.bus, target));
    for (const [iterator, process] of [
      [a, 2],
      [b, 1],
      [any, 3],
    ] as const) {
      if (iterator === undefined) throw new Error('three readers');
      const delivery = await nextOf(iterator);
      expect(delivery.header.process).toBe(process);
      await delivery.ack();
    }
    expect(await queued()).toBe(0);
  });

  it.each(['any', 'a.b', '* >', '', '_b64_', 'Ünï'])('takes the name %p for a token of its own', async (name) => {
    await send(name, 1);
    await send('plain', 2);
    expect(await test.bus.instanceQueues(queue)).toEqual(name === 'any' ? ['plain'] : [name, 'plain'].sort());
    const delivery = await nextOf(read(test.bus, name));
    expect(delivery.header.process).toBe(1);
    await delivery.ack();
  });

  it('is known by its consumer before anything was sent, and no longer when it is closed', async () => {
    await test.bus.openInstanceQueue({ queue, instance: 'a' });
    await test.bus.openInstanceQueue({ queue, instance: 'a' });
    expect(await test.bus.instanceQueues(queue)).toEqual([]);
    expect(await test.bus.instanceQueues(queue, { withConsumers: true })).toEqual(['a']);
    await move('a');
    await move('a');
    expect(await test.bus.instanceQueues(queue, { withConsumers: true })).toEqual([]);
  });

  it('goes to any instance when its own is gone: what it held and what it had not seen, whole, once', async () => {
    const dying = await test.open();
    const large = randomBytes(700 * 1024);
    for (let process = 1; process <= 6; process++)
      await send('a', process, process === 2 ? large : Buffer.from(`body ${String(process)}`));
    const held = await nextOf(read(dying, 'a'));
    expect(held.header.process).toBe(1);
    await dying.close();
    const moved = await move('a');
    expect(moved).toEqual([1, 2, 3, 4, 5, 6].map((process) => identity(process)));
    expect(await queued()).toBe(6);
    const any = read(test.bus, 'any');
    for (let process = 1; process <= 6; process++) {
      const delivery = await nextOf(any);
      expect(delivery.header).toEqual(processHeader(identity(process)));
      const body = Buffer.from(await delivery.fetchBody());
      expect(body.equals(process === 2 ? large : Buffer.from(`body ${String(process)}`))).toBe(true);
      await delivery.ack();
    }
    expect(await queued()).toBe(0);
  });

  it('is known to be read while somebody does, and no longer once he is gone or has ended', async () => {
    const isRead = (instance: string) => test.bus.isInstanceQueueRead({ queue, instance });
    await test.bus.openInstanceQueue({ queue, instance: 'a' });
    expect(await isRead('a')).toBe(false);
    const dying = await test.open();
    const ending = new AbortController();
    await send('a', 1);
    await send('b', 2);
    await (await nextOf(read(dying, 'a'))).ack();
    const other = read(test.bus, 'b', ending.signal);
    await (await nextOf(other)).ack();
    expect([await isRead('a'), await isRead('b')]).toEqual([true, true]);
    await dying.close();
    ending.abort();
    await other.next();
    await eventually(async () => !(await isRead('a')) && !(await isRead('b')));
  });

  it('passes on how often a process was delivered, so that one that kills its readers is known', async () => {
    await send('a', 1);
    const dying = await test.open();
    expect((await nextOf(read(dying, 'a'))).deliveryCount).toBe(1);
    await dying.close();
    await move('a');
    await send('b', 2);
    await move('b');
    const any = read(test.bus, 'any');
    const counts: [number, number][] = [];
    for (let deliveries = 0; deliveries < 4; deliveries++) {
      const { header, deliveryCount, ack, nak } = await nextOf(any);
      counts.push([header.process, deliveryCount]);
      if (header.process === 2 || deliveryCount === 4) await ack();
      else nak();
    }
    expect(counts.filter(([process]) => process === 1).map(([, count]) => count)).toEqual([2, 3, 4]);
    expect(counts.filter(([process]) => process === 2)).toEqual([[2, 1]]);
  });

  it('is moved once by two movers, and by a second one after the first was stopped in the middle', async () => {
    for (let process = 1; process <= 20; process++) await send('a', process);
    const other = await test.open();
    const first = other.moveInstanceQueue({ queue, instance: 'a' }, { isClosed: true });
    first.catch(() => undefined); // It is cut off on purpose.
    await eventually(async () => (await test.bus.instanceQueues(queue)).length === 1);
    await other.close();
    await Promise.all([move('a'), move('a'), first.catch(() => undefined)]);
    expect(await test.bus.instanceQueues(queue, { withConsumers: true })).toEqual([]);
    expect(await queued()).toBe(20);
    const seen = new Set<number>();
    const any = read(test.bus, 'any');
    while (seen.size < 20) {
      const { header, ack } = await nextOf(any);
      seen.add(header.process);
      await ack();
    }
    expect(await queued()).toBe(0);
  });

  it('serves an instance that comes back under its name, also when its consumer was removed under it', async () => {
    const reader = read(test.bus, 'a');
    await send('a', 1);
    await (await nextOf(reader)).ack();
    await move('a');
    await send('a', 2);
    const delivery = await nextOf(reader);
    expect(delivery.header.process).toBe(2);
    await delivery.ack();
  });

  it('has a share of its own: a full one refuses, and the queue of all still takes', async () => {
    const limit = 2 * PARALLELISM_MAX;
    for (let process = 1; process <= limit; process++) await send('a', process);
    await expect(send('a', limit + 1)).rejects.toMatchObject({ code: 'BUS_STREAM_FULL' });
    await send('any', limit + 1);
    expect(await queued()).toBe(limit + 1);
  });

  it('is stored once when a publish is repeated for another target', async () => {
    const writer = test.bus.writeProcess({ queue, identity: identity(1), schema: 'raw-process/1' });
    writer.write(Buffer.from('x'));
    await writer.finish(processHeader(identity(1)), 'a');
    await send('b', 1);
    expect(await test.bus.instanceQueues(queue)).toEqual(['a']);
    expect(await queued()).toBe(1);
  });

  it('is purged with its epoch', async () => {
    await send('a', 1);
    await test.bus.purgeEpochs('P1', { below: 2 });
    expect(await queued()).toBe(0);
  });
});
