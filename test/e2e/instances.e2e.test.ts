// Goal: a person empties instances, moves pipelines and gets them back, while a writer commits all the time: no rollback, no
// row twice, few epochs (DESIGN §5, instances).
// Method: two instances of select, extract and load, three pipelines; orders are written as the API writes them; the event log
// is followed from the start.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openCoordinator } from '@lutra/coordination';
import type { Coordinator, LeaseKind } from '@lutra/coordination';
import { openBus } from '@lutra/messaging';
import type { Bus } from '@lutra/messaging';
import type { LutraEvent } from '@lutra/model';
import { waitUntil } from '@lutra/testing';
import { differences, startE2eStack } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';
import { SHOP_TABLES, ShopWriter } from './shop-writer.ts';

const TABLES = ['orders', 'stock', 'calm'] as const;
/** Epochs that one move of both leases may cost: the graceful RESTART and one of each winner. */
const EPOCHS_PER_MOVE = 3;

describe('instances', () => {
  let e2e: E2eStack;
  let bus: Bus;
  let coordinator: Coordinator;
  let writer: ShopWriter;
  let pipelines: string[] = [];
  const events: LutraEvent[] = [];
  const end = new AbortController();

  beforeAll(async () => {
    e2e = await startE2eStack('instances', { services: { select: 2, extract: 2, load: 2 } });
    await e2e.createTables(...SHOP_TABLES, 'CREATE TABLE calm (id INT NOT NULL PRIMARY KEY) ENGINE=InnoDB');
    const { nats, zookeeper } = e2e.stack.options.servers;
    bus = await openBus({ ...nats, name: 'instances-test', namespace: e2e.stack.namespace });
    coordinator = await openCoordinator({ ...zookeeper, root: `/${e2e.stack.namespace}` });
    void (async () => {
      for await (const event of bus.followEvents({}, end.signal)) events.push(event);
    })();
    const target = { schema: e2e.schema };
    for (const table of TABLES)
      pipelines.push(
        await e2e.stack.createPipeline({
          mappings: [{ source: { schema: e2e.schema, table: { regex: table } }, target }],
        }),
      );
    writer = new ShopWriter(e2e.stack.options.servers.source, e2e.schema);
  }, 240_000);

  afterAll(async () => {
    end.abort();
    await Promise.all([bus.close(), coordinator.close()]);
    await e2e.stop();
    pipelines = [];
  });

  const soon = <T>(what: string, question: () => Promise<T | undefined | false>): Promise<T> =>
    waitUntil(question, { what, timeoutMs: 60_000, everyMs: 50 });
  const holders = (kind: LeaseKind): Promise<(string | undefined)[]> =>
    Promise.all(pipelines.map(async (id) => (await coordinator.leaseHolder(id, kind))?.instance));
  const epochs = (): Promise<number[]> =>
    Promise.all(pipelines.map(async (id) => (await coordinator.permit(id))?.permit.epoch ?? 0));
  const order = (instance: string, draining: boolean): Promise<void> =>
    coordinator.writeInstanceOrder(instance, {
      draining,
      maintenance: false,
      weight: null,
      reason: 'test',
      by: 'test',
      at: new Date().toISOString(),
    });
  /** Every pipeline runs, and what is written from now on arrives. */
  const flows = async (): Promise<void> => {
    const before = events.length;
    const hasLoaded = (id: string): boolean =>
      events
        .slice(before)
        .some((event) => event.kind === 'loaded' && event.pipelineId === id && event.inserted + event.updated > 0);
    await soon('rows of the busy pipelines', async () => pipelines.slice(0, 2).every(hasLoaded));
  };
  const nothingRepeated = (): void => {
    const kinds = new Set<string>(events.map(({ kind }) => kind));
    expect([kinds.has('rolled-back'), kinds.has('failed')]).toEqual([false, false]);
    const twice = events.filter((event) => event.kind === 'loaded' && event.skipped + event.conflicts > 0);
    expect(twice).toEqual([]);
  };

  it('are emptied by a person without a rollback, and take work again', async () => {
    const before = await epochs();
    const [select, load] = [(await holders('mainstem'))[0], (await holders('loader'))[0]];
    if (select === undefined || load === undefined) throw new Error('the first pipeline has its leases');
    await Promise.all([order(select, true), order(load, true)]);
    await soon('empty instances', async () => {
      const held = [...(await holders('mainstem')), ...(await holders('loader'))];
      return !held.includes(undefined) && !held.includes(select) && !held.includes(load);
    });
    await flows();
    const after = await epochs();
    for (const [index, epoch] of after.entries())
      expect(epoch - (before[index] ?? 0)).toBeLessThanOrEqual(2 * EPOCHS_PER_MOVE);
    nothingRepeated();
    await Promise.all([coordinator.removeInstanceOrder(select), coordinator.removeInstanceOrder(load)]);
    await soon('members that take work', async () =>
      [...(await coordinator.members('select')), ...(await coordinator.members('load'))].every(
        ({ draining }) => !draining,
      ),
    );
  });

  it('are given a pipeline by a move', async () => {
    const [id = ''] = pipelines;
    const [now] = await holders('loader');
    const seat = now === 'load-1-1' ? 'load-2-1' : 'load-1-1';
    await bus.issueCommand({
      id: `${id}.move`,
      kind: 'RESTART',
      pipelineId: id,
      aboutEpoch: null,
      reason: 'moved by a person',
      author: 'test',
      issuedAt: new Date().toISOString(),
      isGraceful: true,
      seats: { loader: seat },
    });
    await soon('the move', async () => (await holders('loader'))[0] === seat);
    await flows();
    nothingRepeated();
  });

  it('get a pipeline back that prefers them', async () => {
    const [id = ''] = pipelines;
    const preferred = (await holders('loader'))[0] ?? '';
    await e2e.stack.api.patch('/pipelines/{id}', {
      path: { id },
      body: { parameters: { preferredLoad: preferred, failback: 'return' } },
    });
    await order(preferred, true);
    await soon('another holder', async () => {
      const [holder] = await holders('loader');
      return holder !== undefined && holder !== preferred;
    });
    await coordinator.removeInstanceOrder(preferred);
    await soon('the return', async () => (await holders('loader'))[0] === preferred);
    await flows();
    nothingRepeated();
    await writer.stop();
    await e2e.atSource('INSERT INTO calm VALUES (1), (2), (3)');
    expect(differences(await e2e.stack.waitEqual(e2e.pairs(...TABLES), 90_000))).toEqual([]);
    nothingRepeated();
  }, 240_000);
});
