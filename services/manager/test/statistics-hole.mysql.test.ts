import { afterAll, expect, it } from '@jest/globals';
import { openBus } from '@lutra/messaging';
import type { LutraEvent } from '@lutra/model';
import { testServers, waitUntil } from '@lutra/testing';
import { loaded } from './rollup-events.ts';
import { Installation } from './running-manager.ts';

// Goal: figures of a time whose events nobody has read do not pass for whole ones.
// Method: a manager goes, the log is made too small for what happens meanwhile, and another manager comes.

const START_MS = Date.now() - 90_000;
const installation = new Installation();

afterAll(() => installation.close());

it('a manager that was away for longer than the log reaches back says of which time', async () => {
  const first = await installation.start();
  const channelId = await first.create('channels', { name: 'shop' });
  const source = { kind: 'mariadb', host: 'db.example.com', port: 3301, user: 'lutra', password: 'secret' };
  const sourceId = await first.create('data-sources', { ...source, name: 'source' });
  const targetId = await first.create('data-sources', { ...source, name: 'target', port: 3302 });
  const pipelineId = await first.create('pipelines', { channelId, name: 'p', sourceId, targetId });
  const process = (id: number): LutraEvent => loaded({ pipelineId, epoch: 2, process: id, atMs: START_MS + id * 100 });
  const untilFolded = (id: number): Promise<unknown> => {
    const table = `${installation.database}.process_history`;
    const row = (): Promise<unknown[]> => installation.sql(`SELECT 1 FROM ${table} WHERE process = ${String(id)}`);
    return waitUntil(async () => (await row()).length === 1, { what: 'the log to be folded', timeoutMs: 60_000 });
  };
  await first.bus.publishEvent(process(1));
  await untilFolded(1);
  await first.stop();
  const { nats } = testServers();
  const { namespace } = installation;
  const bus = await openBus({ ...nats, name: 'small', namespace, eventsBytesMax: 32 * 1024 });
  for (let id = 2; id <= 200; id++) await bus.publishEvent(process(id));
  await bus.close();
  // Nothing more is dropped while the second manager reads.
  await (await openBus({ ...nats, name: 'roomy', namespace, eventsBytesMax: 64 * 1024 * 1024 })).close();
  const second = await installation.start();
  await untilFolded(200);
  const get = async (path: string) => (await second.request('GET', `/api/v1/${path}`)).body;
  const { holes, sum } = (await get('statistics')) as unknown as {
    readonly holes: readonly { readonly from: string; readonly to: string }[];
    readonly sum: { readonly processes: number };
  };
  expect(holes.map(({ from }) => from)).toEqual([new Date(START_MS + 100).toISOString()]);
  // The first that was read stands behind as many as were not.
  expect(Date.parse(holes[0]?.to ?? '')).toBe(START_MS + (201 - (sum.processes - 1)) * 100);
  expect((await get(`statistics/tables?pipelineId=${pipelineId}`))['holes']).toEqual(holes);
  expect((await get('events?kinds=warning')).items).toMatchObject([{ code: 'STATISTICS_HOLE', pipelineId: null }]);
  await second.stop();
});

it('what the log drops of kinds that are not counted, and were read, is no hole', async () => {
  const { namespace, database } = installation;
  const small = await openBus({ ...testServers().nats, name: 'small', namespace, eventsBytesMax: 32 * 1024 });
  const third = await installation.start();
  const holes = async () => (await third.request('GET', '/api/v1/statistics')).body['holes'];
  const before = await holes();
  const place = async (): Promise<number> =>
    Number((await installation.sql(`SELECT sequence FROM ${database}.statistic_place`))[0]?.['sequence']);
  const first = await place();
  const at = new Date().toISOString();
  for (let id = 0; id < 300; id++)
    await small.publishEvent({
      ...{ v: 1, kind: 'instance-joined', at, who: 'arbiter-1', pipelineId: null, epoch: null, process: null },
      ...{ traceId: null, service: 'load', instance: `load-${String(id)}` },
    });
  await waitUntil(async () => (await place()) >= first + 300, { what: 'the place to move on', timeoutMs: 60_000 });
  await third.stop();
  const fourth = await installation.start();
  const { body } = await fourth.request('GET', '/api/v1/pipelines');
  const pipelineId = String(body.items?.[0]?.['id']);
  await small.publishEvent(loaded({ pipelineId, epoch: 2, process: 301, atMs: Date.now() - 1_000 }));
  await small.close();
  const count = `SELECT 1 FROM ${database}.process_history WHERE process = 301`;
  await waitUntil(async () => (await installation.sql(count)).length === 1, { what: 'the fold', timeoutMs: 60_000 });
  expect((await fourth.request('GET', '/api/v1/statistics')).body['holes']).toEqual(before);
});
