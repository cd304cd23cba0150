import { randomBytes } from 'node:crypto';
import { testServers } from '@lutra/testing';
import { DEFAULT_PARAMETERS, systemClock } from '@lutra/model';
import type { Command, LoadedEvent, PipelineDefinition, Place, ProcessHeader, ProcessIdentity } from '@lutra/model';
import { openBus, removeNamespace } from '../src/index.ts';
import type { Bus, BusOptions, ProcessDelivery, ProcessQueue, ProcessSchema } from '../src/index.ts';

export const place: Place = { done: { kind: 'mariadbGtid', gtidList: '0-1-7' }, inside: null };

export const processHeader = (identity: Partial<ProcessHeader> = {}): ProcessHeader => ({
  pipelineId: 'P1',
  epoch: 1,
  process: 1,
  revision: 3,
  end: place,
  serverUuid: 'server-1',
  transactionCount: 2,
  rowCount: 5,
  sourceBytes: 1234,
  firstCommitMs: 1_700_000_000_000.123,
  lastCommitMs: 1_700_000_000_001.5,
  stages: [{ stage: 'select', instance: 'select-1', startMs: 1.5, endMs: 2.5, rowCount: 5, bytes: 99 }],
  ...identity,
});

export const command = (changes: Partial<Command> = {}): Command => ({
  id: randomBytes(8).toString('hex'),
  kind: 'RESTART',
  pipelineId: 'P1',
  aboutEpoch: 4,
  reason: 'test',
  author: 'tester',
  issuedAt: '2026-01-01T00:00:00.000Z',
  ...changes,
});

export const loadedEvent = (changes: Partial<LoadedEvent> = {}): LoadedEvent => ({
  v: 1,
  kind: 'loaded',
  at: '2026-01-01T00:00:00.000Z',
  who: 'load-1',
  pipelineId: 'P1',
  epoch: 1,
  process: 1,
  traceId: null,
  end: place,
  revision: 3,
  transactionCount: 1,
  inserted: 1,
  updated: 0,
  deleted: 0,
  skipped: 0,
  conflicts: 0,
  sourceBytes: 10,
  firstCommitMs: 1,
  lastCommitMs: 2,
  stages: [],
  ...changes,
});

export function pipelineDefinition(id: string, revision: number): PipelineDefinition {
  const source = {
    id: 'S',
    name: 'source',
    kind: 'mariadb',
    host: 'localhost',
    port: 3306,
    user: 'u',
    password: 'v1.a.b.c',
    tls: 'disabled',
  } as const;
  return {
    id,
    name: id,
    channelId: 'C',
    revision,
    source,
    target: { ...source, id: 'T' },
    mappings: [],
    parameters: DEFAULT_PARAMETERS,
    start: { kind: 'latest' },
  };
}

export interface TestBus {
  readonly bus: Bus;
  readonly options: BusOptions & { readonly namespace: string };
  /** Another connection to the same namespace. */
  open(): Promise<Bus>;
  close(): Promise<void>;
}

/** A bus in a namespace of its own; `close` removes all of it. */
export async function openTestBus(): Promise<TestBus> {
  const { nats } = testServers();
  const namespace = `test_${randomBytes(5).toString('hex')}`;
  const options = { ...nats, name: 'test', namespace };
  const opened: Bus[] = [];
  const open = async (): Promise<Bus> => {
    const bus = await openBus(options);
    opened.push(bus);
    return bus;
  };
  const close = async (): Promise<void> => {
    await Promise.all(opened.map((bus) => bus.close()));
    await removeNamespace(options);
  };
  return { bus: await open(), options, open, close };
}

export async function writeProcess(
  bus: Bus,
  identity: ProcessIdentity,
  body: Uint8Array,
  to: { readonly queue: ProcessQueue; readonly schema: ProcessSchema } = { queue: 'selected', schema: 'raw-process/1' },
): Promise<void> {
  const writer = bus.writeProcess({ ...to, identity });
  writer.write(body);
  if (writer.isFull) await writer.drain();
  await writer.finish(processHeader(identity));
}

/** The next item of an iteration, within 60 s. */
export async function nextOf<T>(iterator: AsyncIterator<T>): Promise<T> {
  const limit = new AbortController();
  const late = systemClock.sleep(60_000, limit.signal).then(() => null);
  const result = await Promise.race([iterator.next(), late]);
  limit.abort();
  if (result === null || result.done === true) throw new Error('nothing came');
  return result.value;
}

/** Polls until the condition holds, for at most 60 s. */
export async function eventually(condition: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = systemClock.monotonicMs() + 60_000;
  while (!(await condition())) {
    if (systemClock.monotonicMs() > deadline) throw new Error('the condition never held');
    await systemClock.sleep(20);
  }
}

export const iteratorOf = <T>(iterable: AsyncIterable<T>): AsyncIterator<T> => iterable[Symbol.asyncIterator]();

export const consumeSelected = (bus: Bus, signal: AbortSignal, inFlightMax = 4): AsyncIterator<ProcessDelivery> =>
  iteratorOf(bus.consume({ queue: 'selected', durable: 'extract-any', target: 'any', inFlightMax, signal }));
