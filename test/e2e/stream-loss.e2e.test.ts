// Goal: JetStream is a transport, not the holder of truth: what it loses is read again from the binary log (DESIGN §3.2).
// Method: all stage streams are deleted while a writer commits; both sides must end with equal hashes, without a person's help.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { differences, startE2eStack, wholeSchema } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';
import { SHOP_TABLES, ShopWriter } from './shop-writer.ts';

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
    try {
      const manager = await jetstreamManager(nats);
      for (const stream of ['SELECTED', 'EXTRACTED', 'TRANSFORMED', 'BODIES'])
        await manager.streams.delete(`${e2e.stack.namespace.toUpperCase()}_${stream}`);
    } finally {
      await writer.stop();
      await nats.close();
    }
    expect(differences(await e2e.stack.waitEqual(e2e.pairs('orders', 'stock'), 120_000))).toEqual([]);
  }, 180_000);
});
