import { rmSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { dumpDatabase, restoreDatabase, waitUntil } from '@lutra/testing';
import { loaded } from './rollup-events.ts';
import { Installation } from './running-manager.ts';
import type { RunningManager } from './running-manager.ts';

// Goal: docs/backup.md tells the truth about a manager's database that is lost: what a dump brings back, what the event log
// adds to it, and what is left without one.
// Method: a manager in this process, whose database is dumped, changed, and taken away.

let installation: Installation;
let manager: RunningManager;
let channelId: string;
let id: string;

const LIMIT = { timeoutMs: 60_000 };
const DATA_SOURCE = { kind: 'mariadb', host: 'db.example.com', port: 3306, user: 'lutra', password: 'secret' };

beforeEach(async () => {
  installation = new Installation();
  manager = await installation.start();
  channelId = await manager.create('channels', { name: 'shop' });
  const sourceId = await manager.create('data-sources', { ...DATA_SOURCE, name: 'berlin' });
  const targetId = await manager.create('data-sources', { ...DATA_SOURCE, name: 'lisbon', port: 3307 });
  id = await manager.create('pipelines', { channelId, name: 'kept', sourceId, targetId });
});

afterEach(() => installation.close());

async function load(processes: readonly number[]): Promise<void> {
  const atMs = Date.now() - 10_000;
  for (const process of processes) await manager.bus.publishEvent(loaded({ pipelineId: id, process, atMs }));
  const table = `${installation.database}.process_history`;
  await waitUntil(
    async () =>
      (await installation.sql(`SELECT 1 FROM ${table} WHERE process = ${String(Math.max(...processes))}`)).length > 0,
    { what: 'the log to be folded', ...LIMIT },
  );
}

const folded = async (): Promise<number> => {
  const sql = `SELECT COUNT(*) AS n FROM ${installation.database}.process_history WHERE pipeline_id = '${id}'`;
  return Number((await installation.sql(sql))[0]?.['n']);
};

it('a dump brings the configuration back, and the event log what came after it', async () => {
  await load([1, 2, 3]);
  const dump = await dumpDatabase(installation.store, installation.database);
  await load([4, 5]);
  await manager.create('channels', { name: 'made after the dump' });
  await manager.request('PATCH', `/api/v1/pipelines/${id}`, { body: { parameters: { lanes: 8 } } });
  const onBus = async (): Promise<{ readonly lanes?: number; readonly revision?: number }> => {
    const definition = await manager.bus.definition(id);
    return definition === null ? {} : { lanes: definition.parameters.lanes, revision: definition.revision };
  };
  await waitUntil(async () => (await onBus()).lanes === 8, { what: 'the change to be published', ...LIMIT });
  const changed = (await onBus()).revision ?? 0;
  await manager.stop();
  await restoreDatabase(installation.store, installation.database, dump);
  expect(await folded()).toBe(3);

  manager = await installation.start();
  const channels = (await manager.request('GET', '/api/v1/channels')).body.items ?? [];
  expect(channels.map(({ name }) => name)).toEqual(['shop']);
  await waitUntil(async () => (await folded()) === 5, { what: 'the rest of the log', ...LIMIT });
  await waitUntil(async () => (await onBus()).lanes === 4, { what: 'the definition of the dump', ...LIMIT });
  // Not the number that stands for the change: a stage may still have that one in hand.
  expect((await onBus()).revision).toBe(changed + 1);
  const [newest] = (await manager.request('GET', `/api/v1/pipelines/${id}/revisions`)).body.items ?? [];
  expect(newest).toMatchObject({ number: changed + 1, author: 'lutra', comment: 'As it stands in the restored store' });
  expect((await manager.request('GET', '/api/v1/audit/verify')).body).toMatchObject({ isIntact: true });
});

it('without a dump definitions stay with the stages, and a document makes the channel anew', async () => {
  const { text } = await manager.request('GET', '/api/v1/channels/shop/document');
  await waitUntil(async () => (await manager.bus.definition(id)) !== null, { what: 'publishing', ...LIMIT });
  await manager.stop();
  await installation.sql(`DROP DATABASE ${installation.database}`);
  rmSync(installation.tokenFile);

  manager = await installation.start();
  expect((await manager.request('GET', '/api/v1/channels')).body.items).toEqual([]);
  expect((await manager.bus.definition(id))?.name).toBe('kept');
  for (const [index, name] of ['berlin', 'lisbon'].entries())
    await manager.create('data-sources', { ...DATA_SOURCE, name, port: 3306 + index });
  const put = await manager.request('PUT', '/api/v1/channels/shop/document', {
    body: text,
    headers: { 'content-type': 'application/yaml' },
  });
  expect(put.status).toBe(200);
  const pipelines = (await manager.request('GET', '/api/v1/pipelines')).body.items ?? [];
  expect(pipelines).toMatchObject([{ name: 'kept' }]);
  const anew = String(pipelines[0]?.['id']);
  expect(anew).not.toBe(id);
  const start = { kind: 'gtid', gtid: '0-1-4711' };
  expect((await manager.request('PATCH', `/api/v1/pipelines/${anew}`, { body: { start } })).status).toBe(200);
  const published = async (): Promise<unknown> => (await manager.bus.definition(anew))?.start;
  await waitUntil(async () => isDeepStrictEqual(await published(), start), { what: 'the place to be told', ...LIMIT });
});
