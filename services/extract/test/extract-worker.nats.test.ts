/**
 * Goal: raw events that a real server wrote come out of the extract queue as rows; two instances share the work and lose
 * none of it; what cannot be decoded becomes one ROLLBACK with its reason.
 * Method: real NATS and ZooKeeper; the service's own worker twice inside this process, in a namespace of its own.
 */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { openCoordinator } from '@lutra/coordination';
import type { Coordinator } from '@lutra/coordination';
import { decodeRowProcess, openBus, removeNamespace } from '@lutra/messaging';
import type { Bus, ProcessDelivery } from '@lutra/messaging';
import { ByteBudget, DEFAULT_PARAMETERS, isChannelCommand, systemClock } from '@lutra/model';
import type { Command, PipelineDefinition, ProcessHeader } from '@lutra/model';
import type { ServiceContext } from '@lutra/service-kit';
import { testServers, waitUntil } from '@lutra/testing';
import { ExtractEnv } from '../src/extract.env.ts';
import { extractWorker } from '../src/extract-worker.ts';
import { rawBody, recordedEvents } from './recorded-events.ts';

jest.setTimeout(60_000);

const servers = testServers();
const namespace = `extract_${randomBytes(5).toString('hex')}`;
const EPOCH = 3;
const PROCESSES = 40;

const source = {
  id: 'S',
  name: 'source',
  kind: 'mariadb',
  host: '127.0.0.1',
  port: 1,
  user: 'nobody',
  password: '',
  tls: 'disabled',
} as const;
const definition: PipelineDefinition = {
  id: 'P1',
  name: 'P1',
  channelId: 'C',
  revision: 1,
  source,
  target: { ...source, id: 'T' },
  mappings: [
    {
      id: 'M',
      source: { schema: 'fx', table: { regex: '.*' } },
      target: { schema: 'copy' },
      columns: { mode: 'all' },
    },
  ],
  parameters: DEFAULT_PARAMETERS,
  start: { kind: 'latest' },
};

const headerOf = (process: number): ProcessHeader => ({
  pipelineId: 'P1',
  epoch: EPOCH,
  process,
  revision: 1,
  end: { done: { kind: 'mariadbGtid', gtidList: `0-1-${String(process)}` }, inside: null },
  serverUuid: 'server-1',
  transactionCount: 1,
  rowCount: 4,
  sourceBytes: 100,
  firstCommitMs: 1,
  lastCommitMs: 2,
  stages: [],
});

/** Only what the worker says matters here, not how it is logged. */
const silent = {
  info: () => {},
  warn: () => {},
  error: () => {},
  debug: () => {},
  trace: () => {},
  child: () => silent,
};

describe('the extract worker', () => {
  const end = new AbortController();
  const seen: ProcessDelivery[] = [];
  const commands: Command[] = [];
  const open: { readonly bus: Bus; readonly coordinator: Coordinator; readonly run: Promise<void> }[] = [];
  let bus: Bus;
  let coordinator: Coordinator;

  beforeAll(async () => {
    bus = await openBus({ ...servers.nats, name: 'test', namespace });
    coordinator = await openCoordinator({ ...servers.zookeeper, root: `/${namespace}` });
    await bus.putDefinition(definition);
    const permit = { state: 'RUNNING', epoch: EPOCH, draining: false, commandId: 'test', aboutEpoch: null } as const;
    const why = { lastOrder: 'START', reason: 'test', failure: null, since: '', by: 'test', attempt: 0 } as const;
    await coordinator.writePermit('P1', { ...permit, ...why, nextAttemptAt: null }, null);
    void follow();
    void obey();
    await Promise.all([startInstance('extract-1'), startInstance('extract-2')]);
  });
  afterAll(async () => {
    end.abort();
    await Promise.all(open.map(({ run }) => run));
    await Promise.all(open.flatMap((instance) => [instance.bus.close(), instance.coordinator.close()]));
    await coordinator.forgetPipeline('P1');
    await Promise.all([bus.close(), coordinator.close()]);
    await removeNamespace({ ...servers.nats, name: 'test', namespace });
  });

  async function startInstance(instance: string): Promise<void> {
    const env = Object.assign(new ExtractEnv(), { LUTRA_SECRET_KEY: randomBytes(32).toString('base64') });
    const own = {
      bus: await openBus({ ...servers.nats, name: instance, namespace }),
      coordinator: await openCoordinator({ ...servers.zookeeper, root: `/${namespace}` }),
    };
    const context: ServiceContext<ExtractEnv> = {
      ...own,
      env,
      identity: { service: 'extract', instance, host: 'here', version: '0' },
      clock: systemClock,
      log: silent as unknown as ServiceContext['log'],
      budget: new ByteBudget(64 * 1024 * 1024),
    };
    open.push({ ...own, run: extractWorker(context).run(end.signal) });
  }

  async function follow(): Promise<void> {
    const options = { queue: 'extracted', durable: 'transform-any', target: 'any', inFlightMax: 64 } as const;
    for await (const delivery of bus.consume({ ...options, signal: end.signal })) {
      seen.push(delivery);
      await delivery.ack();
    }
  }

  async function obey(): Promise<void> {
    for await (const { command, ack } of bus.consumeCommands(end.signal)) {
      if (!isChannelCommand(command)) commands.push(command);
      await ack();
    }
  }

  async function select(process: number, body: Uint8Array): Promise<void> {
    const identity = headerOf(process);
    const writer = bus.writeProcess({ queue: 'selected', target: 'any', identity, schema: 'raw-process/1' });
    writer.write(body);
    await writer.finish(identity);
  }

  const begin = { seq: 1, gtid: '0-1-9', firstEvent: 0, commitMs: 1, isLast: true };

  it('decodes every process once, on both instances', async () => {
    const body = rawBody([{ ...begin, events: recordedEvents() }]);
    for (let process = 1; process <= PROCESSES; process += 1) await select(process, body);
    await waitUntil(() => seen.length >= PROCESSES, { what: 'all processes', timeoutMs: 60_000 });
    const numbers = seen.map(({ header }) => header.process).sort((left, right) => left - right);
    expect(numbers).toEqual(Array.from({ length: PROCESSES }, (_, index) => index + 1));
    const authors = new Set(seen.map(({ header }) => header.stages.at(-1)?.instance));
    expect([...authors].sort()).toEqual(['extract-1', 'extract-2']);
    const [first] = seen;
    expect(first?.schema).toBe('row-process/1');
    const decoded = first === undefined ? null : decodeRowProcess(first.header, await first.fetchBody());
    expect(decoded?.transactions[0]?.changes.map(({ kind }) => kind)).toEqual([
      'insert',
      'insert',
      'update',
      'update',
      'delete',
    ]);
    expect(
      await waitUntil(async () => (await bus.queuedProcesses('P1', EPOCH)).selected === 0, {
        what: 'acks',
        timeoutMs: 60_000,
      }),
    ).toBe(true);
  });

  it('reports what it cannot decode as one ROLLBACK with the table in its reason', async () => {
    const events = recordedEvents().map((event) =>
      event.type === 'rows' ? { ...event, bytes: event.bytes.subarray(0, 60) } : event,
    );
    await select(PROCESSES + 1, rawBody([{ ...begin, events }]));
    const command = await waitUntil(() => commands[0], { what: 'the command', timeoutMs: 60_000 });
    expect(command).toMatchObject({
      kind: 'ROLLBACK',
      aboutEpoch: EPOCH,
      failure: { code: 'SOURCE_EVENT_CORRUPT', class: 'retryable', stage: 'extract', process: PROCESSES + 1 },
    });
    expect(command.failure?.message).toContain('fx.item');
  });
});
