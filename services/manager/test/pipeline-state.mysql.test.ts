import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { BlockedEvent, Command, FailureReport, LutraEvent, Permit } from '@lutra/model';
import { waitUntil } from '@lutra/testing';
import { Installation } from './running-manager.ts';
import type { RunningManager } from './running-manager.ts';

// Goal: one answer says what a pipeline does, why, since when, who wanted it, and which page helps.
// Method: a manager in this process, asked over HTTP; permits are written to ZooKeeper and events to the bus as stages do.

const installation = new Installation();
let manager: RunningManager;
let dataSources: { readonly channelId: string; readonly sourceId: string; readonly targetId: string };
let pipelineId: string;

beforeAll(async () => {
  manager = await installation.start();
  const server = { kind: 'mariadb', host: 'db.example.com', user: 'lutra', password: 'secret' };
  dataSources = {
    channelId: await manager.create('channels', { name: 'shop' }),
    sourceId: await manager.create('data-sources', { ...server, name: 'source', port: 3301 }),
    targetId: await manager.create('data-sources', { ...server, name: 'target', port: 3302 }),
  };
  pipelineId = await createPipeline('shown');
});

afterAll(() => installation.close());

async function createPipeline(name: string): Promise<string> {
  const id = await manager.create('pipelines', { ...dataSources, name });
  const mapping = { source: { schema: 'shop', table: { exact: name } }, target: { schema: 'shop', table: name } };
  await manager.create(`pipelines/${id}/mappings`, mapping);
  return id;
}

const FAILURE: FailureReport = {
  code: 'TARGET_TABLE_MISSING',
  class: 'configuration',
  message: 'The table shop.a is missing',
  workaround: 'Run at the target, then RESTART: CREATE TABLE a (id INT)',
  statement: 'CREATE TABLE a (id INT)',
  stage: 'load',
  instance: 'load-1',
  epoch: 3,
  process: 7,
  at: '2026-11-21T10:00:00.000Z',
};

async function stand(id: string, change: Partial<Permit>): Promise<void> {
  const standing = await manager.coordinator.permit(id);
  const permit: Permit = {
    ...{ state: 'RUNNING', epoch: 3, draining: false, commandId: 'C', aboutEpoch: null, reason: 'go', failure: null },
    ...{ since: new Date().toISOString(), by: 'admin', attempt: 0, nextAttemptAt: null },
    ...change,
  };
  expect(await manager.coordinator.writePermit(id, permit, standing?.version ?? null)).toBe(true);
}

const base = (
  id: string,
  epoch: number,
): Pick<BlockedEvent, 'v' | 'at' | 'pipelineId' | 'epoch' | 'process' | 'traceId'> => ({
  ...{ v: 1, at: new Date().toISOString(), pipelineId: id, epoch, process: null, traceId: null },
});
const tell = (event: LutraEvent): Promise<void> => manager.bus.publishEvent(event);

const state = async (id: string): Promise<Record<string, unknown>> =>
  (await manager.request('GET', `/api/v1/pipelines/${id}`)).body;
const untilState = (id: string, what: string, isSo: (body: Record<string, unknown>) => boolean): Promise<unknown> =>
  waitUntil(async () => isSo(await state(id)), { what, timeoutMs: 60_000 });

describe('GET /pipelines/{id}', () => {
  it('before the first start', async () => {
    expect(await state(pipelineId)).toMatchObject({
      ...{ state: 'STOPPED', condition: 'never-started', runbook: 'docs/runbook.md#never-started', lastOrder: null },
      ...{ lastCommand: null, blockers: [], seats: null, drainingFor: null },
    });
  });

  it('without anybody who holds it, and draining for a move', async () => {
    await stand(pipelineId, { seats: { loader: 'load-2' } });
    expect(await state(pipelineId)).toMatchObject({
      ...{ condition: 'running-without-mainstem', runbook: 'docs/runbook.md#running-without-mainstem' },
      seats: { loader: 'load-2' },
    });
    const pending: Command = {
      ...{ id: 'M', kind: 'RESTART', pipelineId, aboutEpoch: 3, reason: 'move', author: 'admin' },
      ...{ issuedAt: new Date().toISOString(), isGraceful: true },
    };
    await stand(pipelineId, { draining: true, pending, reason: 'move' });
    expect(await state(pipelineId)).toMatchObject({
      ...{ condition: 'running-draining', draining: true, drainingFor: 'RESTART', reason: 'move' },
    });
  });

  it('a failure with class, statement and the page about its code; the events say the same', async () => {
    await stand(pipelineId, { state: 'PAUSED', epoch: 4, failure: FAILURE, by: 'load-1', attempt: 2 });
    await tell({ ...base(pipelineId, 3), who: 'load-1', kind: 'failed', failure: FAILURE });
    const linked = { ...FAILURE, runbook: 'docs/runbook.md#target_table_missing' };
    await untilState(pipelineId, 'the failure', ({ lastFailure }) => lastFailure !== null);
    expect(await state(pipelineId)).toMatchObject({
      ...{ state: 'PAUSED', condition: 'paused-waits-for-a-person', by: 'load-1', attempt: 2, failure: linked },
      ...{ runbook: linked.runbook, lastFailure: linked },
    });
    const events = await manager.request('GET', `/api/v1/pipelines/${pipelineId}/events?kinds=failed`);
    expect(events.body.items).toMatchObject([{ kind: 'failed', failure: linked }]);
  });

  it('blockers of the running epoch by stage, until the way is free', async () => {
    const id = await createPipeline('blocked');
    await stand(id, { epoch: 5 });
    const blocker = {
      kind: 'targetLock',
      since: new Date().toISOString(),
      connectionId: 812,
      message: 'load waits for lock held by connection 812 at target: ALTER TABLE a',
    } as const;
    await tell({ ...base(id, 4), who: 'load-1', kind: 'blocked', stage: 'load', blocker });
    await tell({ ...base(id, 5), who: 'load-2', kind: 'blocked', stage: 'load', blocker });
    await tell({ ...base(id, 5), who: 'select-1', kind: 'blocked', stage: 'select', blocker: null });
    await untilState(id, 'the blocker', ({ blockers }) => (blockers as unknown[]).length > 0);
    expect(await state(id)).toMatchObject({ blockers: [{ stage: 'load', instance: 'load-2', ...blocker }] });
    const events = await manager.request('GET', `/api/v1/pipelines/${id}/events?kinds=blocked`);
    expect(events.body['total']).toBe(3);
    await tell({ ...base(id, 5), who: 'load-2', kind: 'blocked', stage: 'load', blocker: null });
    await untilState(id, 'no blocker', ({ blockers }) => (blockers as unknown[]).length === 0);
  });

  it('the last command of anybody, and what an operator ordered last', async () => {
    const id = await createPipeline('commanded');
    // Without a permit the manager would soon give a START of its own.
    await stand(id, { epoch: 1 });
    const { body } = await manager.request('POST', `/api/v1/pipelines/${id}/commands`, {
      body: { kind: 'START', reason: 'first start' },
    });
    await untilState(id, 'the order', ({ lastCommand }) => lastCommand !== null);
    const ordered = { id: body['id'], kind: 'START', author: 'admin', reason: 'first start', outcome: 'issued' };
    expect(await state(id)).toMatchObject({ lastCommand: ordered, lastOrder: ordered });
    const issuedAt = new Date().toISOString();
    const command: Command = {
      ...{
        id: 'S',
        kind: 'ROLLBACK',
        pipelineId: id,
        aboutEpoch: 1,
        reason: 'load failed',
        author: 'load-1',
        issuedAt,
      },
    };
    await tell({ ...base(id, 2), who: 'arbiter-1', kind: 'command-done', command, outcome: 'applied' });
    await untilState(id, 'the rollback', ({ lastCommand }) => (lastCommand as { id: string }).id === 'S');
    expect(await state(id)).toMatchObject({
      ...{ lastCommand: { kind: 'ROLLBACK', author: 'load-1', outcome: 'applied' }, lastOrder: ordered },
    });
  });

  it('that the permit was lost, when it was ordered to run and ZooKeeper knows nothing of it', async () => {
    const id = await createPipeline('lost');
    const answer = await manager.request('POST', `/api/v1/pipelines/${id}/commands`, {
      body: { kind: 'START', reason: 'go' },
    });
    const command = (await manager.request('GET', `/api/v1/commands/${String(answer.body['id'])}`)).body;
    expect((await state(id))['condition']).toBe('never-started');
    await tell({
      ...{ ...base(id, 1), who: 'arbiter-1', kind: 'command-done', outcome: 'applied' },
      command: { ...(command as unknown as Command), aboutEpoch: null },
    });
    await untilState(id, 'the loss', ({ condition }) => condition === 'permit-lost');
    expect(await state(id)).toMatchObject({
      ...{ state: 'STOPPED', epoch: 0, runbook: 'docs/runbook.md#permit-lost' },
      lastOrder: { kind: 'START', outcome: 'applied' },
    });
  });
});

describe('GET /events', () => {
  const warn = (message: string): Promise<void> =>
    tell({ ...base(pipelineId, 9), who: 'load-9', kind: 'warning', code: 'A_TEST', message });
  const messages = async (query: string): Promise<unknown> => {
    const { body } = await manager.request('GET', `/api/v1/events?kinds=warning&${query}`);
    return [body['total'], body.items?.map(({ message }) => message)];
  };

  it('tells what came since a time, and of many the newest, the oldest of them first', async () => {
    await warn('before');
    const told = Date.now();
    // The log knows microseconds; what came in this millisecond came before it or after it.
    await waitUntil(() => Date.now() > told, { what: 'the next millisecond', timeoutMs: 60_000 });
    const since = new Date().toISOString();
    for (const message of ['one', 'two', 'three']) await warn(message);
    expect(await messages(`since=${since}`)).toEqual([3, ['one', 'two', 'three']]);
    expect(await messages(`since=${since}&limit=2`)).toEqual([2, ['two', 'three']]);
    expect(await messages('limit=4')).toEqual([4, ['before', 'one', 'two', 'three']]);
    // The server's time begins in 1678 and ends in 2262.
    for (const time of ['0001-01-01T00:00:00Z', '1600-01-01T00:00:00Z'])
      expect([time, await messages(`since=${time}`)]).toEqual([time, [4, expect.anything()]]);
    for (const time of ['2100-01-01T00:00:00Z', '9999-12-31T00:00:00Z'])
      expect([time, await messages(`since=${time}`)]).toEqual([time, [0, []]]);
  });
});

it('a problem names its page too', async () => {
  const { body } = await manager.request('GET', '/api/v1/pipelines/01ARZ3NDEKTSV4RRFFQ69G5FAV');
  expect(body).toMatchObject({ code: 'RESOURCE_NOT_FOUND', runbook: 'docs/runbook.md#resource_not_found' });
});
