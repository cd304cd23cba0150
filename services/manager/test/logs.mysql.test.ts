import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { LogLine } from '@lutra/model';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

// Goal: what goes wrong anywhere can be read in one place, by service, level, pipeline and trace.
// Method: a manager in this process; lines are put on the bus as instances send them.

const installation = new Installation();
let manager: RunningManager;

beforeAll(async () => {
  manager = await installation.start();
});

afterAll(() => installation.close());

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const get = (query: string): Promise<Answer> => manager.request('GET', `/api/v1/logs${query}`);
const messages = async (query: string): Promise<unknown[]> =>
  ((await get(query)).body.items ?? []).map(({ message }) => message);

async function tell(message: string, line: Partial<LogLine> = {}): Promise<void> {
  await manager.bus.publishLog({
    ...{ at: new Date().toISOString(), service: 'load', instance: 'load-1', level: 'warn', message },
    ...{ pipelineId: null, traceId: null, code: null, fields: { rows: 3 }, ...line },
  });
}

it('lists the newest lines that match, oldest first', async () => {
  await tell('one');
  await tell('two', { level: 'error', code: 'TARGET_UNREACHABLE', pipelineId: 'P1' });
  await tell('three', { service: 'select', pipelineId: 'P1', traceId: TRACE });
  await tell('four', { pipelineId: 'not a token' });
  expect(await messages('')).toEqual(['one', 'two', 'three', 'four']);
  expect(await messages('?limit=2')).toEqual(['three', 'four']);
  expect(await messages('?service=select')).toEqual(['three']);
  expect(await messages('?level=error')).toEqual(['two']);
  expect(await messages('?pipeline=P1')).toEqual(['two', 'three']);
  expect(await messages(`?traceId=${TRACE}`)).toEqual(['three']);
  expect(await messages(`?since=${encodeURIComponent(new Date(Date.now() + 3_600_000).toISOString())}`)).toEqual([]);
  expect((await get('?level=error')).body.items).toMatchObject([
    { service: 'load', instance: 'load-1', code: 'TARGET_UNREACHABLE', pipelineId: 'P1', fields: { rows: 3 } },
  ]);
});

it('shows to a key of one channel what concerns its pipelines', async () => {
  const channelId = await manager.create('channels', { name: 'shop' });
  const server = { kind: 'mariadb', host: 'db.example.com', port: 1, user: 'lutra', password: 'secret' };
  const sourceId = await manager.create('data-sources', { ...server, name: 'source' });
  const targetId = await manager.create('data-sources', { ...server, name: 'target' });
  const id = await manager.create('pipelines', { channelId, name: 'shown', sourceId, targetId });
  const key = await manager.request('POST', '/api/v1/api-keys', {
    body: { name: 'limited', role: 'viewer', channelIds: [channelId] },
  });
  await tell('mine', { pipelineId: id });
  await tell('of another', { pipelineId: 'P2' });
  const headers = { authorization: `Bearer ${String(key.body['token'])}` };
  const seen = await manager.request('GET', '/api/v1/logs', { headers });
  expect(seen.body.items).toMatchObject([{ message: 'mine' }]);
  expect((await manager.request('GET', '/api/v1/logs?pipeline=P2', { headers })).status).toBe(404);
});

it.each([
  ['service', 'tailor'],
  ['level', 'info'],
  ['pipeline', 'a.b'],
  ['traceId', 'XYZ'],
  ['since', 'yesterday'],
  ['limit', '1001'],
])('refuses %s=%s, and names the field', async (field, value) => {
  const { status, body } = await get(`?${field}=${value}`);
  expect([status, body['code']]).toEqual([400, 'REQUEST_INVALID']);
  expect(JSON.stringify(body)).toContain(field);
});
