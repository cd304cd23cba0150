import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApiDocument } from '../src/api-document/api-document.ts';
import { ApiSchemas } from './api-schemas.ts';
import type { ApiOperation } from './api-schemas.ts';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

// Goal: what HTTP says of methods, types and versions holds at every address, and lists keep their limits.
// Method: walks the document that the manager serves, so that a new route is walked as well; each answer is held against it.

const SOME_ID = '01ARZ3NDEKTSV4RRFFQ69G5FAV';

const installation = new Installation();
let manager: RunningManager;
let api: ApiSchemas;
/** What exists, by the collection that it is in. */
let ids: Readonly<Record<string, string>>;

beforeAll(async () => {
  manager = await installation.start();
  api = new ApiSchemas((await manager.request('GET', '/api/docs-json')).body as unknown as ApiDocument);
  const server = { kind: 'mariadb', host: '127.0.0.1', user: 'u', password: 'p' };
  const channelId = await manager.create('channels', { name: 'formal' });
  const sourceId = await manager.create('data-sources', { ...server, name: 'a', port: 1, standbys: [STANDBY] });
  const targetId = await manager.create('data-sources', { ...server, name: 'b', port: 2 });
  const pipelineId = await manager.create('pipelines', { name: 'formal', channelId, sourceId, targetId });
  const mapping = { source: { schema: 's', table: { exact: 't' } }, target: { schema: 's' } };
  const mappings = await manager.create(`pipelines/${pipelineId}/mappings`, mapping);
  const http = { url: 'http://127.0.0.1:1/hook' };
  const receivers = await manager.create('receivers', { name: 'formal', kind: 'webhook', http });
  const rule = { name: 'formal', kind: 'delay', receiverIds: [receivers] };
  ids = {
    ...{ channels: channelId, 'data-sources': sourceId, pipelines: pipelineId, mappings, receivers },
    'alarm-rules': await manager.create('alarm-rules', rule),
    'api-keys': await manager.create('api-keys', { name: 'formal', role: 'viewer' }),
    users: await manager.create('users', { name: 'formal', password: 'seven old bicycles', role: 'viewer' }),
  };
});

afterAll(() => installation.close());

const STANDBY = { host: '127.0.0.1', port: 3 };

/** The address with what exists in the place of its parameters. */
function addressOf(path: string): string {
  const steps = path.split('/');
  return steps
    .map((step, index) => {
      if (step === '{name}') return 'formal';
      if (step === '{number}') return '1';
      return step.startsWith('{') ? (ids[steps[index - 1] ?? ''] ?? SOME_ID) : step;
    })
    .join('/');
}

const formOf = ({ status, body, headers }: Answer): unknown => [status, body['code'], headers.get('content-type')];
const refusal = (status: number): unknown => [status, 'REQUEST_INVALID', 'application/problem+json'];

describe('every address', () => {
  const methodsOf = (): ReadonlyMap<string, readonly string[]> =>
    new Map(
      Object.entries(api.document.paths).map(([path, of]) => [path, Object.keys(of).map((one) => one.toUpperCase())]),
    );

  it('tells its methods, and refuses the others by naming them', async () => {
    for (const [path, methods] of methodsOf()) {
      const address = addressOf(path);
      const options = await manager.request('OPTIONS', address);
      const allowed = (options.headers.get('allow') ?? '').split(', ');
      expect([path, options.status, methods.every((method) => allowed.includes(method))]).toEqual([path, 204, true]);
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((one) => !allowed.includes(one))) {
        const answer = await manager.request(method, address);
        expect([path, method, formOf(answer)]).toEqual([path, method, refusal(405)]);
        expect(answer.headers.get('allow')).toBe(allowed.join(', '));
      }
    }
  });

  it('that is read answers HEAD as GET, without the body', async () => {
    for (const path of ['/api/v1/channels', `/api/v1/channels/${ids['channels'] ?? ''}`, '/api/v1/parameters']) {
      const [head, get] = [await manager.request('HEAD', path), await manager.request('GET', path)];
      expect([path, head.status, head.text, head.headers.get('etag')]).toEqual([
        path,
        200,
        '',
        get.headers.get('etag'),
      ]);
    }
  });

  it('answers in the type that it has, or says that it cannot', async () => {
    for (const { method, path, operation } of api.operations()) {
      if (method !== 'GET') continue;
      const [made = ''] = Object.values(operation.responses).flatMap((one) =>
        'content' in one ? Object.keys(one.content ?? {}) : [],
      );
      const of = async (accept: string): Promise<unknown> =>
        formOf(await manager.request(method, addressOf(path), { headers: { accept } }));
      for (const accept of ['text/html', `${made};q=0`, 'image/*'])
        expect([path, accept, await of(accept)]).toEqual([path, accept, refusal(406)]);
      for (const accept of [made, '*/*', 'text/html, application/*;q=0.1'])
        expect([path, accept, await of(accept)]).not.toEqual([path, accept, refusal(406)]);
    }
  });

  it('that takes a body refuses another type of it', async () => {
    for (const { method, path, operation } of api.operations().filter((one) => one.operation.requestBody !== undefined))
      for (const type of ['text/plain', 'application/xml', 'x']) {
        const headers = { 'content-type': type };
        const answer = await manager.request(method, addressOf(path), { headers, body: '{}' });
        expect([operation.operationId, type, formOf(answer)]).toEqual([operation.operationId, type, refusal(415)]);
      }
  });
});

describe('a version that is not the current one', () => {
  /** Bodies that are right where the example is about something that does not exist here. */
  const bodies: Readonly<Record<string, unknown>> = {
    'POST /api/v1/data-sources/{id}/switch': { ...STANDBY, force: true },
    'POST /api/v1/pipelines/{pipelineId}/mappings/import': { format: 'text', content: 's.t2 s.t2' },
    'PATCH /api/v1/alarm-rules/{id}': { threshold: 9 },
    'PATCH /api/v1/receivers/{id}': { name: 'renamed' },
  };
  /** It exists only after something has failed: alarms.mysql.test.ts. */
  const ELSEWHERE = ['POST /api/v1/alarms/{id}/acknowledge'];

  const bodyOf = async ({ method, path, operation }: ApiOperation): Promise<unknown> => {
    if (path.endsWith('/document')) return (await manager.request('GET', addressOf(path))).text;
    return bodies[`${method} ${path}`] ?? operation.requestBody?.content['application/json']?.example;
  };

  const versions = (): Promise<unknown> =>
    Promise.all(
      Object.entries(ids)
        .filter(([name]) => name !== 'mappings')
        .map(async ([name, id]) => {
          const { status, body } = await manager.request('GET', `/api/v1/${name}/${id}`);
          return [name, status, body['version']];
        }),
    );

  it('refuses every write that names one, and changes nothing', async () => {
    const writes = api
      .operations()
      .filter(({ operation }) => operation.parameters.some(({ name }) => name === 'If-Match'))
      .filter(({ method, path }) => !ELSEWHERE.includes(`${method} ${path}`));
    expect(writes.length).toBeGreaterThan(18);
    const before = await versions();
    const wrong: unknown[] = [];
    for (const write of writes) {
      const route = `${write.method} ${write.path}`;
      const body = await bodyOf(write);
      const answer = await manager.request(write.method, addressOf(write.path), {
        headers: {
          'if-match': '"999"',
          'content-type': typeof body === 'string' ? 'application/yaml' : 'application/json',
        },
        ...(body === undefined ? {} : { body }),
      });
      const isRefused = answer.status === 412 && answer.body['code'] === 'RESOURCE_CONFLICT';
      if (!isRefused) wrong.push([route, answer.status, answer.body['detail']]);
      expect(api.complaintAbout(write, answer)).toBe('');
    }
    expect(wrong).toEqual([]);
    expect(await versions()).toEqual(before);
  });
});

describe('a resource in use', () => {
  it.each([
    ['channels', 'pipelines'],
    ['data-sources', 'pipelines'],
    ['receivers', 'alarmRules'],
  ])('of %s stays, and its users are named', async (collection, users) => {
    const { status, body } = await manager.request('DELETE', `/api/v1/${collection}/${ids[collection] ?? ''}`);
    expect([status, body['code']]).toEqual([409, 'RESOURCE_CONFLICT']);
    const named = (body['details'] as Record<string, unknown>)[users];
    expect(named).toEqual([expect.objectContaining({ id: expect.any(String), name: 'formal' })]);
  });
});

describe('every list', () => {
  it('keeps the limits of its pages and the fields of its order', async () => {
    const lists = api
      .operations()
      .filter(({ operation }) => operation.parameters.some(({ name }) => name === 'pageSize'));
    expect(lists.length).toBeGreaterThan(12);
    for (const { method, path, operation } of lists) {
      const required = operation.parameters
        .filter((one) => one.in === 'query' && one.required)
        .map(({ name }) => `&${name}=${ids['pipelines'] ?? ''}`)
        .join('');
      const hasOrder = operation.parameters.some(({ name }) => name === 'sort');
      const wrong = [
        'page=0',
        'page=1.5',
        'pageSize=0',
        'pageSize=100000',
        ...(hasOrder ? ['sort=version', 'sort='] : []),
      ];
      for (const query of wrong) {
        const answer = await manager.request(method, `${addressOf(path)}?${query}${required}`);
        expect([path, query, formOf(answer)]).toEqual([path, query, refusal(400)]);
        expect(answer.body['detail']).toContain(query.split('=')[0]);
      }
    }
  });
});

describe('a version', () => {
  it('that the client has is no reason to leave the answer out: the state may be another one', async () => {
    const address = `/api/v1/pipelines/${ids['pipelines'] ?? ''}`;
    const seen = await manager.request('GET', address);
    // Without the second one fetch asks for an answer of its own.
    const headers = { 'if-none-match': seen.headers.get('etag') ?? '', 'cache-control': 'max-age=0' };
    expect(headers['if-none-match']).toMatch(/^"\d+"$/);
    await manager.create(`pipelines/${ids['pipelines'] ?? ''}/commands`, { kind: 'STOP', reason: 'a new state' });
    const again = await manager.request('GET', address, { headers });
    expect([again.status, again.headers.get('etag')]).toEqual([200, headers['if-none-match']]);
    expect(again.text).toContain('a new state');
  });
});
