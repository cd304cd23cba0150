// Goal: what operators do to a pipeline loses and doubles nothing: PAUSE and STOP under load, START after either; and a log
// that was purged meanwhile stops it with its reason instead of a jump (DESIGN §4, guarantee 9).
// Method: commands through the API while a writer commits; equal hashes after each.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PipelineView } from '@lutra/api-client';
import { must } from '@lutra/model';
import { connectTo, lutraHome, startServerGroup, waitUntil } from '@lutra/testing';
import type { ServerGroup } from '@lutra/testing';
import { differences, startE2eStack, wholeSchema } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';
import { SHOP_TABLES, ShopWriter } from './shop-writer.ts';

describe('the life of a pipeline', () => {
  let servers: ServerGroup;
  let e2e: E2eStack;
  let pipelineId: string;

  beforeAll(async () => {
    servers = await startServerGroup({
      home: lutraHome(),
      folder: join(lutraHome(), 'e2e', 'life-servers'),
      databases: { source: { kind: 'mariadb' }, target: { kind: 'mariadb' } },
    });
    const [source, target] = [must(servers.databases['source'], 'source'), must(servers.databases['target'], 'target')];
    const { nats, zookeeper } = servers;
    e2e = await startE2eStack('pipeline-life', { servers: { source, target, manager: target, nats, zookeeper } });
    await e2e.createTables(...SHOP_TABLES);
    pipelineId = await e2e.stack.createPipeline({ mappings: [wholeSchema(e2e.schema)] });
  });

  afterAll(async () => {
    await e2e.stop();
    await servers.stop();
  });

  const becomes = (claim: (view: PipelineView) => boolean, what: string): Promise<PipelineView> =>
    waitUntil(
      async () => {
        const view = await e2e.stack.api.pipeline(pipelineId);
        return claim(view) ? view : undefined;
      },
      { what, timeoutMs: 60_000 },
    );

  it.each([
    ['PAUSE', 'PAUSED'],
    ['STOP', 'STOPPED'],
  ] as const)(
    '%s and START cost nothing',
    async (kind, state) => {
      await e2e.atSource('DELETE FROM orders');
      const writer = new ShopWriter(e2e.stack.options.servers.source, e2e.schema);
      try {
        for (let round = 0; round < 3; round++) {
          const wanted = writer.transactions + 50;
          await waitUntil(() => writer.transactions > wanted, { what: 'some work', timeoutMs: 60_000 });
          await e2e.stack.api.command(pipelineId, kind, 'test');
          await becomes((view) => view.state === state, state);
          await e2e.stack.api.command(pipelineId, 'START', 'test');
          await e2e.stack.waitReading(pipelineId);
        }
      } finally {
        await writer.stop();
      }
      expect(differences(await e2e.stack.waitEqual(e2e.pairs('orders', 'stock'), 60_000))).toEqual([]);
    },
    180_000,
  );

  it('names a log that was purged while the pipeline was paused', async () => {
    await e2e.stack.api.command(pipelineId, 'PAUSE', 'test');
    await becomes((view) => view.state === 'PAUSED', 'PAUSED');
    const source = await connectTo(e2e.stack.options.servers.source, e2e.schema);
    try {
      await source.query("INSERT INTO orders VALUES (-5,'lost',0,NULL); FLUSH BINARY LOGS; FLUSH BINARY LOGS");
      // The server keeps what the dump thread that just lost its reader still holds open.
      await waitUntil(
        async () => {
          const logs = (await source.query('SHOW BINARY LOGS'))[0] as unknown as readonly { Log_name: string }[];
          await source.query(`PURGE BINARY LOGS TO '${must(logs.at(-1), 'a log').Log_name}'`);
          return logs.length === 1;
        },
        { what: 'the older logs to go', timeoutMs: 60_000 },
      );
    } finally {
      source.destroy();
    }
    const refused = e2e.stack.api.command(pipelineId, 'START', 'test');
    await expect(refused).rejects.toMatchObject({
      code: 'PIPELINE_PRECHECK_FAILED',
      message: expect.stringContaining('START_PURGED'),
    });
    await e2e.stack.api.command(pipelineId, 'START', 'test', { force: true });
    const view = await becomes(({ failure }) => failure !== null, 'a failure');
    expect([view.state, view.failure?.code, view.nextAttemptAt]).toEqual(['PAUSED', 'SOURCE_POSITION_PURGED', null]);
  });
});
