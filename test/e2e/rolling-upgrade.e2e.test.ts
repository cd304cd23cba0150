// Goal: during an upgrade stages of this version and of the one before work side by side, in either order, and nothing is lost.
// Method: of each stage one process of either version, on the packed code of the previous release; first this version's
// processes stop and the old ones have all the work, then the old ones stop. A writer commits all the while.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { STAGES } from '@lutra/model';
import { connectTo, waitUntil } from '@lutra/testing';
import type { DatabaseServer, ServiceInstance } from '@lutra/testing';
import { differences, startE2eStack, wholeSchema } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';
import { unpackPreviousRelease } from './previous-release.ts';
import { SHOP_TABLES, ShopWriter } from './shop-writer.ts';

const STOP_LIMIT_MS = 30_000;

let e2e: E2eStack;
let pipelineId: string;

beforeAll(async () => {
  const previous = unpackPreviousRelease();
  e2e = await startE2eStack('rolling-upgrade', {
    services: { select: 2, extract: 2, transform: 2, load: 2 },
    rootOf: (service, number) =>
      number === 2 && service !== 'manager' && service !== 'arbiter' ? previous : undefined,
  });
  await e2e.createTables(...SHOP_TABLES);
  // The previous release knows one checkpoint row: it stops where there are several (services/load/README.md).
  pipelineId = await e2e.stack.createPipeline({ mappings: [wholeSchema(e2e.schema)], parameters: { lanes: 1 } });
});

afterAll(async () => {
  await e2e.stop();
});

/** Instances by the number that they have among those of their stage: 0 = this version, 1 = the one before. */
const ofNumber = (index: number): ServiceInstance[] =>
  STAGES.flatMap((stage) => e2e.stack.instancesOf(stage)[index] ?? []);

/** Waits until the source's newest row has arrived, and says who held the leases then. */
async function progress(writer: ShopWriter): Promise<readonly string[]> {
  const before = writer.transactions;
  await waitUntil(() => writer.transactions > before + 50, { what: 'the writer', timeoutMs: 60_000, everyMs: 50 });
  const { source, target } = e2e.stack.options.servers;
  const newest = await newestOrder(source);
  const what = 'rows of now at the target';
  await waitUntil(async () => (await newestOrder(target)) >= newest, { what, timeoutMs: 60_000, everyMs: 100 });
  const view = await e2e.stack.api.pipeline(pipelineId);
  return [view.mainstem, view.loader].map((holder) => (holder as { readonly instance: string } | null)?.instance ?? '');
}

async function newestOrder(server: DatabaseServer): Promise<number> {
  const connection = await connectTo(server, e2e.schema);
  try {
    const [rows] = await connection.query('SELECT COALESCE(MAX(id), 0) AS newest FROM orders');
    return Number((rows as { newest: number | string }[])[0]?.newest);
  } finally {
    connection.destroy();
  }
}

it('carries every row, whichever version does the work', async () => {
  const writer = new ShopWriter(e2e.stack.options.servers.source, e2e.schema);
  try {
    await progress(writer);
    for (const instance of ofNumber(0)) await instance.stop(STOP_LIMIT_MS);
    const [select = '', load = ''] = await progress(writer);
    expect([select, load]).toEqual([expect.stringMatching(/^select-2-/), expect.stringMatching(/^load-2-/)]);
    for (const instance of ofNumber(0)) await instance.start();
    for (const instance of ofNumber(0)) await instance.waitReady();
    await progress(writer);
    for (const instance of ofNumber(1)) await instance.stop(STOP_LIMIT_MS);
    const [newSelect = '', newLoad = ''] = await progress(writer);
    expect([newSelect, newLoad]).toEqual([expect.stringMatching(/^select-1-/), expect.stringMatching(/^load-1-/)]);
  } finally {
    await writer.stop();
  }
  expect(differences(await e2e.stack.waitEqual(e2e.pairs('orders', 'stock'), 90_000))).toEqual([]);
}, 240_000);
