// Goal: JetStream is a transport, not the holder of truth: what it loses is read again from the binary log (DESIGN §3.2).
// Method: all stage streams are deleted three times while a writer commits and each of the queues holds a message; both sides must end with equal hashes, without a person's help.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { must } from '@lutra/model';
import { waitUntil } from '@lutra/testing';
import { differences, startE2eStack, wholeSchema } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';
import { SHOP_TABLES, ShopWriter } from './shop-writer.ts';

const QUEUES = ['SELECTED', 'EXTRACTED', 'TRANSFORMED'] as const;
const ROUNDS = 3;

describe('a wiped JetStream', () => {
  let e2e: E2eStack;

  beforeAll(async () => {
    e2e = await startE2eStack('stream-loss');
    await e2e.createTables(...SHOP_TABLES);
    await e2e.stack.createPipeline({ mappings: [wholeSchema(e2e.schema)], parameters: { processAgeMaxMs: 10_000 } });
  }, 120_000);

  afterAll(() => e2e.stop(), 60_000);

  it('costs nothing but a new epoch', async () => {
    const { servers: hosts, user, password } = e2e.stack.options.servers.nats;
    const nats = await connect({ servers: hosts.split(','), user, pass: password });
    const writer = new ShopWriter(e2e.stack.options.servers.source, e2e.schema);
    let lost = 0;
    try {
      const manager = await jetstreamManager(nats);
      const stream = (name: string): string => `${e2e.stack.namespace.toUpperCase()}_${name}`;
      const held = async (name: string): Promise<number> => (await manager.streams.info(stream(name))).state.messages;
      // One that is wanted by nobody yet has not come back since the last round.
      const remove = (name: string): Promise<unknown> =>
        manager.streams.delete(name).catch((error: unknown) => {
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
      await nats.close();
    }
    expect(lost).toBeGreaterThanOrEqual(ROUNDS);
    expect(differences(await e2e.stack.waitEqual(e2e.pairs('orders', 'stock'), 120_000))).toEqual([]);
  }, 180_000);
});
