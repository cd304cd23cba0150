// Goal: the servers that Lutra stands on may die as well as its own processes: everything goes on by itself, nothing is lost
// or doubled (DESIGN §4, guarantees 1 and 2; §5, "NATS gone", "ZooKeeper gone").
// Method: a writer commits all the time; each server is killed with SIGKILL, stays away for a while and comes back with
// its data; afterwards both sides must have equal hashes, and the pipeline runs without a failure.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { must } from '@lutra/model';
import { connectTo, lutraHome, RecordedProcess, startServerGroup, waitUntil } from '@lutra/testing';
import type { ServerGroup } from '@lutra/testing';
import { differences, startE2eStack, wholeSchema } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';
import { SHOP_TABLES, ShopWriter } from './shop-writer.ts';

/** Longer than the session with ZooKeeper (4 s), so that leases are lost. */
const AWAY_MS = 6_000;
const STOP_LIMIT_MS = 30_000;

describe('a server that dies', () => {
  let servers: ServerGroup;
  let e2e: E2eStack;
  let pipelineId: string;
  const revived = new Map<string, RecordedProcess>();

  beforeAll(async () => {
    servers = await startServerGroup({
      home: lutraHome(),
      folder: join(lutraHome(), 'e2e', 'restart-servers'),
      databases: { source: { kind: 'mariadb' }, target: { kind: 'mariadb' } },
    });
    const [source, target] = [must(servers.databases['source'], 'source'), must(servers.databases['target'], 'target')];
    const { nats, zookeeper } = servers;
    e2e = await startE2eStack('server-restart', { servers: { source, target, manager: target, nats, zookeeper } });
    await e2e.createTables(...SHOP_TABLES);
    pipelineId = await e2e.stack.createPipeline({ mappings: [wholeSchema(e2e.schema)] });
  });

  afterAll(async () => {
    await e2e.stop();
    for (const server of revived.values()) await server.stop(STOP_LIMIT_MS);
    await servers.stop();
  });

  async function restart(name: string): Promise<void> {
    const server = must(revived.get(name) ?? servers.processes[name], name);
    server.kill('SIGKILL');
    await server.exit;
    await sleep(AWAY_MS);
    revived.set(name, await RecordedProcess.start(server.spec));
  }

  it.each(['nats', 'zookeeper', 'target', 'source'])(
    'costs nothing: %s',
    async (name) => {
      await e2e.atSource('DELETE FROM orders');
      const writer = new ShopWriter(e2e.stack.options.servers.source, e2e.schema);
      try {
        await waitUntil(() => writer.transactions > 20, { what: 'the writer to work', timeoutMs: 60_000 });
        await restart(name);
      } finally {
        // It loses its connection when the source dies.
        if (name === 'source') await writer.stop().catch(() => undefined);
        else {
          await sleep(1_000);
          await writer.stop();
        }
      }
      if (name === 'source' || name === 'target')
        await waitUntil(async () => (await connectTo(e2e.stack.options.servers[name])).end().then(() => true), {
          what: `the ${name} to answer`,
          timeoutMs: 60_000,
        });
      await e2e.atSource("INSERT INTO orders VALUES (-1,'last',0,NULL)");
      expect(differences(await e2e.stack.waitEqual(e2e.pairs('orders', 'stock'), 90_000))).toEqual([]);
      await waitUntil(
        async () => {
          const { state, failure } = await e2e.stack.api.pipeline(pipelineId);
          return state === 'RUNNING' && failure === null;
        },
        { what: 'the pipeline to run', timeoutMs: 60_000 },
      );
    },
    240_000,
  );
});
