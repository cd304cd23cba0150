import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { resolveStart, SourceSession } from '@lutra/binlog';
import { systemClock } from '@lutra/model';
import type { Permit, Place } from '@lutra/model';
import { claimCheckpoint, ensureCheckpointTable, insertOrigin, openTarget, readCheckpoint } from '@lutra/sql';
import type { CheckpointRow, TargetSession } from '@lutra/sql';
import { connectTo, testServers, waitUntil } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

// Goal: a person sees where a pipeline stands and what going elsewhere would repeat or leave out, before it is done; and it
// is done whole or not at all.
// Method: a manager in this process; sources of both kinds that write while the test looks; the checkpoint is put into a
// real target by the functions that load uses, the permit into ZooKeeper.

const installation = new Installation();
let manager: RunningManager;
let channelId: string;
let target: TargetSession;
let targetId: string;

const given = ({ kind, host, port, user, password }: DatabaseServer): Record<string, unknown> => ({
  ...{ kind, host, port, user, password },
});

beforeAll(async () => {
  manager = await installation.start();
  channelId = await manager.create('channels', { name: 'shop' });
  const server = testServers().mariadbTarget;
  targetId = await manager.create('data-sources', { ...given(server), name: 'target' });
  const { kind, host, port, user, password } = server;
  const definition = { id: 'T', name: 't', kind, host, port, user, password: '', tls: 'disabled' } as const;
  target = await openTarget(definition, password, { clock: systemClock });
  await ensureCheckpointTable(target);
});

afterAll(async () => {
  await target.close();
  await installation.close();
});

const get = (path: string): Promise<Answer> => manager.request('GET', `/api/v1/${path}`);
const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  manager.request('POST', `/api/v1/${path}`, { body, headers });
const problem = ({ status, body }: Answer): unknown => [status, body['code']];

/** A pipeline that stands at `after`, in two lanes, and the place before three inserts into `t` and one into `k`. */
interface Standing {
  readonly id: string;
  readonly schema: string;
  readonly before: Place;
  readonly beforeAt: string;
  readonly file: { readonly file: string; readonly offset: number };
  readonly keyless: Place;
  readonly after: Place;
}

async function placeAt({ kind, host, port, user, password }: DatabaseServer): Promise<Place> {
  const definition = { kind, host, port, user, tls: 'disabled' } as const;
  const session = await SourceSession.open({ definition, password, clock: systemClock });
  try {
    return await resolveStart(session, { kind: 'latest' });
  } finally {
    session.close();
  }
}

async function stand(source: DatabaseServer): Promise<Standing> {
  const schema = `positions_${randomBytes(4).toString('hex')}`;
  const connection = await connectTo(source);
  const one = async (sql: string): Promise<Record<string, unknown>> =>
    ((await connection.query(sql))[0] as unknown as Record<string, unknown>[])[0] ?? {};
  try {
    await connection.query(`CREATE DATABASE ${schema}`);
    await connection.query(`CREATE TABLE ${schema}.t (id INT PRIMARY KEY, v VARCHAR(20))`);
    await connection.query(`CREATE TABLE ${schema}.k (v VARCHAR(20))`);
    await connection.query(`CREATE TABLE ${schema}.other (id INT PRIMARY KEY)`);
    const before = await placeAt(source);
    const beforeAt = String((await one("SELECT DATE_FORMAT(UTC_TIMESTAMP(6), '%Y-%m-%dT%H:%i:%s.%fZ') AS at"))['at']);
    const status = await one(source.kind === 'mysql' ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS');
    await connection.query(`INSERT INTO ${schema}.k VALUES ('twice')`);
    const keyless = await placeAt(source);
    for (const id of [1, 2, 3]) await connection.query(`INSERT INTO ${schema}.t VALUES (${String(id)}, 'x')`);
    await connection.query(`INSERT INTO ${schema}.other VALUES (1)`);
    const after = await placeAt(source);
    for (const table of ['t', 'k'])
      await target.execute([
        { sql: `CREATE DATABASE IF NOT EXISTS ${schema}` },
        { sql: `CREATE TABLE ${schema}.${table} (id INT${table === 't' ? ' PRIMARY KEY' : ''}, v VARCHAR(20))` },
      ]);
    const id = await createPipeline(source, schema);
    await insertOrigin(target, { pipelineId: id, epoch: 2, owner: 'load' }, { place: after, revision: 1, lanes: 2 });
    return {
      ...{ id, schema, before, beforeAt, keyless, after },
      file: { file: String(status['File']), offset: Number(status['Position']) },
    };
  } finally {
    connection.destroy();
  }
}

async function createPipeline(source: DatabaseServer, schema: string): Promise<string> {
  const name = `pipeline ${randomBytes(4).toString('hex')}`;
  const sourceId = await manager.create('data-sources', { ...given(source), name });
  const id = await manager.create('pipelines', { channelId, name, sourceId, targetId });
  const mapping = { source: { schema, table: { regex: '[tk]' } }, target: { schema } };
  await manager.create(`pipelines/${id}/mappings`, mapping);
  return id;
}

async function permit(id: string, change: Partial<Permit>): Promise<void> {
  const standing = await manager.coordinator.permit(id);
  const next: Permit = {
    ...{ state: 'PAUSED', epoch: 3, draining: false, commandId: 'C', aboutEpoch: null, reason: 'go', failure: null },
    ...{ since: new Date().toISOString(), by: 'admin', attempt: 0, nextAttemptAt: null },
    ...change,
  };
  expect(await manager.coordinator.writePermit(id, next, standing?.version ?? null)).toBe(true);
}

const gtidOf = ({ done }: Place): string =>
  done.kind === 'mysqlGtid' ? done.gtidSet : done.kind === 'mariadbGtid' ? done.gtidList : '';

async function checkpoint(id: string): Promise<readonly CheckpointRow[]> {
  const rows = await readCheckpoint(target, id, { lock: false });
  await target.rollback();
  return rows;
}

describe.each([
  ['MariaDB', testServers().mariadbSource],
  ['MySQL', testServers().mysql],
] as const)('positions of a pipeline that reads %s', (_name, source) => {
  let at: Standing;
  const path = (rest: string): string => `pipelines/${at.id}/positions${rest}`;
  const preview = (to: unknown): Promise<Answer> => post(path('/preview'), { to });
  const rewind = (to: unknown, more: object = {}, headers: Record<string, string> = {}): Promise<Answer> =>
    post(path('/rewind'), { to, reason: 'rows are gone', ...more }, headers);
  beforeAll(async () => {
    at = await stand(source);
    await permit(at.id, {});
  });

  it('show where each lane stands, and how far the source is', async () => {
    const first = await get(path(''));
    expect(first.body).toMatchObject({
      ...{ pipelineId: at.id, version: 0, place: at.after, cursor: null, unavailable: [] },
      lanes: [1, 2].map((lane) => ({ lane, epoch: 2, step: 0, place: at.after })),
    });
    const missing = async (): Promise<number> =>
      ((await get(path(''))).body['distance'] as { transactions: number }).transactions;
    const before = await missing();
    const connection = await connectTo(source);
    await connection.query(`INSERT INTO ${at.schema}.other VALUES (2)`);
    connection.destroy();
    expect(await missing()).toBeGreaterThan(before);
  });

  it.each([
    ['GTIDs', () => ({ kind: 'gtid', gtid: gtidOf(at.before) })],
    ['a file and an offset', () => ({ kind: 'file', ...at.file })],
    ['a time', () => ({ kind: 'time', time: at.beforeAt })],
  ])('tell what going back to %s would repeat', async (_what, to) => {
    const { body } = await preview(to());
    expect(body).toMatchObject({
      ...{ direction: 'back', isComplete: true, refusal: null, needsForce: true },
      unrepeatable: [{ schema: at.schema, table: 'k', why: 'noKey' }],
    });
    const tables = body['tables'] as readonly Record<string, unknown>[];
    expect(tables.map(({ schema, table, events }) => [schema, table, events])).toEqual(
      expect.arrayContaining([
        [at.schema, 't', 3],
        [at.schema, 'k', 1],
      ]),
    );
    expect(tables).toHaveLength(2);
    expect(body['transactions']).toBeGreaterThanOrEqual(5);
    expect(Date.parse(String(body['firstCommitAt']))).toBeLessThanOrEqual(Date.parse(String(body['lastCommitAt'])));
  });

  it('tell that a place is none of this source', async () => {
    const foreign = source.kind === 'mysql' ? '9c1e7a4e-0000-1111-2222-333344445555:1-5' : '99-1-5';
    const beyond = await preview({ kind: 'gtid', gtid: `${gtidOf(at.after)},${foreign}` });
    expect(beyond.body).toMatchObject({ direction: 'forward', refusal: { code: 'SOURCE_LOST_TRANSACTIONS' } });
    const across = await preview({ kind: 'gtid', gtid: foreign });
    expect(across.body).toMatchObject({ direction: 'across', refusal: { code: 'SOURCE_LOST_TRANSACTIONS' } });
    const refused = await rewind({ kind: 'gtid', gtid: `${gtidOf(at.after)},${foreign}` }, { force: true });
    expect(problem(refused)).toEqual([409, 'SOURCE_LOST_TRANSACTIONS']);
  });

  it('are not changed while it runs, without need, or by somebody who has not seen them', async () => {
    const to = { kind: 'gtid', gtid: gtidOf(at.keyless) };
    await permit(at.id, { state: 'RUNNING' });
    expect(problem(await rewind(to))).toEqual([409, 'RESOURCE_CONFLICT']);
    await permit(at.id, { state: 'PAUSED', nextAttemptAt: new Date().toISOString() });
    expect(problem(await rewind(to))).toEqual([409, 'RESOURCE_CONFLICT']);
    await permit(at.id, {});
    expect(problem(await rewind({ kind: 'gtid', gtid: gtidOf(at.after) }))).toEqual([409, 'RESOURCE_CONFLICT']);
    expect(problem(await rewind({ kind: 'gtid', gtid: gtidOf(at.before) }))).toEqual([409, 'CONFIRMATION_MISSING']);
    expect(problem(await rewind(to, {}, { 'if-match': '"77"' }))).toEqual([412, 'RESOURCE_CONFLICT']);
    expect((await checkpoint(at.id)).map(({ place, step }) => [place, step])).toEqual([
      [at.after, 0],
      [at.after, 0],
    ]);
  });

  it('are changed in all lanes at once, under the epoch of the permit, with an entry in audit and history', async () => {
    const done = await rewind({ kind: 'gtid', gtid: gtidOf(at.keyless) }, {}, { 'if-match': '"0"' });
    expect(done.body).toMatchObject({ direction: 'back', needsForce: false, unrepeatable: [] });
    expect((await checkpoint(at.id)).map(({ epoch, step, place }) => ({ epoch, step, place }))).toEqual(
      [1, 2].map(() => ({ epoch: 3, step: 1, place: at.keyless })),
    );
    const audit = (await get(`audit?resourceId=${at.id}`)).body.items ?? [];
    expect(audit).toContainEqual(
      expect.objectContaining({
        ...{ resource: 'position', who: 'admin', before: { place: at.after } },
        after: expect.objectContaining({ place: at.keyless, reason: 'rows are gone', direction: 'back' }),
      }),
    );
    const history = (await get(path('/history'))).body.items ?? [];
    expect(history).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ origin: 'cursor', place: at.keyless, epoch: 3 }),
        expect.objectContaining({ origin: 'rewind', place: at.after, author: 'admin', reason: 'rows are gone' }),
      ]),
    );
    expect(await claimCheckpoint(target, { pipelineId: at.id, epoch: 4, owner: 'next' })).toMatchObject([
      { place: at.keyless },
      { place: at.keyless },
    ]);
  });

  it('leave out what is passed over only when that is said twice, and never under a loader of a later epoch', async () => {
    const to = { kind: 'gtid', gtid: gtidOf(at.after) };
    await permit(at.id, { epoch: 5 });
    expect(problem(await rewind(to))).toEqual([409, 'CONFIRMATION_MISSING']);
    await claimCheckpoint(target, { pipelineId: at.id, epoch: 6, owner: 'faster' });
    expect(problem(await rewind(to, { force: true }))).toEqual([409, 'TARGET_FENCED']);
    await permit(at.id, { epoch: 7 });
    expect((await rewind(to, { force: true })).body).toMatchObject({ direction: 'forward', needsForce: true });
    expect((await checkpoint(at.id)).map(({ place }) => place)).toEqual([at.after, at.after]);
  });
});

it('saves where a pipeline stands, and forgets it with the pipeline', async () => {
  const id = await createPipeline(testServers().mariadbSource, 'saved');
  const place: Place = { done: { kind: 'mariadbGtid', gtidList: '0-1-17' }, inside: null };
  const at = new Date().toISOString();
  await manager.bus.putCursor(id, { state: 'place', epoch: 4, revision: 1, place, process: 9, at });
  const saved = async (): Promise<readonly unknown[]> =>
    ((await get(`pipelines/${id}/positions/history`)).body.items ?? []).filter(({ origin }) => origin === 'saved');
  await waitUntil(async () => (await saved()).length > 0, { what: 'the place to be saved', timeoutMs: 60_000 });
  expect(await saved()).toMatchObject([{ epoch: 4, place }]);
  expect((await manager.request('DELETE', `/api/v1/pipelines/${id}`)).status).toBeLessThan(300);
  const rows = `SELECT COUNT(*) AS n FROM ${installation.database}.saved_position WHERE pipeline_id = '${id}'`;
  expect(Number((await installation.sql(rows))[0]?.['n'])).toBe(0);
});
