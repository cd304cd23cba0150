import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

// Goal: who is limited to a channel makes its first pipeline, of data sources that an admin of the installation has shared with it.
// Method: a manager with two channels that have no pipelines, and an admin key for each of them.

const installation = new Installation();
const tokens: Record<string, string> = {};
const channels: Record<string, string> = {};
const sources: string[] = [];
let manager: RunningManager;

beforeAll(async () => {
  manager = await installation.start();
  for (const name of ['here', 'there']) {
    channels[name] = await manager.create('channels', { name });
    const body = { name, role: 'admin', channelIds: [channels[name]] };
    tokens[name] = String((await manager.request('POST', '/api/v1/api-keys', { body })).body['token']);
  }
  const server = { kind: 'mariadb', host: '127.0.0.1', user: 'u', password: 'p' };
  for (const port of [1, 2]) {
    const body = { ...server, name: `of port ${String(port)}`, port };
    sources.push(await manager.create('data-sources', body));
  }
});

afterAll(() => installation.close());

const send = (name: string, method: string, path: string, body?: unknown): Promise<Answer> => {
  const headers = { authorization: `Bearer ${String(tokens[name])}` };
  return manager.request(method, `/api/v1/${path}`, { headers, ...(body === undefined ? {} : { body }) });
};
const share = (id: string | undefined, channelIds: readonly unknown[]): Promise<Answer> =>
  manager.request('PATCH', `/api/v1/data-sources/${String(id)}`, { body: { channelIds } });
const first = (name: string): unknown => {
  const [sourceId, targetId] = sources;
  return { name: `first ${name}`, channelId: channels[name], sourceId, targetId };
};
const idsSeen = async (name: string): Promise<unknown> =>
  (await send(name, 'GET', 'data-sources')).body.items?.map(({ id }) => id);

it('the first pipeline of a channel is made by its admin, of what is shared with the channel', async () => {
  expect([await idsSeen('here'), (await send('here', 'POST', 'pipelines', first('here'))).status]).toEqual([[], 400]);
  for (const id of sources) expect((await share(id, Object.values(channels))).status).toBe(200);
  expect(await idsSeen('here')).toEqual(sources);
  // Of other channels not even the ids are told.
  for (const path of ['data-sources', `data-sources/${String(sources[0])}`]) {
    const { body } = await send('here', 'GET', path);
    expect((body.items?.[0] ?? body)['channelIds']).toEqual([channels['here']]);
  }
  expect((await send('here', 'POST', 'pipelines', first('here'))).status).toBe(201);
  for (const id of sources) await share(id, []);
  // What its pipelines use it goes on to see.
  expect([await idsSeen('here'), await idsSeen('there')]).toEqual([sources, []]);
  expect((await send('there', 'POST', 'pipelines', first('there'))).status).toBe(400);
});

it('only an admin of the installation shares, with channels that are there', async () => {
  const own = `data-sources/${String(sources[0])}`;
  expect((await send('here', 'PATCH', own, { channelIds: [channels['here']] })).status).toBe(403);
  const { status, body } = await share(sources[0], ['01ARZ3NDEKTSV4RRFFQ69G5FAV']);
  expect([status, body['detail']]).toEqual([400, 'channelIds: There is no channel with id 01ARZ3NDEKTSV4RRFFQ69G5FAV']);
});

it('a channel that something is shared with stays', async () => {
  const name = 'of port 2';
  await share(sources[1], [channels['there']]);
  const path = `/api/v1/channels/${String(channels['there'])}`;
  await manager.request('PATCH', `/api/v1/data-sources/${String(sources[0])}`, { body: { name: 'renamed' } });
  const { status, body } = await manager.request('DELETE', path);
  expect([status, body['details']]).toMatchObject([409, { dataSources: [{ id: sources[1], name }] }]);
});
