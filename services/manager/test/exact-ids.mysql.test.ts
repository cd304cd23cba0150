import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApiDocument } from '../src/api-document/api-document.ts';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

// Goal: what is named is found under its own id and name only, although tables take 'ID ' for ID. Method: every route of
// the document that names something, with ids of what exists, written in another way; and names with blanks at their ends.

const installation = new Installation();
let manager: RunningManager;
let api: ApiDocument;
/** By the step of the path before the parameter. */
let ids: Readonly<Record<string, string>>;
let sourceId: string;
let targetId: string;

beforeAll(async () => {
  manager = await installation.start();
  api = (await manager.request('GET', '/api/docs-json')).body as unknown as ApiDocument;
  const server = { kind: 'mariadb', host: '127.0.0.1', user: 'u', password: 'p' };
  const channelId = await manager.create('channels', { name: 'exact' });
  sourceId = await manager.create('data-sources', { ...server, name: 'exact a', port: 1 });
  targetId = await manager.create('data-sources', { ...server, name: 'exact b', port: 2 });
  const pipelineId = await manager.create('pipelines', { name: 'exact', channelId, sourceId, targetId });
  const mapping = { source: { schema: 's', table: { exact: 't' } }, target: { schema: 's' } };
  const order = { kind: 'STOP', reason: 'test' };
  const removed = await manager.create('pipelines', { name: 'removed', channelId, sourceId, targetId });
  await send('DELETE', `pipelines/${removed}`);
  ids = {
    ...{ channels: channelId, 'data-sources': sourceId, pipelines: pipelineId, removals: removed },
    mappings: await manager.create(`pipelines/${pipelineId}/mappings`, mapping),
    receivers: await manager.create('receivers', {
      name: 'exact',
      kind: 'webhook',
      http: { url: 'http://127.0.0.1:1' },
    }),
    'alarm-rules': await manager.create('alarm-rules', { name: 'exact', kind: 'delay' }),
    users: await manager.create('users', { name: 'exact', password: 'seven old bicycles', role: 'viewer' }),
    'api-keys': await manager.create('api-keys', { name: 'exact', role: 'viewer' }),
    commands: await manager.create(`pipelines/${pipelineId}/commands`, order),
    ...{ revisions: '1', diff: '1' },
  };
});

afterAll(() => installation.close());

const send = (method: string, path: string, body?: unknown): Promise<Answer> =>
  manager.request(method, `/api/v1/${path}`, { body });
const problem = ({ status, body }: Answer): unknown => [status, body['code']];

/** The address with ids of what exists, the last of them written in another way. */
function otherAddress(path: string, write: (id: string) => string): string | null {
  const steps = path.split('/');
  const last = steps.findLastIndex((step) => step.startsWith('{'));
  const filled = steps.map((step, index) => {
    if (!step.startsWith('{')) return step;
    const id = step === '{name}' ? 'exact' : (ids[steps[index - 1] ?? ''] ?? null);
    return id === null || index !== last ? id : write(id);
  });
  return last === -1 || filled.includes(null) ? null : filled.join('/');
}

describe('what exists, under an id that is written in another way', () => {
  it.each<[string, (id: string) => string]>([
    ['a blank behind it', (id) => `${id}%20`],
    ['blanks behind it', (id) => `${id}%20%20`],
    ['a blank before it', (id) => `%20${id}`],
    ['a zero byte behind it', (id) => `${id}%00`],
    ['a tabulator behind it', (id) => `${id}%09`],
    ['a blank that does not break behind it', (id) => `${id}%C2%A0`],
    ['a mark that combines behind it', (id) => `${id}%CC%81`],
    ['in small letters', (id) => (id === 'exact' ? 'EXACT' : id === '1' ? '01' : id.toLowerCase())],
  ])('%s: is not found, on any route', async (_what, write) => {
    const found: unknown[] = [];
    let count = 0;
    for (const [path, methods] of Object.entries(api.paths)) {
      // An instance is named by whoever starts it, and orders are kept for one that is away; a document makes its channel.
      if (path.includes('/instances/')) continue;
      const address = otherAddress(path, write);
      if (address === null) continue;
      for (const method of Object.keys(methods)) {
        count += 1;
        const answer = await manager.request(method.toUpperCase(), address, method === 'get' ? {} : { body: {} });
        if (![404, 400].includes(answer.status))
          found.push([method, address, answer.status, answer.text.slice(0, 200)]);
      }
    }
    expect(count).toBeGreaterThan(40);
    expect(found).toEqual([]);
  });

  it('a pipeline that runs is not removed, ordered or shown as if it did not', async () => {
    const id = ids['pipelines'] ?? '';
    const at = new Date().toISOString();
    const permit = {
      ...{
        state: 'RUNNING' as const,
        epoch: 1,
        draining: false,
        commandId: 'C',
        aboutEpoch: 0,
        reason: 'test',
        failure: null,
      },
      ...{ since: at, by: 'arbiter-1', attempt: 0, nextAttemptAt: null },
    };
    await manager.coordinator.writePermit(id, permit, null);
    expect(problem(await send('DELETE', `pipelines/${id}%20`))).toEqual([404, 'RESOURCE_NOT_FOUND']);
    const order = { kind: 'STOP', reason: 'test' };
    expect(problem(await send('POST', `pipelines/${id}%20/commands`, order))).toEqual([404, 'RESOURCE_NOT_FOUND']);
    for (const list of ['processes', 'commands', 'conflicts', 'dead-letters', 'statistics'])
      expect([list, [400, 404].includes((await send('GET', `${list}?pipelineId=${id}%20`)).status)]).toEqual([
        list,
        true,
      ]);
    expect((await send('GET', `pipelines/${id}`)).body).toMatchObject({ state: 'RUNNING' });
  });

  it('is no reference either', async () => {
    const { channels: channelId = '' } = ids;
    const body = { name: 'referring', channelId, sourceId, targetId };
    for (const field of ['channelId', 'sourceId', 'targetId'] as const) {
      const answer = await send('POST', 'pipelines', { ...body, [field]: `${body[field]} ` });
      expect([field, ...(problem(answer) as unknown[])]).toEqual([field, 400, 'REQUEST_INVALID']);
    }
  });
});

describe('names with blanks at their ends', () => {
  it.each(['exact ', ' exact', 'exact\t', '\u00A0exact', ' '])(
    '%j is refused, whatever it is to name',
    async (name) => {
      const { channels: channelId } = ids;
      const http = { url: 'http://127.0.0.1:1' };
      const server = { kind: 'mariadb', host: '127.0.0.1', port: 3, user: 'u', password: 'p' };
      const bodies: Readonly<Record<string, object>> = {
        ...{ channels: {}, pipelines: { channelId, sourceId, targetId }, 'data-sources': server },
        ...{ receivers: { kind: 'webhook', http }, 'alarm-rules': { kind: 'delay' }, 'api-keys': { role: 'viewer' } },
        users: { password: 'seven old bicycles', role: 'viewer' },
      };
      for (const [path, body] of Object.entries(bodies)) {
        const answer = await send('POST', path, { ...body, name });
        expect([path, ...(problem(answer) as unknown[])]).toEqual([path, 400, 'REQUEST_INVALID']);
        expect(answer.body['detail']).toContain('name must not begin or end with a blank');
      }
    },
  );

  it('are no names of a user who logs in, so that the limit of attempts cannot be walked around', async () => {
    const logIn = (name: string): Promise<Answer> => send('POST', 'login', { name, password: 'seven old bicycles' });
    expect((await logIn('exact')).status).toBe(201);
    for (const name of ['exact ', 'exact  ', ' exact', 'EXACT', 'exact\u0000'])
      expect([name, ...(problem(await logIn(name)) as unknown[])]).toEqual([name, 401, 'LOGIN_FAILED']);
  });
});
