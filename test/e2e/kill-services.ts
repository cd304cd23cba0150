// Goal: killing any service while it works loses nothing and doubles nothing (DESIGN §4, guarantees 1 and 2).
// Method: a writer commits all the time; each service is killed with SIGKILL several times at random moments while at least
// one process is open, and started again; then the writer stops and both sides must have equal hashes.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { SERVICES } from '@lutra/model';
import { openBus } from '@lutra/messaging';
import type { Bus } from '@lutra/messaging';
import { waitUntil } from '@lutra/testing';
import { differences, startE2eStack, wholeSchema } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';
import { SHOP_TABLES, ShopWriter } from './shop-writer.ts';

/** The tests of kill.e2e.test.ts and, with more kills of each service, of kill.nightly.test.ts. */
export function killServices(kills: number): void {
  let e2e: E2eStack;
  let bus: Bus;
  let pipelineId: string;

  beforeAll(async () => {
    e2e = await startE2eStack('kill');
    await e2e.createTables(...SHOP_TABLES);
    const { nats } = e2e.stack.options.servers;
    bus = await openBus({ ...nats, name: 'kill-test', namespace: e2e.stack.namespace });
    pipelineId = await e2e.stack.createPipeline({ mappings: [wholeSchema(e2e.schema)] });
  }, 120_000);

  afterAll(async () => {
    await bus.close();
    await e2e.stop();
  }, 60_000);

  /** Processes that are selected and not loaded, counted on the bus itself. */
  async function openProcesses(): Promise<number> {
    const cursor = await bus.cursor(pipelineId);
    if (cursor === null) return 0;
    const { selected, extracted, transformed } = await bus.queuedProcesses(pipelineId, cursor.epoch);
    return selected + extracted + transformed;
  }

  it.each(SERVICES)(
    'loses nothing: %s',
    async (service) => {
      await e2e.atSource('DELETE FROM orders');
      const writer = new ShopWriter(e2e.stack.options.servers.source, e2e.schema);
      try {
        for (let kill = 0; kill < kills; kill++) {
          await sleep(Math.random() * 400);
          const open = await waitUntil(async () => (await openProcesses()) || undefined, {
            what: 'an open process',
            timeoutMs: 60_000,
            everyMs: 2,
          });
          await e2e.stack.kill(service);
          expect(open).toBeGreaterThanOrEqual(1);
          await e2e.stack.restart(service);
        }
      } finally {
        await writer.stop();
      }
      expect(writer.transactions).toBeGreaterThan(kills);
      expect(differences(await e2e.stack.waitEqual(e2e.pairs('orders', 'stock'), 90_000))).toEqual([]);
    },
    240_000,
  );

  it('stops no running pipeline while every arbiter is away', async () => {
    await e2e.atSource('DELETE FROM orders');
    const before = await e2e.stack.api.pipeline(pipelineId);
    await e2e.stack.kill('arbiter');
    const writer = new ShopWriter(e2e.stack.options.servers.source, e2e.schema);
    try {
      await waitUntil(() => writer.transactions > 100, { what: 'the writer', timeoutMs: 60_000, everyMs: 20 });
    } finally {
      await writer.stop();
    }
    expect(differences(await e2e.stack.waitEqual(e2e.pairs('orders', 'stock'), 60_000))).toEqual([]);
    const { state, epoch } = await e2e.stack.api.pipeline(pipelineId);
    expect({ state, epoch }).toEqual({ state: 'RUNNING', epoch: before.epoch });
    await e2e.stack.restart('arbiter');
  }, 180_000);
}
