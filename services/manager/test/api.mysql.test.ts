import { statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openSecret } from '@lutra/model';
import { waitUntil } from '@lutra/testing';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

// Goal: the API keeps its promises on a real store, bus and ZooKeeper.
// Method: a manager in this process, spoken to over HTTP as clients do; the bus is read by its own connection.

const PASSWORD = 's3cret-Pa55word';
const UNKNOWN_ID = '01ARZ3NDEKTSV4RRFFQ69G5FAV';

const installation = new Installation();
let manager: RunningManager;
let channelId: string;
let sourceId: string;
let targetId: string;

beforeAll(async () => {
  manager = await installation.start();
  channelId = await manager.create('channels', { name: 'shop' });
  sourceId = await manager.create('data-sources', dataSource('source', { port: 3301 }));
  targetId = await manager.create('data-sources', dataSource('target', { port: 3302 }));
});

afterAll(() => installation.close());

const dataSource = (name: string, change: Record<string, unknown> = {}): Record<string, unknown> => ({
  name,
  kind: 'mariadb',
  host: 'db.example.com',
  port: 3306,
  user: 'lutra',
  password: PASSWORD,
  ...change,
});

const createPipeline = (name: string, change: Record<string, unknown> = {}): Promise<string> =>
  manager.create('pipelines', { channelId, name, sourceId, targetId, ...change });

const post = (path: string, body: unknown): Promise<Answer> => manager.request('POST', `/api/v1/${path}`, { body });
const get = (path: string): Promise<Answer> => manager.request('GET', `/api/v1/${path}`);
const problem = ({ status, body }: Answer): unknown => [status, body['code']];

const publishedRevision = async (id: string): Promise<number> => (await manager.bus.definition(id))?.revision ?? 0;
const untilPublished = (id: string, revision: number): Promise<unknown> =>
  waitUntil(async () => (await publishedRevision(id)) === revision, {
    what: `revision ${String(revision)} on the bus`,
    timeoutMs: 60_000,
  });

describe('API keys', () => {
  it('every route of the API page but the login asks for a key', async () => {
    const { body } = await manager.request('GET', '/api/docs-json', { headers: { authorization: '' } });
    const routes = Object.entries(body['paths'] as Record<string, Record<string, unknown>>).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => [method, path] as const),
    );
    expect(routes.length).toBeGreaterThan(30);
    for (const [method, path] of routes.filter(([, path]) => path !== '/api/v1/login'))
      for (const authorization of ['', 'Bearer lutra_wrongwrongwrongwrongwrong']) {
        const answer = await manager.request(method.toUpperCase(), path.replaceAll(/\{\w+\}/g, UNKNOWN_ID), {
          headers: { authorization },
        });
        expect([path, ...(problem(answer) as unknown[])]).toEqual([path, 401, 'REQUEST_UNAUTHORIZED']);
      }
  });

  it('a path in another spelling asks for a key too', async () => {
    const answer = await manager.request('GET', '/API/V1/channels/', { headers: { authorization: '' } });
    expect(answer.status).toBe(401);
  });

  it('keeps the admin key in a file of its owner, and only its hash in the store', async () => {
    expect(statSync(installation.tokenFile).mode & 0o777).toBe(0o600);
    const [row] = await installation.sql(`SELECT hash FROM ${installation.database}.api_key WHERE name = 'admin'`);
    expect(row?.['hash']).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('requests', () => {
  it.each<[string, string, unknown, RegExp]>([
    ['an unknown field is named', 'channels', { name: 'x', nmae: 'y' }, /nmae does not exist/],
    [
      'a nested unknown field is named',
      'pipelines',
      { parameters: { paralelism: 3 } },
      /parameters\.paralelism does not exist/,
    ],
    [
      'a parameter out of range is named',
      'pipelines',
      { parameters: { parallelism: 33 } },
      /parameters\.parallelism must not be greater than 32/,
    ],
    ['a number as text is refused', 'data-sources', { port: '3306' }, /port must be an integer/],
    ['null is not absent', 'channels', { name: 'x', description: null }, /description must be a string/],
    ['a body that is no JSON', 'data-sources', `{"password":"${PASSWORD}", }`, /not valid JSON/],
    ['a list instead of an object', 'channels', [{ name: 'x' }], /name must be/],
    ['no body at all', 'channels', undefined, /name must be/],
  ])('%s', async (_what, path, body, expected) => {
    const answer = await post(path, body);
    expect(problem(answer)).toEqual([400, 'REQUEST_INVALID']);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body['detail']).toMatch(expected);
    expect(answer.text).not.toContain(PASSWORD);
  });

  it('a reference to nothing is a mistake of the request, an address of nothing is not found', async () => {
    const answer = await post('pipelines', { channelId, name: 'x', sourceId, targetId: UNKNOWN_ID });
    expect([...(problem(answer) as unknown[]), answer.body['detail']]).toEqual([
      400,
      'REQUEST_INVALID',
      `targetId: There is no data source with id ${UNKNOWN_ID}`,
    ]);
    expect(problem(await get(`pipelines/${UNKNOWN_ID}`))).toEqual([404, 'RESOURCE_NOT_FOUND']);
    expect(problem(await get('nothing'))).toEqual([404, 'RESOURCE_NOT_FOUND']);
  });

  it('lists page, filter and sort', async () => {
    for (const name of ['list_a', 'list_b', 'LIST_c', 'listXd']) await manager.create('channels', { name });
    const { body } = await get('channels?name=list_&sort=-name&page=1&pageSize=2');
    expect([body['total'], body.items?.map(({ name }) => name)]).toEqual([3, ['list_b', 'list_a']]);
    expect(problem(await get('channels?pageSize=501'))).toEqual([400, 'REQUEST_INVALID']);
    expect(problem(await get('channels?nam=x'))).toEqual([400, 'REQUEST_INVALID']);
  });

  it('If-Match refuses a change of something that was changed meanwhile', async () => {
    const created = await post('channels', { name: 'locked' });
    const path = `/api/v1/channels/${String(created.body['id'])}`;
    const etag = created.headers.get('etag') ?? '';
    const first = await manager.request('PATCH', path, { body: { description: 'a' }, headers: { 'if-match': etag } });
    expect([first.status, first.headers.get('etag')]).toEqual([200, '"2"']);
    const second = await manager.request('PATCH', path, { body: { description: 'b' }, headers: { 'if-match': etag } });
    expect(problem(second)).toEqual([412, 'RESOURCE_CONFLICT']);
    const removal = await manager.request('DELETE', path, { headers: { 'if-match': etag } });
    expect(problem(removal)).toEqual([412, 'RESOURCE_CONFLICT']);
    expect((await manager.request('DELETE', path, { headers: { 'if-match': '"2"' } })).status).toBe(204);
  });

  it('a name that is taken and a resource that is in use are conflicts', async () => {
    expect(problem(await post('channels', { name: 'shop' }))).toEqual([409, 'RESOURCE_CONFLICT']);
    await createPipeline('user');
    for (const path of [`channels/${channelId}`, `data-sources/${sourceId}`])
      expect(problem(await manager.request('DELETE', `/api/v1/${path}`))).toEqual([409, 'RESOURCE_CONFLICT']);
  });
});

describe('data sources', () => {
  it('a password is in no answer, log line, audit entry, and in the store and on the bus only sealed', async () => {
    const id = await manager.create('data-sources', dataSource('secretive'));
    const changed = await manager.request('PATCH', `/api/v1/data-sources/${id}`, {
      body: { password: `${PASSWORD}2` },
    });
    const refused = await post('data-sources', dataSource('secretive'));
    const pipelineId = await createPipeline('sealed', { sourceId: id });
    await untilPublished(pipelineId, 1);
    const checked = await manager.request('POST', `/api/v1/data-sources/${id}/check`);
    const definition = await manager.bus.definition(pipelineId);
    const stored = await installation.sql(`SELECT * FROM ${installation.database}.data_source`);
    const answers = [
      changed,
      refused,
      checked,
      await get('audit?pageSize=500'),
      await get(`data-sources/${id}`),
      await get('data-sources'),
    ];
    const everything = [
      ...answers.map(({ text }) => text),
      JSON.stringify(stored),
      JSON.stringify(definition),
      ...installation.logLines,
    ];
    for (const text of everything) expect(text).not.toContain(PASSWORD);
    const key = Buffer.alloc(32, 7).toString('base64');
    expect(openSecret(definition?.source.password ?? '', key)).toBe(`${PASSWORD}2`);
  });

  it('a change reaches every pipeline that uses it as its next revision', async () => {
    const id = await manager.create('data-sources', dataSource('moving', { host: 'one.example.com' }));
    const pipelines = [
      await createPipeline('moving-1', { sourceId: id }),
      await createPipeline('moving-2', { targetId: id }),
    ];
    await manager.request('PATCH', `/api/v1/data-sources/${id}`, { body: { host: 'two.example.com' } });
    for (const pipeline of pipelines) await untilPublished(pipeline, 2);
    expect((await manager.bus.definition(pipelines[0] ?? ''))?.source.host).toBe('two.example.com');
  });

  it('standbys are kept, given back, checked and published in their order', async () => {
    const { host, port, user, password } = installation.store;
    const standbys = [
      { host: '127.0.0.1', port: 1 },
      { host, port },
    ];
    const id = await manager.create(
      'data-sources',
      dataSource('group', { host: '127.0.0.1', port: 2, user, password, standbys }),
    );
    expect((await get(`data-sources/${id}`)).body['standbys']).toEqual(standbys);
    const { body } = await post(`data-sources/${id}/check`, undefined);
    expect(body).toMatchObject({
      reachable: false,
      standbys: [
        { address: '127.0.0.1:1', reachable: false, failure: { code: 'TARGET_UNREACHABLE' } },
        { address: `${host}:${String(port)}`, reachable: true, failure: null, asSource: [] },
      ],
    });
    const pipeline = await createPipeline('of a group', { sourceId: id });
    await untilPublished(pipeline, 1);
    expect((await manager.bus.definition(pipeline))?.source.standbys).toEqual(standbys);
    await manager.request('PATCH', `/api/v1/data-sources/${id}`, { body: { standbys: [] } });
    await untilPublished(pipeline, 2);
    expect((await manager.bus.definition(pipeline))?.source.standbys).toBeUndefined();
  });

  it.each<[string, unknown, RegExp]>([
    ['more than 16', Array.from({ length: 17 }, (_, n) => ({ host: 'db', port: n + 1 })), /no more than 16/],
    ['a port that is none', [{ host: 'db', port: 0 }], /port must not be less than 1/],
    ['a host with a port', [{ host: 'db/3306', port: 1 }], /without port/],
    ['no list', { host: 'db', port: 1 }, /standbys/],
    [
      'an address twice',
      [
        { host: 'db', port: 1 },
        { host: 'DB', port: 1 },
      ],
      /db:1 is there twice/,
    ],
    ['the first address again', [{ host: 'db.example.com', port: 3306 }], /is there twice/],
  ])('standbys: refuses %s', async (_what, standbys, expected) => {
    const answer = await post('data-sources', dataSource('odd group', { standbys }));
    expect(problem(answer)).toEqual([400, 'REQUEST_INVALID']);
    expect(answer.body['detail']).toMatch(expected);
  });

  it('says what a database is and why it cannot be reached', async () => {
    const { host, port, user, password } = installation.store;
    const here = await manager.create('data-sources', dataSource('here', { host, port, user, password }));
    const { body } = await post(`data-sources/${here}/check`, undefined);
    expect(body).toMatchObject({ reachable: true, kind: 'mariadb', asSource: [] });
    const nowhere = await manager.create('data-sources', dataSource('nowhere', { host: '127.0.0.1', port: 1 }));
    const failed = await post(`data-sources/${nowhere}/check`, undefined);
    expect([failed.status, failed.body['reachable'], failed.body['failure']]).toEqual([
      200,
      false,
      expect.objectContaining({ code: 'TARGET_UNREACHABLE' }),
    ]);
  });
});
