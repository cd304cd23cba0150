// Goal: JetStream is a transport, not the holder of truth, and ZooKeeper is made anew (docs/backup.md): what they lose comes back
// without a person's help, rows come out equal, epochs rise, and statistics count on from where they stand.
// Method: the six services with a writer at work; the queues are deleted three times while each holds a message, then all streams
// and buckets of the namespace at once, then every node below its root in ZooKeeper.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import type { JetStreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/transport-node';
import { openCoordinator, removeRoot } from '@lutra/coordination';
import type { Coordinator } from '@lutra/coordination';
import { openBus, removeNamespace } from '@lutra/messaging';
import { must, SERVICES } from '@lutra/model';
import { waitUntil } from '@lutra/testing';
import { differences, startE2eStack, wholeSchema } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';
import { itemTable, ItemWriter } from './item-writer.ts';
import { SHOP_TABLES, ShopWriter } from './shop-writer.ts';

const QUEUES = ['SELECTED', 'EXTRACTED', 'TRANSFORMED'] as const;
const ROUNDS = 3;
/** Streams that nobody may want for a while: they are made again when somebody does. */
const COMES_LATE = /_(BODIES|LOGS|schema)$/;

let e2e: E2eStack;
let pipelineId: string;
let nats: NatsConnection;
let jetStream: JetStreamManager;

beforeAll(async () => {
  e2e = await startE2eStack('state-loss');
  await e2e.createTables(...SHOP_TABLES, itemTable());
  pipelineId = await e2e.stack.createPipeline({
    mappings: [wholeSchema(e2e.schema)],
    parameters: { processAgeMaxMs: 10_000 },
  });
  const { servers, user, password } = e2e.stack.options.servers.nats;
  nats = await connect({ servers: servers.split(','), user, pass: password });
  jetStream = await jetstreamManager(nats);
});

afterAll(async () => {
  await nats.close();
  await e2e.stop();
});

const soon = <T>(what: string, question: () => Promise<T | undefined | false>): Promise<T> =>
  waitUntil(question, { what, timeoutMs: 60_000, everyMs: 100 });

const writeItems = (): ItemWriter => new ItemWriter(e2e.stack.options.servers.source, e2e.schema);

/** Rows of the table `items` by the statistics. */
async function itemsCounted(): Promise<number> {
  const query = { pipelineId, table: `${e2e.schema}.items` };
  const { items } = await e2e.stack.api.get('/statistics/tables', { query });
  return items[0]?.inserted ?? 0;
}

/** Inserts so many rows while nothing else is written; resolves when the statistics hold their process, and so all before it. */
async function insertCounted(rows: number): Promise<void> {
  const path = { id: pipelineId };
  await soon('all processes to be loaded', async () =>
    (await e2e.stack.api.get('/pipelines/{id}/processes', { path })).items.every(({ state }) => state === 'loaded'),
  );
  const values = Array.from({ length: rows }, () => '(-1)').join(',');
  await e2e.atSource(`INSERT INTO items (tx) VALUES ${values}`);
  const query = { pipelineId, pageSize: 10 };
  await soon(`a process of ${String(rows)} rows in the statistics`, async () =>
    (await e2e.stack.api.get('/processes', { query })).items.some(({ rowCount }) => rowCount === rows),
  );
}

async function expectEqual(): Promise<void> {
  expect(differences(await e2e.stack.waitEqual(e2e.pairs('orders', 'stock', 'items'), 120_000))).toEqual([]);
}

describe('a wiped JetStream', () => {
  it('costs nothing but a new epoch', async () => {
    const writer = new ShopWriter(e2e.stack.options.servers.source, e2e.schema);
    let lost = 0;
    try {
      const stream = (name: string): string => `${e2e.stack.namespace.toUpperCase()}_${name}`;
      const held = async (name: string): Promise<number> => (await jetStream.streams.info(stream(name))).state.messages;
      // One that is wanted by nobody yet has not come back since the last round.
      const remove = (name: string): Promise<unknown> =>
        jetStream.streams.delete(name).catch((error: unknown) => {
          if (!(error instanceof Error && error.name === 'StreamNotFoundError')) throw error;
        });
      for (let round = 0; round < ROUNDS; round++) {
        const name = must(QUEUES[round % QUEUES.length], 'a queue');
        lost += await waitUntil(async () => (await held(name)) || undefined, {
          what: `a message in ${name}`,
          timeoutMs: 60_000,
          everyMs: 1,
        });
        for (const queue of [...QUEUES, 'BODIES']) await remove(stream(queue));
        await waitUntil(async () => (await held(name)) >= 0, { what: `${name} to be made again`, timeoutMs: 60_000 });
      }
    } finally {
      await writer.stop();
    }
    expect(lost).toBeGreaterThanOrEqual(ROUNDS);
    await expectEqual();
  });

  it('comes back with all that it held for good, and statistics count on', async () => {
    /** When each stream of the namespace was made. */
    const made = async (): Promise<ReadonlyMap<string, number>> => {
      const found = new Map<string, number>();
      const own = new RegExp(`^(${e2e.stack.namespace.toUpperCase()}|KV_${e2e.stack.namespace})_`);
      for await (const { config, created } of jetStream.streams.list())
        if (own.test(config.name)) found.set(config.name, Date.parse(created));
      return found;
    };
    await insertCounted(13);
    expect(await itemsCounted()).toBe(13);
    const { revision } = await e2e.stack.api.pipeline(pipelineId);
    const before = await made();
    expect([...before.keys()].filter((name) => !COMES_LATE.test(name)).length).toBeGreaterThanOrEqual(7);
    const writer = writeItems();
    let countedBefore: number;
    try {
      countedBefore = await soon('rows to be counted', async () => {
        const counted = await itemsCounted();
        return counted > 13 ? counted : undefined;
      });
      const { nats: server } = e2e.stack.options.servers;
      await removeNamespace({ ...server, name: 'wipe', namespace: e2e.stack.namespace });
      await soon('all streams and buckets to be made anew', async () => {
        const now = await made();
        return [...before].every(([name, since]) => (now.get(name) ?? (COMES_LATE.test(name) ? Infinity : 0)) > since);
      });
      await soon('more rows to be counted', async () => (await itemsCounted()) > countedBefore);
    } finally {
      await writer.stop();
    }
    await expectEqual();
    // What was not read before the loss is missing at most; nothing is counted twice.
    await insertCounted(17);
    const counted = await itemsCounted();
    expect(counted).toBeLessThanOrEqual(13 + writer.rows + 17);
    expect(counted).toBeGreaterThanOrEqual(countedBefore + 17);
    await insertCounted(19);
    expect(await itemsCounted()).toBe(counted + 19);
    const bus = await openBus({ ...e2e.stack.options.servers.nats, name: 'look', namespace: e2e.stack.namespace });
    try {
      expect((await bus.heldDefinition(pipelineId)).definition).toMatchObject({ id: pipelineId, revision });
      expect(await bus.cursor(pipelineId)).not.toBeNull();
      // All that the new log holds is counted.
      const filter = { pipelineId, kinds: ['loaded'], since: new Date(0), limit: 100_000 } as const;
      const logged = (await bus.readEvents(filter)).map((event) => (event.kind === 'loaded' ? event.inserted : 0));
      expect(await itemsCounted()).toBeGreaterThanOrEqual(countedBefore + logged.reduce((sum, rows) => sum + rows, 0));
    } finally {
      await bus.close();
    }
  });
});

describe('a wiped ZooKeeper', () => {
  it('comes back with permits, leases and members, in a higher epoch', async () => {
    const { zookeeper } = e2e.stack.options.servers;
    const root = `/${e2e.stack.namespace}`;
    const coordinator = await openCoordinator({ ...zookeeper, root });
    const writer = writeItems();
    try {
      const before = must((await coordinator.permit(pipelineId))?.permit, 'it runs');
      const loaded = async (): Promise<number> => (await e2e.stack.api.pipeline(pipelineId)).rowsLoaded ?? 0;
      const loadedBefore = await loaded();
      await soon('rows of the writer', async () => (await loaded()) > loadedBefore);
      await removeRoot({ ...zookeeper, root });
      const permit = await soon('a permit', async () => (await coordinator.permit(pipelineId))?.permit);
      expect(permit).toMatchObject({ state: 'RUNNING' });
      expect(permit.epoch).toBeGreaterThan(before.epoch);
      await soon('all members', () => isManned(coordinator));
      await e2e.stack.waitReading(pipelineId);
      expect((await e2e.stack.api.pipeline(pipelineId)).epoch).toBeGreaterThanOrEqual(permit.epoch);
      const loadedAfter = await loaded();
      await soon('more rows of the writer', async () => (await loaded()) > loadedAfter);
    } finally {
      await writer.stop();
      await coordinator.close();
    }
    await expectEqual();
  });

  async function isManned(coordinator: Coordinator): Promise<boolean> {
    for (const service of SERVICES) if ((await coordinator.members(service)).length === 0) return false;
    for (const kind of ['mainstem', 'loader'] as const)
      if ((await coordinator.leaseHolder(pipelineId, kind)) === null) return false;
    return true;
  }
});
