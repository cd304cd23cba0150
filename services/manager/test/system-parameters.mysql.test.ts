import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { LogLevel } from '@lutra/model';
import { waitUntil } from '@lutra/testing';
import { SYSTEM_NUMBERS } from '../src/system-parameters/system-parameter-catalogue.ts';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

// Goal: what holds for the whole installation is changed while it runs, counts at once for every manager, and is audited.
// Method: two managers in this process on one store, spoken to over HTTP.

const installation = new Installation();
let manager: RunningManager;
let other: RunningManager;
let ids: Record<'channelId' | 'sourceId' | 'targetId', string>;

beforeAll(async () => {
  [manager, other] = [await installation.start(), await installation.start()];
  const database = { kind: 'mariadb', host: 'db', user: 'lutra', password: 'secret' };
  ids = {
    channelId: await manager.create('channels', { name: 'shop' }),
    sourceId: await manager.create('data-sources', { ...database, name: 'source', port: 3301 }),
    targetId: await manager.create('data-sources', { ...database, name: 'target', port: 3302 }),
  };
});

afterAll(() => installation.close());

const patch = (body: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  manager.request('PATCH', '/api/v1/system-parameters', { body, headers });
const problem = ({ status, body }: Answer): unknown => [status, body['code']];
const parametersOf = async (id: string): Promise<unknown> =>
  (await other.request('GET', `/api/v1/pipelines/${id}`)).body['parameters'];

describe('system parameters', () => {
  it('have defaults, are changed and taken back, with a version that is asked for', async () => {
    const { body, headers } = await manager.request('GET', '/api/v1/system-parameters');
    expect(body).toMatchObject({ version: 1, pipelineDefaults: {}, revisionsMax: 1_000, removalDays: 30 });
    const changed = await patch({ removalDays: 7 }, { 'if-match': headers.get('etag') ?? '' });
    expect([changed.status, changed.body]).toMatchObject([200, { version: 2, removalDays: 7, revisionsMax: 1_000 }]);
    expect(problem(await patch({ removalDays: 8 }, { 'if-match': '"1"' }))).toEqual([412, 'RESOURCE_CONFLICT']);
    expect((await other.request('GET', '/api/v1/system-parameters')).body).toMatchObject({
      version: 2,
      removalDays: 7,
    });
    expect((await patch({ removalDays: null })).body).toMatchObject({ version: 3, removalDays: 30 });
    const audit = (await manager.request('GET', '/api/v1/audit?resourceId=system')).body.items;
    expect(audit).toMatchObject([
      {
        who: 'admin',
        action: 'update',
        resource: 'system-parameters',
        before: { removalDays: 7 },
        after: { removalDays: 30 },
      },
      { before: { removalDays: 30 }, after: { removalDays: 7 } },
    ]);
  });

  it('give new pipelines their defaults, by any manager, and leave others as they are', async () => {
    const before = await manager.create('pipelines', { ...ids, name: 'before' });
    await patch({ pipelineDefaults: { maxRows: 77, lanes: 2 } });
    const made = await other.create('pipelines', { ...ids, name: 'made', parameters: { lanes: 3 } });
    expect(await parametersOf(made)).toMatchObject({ maxRows: 77, lanes: 3, ddl: 'sync' });
    expect(await parametersOf(before)).toMatchObject({ maxRows: 5_000, lanes: 4 });
    await patch({ pipelineDefaults: { keepTransactions: true, applyMode: 'transactional' } });
    const refused = await manager.request('POST', '/api/v1/pipelines', {
      body: { ...ids, name: 'refused', parameters: { applyMode: 'merged' } },
    });
    expect(problem(refused)).toEqual([400, 'REQUEST_INVALID']);
    await patch({ pipelineDefaults: null });
    expect(await parametersOf(await other.create('pipelines', { ...ids, name: 'after' }))).toMatchObject({
      maxRows: 5_000,
    });
  });

  it('order a log level of all instances, bring it back after a loss, and take it back', async () => {
    const { coordinator } = manager;
    const reached = (level: LogLevel | null): Promise<unknown> =>
      waitUntil(async () => (await coordinator.installationOrder())?.logLevel === level, {
        what: `log level ${String(level)}`,
        timeoutMs: 60_000,
      });
    expect((await patch({ logLevel: 'debug' })).body).toMatchObject({ logLevel: 'debug' });
    await reached('debug');
    await coordinator.writeInstallationOrder({ logLevel: 'error' });
    await reached('debug');
    expect((await patch({ logLevel: null })).body).toMatchObject({ logLevel: null });
    await reached(null);
    expect((await patch({ logLevel: 'loud' })).text).toContain('logLevel');
  });

  it('bound what is kept of revisions from the next change on', async () => {
    const id = await manager.create('pipelines', { ...ids, name: 'bounded' });
    for (let rows = 1; rows <= 12; rows += 1)
      await manager.request('PATCH', `/api/v1/pipelines/${id}`, { body: { parameters: { maxRows: rows } } });
    const total = async (): Promise<unknown> =>
      (await manager.request('GET', `/api/v1/pipelines/${id}/revisions`)).body['total'];
    expect(await total()).toBe(13);
    await patch({ revisionsMax: 10 });
    await other.request('PATCH', `/api/v1/pipelines/${id}`, { body: { parameters: { maxRows: 99 } } });
    expect(await total()).toBe(10);
    await patch({ revisionsMax: null });
  });

  it.each<[string, unknown, string]>([
    ['an unknown one', { logRotation: 1 }, 'logRotation'],
    ...Object.entries(SYSTEM_NUMBERS).flatMap(([name, { minimum, maximum }]) =>
      [minimum - 1, maximum + 1, 1.5, '1', true].map((value): [string, unknown, string] => [
        `${name} ${String(value)}`,
        { [name]: value },
        name,
      ]),
    ),
    ['a pipeline parameter out of range', { pipelineDefaults: { lanes: 0 } }, 'pipelineDefaults.lanes'],
    ['an unknown pipeline parameter', { pipelineDefaults: { lane: 1 } }, 'pipelineDefaults.lane'],
    ['defaults that exclude each other', { pipelineDefaults: { keepTransactions: true } }, 'keepTransactions'],
  ])('refuses %s', async (_what, body, field) => {
    const answer = await patch(body);
    expect(problem(answer)).toEqual([400, 'REQUEST_INVALID']);
    expect(answer.text).toContain(field);
  });
});
