import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Permit, RowChange } from '@lutra/model';
import { must, systemClock } from '@lutra/model';
import {
  addConflictStatements,
  addDeadLetterStatements,
  ensureConflictTable,
  ensureDeadLetterTable,
  openTarget,
  readDeadLetter,
  resolveStatement,
} from '@lutra/sql';
import type { NewDeadLetter, TargetSession, TargetStatement } from '@lutra/sql';
import { FaultProxy, testServers, waitUntil } from '@lutra/testing';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

// Goal: dead letters and conflicts can be looked at and decided through the API, wherever they are, and a target that is
// away holds up nobody else.
// Method: a manager in this process; letters are put into real targets by the functions that load uses.

const installation = new Installation();
let manager: RunningManager;
let channelId: string;

const SERVERS = [
  ['MariaDB', 'mariadbTarget'],
  ['MySQL', 'mysql'],
] as const;
const sessions = new Map<string, TargetSession>();
const targetIds = new Map<string, string>();

beforeAll(async () => {
  manager = await installation.start();
  channelId = await manager.create('channels', { name: 'shop' });
  for (const [name, key] of SERVERS) {
    const { kind, host, port, user, password } = testServers()[key];
    const definition = { id: name, name, kind, host, port, user, password: '', tls: 'disabled' } as const;
    const session = await openTarget(definition, password, { clock: systemClock });
    await ensureDeadLetterTable(session);
    await ensureConflictTable(session);
    sessions.set(name, session);
    targetIds.set(name, await manager.create('data-sources', { name, kind, host, port, user, password }));
  }
});

const pipelineIds: string[] = [];

afterEach(async () => {
  for (const session of sessions.values())
    for (const id of pipelineIds)
      for (const table of ['dead_letter', 'conflict'])
        await run(session, { sql: `DELETE FROM lutra.${table} WHERE pipeline_id = '${id}'` });
  for (const id of pipelineIds.splice(0)) await manager.request('DELETE', `/api/v1/pipelines/${id}`);
});

afterAll(async () => {
  for (const session of sessions.values()) await session.close();
  await installation.close();
});

async function run(session: TargetSession, ...statements: readonly TargetStatement[]): Promise<void> {
  await session.execute(statements);
  await session.commit();
}

async function createPipeline(target: string): Promise<string> {
  const [sourceId, targetId] = [targetIds.get('MySQL'), targetIds.get(target) ?? target];
  const name = `pipeline ${randomBytes(4).toString('hex')}`;
  const id = await manager.create('pipelines', { channelId, name, sourceId, targetId });
  pipelineIds.push(id);
  return id;
}

const place = { table: 0, event: 1, row: 0, part: 0, flags: 0 };
const update: RowChange = {
  ...{ ...place, kind: 'update', before: [1n, 'old', undefined], after: [1n, 'new', Uint8Array.of(1)] },
};

const letter = (seq: number, change: Partial<NewDeadLetter> = {}): NewDeadLetter => ({
  ...{ epoch: 1, process: 2, serverUuid: 'a', seq, gtid: `0-1-${String(seq)}`, revision: 1, change: update },
  definition: {
    ...{ schema: 'shop', table: 'orders', primaryKey: [0] },
    columns: [
      { name: 'id', kind: 'integer', declared: 'bigint', nullable: false, bytes: 8 },
      { name: 'name', kind: 'text', declared: 'varchar(9)', nullable: true, length: 9 },
      { name: 'data', kind: 'binary', declared: 'blob', nullable: true },
    ],
  },
  error: { code: 'TARGET_ROW_REFUSED', message: 'The target refuses a row', errno: 1062 },
  ...{ statement: 'UPDATE `orders`', attempts: 3, follows: null },
  ...change,
});

const get = (path: string): Promise<Answer> => manager.request('GET', `/api/v1/${path}`);
const send = (method: string, path: string, body?: unknown): Promise<Answer> =>
  manager.request(method, `/api/v1/${path}`, body === undefined ? {} : { body });
const problem = ({ status, body }: Answer): unknown => [status, body['code']];
const auditOf = async (id: string): Promise<readonly Record<string, unknown>[]> =>
  ((await get(`audit?resourceId=${id}`)).body.items ?? []).filter(({ resource }) => resource !== 'pipeline');

describe.each(SERVERS.map(([name]) => name))('dead letters at %s', (name) => {
  let session: TargetSession;
  let pipelineId: string;
  const begin = async (...letters: readonly NewDeadLetter[]): Promise<void> => {
    session = must(sessions.get(name), 'each server has one');
    pipelineId = await createPipeline(name);
    await run(session, ...addDeadLetterStatements(pipelineId, letters));
  };
  const id = (seq: number): string => `${pipelineId}.1-${String(seq)}-1-0-0`;
  const kept = async (seq: number) => {
    const found = await readDeadLetter(session, { pipelineId, id: `1-${String(seq)}-1-0-0` }, { lock: false });
    await session.rollback();
    return found;
  };

  it('are shown with their rows, error and place', async () => {
    await begin(letter(1), letter(2, { follows: '1-1-1-0-0' }));
    const { status, body } = await get(`dead-letters/${id(2)}`);
    expect([status, body]).toEqual([
      200,
      expect.objectContaining({
        ...{ id: id(2), pipelineId, state: 'open', schema: 'shop', table: 'orders', kind: 'update', follows: id(1) },
        error: expect.objectContaining({
          code: 'TARGET_ROW_REFUSED',
          errno: 1062,
          runbook: expect.stringContaining('#'),
        }),
        ...{ gtid: '0-1-2', epoch: 1, process: 2, event: 1, row: 0, statement: 'UPDATE `orders`', attempts: 3 },
        before: { id: { integer: '1' }, name: 'old' },
        after: { id: { integer: '1' }, name: 'new', data: { bytes: 'AQ==' } },
        ...{ wanted: null, wantedBy: null },
      }),
    ]);
    expect(problem(await get(`dead-letters/${id(9)}`))).toEqual([404, 'RESOURCE_NOT_FOUND']);
    expect(problem(await get(`dead-letters/${pipelineId}.x`))).toEqual([404, 'RESOURCE_NOT_FOUND']);
    expect(problem(await get('dead-letters/nothing.1-1-1-1-1'))).toEqual([404, 'RESOURCE_NOT_FOUND']);
  });

  it('tell of which letter they are the repeat, and how often a row came again', async () => {
    const first = { id: '1-1-1-0-0', state: 'open', wantedBy: null } as const;
    await begin(letter(1), letter(2), letter(1, { epoch: 2, repeats: first }), letter(1, { epoch: 3, repeats: first }));
    const repeatsOf = ({ id: own, repeats, repeatCount }: Record<string, unknown>): unknown => [
      own,
      repeats,
      repeatCount,
    ];
    const later = (epoch: number): string => `${pipelineId}.${String(epoch)}-1-1-0-0`;
    const { body } = await get(`dead-letters?pipelineId=${pipelineId}&sort=createdAt`);
    expect(body.items?.map(repeatsOf)).toEqual([
      [id(1), null, 2],
      [id(2), null, 0],
      [later(2), id(1), 0],
      [later(3), id(1), 0],
    ]);
    expect(repeatsOf((await get(`dead-letters/${id(1)}`)).body)).toEqual([id(1), null, 2]);
    expect(repeatsOf((await get(`dead-letters/${later(3)}`)).body)).toEqual([later(3), id(1), 0]);
  });

  it('are listed by page, filter and order', async () => {
    const other = letter(3, { definition: { ...letter(3).definition, table: 'items' } });
    await begin(letter(1), letter(2));
    await run(session, ...addDeadLetterStatements(pipelineId, [other]));
    const list = async (query: string): Promise<unknown> => {
      const { body } = await get(`dead-letters?pipelineId=${pipelineId}&${query}`);
      return [body['total'], body.items?.map((item) => item['id'])];
    };
    expect(await list('')).toEqual([3, [id(3), id(2), id(1)]]);
    expect(await list('sort=createdAt&pageSize=2')).toEqual([3, [id(1), id(2)]]);
    expect(await list('sort=createdAt&pageSize=2&page=2')).toEqual([3, [id(3)]]);
    expect(await list('schema=shop&table=items')).toEqual([1, [id(3)]]);
    expect(await list('state=retried,discarded')).toEqual([0, []]);
    expect(await list('from=2020-01-01T00:00:00Z&to=2021-01-01T00:00:00Z')).toEqual([0, []]);
    expect(problem(await get('dead-letters?state=lost'))).toEqual([400, 'REQUEST_INVALID']);
  });

  it('a retry, an edit and a discard are kept for load and audited', async () => {
    await begin(letter(1), letter(2));
    const retried = await send('POST', `dead-letters/${id(1)}/retry`);
    expect([retried.status, retried.body['state'], retried.body['wantedBy']]).toEqual([202, 'retryWanted', 'admin']);
    const edited = await send('PATCH', `dead-letters/${id(1)}`, { row: { name: 'mended', data: null } });
    expect([edited.status, edited.body['wanted']]).toEqual([202, { id: { integer: '1' }, name: 'mended', data: null }]);
    expect(await kept(1)).toMatchObject({ state: 'retryWanted', wantedImage: [1n, 'mended', null] });
    expect((await send('POST', `dead-letters/${id(2)}/discard`)).status).toBe(202);
    expect(await kept(2)).toMatchObject({ state: 'discardWanted', wantedBy: 'admin' });
    const [edit, retry] = await auditOf(id(1));
    expect(retry).toMatchObject({
      ...{ action: 'update', resource: 'dead-letter', who: 'admin' },
      ...{ before: { pipelineId, state: 'open' }, after: { pipelineId, state: 'retryWanted' } },
    });
    expect(edit).toMatchObject({
      before: { state: 'retryWanted', row: { name: 'new', data: { bytes: 'AQ==' } } },
      after: { state: 'retryWanted', row: { name: 'mended', data: null } },
    });
  });

  it('refuses what cannot be decided, and changes nothing then', async () => {
    await begin(letter(1), letter(2, { follows: '1-1-1-0-0' }));
    expect(problem(await send('POST', `dead-letters/${id(2)}/retry`))).toEqual([409, 'RESOURCE_CONFLICT']);
    expect(problem(await send('PATCH', `dead-letters/${id(1)}`, { row: { nmae: 'x' } }))).toEqual([
      400,
      'REQUEST_INVALID',
    ]);
    expect(problem(await send('PATCH', `dead-letters/${id(1)}`, {}))).toEqual([400, 'REQUEST_INVALID']);
    expect(await kept(1)).toMatchObject({ state: 'open', wantedImage: null });
    expect(await auditOf(id(1))).toEqual([]);
    await run(session, resolveStatement({ pipelineId, id: '1-1-1-0-0' }, { expected: 'open', to: 'discarded' }));
    expect(problem(await send('POST', `dead-letters/${id(1)}/retry`))).toEqual([409, 'RESOURCE_CONFLICT']);
  });

  it('refuses an edit of what tells rows apart at the target, whatever the key of the source is', async () => {
    const schema = `letters_${randomBytes(6).toString('hex')}`;
    const { definition } = letter(1);
    await begin(letter(1, { definition: { ...definition, schema, primaryKey: [] } }));
    await run(session, { sql: `CREATE DATABASE ${schema}` });
    try {
      await run(session, { sql: `CREATE TABLE ${schema}.orders (id bigint, name varchar(9) PRIMARY KEY, data blob)` });
      const refused = await send('PATCH', `dead-letters/${id(1)}`, { row: { Name: 'mended' } });
      expect([problem(refused), await kept(1)]).toMatchObject([[400, 'REQUEST_INVALID'], { state: 'open' }]);
      const taken = await send('PATCH', `dead-letters/${id(1)}`, { row: { id: { integer: '7' } } });
      expect([taken.status, await kept(1)]).toMatchObject([202, { wantedImage: [7n, 'new', Uint8Array.of(1)] }]);
    } finally {
      await run(session, { sql: `DROP DATABASE ${schema}` });
    }
  });

  it('a row that its mapping has refused is not retried before all is told that it lacks', async () => {
    const columns = [1, 2];
    const refusal = { code: 'ROW_VALUE_LOST', problem: 'lost', details: {}, columns, isOnlyBefore: false };
    const change: RowChange = { ...place, kind: 'insert', after: [1n, undefined, undefined], refusal };
    const error = { code: refusal.code, message: refusal.problem, errno: null };
    await begin(letter(1, { change, error }), letter(2));
    const shown = await get(`dead-letters/${id(1)}`);
    expect(shown.body).toMatchObject({ after: { id: { integer: '1' } }, notMapped: ['name', 'data'] });
    const [retried, half] = [
      await send('POST', `dead-letters/${id(1)}/retry`),
      await send('PATCH', `dead-letters/${id(1)}`, { row: { name: 'told' } }),
    ];
    expect([problem(retried), problem(half)]).toEqual([
      [409, 'ROW_NOT_MAPPED'],
      [409, 'ROW_NOT_MAPPED'],
    ]);
    expect(retried.body['workaround']).toContain('name, data');
    expect(half.body['workaround']).not.toContain('name');
    expect([await kept(1), await auditOf(id(1))]).toMatchObject([
      { state: 'open', change: { refusal: { columns } } },
      [],
    ]);
    // Together with others it stays where it is.
    const selection = { pipelineId, schema: 'shop', table: 'orders' };
    expect((await send('POST', 'dead-letters/retry', selection)).body).toEqual({ count: 1, isMore: false });
    expect(await kept(1)).toMatchObject({ state: 'open' });
    expect((await send('PATCH', `dead-letters/${id(1)}`, { row: { name: 'told', data: null } })).status).toBe(202);
    expect(await kept(1)).toMatchObject({ state: 'retryWanted', wantedImage: [1n, 'told', null] });
  });

  it('many are decided at once, and settled ones removed', async () => {
    await begin(letter(1), letter(2, { follows: '1-1-1-0-0' }), letter(3));
    const selection = { pipelineId, schema: 'shop', table: 'orders' };
    const answer = await send('POST', 'dead-letters/retry', selection);
    expect([answer.status, answer.body]).toEqual([202, { count: 2, isMore: false }]);
    expect([(await kept(1))?.state, (await kept(2))?.state]).toEqual(['retryWanted', 'open']);
    expect((await send('POST', 'dead-letters/discard', selection)).body).toEqual({ count: 1, isMore: false });
    const [, retry] = await auditOf(pipelineId);
    expect(retry).toMatchObject({
      before: { table: 'orders', state: 'open' },
      after: { state: 'retryWanted', count: 2 },
    });
    await run(session, resolveStatement({ pipelineId, id: '1-3-1-0-0' }, { expected: 'retryWanted', to: 'retried' }));
    const before = new Date(Date.now() + 60_000).toISOString();
    expect((await send('DELETE', `dead-letters?pipelineId=${pipelineId}&before=${before}`)).body).toEqual({
      ...{ count: 1, isMore: false },
    });
    expect((await get(`dead-letters?pipelineId=${pipelineId}`)).body['total']).toBe(2);
  });

  it('conflicts are listed with both images and the decision, and removed when old', async () => {
    await begin();
    const { definition, gtid } = letter(5);
    const conflict = { epoch: 1, process: 2, gtid, definition, change: update, keyColumns: ['id'] };
    await run(
      session,
      ...addConflictStatements(pipelineId, [
        { ...conflict, type: 'row-differs', decision: 'kept', found: [1n, 'theirs', null] },
        { ...conflict, type: 'target-row-missing', decision: 'inserted', found: null },
      ]),
    );
    const { body } = await get(`conflicts?pipelineId=${pipelineId}&type=row-differs`);
    expect([body['total'], body.items]).toEqual([
      1,
      [
        expect.objectContaining({
          ...{ pipelineId, schema: 'shop', table: 'orders', type: 'row-differs', decision: 'kept', gtid },
          key: { id: { integer: '1' } },
          before: { id: { integer: '1' }, name: 'old' },
          after: expect.objectContaining({ name: 'new' }),
          found: { id: { integer: '1' }, name: 'theirs', data: null },
        }),
      ],
    ]);
    const one = String(body.items?.[0]?.['id']);
    expect((await get(`conflicts/${one}`)).body).toMatchObject({ id: one, decision: 'kept' });
    expect(problem(await get(`conflicts/${pipelineId}.0`))).toEqual([404, 'RESOURCE_NOT_FOUND']);
    const before = new Date(Date.now() + 60_000).toISOString();
    const removed = await send('DELETE', `conflicts?pipelineId=${pipelineId}&before=${before}`);
    expect(removed.body).toEqual({ count: 2, isMore: false });
    expect((await auditOf(pipelineId))[0]).toMatchObject({ action: 'delete', resource: 'conflict', after: null });
  });

  it('the pipeline shows how many wait', async () => {
    await begin(letter(1), letter(2));
    expect((await get(`pipelines/${pipelineId}`)).body).toMatchObject({ deadLettersOpen: 0, epoch: 0 });
    await manager.coordinator.writePermit(pipelineId, PAUSED, null);
    const shown = await get(`pipelines/${pipelineId}`);
    expect(shown.body).toMatchObject({
      deadLettersOpen: 2,
      deadLetters: 0,
      conflicts: 0,
      dryRun: null,
      unavailable: [],
    });
    await manager.coordinator.forgetPipeline(pipelineId);
  });

  it('events of dead letters and dry runs are listed and counted', async () => {
    await begin();
    const base = { v: 1, who: 'load-1', pipelineId, epoch: 1, process: null, traceId: null } as const;
    const at = new Date().toISOString();
    const added = { table: 'shop.orders', code: 'TARGET_ROW_REFUSED', change: 'added', count: 3 } as const;
    await manager.bus.publishEvent({ ...base, at, kind: 'dead-letter', ...added });
    const rows = { inserted: 5, updated: 1, deleted: 1, ddl: 0, sample: ['INSERT INTO `orders` VALUES (?)'] };
    await manager.bus.publishEvent({ ...base, at, kind: 'dry-run', ...rows });
    const shown = async (): Promise<Answer['body']> => (await get(`pipelines/${pipelineId}`)).body;
    await waitUntil(async () => (await shown())['dryRun'] !== null, { what: 'the report', timeoutMs: 60_000 });
    expect(await shown()).toMatchObject({ deadLetters: 3, dryRun: { epoch: 1, since: at, at, ...rows } });
    const counts = { deadLetters: 3, dryRunRows: 7, inserted: 0 };
    const figures = async (): Promise<Answer['body']> => (await get(`statistics?pipelineId=${pipelineId}`)).body;
    expect(await figures()).toMatchObject({ live: { totals: counts } });
    const events = await get(`pipelines/${pipelineId}/events?kinds=dead-letter,dry-run`);
    expect(events.body.items?.map(({ kind }) => kind).sort()).toEqual(['dead-letter', 'dry-run']);
    await waitUntil(async () => (await figures())['points']?.toString() !== '', {
      ...{ what: 'the minute in the store', timeoutMs: 60_000 },
    });
    expect(await figures()).toMatchObject({ sum: counts, points: [counts] });
  });
});

const PAUSED: Permit = {
  ...{ state: 'PAUSED', epoch: 4, draining: false, commandId: 'c', aboutEpoch: null, reason: 'r', by: 'b' },
  ...{ since: '2026-11-21T10:00:00.000Z', failure: null, attempt: 0, nextAttemptAt: null },
};

describe('targets that are away', () => {
  it('a list of all targets names those that cannot be asked', async () => {
    const here = await createPipeline('MariaDB');
    const nowhere = await manager.create('data-sources', {
      ...{ name: 'nowhere', kind: 'mysql', host: '127.0.0.1', port: 1, user: 'u', password: 'p' },
    });
    const away = await createPipeline(nowhere);
    await run(must(sessions.get('MariaDB'), 'each server has one'), ...addDeadLetterStatements(here, [letter(1)]));
    const { status, body } = await get('dead-letters');
    expect([status, body['total'], body.items?.length]).toEqual([200, 1, 1]);
    expect(body['unavailable']).toEqual([expect.objectContaining({ targetId: nowhere, code: 'TARGET_UNREACHABLE' })]);
    expect(problem(await get(`dead-letters?pipelineId=${away}`))).toEqual([503, 'TARGET_UNREACHABLE']);
    expect(problem(await get(`dead-letters/${away}.1-1-1-1-1`))).toEqual([503, 'TARGET_UNREACHABLE']);
    expect(problem(await send('POST', 'dead-letters/retry', { pipelineId: away }))).toEqual([
      503,
      'TARGET_UNREACHABLE',
    ]);
  });

  it('one that is silent is given up in time, and others are answered meanwhile', async () => {
    const { mariadbTarget } = testServers();
    const proxy = await FaultProxy.open(mariadbTarget);
    try {
      const { kind, user, password } = mariadbTarget;
      const { host, port } = proxy;
      const silent = await manager.create('data-sources', { name: 'silent', kind, host, port, user, password });
      const away = await createPipeline(silent);
      proxy.apply({ kind: 'hole' });
      let isAnswered = false;
      const asked = get(`dead-letters?pipelineId=${away}`).finally(() => {
        isAnswered = true;
      });
      expect((await get('pipelines')).status).toBe(200);
      expect((await get(`dead-letters?pipelineId=${await createPipeline('MySQL')}`)).status).toBe(200);
      expect(isAnswered).toBe(false);
      await waitUntil(() => isAnswered, { what: 'the answer about the silent target', timeoutMs: 60_000 });
      expect(problem(await asked)).toEqual([503, 'TARGET_UNREACHABLE']);
    } finally {
      await proxy.close();
    }
  });
});
