import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitUntil } from '@lutra/testing';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

// Goal: what is configured reaches the bus, commands reach the arbiter, and what pipelines do is shown.
// Method: a manager in this process, spoken to over HTTP; arbiter and stages are played on the bus and in ZooKeeper.

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

const dataSource = (name: string, change: Record<string, unknown>): Record<string, unknown> => ({
  name,
  kind: 'mariadb',
  host: 'db.example.com',
  port: 3306,
  user: 'lutra',
  password: 'secret',
  ...change,
});

const createPipeline = (name: string, change: Record<string, unknown> = {}): Promise<string> =>
  manager.create('pipelines', { channelId, name, sourceId, targetId, ...change });

const mapping = (source: string, target: string): Record<string, unknown> => ({
  source: { schema: 'shop', table: { exact: source } },
  target: { schema: 'shop', table: target },
});

const post = (path: string, body: unknown): Promise<Answer> => manager.request('POST', `/api/v1/${path}`, { body });
const get = (path: string): Promise<Answer> => manager.request('GET', `/api/v1/${path}`);
const problem = ({ status, body }: Answer): unknown => [status, body['code']];

const publishedRevision = async (id: string): Promise<number> => (await manager.bus.definition(id))?.revision ?? 0;
const untilPublished = (id: string, revision: number): Promise<unknown> =>
  waitUntil(async () => (await publishedRevision(id)) === revision, {
    what: `revision ${String(revision)} on the bus`,
    timeoutMs: 60_000,
  });

describe('pipelines', () => {
  it('each write is published as the next revision, an equal one is not', async () => {
    const id = await createPipeline('revisions', { parameters: { maxRows: 100 } });
    const mappingId = await manager.create(`pipelines/${id}/mappings`, mapping('revisions', 'revisions'));
    await untilPublished(id, 2);
    const same = await manager.request('PATCH', `/api/v1/pipelines/${id}`, { body: { parameters: { maxRows: 100 } } });
    expect(same.body['revision']).toBe(2);
    await manager.request('PATCH', `/api/v1/pipelines/${id}`, { body: { parameters: { ddl: 'skip' } } });
    await untilPublished(id, 3);
    await manager.request('PATCH', `/api/v1/pipelines/${id}/mappings/${mappingId}`, {
      body: { columns: { mode: 'list', columns: [{ source: 'id', target: 'key' }] } },
    });
    await untilPublished(id, 4);
    expect(await manager.bus.definition(id)).toMatchObject({
      name: 'revisions',
      parameters: { maxRows: 100, ddl: 'skip', parallelism: 5 },
      mappings: [{ id: mappingId, columns: { mode: 'list', columns: [{ source: 'id', target: 'key' }] } }],
      source: { id: sourceId },
      target: { id: targetId },
    });
    // A revision never changes afterwards.
    expect((await manager.bus.definition(id, 3))?.mappings[0]?.columns).toEqual({ mode: 'all' });
  });

  it('a new one has four lanes and applies schema statements; one that an older manager stored does neither, until somebody says so', async () => {
    const id = await createPipeline('lanes', { parameters: { maxRows: 100 } });
    await untilPublished(id, 1);
    expect((await manager.bus.definition(id))?.parameters).toMatchObject({ lanes: 4, ddl: 'sync' });
    await installation.sql(
      `UPDATE ${installation.database}.pipeline SET parameters = '{"maxRows":100}' WHERE id = '${id}'`,
    );
    expect((await get(`pipelines/${id}`)).body['parameters']).toMatchObject({
      lanes: 1,
      ddl: 'fail',
      maxRows: 100,
    });
    await manager.request('PATCH', `/api/v1/pipelines/${id}`, { body: { parameters: { ddl: 'skip' } } });
    await untilPublished(id, 2);
    expect((await manager.bus.definition(id))?.parameters).toMatchObject({ lanes: 1, maxRows: 100, ddl: 'skip' });
    await manager.request('PATCH', `/api/v1/pipelines/${id}`, { body: { parameters: { lanes: 2 } } });
    await untilPublished(id, 3);
    expect((await manager.bus.definition(id))?.parameters.lanes).toBe(2);
  });

  it.each<[string, Record<string, unknown>, string]>([
    [
      'an expression that does not compile',
      { source: { schema: 'shop', table: { regex: 'a(' } }, target: { schema: 'x' } },
      'MAPPING_REGEX_INVALID',
    ],
    [
      'a reserved schema',
      { source: { schema: 'mysql', table: { exact: 'a' } }, target: { schema: 'x' } },
      'MAPPING_RESERVED_SCHEMA',
    ],
    ['a target table that is taken', mapping('other', 'taken'), 'MAPPING_TARGET_COLLISION'],
  ])('%s is refused and leaves no trace', async (what, body, code) => {
    const id = await createPipeline(`refusing ${what}`);
    const other = await createPipeline(`taking ${what}`);
    const takenId = await manager.create(`pipelines/${other}/mappings`, mapping('taken', 'taken'));
    expect(problem(await post(`pipelines/${id}/mappings`, body))).toEqual([422, code]);
    expect((await get(`pipelines/${id}`)).body).toMatchObject({ revision: 1, mappings: [] });
    await manager.request('DELETE', `/api/v1/pipelines/${other}/mappings/${takenId}`);
  });

  it('policies and weights of mappings are published, and refused where two of one table differ', async () => {
    const id = await createPipeline('policies');
    const onConflict = { kind: 'merge', columns: ['name'], deltaColumns: ['stock'] };
    const body = { ...mapping('items', 'items'), onConflict, weight: -3 };
    const created = await post(`pipelines/${id}/mappings`, body);
    expect(created.body).toMatchObject({ onConflict, weight: -3 });
    const plain = await post(`pipelines/${id}/mappings`, mapping('orders', 'orders'));
    expect(plain.body).toMatchObject({ onConflict: { kind: 'overwrite' }, weight: 0 });
    const rest = {
      source: { schema: 'shop', table: { regex: '(?!orders$).*' } },
      target: { schema: 'shop', table: '$1' },
    };
    const wide = { source: { schema: 'old', table: { regex: '(it|or).*' } }, target: { schema: 'shop' } };
    expect(problem(await post(`pipelines/${id}/mappings`, rest))).toEqual([400, 'REQUEST_INVALID']);
    expect(problem(await post(`pipelines/${id}/mappings`, wide))).toEqual([422, 'MAPPING_POLICY_CONFLICT']);
    const family = {
      source: { schema: 'old', table: { regex: 'x_(\\w+)' } },
      target: { schema: 'shop', table: 'it$1s' },
    };
    expect(problem(await post(`pipelines/${id}/mappings`, family))).toEqual([422, 'MAPPING_POLICY_CONFLICT']);
    const apart = { ...family, target: { schema: 'shop', table: 'x_$1' } };
    expect((await post(`pipelines/${id}/mappings`, apart)).status).toBe(201);
    const path = `/api/v1/pipelines/${id}/mappings/${String(created.body['id'])}`;
    const wrong = { onConflict: { kind: 'latestWins' } };
    expect(problem(await manager.request('PATCH', path, { body: wrong }))).toEqual([400, 'REQUEST_INVALID']);
    const right = { onConflict: { kind: 'latestWins', column: 'changed_at' } };
    expect((await manager.request('PATCH', path, { body: right })).body).toMatchObject({ ...right, weight: -3 });
    await untilPublished(id, 5);
    const mappings = (await manager.bus.definition(id))?.mappings;
    expect(mappings?.[0]).toMatchObject({ ...right, weight: -3 });
    expect(mappings?.[1]).not.toHaveProperty('onConflict');
    expect(mappings?.[1]).not.toHaveProperty('weight');
  });

  it('the end of a dry run has to be confirmed', async () => {
    const id = await createPipeline('dry', { parameters: { dryRun: true } });
    const change = (body: unknown): Promise<Answer> => manager.request('PATCH', `/api/v1/pipelines/${id}`, { body });
    const refused = await change({ parameters: { dryRun: false } });
    expect(problem(refused)).toEqual([409, 'CONFIRMATION_MISSING']);
    expect(refused.body['detail']).toContain('begins to write: from its checkpoint at the target on');
    expect(refused.body['detail']).toContain("Send confirm: 'apply'");
    expect((await change({ parameters: { throttleRowsPerSecond: 9 } })).status).toBe(200);
    expect(problem(await change({ parameters: { dryRun: false }, confirm: 'yes' }))).toEqual([400, 'REQUEST_INVALID']);
    const done = await change({ parameters: { dryRun: false }, confirm: 'apply' });
    expect(done.body).toMatchObject({ parameters: { dryRun: false, throttleRowsPerSecond: 9 } });
    await untilPublished(id, 3);
  });

  it('two requests at once for one target table: one of them is refused', async () => {
    const ids = [await createPipeline('race-1'), await createPipeline('race-2')];
    const answers = await Promise.all(ids.map((id) => post(`pipelines/${id}/mappings`, mapping('race', 'race'))));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 422]);
  });

  it('many changes at once all count', async () => {
    const id = await createPipeline('busy');
    const names = Array.from({ length: 12 }, (_, index) => `busy_${String(index)}`);
    await Promise.all(names.map((name) => manager.create(`pipelines/${id}/mappings`, mapping(name, name))));
    await untilPublished(id, 13);
    expect((await manager.bus.definition(id))?.mappings.length).toBe(12);
  });

  it('is republished when the bus has lost it', async () => {
    const id = await createPipeline('lost');
    await untilPublished(id, 1);
    await manager.bus.removeDefinition(id);
    await untilPublished(id, 1);
  });

  it('shows STOPPED before the first start, and permit, holders and cursor afterwards', async () => {
    const id = await createPipeline('shown');
    expect((await get(`pipelines/${id}`)).body).toMatchObject({
      state: 'STOPPED',
      epoch: 0,
      failure: null,
      unavailable: [],
    });
    const failure = {
      code: 'TARGET_TABLE_MISSING',
      class: 'configuration',
      message: 'The table shop.a is missing',
      workaround: 'Create it',
      statement: 'CREATE TABLE a (id INT)',
      stage: 'load',
      instance: 'load-1',
      epoch: 3,
      process: 7,
      at: new Date().toISOString(),
    } as const;
    const permit = {
      state: 'PAUSED',
      epoch: 4,
      draining: false,
      commandId: 'C',
      aboutEpoch: 3,
      reason: 'load failed',
      failure,
      since: new Date().toISOString(),
      by: 'arbiter-1',
      attempt: 0,
      nextAttemptAt: null,
    } as const;
    await manager.coordinator.writePermit(id, permit, null);
    const place = { done: { kind: 'mariadbGtid', gtidList: '0-1-5' }, inside: null } as const;
    await manager.bus.putCursor(id, { state: 'place', epoch: 4, revision: 1, place, process: 0, at: permit.since });
    expect((await get(`pipelines/${id}`)).body).toMatchObject({
      state: 'PAUSED',
      epoch: 4,
      reason: 'load failed',
      failure,
      cursor: { state: 'place', place },
      mainstem: null,
    });
    const refused = await manager.request('DELETE', `/api/v1/pipelines/${id}`);
    expect(problem(refused)).toEqual([409, 'RESOURCE_CONFLICT']);
    expect(refused.body['detail']).toContain('STOP');
  });

  it('a stopped pipeline can be removed: its definition and its nodes go', async () => {
    const id = await createPipeline('leaving');
    await manager.create(`pipelines/${id}/mappings`, mapping('leaving', 'leaving'));
    await untilPublished(id, 2);
    expect((await manager.request('DELETE', `/api/v1/pipelines/${id}`)).status).toBe(202);
    await untilPublished(id, 0);
    await waitUntil(async () => !(await manager.coordinator.pipelines()).includes(id), {
      what: 'the nodes to go',
      timeoutMs: 60_000,
    });
    expect(problem(await get(`pipelines/${id}`))).toEqual([404, 'RESOURCE_NOT_FOUND']);
  });
});

describe('commands', () => {
  it('START of a pipeline without mappings is refused', async () => {
    const id = await createPipeline('empty');
    const answer = await post(`pipelines/${id}/commands`, { kind: 'START', reason: 'first' });
    expect(problem(answer)).toEqual([409, 'RESOURCE_CONFLICT']);
    expect(answer.body['detail']).toContain('no mapping');
  });

  it('reaches the arbiter with the author, is audited, and tells its outcome', async () => {
    const id = await createPipeline('commanded');
    await manager.create(`pipelines/${id}/mappings`, mapping('commanded', 'commanded'));
    const answer = await post(`pipelines/${id}/commands`, { kind: 'START', reason: 'first start' });
    expect(answer.status).toBe(202);
    const commandId = String(answer.body['id']);
    const stop = new AbortController();
    let delivered: unknown;
    for await (const delivery of manager.bus.consumeCommands(stop.signal)) {
      await delivery.ack();
      delivered = delivery.command;
      if (delivery.command.id === commandId) break;
    }
    stop.abort();
    expect(delivered).toMatchObject({
      kind: 'START',
      pipelineId: id,
      aboutEpoch: null,
      reason: 'first start',
      author: 'admin',
    });
    expect((await get(`commands/${commandId}`)).body).toMatchObject({ outcome: 'issued', pipelineId: id });
    const command = delivered as Parameters<RunningManager['bus']['issueCommand']>[0];
    const base = {
      v: 1,
      at: new Date().toISOString(),
      who: 'arbiter-1',
      pipelineId: id,
      epoch: 1,
      process: null,
      traceId: null,
    } as const;
    await manager.bus.publishEvent({ ...base, kind: 'command-done', command, outcome: 'applied' });
    expect((await get(`commands/${commandId}`)).body).toMatchObject({ outcome: 'applied' });
    const { body } = await get(`pipelines/${id}/events?kinds=command-issued,command-done`);
    expect(body.items?.map(({ kind }) => kind)).toEqual(['command-issued', 'command-done']);
  });

  it('a channel passes a command to each of its pipelines', async () => {
    const channel = await manager.create('channels', { name: 'group' });
    const ids = [
      await createPipeline('group-1', { channelId: channel }),
      await createPipeline('group-2', { channelId: channel }),
    ];
    const { status, body } = await post(`channels/${channel}/commands`, { kind: 'STOP', reason: 'maintenance' });
    expect([status, body.items?.map(({ pipelineId }) => pipelineId)]).toEqual([202, ids]);
  });
});

describe('figures', () => {
  it('rows, rate, delay and stage times come from the event log, and stay after a restart', async () => {
    const id = await createPipeline('measured');
    const loaded = (process: number): Parameters<RunningManager['bus']['publishEvent']>[0] => {
      const ms = Date.now();
      return {
        v: 1,
        kind: 'loaded',
        at: new Date(ms).toISOString(),
        who: 'load-1',
        pipelineId: id,
        epoch: 1,
        process,
        traceId: 'abc',
        end: { done: { kind: 'mariadbGtid', gtidList: '0-1-5' }, inside: null },
        revision: 1,
        transactionCount: 2,
        inserted: 5,
        updated: 3,
        deleted: 2,
        ...{ skipped: 0, conflicts: 0 },
        ...(process === 2 ? { statementsSkipped: 3 } : {}),
        sourceBytes: 1_000,
        firstCommitMs: ms - 100,
        lastCommitMs: ms - 50,
        stages: [
          { stage: 'select', instance: 'select-1', startMs: ms - 90, endMs: ms - 80, rowCount: 10, bytes: 1_000 },
        ],
      };
    };
    for (const process of [1, 2, 3]) await manager.bus.publishEvent(loaded(process));
    await manager.bus.publishEvent({
      v: 1,
      kind: 'window',
      at: new Date().toISOString(),
      who: 'select-1',
      pipelineId: id,
      epoch: 1,
      process: null,
      traceId: null,
      state: 'streaming',
      cause: null,
      source: 'db2:3306',
      open: [{ process: 4, ageMs: 12, bytes: 77 }],
      lagMs: 5,
      eventsRead: 1,
      bytesRead: 1,
    });
    await waitUntil(async () => (await get(`pipelines/${id}/processes`)).body['total'] === 4, {
      what: 'events',
      timeoutMs: 60_000,
    });
    const { body } = await get(`pipelines/${id}`);
    expect(body).toMatchObject({ rowsLoaded: 30, select: { state: 'streaming', source: 'db2:3306', lagMs: 5 } });
    expect(Math.abs(Number(body['delayMsP50']) / 100 - 1)).toBeLessThan(0.03);
    const { items } = (await get(`pipelines/${id}/processes`)).body;
    expect(items?.map(({ process, state }) => [process, state])).toEqual([
      [4, 'open'],
      [3, 'loaded'],
      [2, 'loaded'],
      [1, 'loaded'],
    ]);
    expect(items?.[1]).toMatchObject({ rowCount: 10, stages: [{ stage: 'select', durationMs: 10 }] });

    const second = await installation.start();
    const total = async (): Promise<unknown> =>
      (await second.request('GET', `/api/v1/pipelines/${id}`)).body['rowsLoaded'];
    await waitUntil(async () => (await total()) === 30, {
      what: 'the figures of the second manager',
      timeoutMs: 60_000,
    });
    const figures = async (): Promise<Answer['body']> => (await get(`statistics?pipelineId=${id}`)).body;
    await waitUntil(async () => JSON.stringify((await figures())['sum']).includes('"processes":3'), {
      what: 'minutes in the store',
      timeoutMs: 60_000,
    });
    const counts = { statementsSkipped: 3, inserted: 15 };
    expect(await figures()).toMatchObject({ live: { totals: counts }, sum: counts });
    await second.stop();
    // Now from what was saved, and the log again from before it: nothing counts twice.
    const third = await installation.start();
    await manager.bus.publishEvent(loaded(4));
    await waitUntil(async () => (await third.request('GET', `/api/v1/pipelines/${id}`)).body['rowsLoaded'] === 40, {
      what: 'the figures of the third manager',
      timeoutMs: 60_000,
    });
    await third.stop();
  });
});
