// Goal: streams, buckets and consumers that disappear come back by themselves, and readers and writers go on.
// Method: delete them behind the bus's back with a second, plain connection.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import type { JetStreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/transport-node';
import { openBus, removeNamespace } from '../src/index.ts';
import {
  consumeSelected,
  iteratorOf,
  loadedEvent,
  nextOf,
  openTestBus,
  pipelineDefinition,
  writeProcess,
} from './fixtures.ts';
import type { TestBus } from './fixtures.ts';

jest.setTimeout(60_000);

let test: TestBus;
let stop: AbortController;
let plain: NatsConnection;
let jsm: JetStreamManager;
let prefix: string;

beforeEach(async () => {
  test = await openTestBus();
  stop = new AbortController();
  const { servers, user, password } = test.options;
  plain = await connect({ servers, user: user ?? '', pass: password ?? '' });
  jsm = await jetstreamManager(plain);
  prefix = test.options.namespace.toUpperCase();
});

afterEach(async () => {
  stop.abort();
  await plain.close();
  await test.close();
});

const identity = (process: number) => ({ pipelineId: 'P1', epoch: 1, process });

describe('what has disappeared', () => {
  it.each(['SELECTED', 'BODIES'])('comes back when a process is written: %s', async (stream) => {
    await jsm.streams.delete(`${prefix}_${stream}`);
    await writeProcess(test.bus, identity(1), Buffer.alloc(2 * 1024 * 1024, 1));
    const delivery = await nextOf(consumeSelected(test.bus, stop.signal));
    expect((await delivery.fetchBody()).length).toBe(2 * 1024 * 1024);
  });

  it('is found by a reader whose consumer was deleted', async () => {
    const iterator = consumeSelected(test.bus, stop.signal);
    const first = iterator.next();
    await writeProcess(test.bus, identity(1), Buffer.from('x'));
    const delivery = await first;
    if (delivery.done === true) throw new Error('nothing came');
    await delivery.value.ack();
    const second = nextOf(iterator);
    await jsm.consumers.delete(`${prefix}_SELECTED`, 'extract-any');
    await writeProcess(test.bus, identity(2), Buffer.from('x'));
    expect((await second).header.process).toBe(2);
  });

  it('is found by a reader whose stream was deleted', async () => {
    const iterator = consumeSelected(test.bus, stop.signal);
    const next = nextOf(iterator);
    await jsm.streams.delete(`${prefix}_SELECTED`);
    await writeProcess(test.bus, identity(1), Buffer.from('x'));
    const delivery = await next;
    expect(delivery.header.process).toBe(1);
    await delivery.ack();
  });

  it('does not stop those who follow events', async () => {
    const followed = iteratorOf(test.bus.followEvents({}, stop.signal));
    const next = nextOf(followed);
    let isSeen = false;
    const seen = next.then(() => {
      isSeen = true;
    });
    while (!isSeen) {
      await test.bus.publishEvent(loadedEvent({ process: 1 }));
      await Promise.race([seen, test.bus.cursor('none')]);
    }
    await jsm.streams.delete(`${prefix}_EVENTS`);
    await test.bus.publishEvent(loadedEvent({ process: 2 }));
    await test.bus.publishEvent(loadedEvent({ process: 3 }));
    const processes: (number | null)[] = [];
    while (processes.at(-1) !== 3) processes.push((await nextOf(followed)).process);
    expect(processes.filter((process) => process !== 1)).toEqual([2, 3]);
  });

  it('does not stop those who watch definitions', async () => {
    await test.bus.putDefinition(pipelineDefinition('A', 1));
    const changes = iteratorOf(test.bus.watchDefinitions(stop.signal));
    await nextOf(changes);
    await jsm.streams.delete(`KV_${test.options.namespace}_config`);
    await test.bus.putDefinition(pipelineDefinition('A', 2));
    expect((await nextOf(changes)).definition?.revision).toBe(2);
  });

  it('counts as nothing to acknowledge', async () => {
    await writeProcess(test.bus, identity(1), Buffer.from('x'));
    const delivery = await nextOf(consumeSelected(test.bus, stop.signal));
    await jsm.streams.delete(`${prefix}_SELECTED`);
    await expect(delivery.ack()).resolves.toBeUndefined();
  });

  it('lets a delivery be acknowledged after its consumer was made anew', async () => {
    await writeProcess(test.bus, identity(1), Buffer.from('x'));
    const iterator = consumeSelected(test.bus, stop.signal);
    const delivery = await nextOf(iterator);
    const again = nextOf(iterator);
    await jsm.consumers.delete(`${prefix}_SELECTED`, 'extract-any');
    expect((await again).header.process).toBe(1);
    await expect(delivery.ack()).resolves.toBeUndefined();
    await (await again).ack();
    expect((await test.bus.queuedProcesses('P1', 1)).selected).toBe(0);
  });

  it('ends a reader promptly on its signal', async () => {
    const iterator = consumeSelected(test.bus, stop.signal);
    const next = iterator.next();
    stop.abort();
    expect((await next).done).toBe(true);
  });
});

describe('a stream that another instance is creating at the same moment', () => {
  // NATS answers "subjects overlap with an existing stream" meanwhile; a foreign stream makes it do so for as long as we like.
  it('is waited for', async () => {
    const namespace = `${test.options.namespace}_late`;
    const options = { ...test.options, namespace };
    const name = `${namespace.toUpperCase()}_EVENTS`;
    await jsm.streams.add({ name: `${name}_FOREIGN`, subjects: [`${namespace}.events.>`] });
    const requests = iteratorOf(plain.subscribe(`$JS.API.STREAM.CREATE.${name}`));
    const opening = openBus(options);
    await Promise.race([nextOf(requests).then(() => nextOf(requests)), opening]);
    await jsm.streams.delete(`${name}_FOREIGN`);
    const bus = await opening;
    expect((await jsm.streams.info(name)).config.name).toBe(name);
    await bus.close();
    await removeNamespace(options);
  });
});
