// Goal: a work queue hands every process to exactly one reader at a time and loses none.
// Method: two connections in a namespace of their own on a real server.
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { PARALLELISM_MAX } from '@lutra/model';
import { connect, createInbox } from '@nats-io/transport-node';
import type { ProcessDelivery } from '../src/index.ts';
import {
  consumeSelected,
  eventually,
  iteratorOf,
  nextOf,
  openTestBus,
  processHeader,
  writeProcess,
} from './fixtures.ts';
import type { TestBus } from './fixtures.ts';

// Redelivery takes ack_wait, 10 s.
jest.setTimeout(40_000);

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

const identity = (process: number, epoch = 1, pipelineId = 'P1') => ({ pipelineId, epoch, process });

describe('a work queue of processes', () => {
  it('carries header, body and schema', async () => {
    await writeProcess(test.bus, identity(1), Buffer.from('body'));
    const delivery = await nextOf(consumeSelected(test.bus, stop.signal));
    expect(delivery.header).toEqual(processHeader(identity(1)));
    expect(delivery.schema).toBe('raw-process/1');
    expect(delivery.deliveryCount).toBe(1);
    expect(delivery.bodyBytes).toBe(4);
    expect(Buffer.from(await delivery.fetchBody()).toString()).toBe('body');
    await delivery.ack();
    expect(await test.bus.queuedProcesses('P1', 1)).toEqual({ selected: 0, extracted: 0, transformed: 0 });
  });

  it('is shared by two readers without doubles', async () => {
    const count = 40;
    for (let process = 1; process <= count; process++)
      await writeProcess(test.bus, identity(process), Buffer.from('x'));
    const other = await test.open();
    const seen: number[] = [];
    const read = async (bus: typeof other): Promise<number> => {
      let taken = 0;
      const stopped = new AbortController();
      const iterator = consumeSelected(bus, AbortSignal.any([stop.signal, stopped.signal]), 2);
      const watching = eventually(() => seen.length === count).then(() => {
        stopped.abort();
      });
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
        seen.push(next.value.header.process);
        taken++;
        await next.value.ack();
      }
      await watching;
      return taken;
    };
    const taken = await Promise.all([read(test.bus), read(other)]);
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, index) => index + 1));
    expect(Math.min(...taken)).toBeGreaterThan(0);
  });

  it('redelivers what a reader held when it died', async () => {
    const dying = await test.open();
    await writeProcess(test.bus, identity(1), Buffer.from('x'));
    const first = await nextOf(consumeSelected(dying, new AbortController().signal));
    expect(first.deliveryCount).toBe(1);
    await dying.close();
    const second = await nextOf(consumeSelected(test.bus, stop.signal));
    expect(second.header.process).toBe(1);
    expect(second.deliveryCount).toBe(2);
  });

  it('gives back at once what it fetched and did not hand out', async () => {
    const stopFirst = new AbortController();
    for (let process = 1; process <= 4; process++) await writeProcess(test.bus, identity(process), Buffer.from('x'));
    const first = consumeSelected(test.bus, stopFirst.signal, 4);
    const held = await nextOf(first);
    stopFirst.abort();
    expect((await first.next()).done).toBe(true);
    const other = await test.open();
    const second = consumeSelected(other, stop.signal, 4);
    const rest = [await nextOf(second), await nextOf(second), await nextOf(second)];
    expect(rest.map((delivery) => delivery.header.process).sort()).toEqual([2, 3, 4]);
    await held.ack();
    await eventually(async () => (await test.bus.queuedProcesses('P1', 1)).selected === 3);
  });

  it('never holds more than inFlightMax', async () => {
    for (let process = 1; process <= 10; process++) await writeProcess(test.bus, identity(process), Buffer.from('x'));
    const first = consumeSelected(test.bus, stop.signal, 3);
    const held: ProcessDelivery[] = [await nextOf(first), await nextOf(first), await nextOf(first)];
    const waiting = first.next();
    const second = consumeSelected(await test.open(), stop.signal, 7);
    const others = new Set<number>();
    while (others.size < 7) others.add((await nextOf(second)).header.process);
    expect(held.map((delivery) => delivery.header.process)).toEqual([1, 2, 3]);
    held[0]?.nak();
    const next = await waiting;
    expect(next.done === true ? 0 : next.value.header.process).toBe(1);
  });

  it('stores a repeated publish once', async () => {
    await writeProcess(test.bus, identity(1), Buffer.from('first'));
    await writeProcess(test.bus, identity(1), Buffer.from('again'));
    expect((await test.bus.queuedProcesses('P1', 1)).selected).toBe(1);
  });

  it('refuses a pipeline that fills its share and still takes another', async () => {
    const limit = 2 * PARALLELISM_MAX;
    for (let process = 1; process <= limit; process++)
      await writeProcess(test.bus, identity(process), Buffer.from('x'));
    await expect(writeProcess(test.bus, identity(limit + 1), Buffer.from('x'))).rejects.toMatchObject({
      code: 'BUS_STREAM_FULL',
    });
    await writeProcess(test.bus, identity(1, 1, 'P2'), Buffer.from('x'));
    expect((await test.bus.queuedProcesses('P2', 1)).selected).toBe(1);
  });

  it('reads only its own pipeline from the queue of transformed processes', async () => {
    const to = { queue: 'transformed', schema: 'target-process/1' } as const;
    await writeProcess(test.bus, identity(1, 1, 'P1'), Buffer.from('x'), to);
    await writeProcess(test.bus, identity(1, 1, 'P2'), Buffer.from('x'), to);
    const read = (pipelineId: string) =>
      iteratorOf(
        test.bus.consume({
          queue: 'transformed',
          durable: `load-${pipelineId}`,
          pipelineId,
          inFlightMax: 4,
          signal: stop.signal,
        }),
      );
    expect((await nextOf(read('P2'))).header.pipelineId).toBe('P2');
    expect((await nextOf(read('P1'))).header.pipelineId).toBe('P1');
  });

  it('gives a frozen reader of a pipeline nothing more once another one reads', async () => {
    const to = { queue: 'transformed', schema: 'target-process/1' } as const;
    const read = (signal: AbortSignal) =>
      iteratorOf(
        test.bus.consume({ queue: 'transformed', durable: 'load-P1', pipelineId: 'P1', inFlightMax: 4, signal }),
      );
    await writeProcess(test.bus, identity(1), Buffer.from('x'), to);
    const before = new AbortController();
    await (await nextOf(read(before.signal))).ack();
    before.abort();
    // What stands still has left an open request behind; the server gives it whatever comes.
    const { servers, user = '', password = '', namespace } = test.options;
    const frozen = await connect({ servers, user, pass: password });
    try {
      const inbox = createInbox();
      const subscription = frozen.subscribe(inbox);
      const subject = `$JS.API.CONSUMER.MSG.NEXT.${namespace.toUpperCase()}_TRANSFORMED.load-P1`;
      frozen.publish(subject, JSON.stringify({ batch: 64, expires: 60_000_000_000 }), { reply: inbox });
      await frozen.flush();
      const reading = nextOf(read(stop.signal));
      // The server ends the request of the one before.
      for await (const { headers } of subscription) if ((headers?.code ?? 0) === 409) break;
      await writeProcess(test.bus, identity(2), Buffer.from('x'), to);
      const delivery = await reading;
      expect([delivery.header.process, delivery.deliveryCount]).toEqual([2, 1]);
    } finally {
      await frozen.close();
    }
  });

  it('purges older epochs of one pipeline and nothing else', async () => {
    for (const epoch of [1, 2, 3]) await writeProcess(test.bus, identity(1, epoch), randomBytes(600 * 1024));
    await writeProcess(test.bus, identity(1, 1, 'P2'), Buffer.from('x'));
    await test.bus.purgeEpochs('P1', { below: 3 });
    const counts = await Promise.all([1, 2, 3].map((epoch) => test.bus.queuedProcesses('P1', epoch)));
    expect(counts.map((count) => count.selected)).toEqual([0, 0, 1]);
    expect((await test.bus.queuedProcesses('P2', 1)).selected).toBe(1);
    const kept = await nextOf(consumeSelected(test.bus, stop.signal));
    expect((await kept.fetchBody()).length).toBe(600 * 1024);
  });
});
