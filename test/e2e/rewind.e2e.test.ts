// Goal: rows that went missing at the target come back when a pipeline is put to a place before them, and the preview has said
// which ones.
// Method: the six services; rows are removed at the target behind Lutra's back; positions through the API.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { waitUntil } from '@lutra/testing';
import { differences, startE2eStack, wholeSchema } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';

let e2e: E2eStack;
let pipelineId: string;

beforeAll(async () => {
  e2e = await startE2eStack('rewind');
  await e2e.createTables('CREATE TABLE orders (id INT PRIMARY KEY, note VARCHAR(50))');
  pipelineId = await e2e.stack.createPipeline({ mappings: [wholeSchema(e2e.schema)] });
}, 120_000);

afterAll(() => e2e.stop(), 60_000);

interface Position {
  readonly place: { readonly done: { readonly gtidList: string } };
}
const position = (): Promise<Position> => e2e.stack.api.get(`/pipelines/${pipelineId}/positions`);

it('a rewind repeats what the preview has told', async () => {
  const pairs = e2e.pairs('orders');
  await e2e.atSource("INSERT INTO orders VALUES (1, 'before')");
  await e2e.stack.waitEqual(pairs, 60_000);
  const before = (await position()).place.done.gtidList;
  await e2e.atSource(
    "INSERT INTO orders VALUES (2, 'lost'), (3, 'lost')",
    "UPDATE orders SET note = 'after' WHERE id = 2",
  );
  await e2e.stack.waitEqual(pairs, 60_000);
  await e2e.stack.api.command(pipelineId, 'PAUSE', 'a test');
  await waitUntil(async () => (await e2e.stack.api.pipeline(pipelineId)).state === 'PAUSED', {
    what: 'PAUSED',
    timeoutMs: 60_000,
  });
  await e2e.atTarget('DELETE FROM orders WHERE id > 1');

  const to = { kind: 'gtid', gtid: before };
  const preview = await e2e.stack.api.post(`/pipelines/${pipelineId}/positions/preview`, { to });
  expect(preview).toMatchObject({
    ...{ direction: 'back', needsForce: false, refusal: null },
    tables: [{ schema: e2e.schema, table: 'orders', events: 2 }],
  });
  await e2e.stack.api.post(`/pipelines/${pipelineId}/positions/rewind`, { to, reason: 'rows are gone' });
  expect((await position()).place.done.gtidList).toBe(before);
  await e2e.stack.api.command(pipelineId, 'START', 'a test');
  expect(differences(await e2e.stack.waitEqual(pairs, 60_000))).toEqual([]);
}, 180_000);
