// Goal: a stream that exists and does not work ends within seconds, and is told of: the state that NATS 2.9 leaves behind when a stream is made while its namesake is being deleted.
// Method: the files of a stream are taken away under the running server, or its place is taken by one that never answers.
import { existsSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import { AckPolicy, DiscardPolicy, jetstreamManager, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import type { JetStreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { systemClock } from '@lutra/model';
import type { SyncError } from '@lutra/model';
import { lutraHome } from '@lutra/testing';
import { openBus } from '../src/index.ts';
import type { Bus } from '../src/index.ts';
import { StreamRepair } from '../src/nats/stream-repair.ts';
import { subjectsOf } from '../src/nats/subjects.ts';
import { consumeSelected, eventually, loadedEvent, nextOf, openTestBus, writeProcess } from './fixtures.ts';

jest.setTimeout(60_000);

const identity = (process: number) => ({ pipelineId: 'P1', epoch: 1, process });
/** Longer than two looks of a reader that hears nothing. */
const QUIET_MS = 12_000;
const LARGE = Buffer.alloc(1024 * 1024, 1);

interface Broken {
  readonly bus: Bus;
  readonly jsm: JetStreamManager;
  readonly signal: AbortSignal;
  readonly namespace: string;
  readonly name: (stream: string) => string;
  /** What was told so far. */
  readonly told: readonly SyncError[];
}

async function withBus(work: (broken: Broken) => Promise<void>): Promise<void> {
  const test = await openTestBus();
  const { servers, user = '', password = '', namespace } = test.options;
  const plain = await connect({ servers, user, pass: password });
  const stop = new AbortController();
  const told: SyncError[] = [];
  const bus = await openBus({ ...test.options, onBroken: (failure) => told.push(failure) });
  const name = (stream: string): string => `${namespace.toUpperCase()}_${stream}`;
  try {
    await work({ bus, jsm: await jetstreamManager(plain), signal: stop.signal, namespace, name, told });
  } finally {
    stop.abort();
    await plain.close();
    await bus.close();
    await test.close();
  }
}

/** Where the test server keeps a stream. */
function filesOf(stream: string): string {
  const folder = join(lutraHome(), 'test/data/nats/jetstream/jetstream/$G/streams', stream);
  expect(existsSync(join(folder, 'msgs'))).toBe(true);
  return folder;
}

/** Messages are stored into a file that nobody finds again. */
const loseMessages = (stream: string): void => {
  rmSync(join(filesOf(stream), 'msgs'), { recursive: true });
};

/** The next file cannot be made: every message is refused. */
async function loseFolder(jsm: JetStreamManager, stream: string): Promise<void> {
  const folder = filesOf(stream);
  rmSync(folder, { recursive: true });
  symlinkSync(`${folder}_nowhere/deeper`, folder);
  await expect(jsm.streams.purge(stream)).rejects.toThrow('no such file');
}

/** A repair on a clock that the test moves; `told` are the messages. */
function repairOf({ jsm, namespace }: Pick<Broken, 'jsm' | 'namespace'>, createMissing = () => Promise.resolve()) {
  const told: string[] = [];
  const clock = { nowMs: 0 };
  const sleep = (ms: number): Promise<void> => {
    clock.nowMs += ms;
    return Promise.resolve();
  };
  const repair = new StreamRepair({
    ...{ jsm, subjects: subjectsOf(namespace), createMissing },
    clock: { ...systemClock, monotonicMs: () => clock.nowMs, sleep },
    onBroken: ({ message }) => told.push(message),
  });
  return { repair, told, clock };
}

describe('a stream that does not work', () => {
  it.concurrent.each(['SELECTED', 'BODIES'])('is made anew when it refuses everything: %s', (stream) =>
    withBus(async ({ bus, jsm, signal, name, told }) => {
      await loseFolder(jsm, name(stream));
      await writeProcess(bus, identity(1), LARGE);
      expect((await (await nextOf(consumeSelected(bus, signal))).fetchBody()).length).toBe(LARGE.length);
      expect(told).toMatchObject([{ code: 'BUS_STREAM_BROKEN', details: { stream: name(stream) } }]);
    }),
  );

  it.concurrent('is made anew when it delivers nothing of what it stores', () =>
    withBus(async ({ bus, signal, name, told }) => {
      loseMessages(name('SELECTED'));
      await writeProcess(bus, identity(1), Buffer.from('x'));
      const reading = consumeSelected(bus, signal);
      const first = reading.next();
      await eventually(() => told.length > 0);
      await writeProcess(bus, identity(2), Buffer.from('x'));
      expect((await first).value).toMatchObject({ header: { process: 2 } });
      expect(told).toMatchObject([{ code: 'BUS_STREAM_BROKEN', details: { stream: name('SELECTED') } }]);
    }),
  );

  it.concurrent('is made anew when the parts of a body cannot be read', () =>
    withBus(async ({ bus, signal, name, told }) => {
      loseMessages(name('BODIES'));
      await writeProcess(bus, identity(1), LARGE);
      const reading = consumeSelected(bus, signal);
      const lost = await nextOf(reading);
      await expect(lost.fetchBody()).rejects.toMatchObject({ code: 'BUS_BODY_MISSING' });
      expect(told).toMatchObject([{ code: 'BUS_STREAM_BROKEN', details: { stream: name('BODIES') } }]);
      await writeProcess(bus, identity(2), LARGE);
      expect((await (await nextOf(reading)).fetchBody()).length).toBe(LARGE.length);
    }),
  );

  it.concurrent('is made anew when it is empty and never answers', () =>
    withBus(async ({ bus, jsm, name, told }) => {
      await jsm.streams.delete(name('SELECTED'));
      const { config } = await jsm.streams.info(name('EXTRACTED'));
      await jsm.streams.add({
        name: name('SELECTED'),
        subjects: config.subjects.map((subject) => subject.replace('extracted', 'selected')),
        storage: StorageType.Memory,
        // Nobody is interested: nothing is kept, and nothing is answered.
        retention: RetentionPolicy.Interest,
        discard: DiscardPolicy.New,
        no_ack: true,
      });
      const write = (): Promise<void> => writeProcess(bus, identity(1), Buffer.from('x'));
      await expect(write()).rejects.toMatchObject({ code: 'BUS_UNREACHABLE' });
      expect(told).toMatchObject([{ code: 'BUS_STREAM_BROKEN', details: { stream: name('SELECTED') } }]);
      await write();
      expect((await bus.queuedProcesses('P1', 1)).selected).toBe(1);
    }),
  );

  it.concurrent('is not seen in a reader that is only busy', () =>
    withBus(async ({ bus, jsm, signal, name, told }) => {
      for (const process of [1, 2]) await writeProcess(bus, identity(process), Buffer.from('x'));
      const reading = consumeSelected(bus, signal, 1);
      const held = await nextOf(reading);
      const next = nextOf(reading);
      const consumer = await jsm.consumers.info(name('SELECTED'), 'extract-any');
      // Two looks and more: nothing is to happen.
      await systemClock.sleep(QUIET_MS);
      expect((await jsm.consumers.info(name('SELECTED'), 'extract-any')).created).toBe(consumer.created);
      expect(told).toEqual([]);
      await held.ack();
      expect(await next).toMatchObject({ header: { process: 2 }, deliveryCount: 1 });
    }),
  );

  it.concurrent('is left as it is, and told of, when it holds what is stored nowhere else', () =>
    withBus(async ({ bus, jsm, name, told }) => {
      const stream = name('EVENTS');
      loseMessages(stream);
      await bus.publishEvent(loadedEvent());
      const { created } = await jsm.streams.info(stream);
      const stop = new AbortController();
      const events = bus.followEvents({ since: new Date(0) }, stop.signal);
      const first = events[Symbol.asyncIterator]().next();
      await eventually(() => told.length > 0);
      expect(told).toMatchObject([{ code: 'BUS_STREAM_BROKEN', details: { stream } }]);
      expect((await jsm.streams.info(stream)).created).toBe(created);
      stop.abort();
      expect((await first).done).toBe(true);
    }),
  );

  it.concurrent('is made anew less and less often when it does not stay whole, and told of each time', () =>
    withBus(async ({ bus, jsm, namespace, name }) => {
      const stream = name('SELECTED');
      const { config } = await jsm.streams.info(stream);
      const folder = filesOf(stream);
      const madeAtMs: number[] = [];
      const { repair, told, clock } = repairOf({ jsm, namespace }, async () => {
        await eventually(() => !existsSync(folder));
        await jsm.streams.add(config);
        madeAtMs.push(clock.nowMs);
      });
      for (let process = 1; clock.nowMs < 120_000; process++) {
        loseMessages(stream);
        await writeProcess(bus, identity(process), Buffer.from('x'));
        for (const seen = madeAtMs.length; madeAtMs.length === seen && clock.nowMs < 120_000; clock.nowMs += 1_000)
          await repair.unreadable(stream);
      }
      expect(madeAtMs).toHaveLength(6);
      const pauses = madeAtMs.slice(1).map((atMs, index) => Math.log2((atMs - (madeAtMs[index] ?? 0)) / 1_000));
      expect(pauses.map(Math.floor)).toEqual([1, 2, 3, 4, 5]);
      expect(told).toHaveLength(6);
      expect(told.at(-1)).toContain('6 times in a row');
    }),
  );
});

describe('a consumer that delivers nothing', () => {
  it.concurrent('is made anew at the second look, unless the first one is long ago', () =>
    withBus(async ({ bus, jsm, namespace, name }) => {
      const { repair, told, clock } = repairOf({ jsm, namespace });
      await bus.publishEvent(loadedEvent());
      const source = { stream: name('EVENTS'), consumer: 'test-silent' };
      await jsm.consumers.add(source.stream, { durable_name: source.consumer, ack_policy: AckPolicy.None });
      expect(await repair.notDelivered(source)).toBe(false);
      clock.nowMs += 60_000;
      expect(await repair.notDelivered(source)).toBe(false);
      clock.nowMs += 5_000;
      expect(told).toEqual([]);
      expect(await repair.notDelivered(source)).toBe(true);
      await expect(jsm.consumers.info(source.stream, source.consumer)).rejects.toThrow('not found');
      expect(await repair.notDelivered(source)).toBe(false);
      expect(told).toEqual([expect.stringContaining('The consumer test-silent')]);
    }),
  );
});
