import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { openCoordinator } from '@lutra/coordination';
import { must, SyncError, systemClock } from '@lutra/model';
import {
  ensureCheckpointTable,
  addDeadLetterStatements,
  ensureConflictTable,
  ensureDeadLetterTable,
  ensureLaneShapeTable,
  ensureLastWindowTable,
  openTarget,
} from '@lutra/sql';
import type { TargetSession } from '@lutra/sql';
import { FaultProxy, testServers, waitUntil } from '@lutra/testing';
import { RemovalWorker } from '../src/removals/removal.worker.ts';
import { Store } from '../src/store/store.ts';
import type { TargetDoor } from '../src/targets/target-door.ts';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

// Goal: of a removed pipeline nothing is left, at the target neither; a target that is away is waited for, and said to be.
// Method: managers in this process; real targets, the one behind a proxy that can be cut, with rows as load puts them there.

const installation = new Installation();
const SERVERS = [
  ['MariaDB', 'mariadbTarget'],
  ['MySQL', 'mysql'],
] as const;
const sessions = new Map<string, TargetSession>();
const proxies = new Map<string, FaultProxy>();
const targetIds = new Map<string, string>();
let manager: RunningManager;
let channelId: string;

beforeAll(async () => {
  manager = await installation.start();
  channelId = await manager.create('channels', { name: 'shop' });
  for (const [name, key] of SERVERS) {
    const { kind, host, port, user, password } = testServers()[key];
    const definition = { id: name, name, kind, host, port, user, password: '', tls: 'disabled' } as const;
    const session = await openTarget(definition, password, { clock: systemClock });
    await ensureCheckpointTable(session);
    await ensureLaneShapeTable(session);
    await ensureLastWindowTable(session);
    await ensureConflictTable(session);
    await ensureDeadLetterTable(session);
    sessions.set(name, session);
    const proxy = await FaultProxy.open({ host, port });
    proxies.set(name, proxy);
    const login = { name, kind, host: proxy.host, port: proxy.port, user, password };
    targetIds.set(name, await manager.create('data-sources', login));
  }
});

afterAll(async () => {
  for (const session of sessions.values()) await session.close();
  for (const proxy of proxies.values()) await proxy.close();
  await installation.close();
});

const send = (method: string, path: string, body?: unknown): Promise<Answer> =>
  manager.request(method, `/api/v1/${path}`, body === undefined ? {} : { body });
const problem = ({ status, body }: Answer): unknown => [status, body['code']];
const removal = async (id: string): Promise<Answer['body']> => (await send('GET', `removals/${id}`)).body;
const until = (id: string, claim: (removal: Answer['body']) => boolean, what: string): Promise<Answer['body']> =>
  waitUntil(
    async () => {
      const now = await removal(id);
      return claim(now) ? now : undefined;
    },
    { what, timeoutMs: 60_000 },
  );

async function createPipeline(name: string, server: string): Promise<string> {
  const sourceId = targetIds.get(server === 'MySQL' ? 'MariaDB' : 'MySQL');
  return manager.create('pipelines', { channelId, name, sourceId, targetId: targetIds.get(server) });
}

/** A pipeline that has run, and stands still. */
async function stoppedPipeline(name: string, server: string, state: 'STOPPED' | 'PAUSED' = 'STOPPED'): Promise<string> {
  const id = await createPipeline(name, server);
  const at = new Date().toISOString();
  const permit = {
    ...{ state, epoch: 3, draining: false, commandId: 'C', aboutEpoch: 2, reason: 'test', failure: null },
    ...{ since: at, by: 'arbiter-1', attempt: 0, nextAttemptAt: null },
  };
  await manager.coordinator.writePermit(id, permit, null);
  const place = { done: { kind: 'mariadbGtid', gtidList: '0-1-5' }, inside: null } as const;
  await manager.bus.putCursor(id, { state: 'place', epoch: 3, revision: 1, place, process: 0, at });
  await manager.bus.putOrigin(id, { epoch: 1, place, at });
  return id;
}

const run = async (server: string, ...statements: readonly string[]): Promise<void> => {
  const session = must(sessions.get(server), 'each server has one');
  for (const sql of statements) await session.execute([{ sql }]);
  await session.commit();
};

async function putRows(server: string, id: string): Promise<void> {
  const conflict = `('${id}', NOW(6), 1, 1, '0-1-5', 0, 0, 0, 's', 't', 'row-differs', 'kept', '{}')`;
  await run(
    server,
    `INSERT INTO lutra.checkpoint VALUES ('${id}', 0, 3, 'o', 7, '{}', NULL, 1, 1, NOW(6)), ('${id}', 1, 3, 'o', 7, '{}', NULL, 1, 1, NOW(6))`,
    `INSERT INTO lutra.lane_shape VALUES ('${id}', 's', 't', 'x')`,
    `INSERT INTO lutra.last_window VALUES ('${id}', 'o', 'x', '[]')`,
    'INSERT INTO lutra.conflict (pipeline_id, at, epoch, process, gtid, event, `row`, part, table_schema, table_name, type, decision, row_key) VALUES ' +
      Array.from({ length: 1_500 }, () => conflict).join(','),
  );
}

async function rowsAtTarget(server: string, id: string): Promise<number> {
  const session = must(sessions.get(server), 'each server has one');
  let rows = 0;
  for (const table of ['checkpoint', 'lane_shape', 'last_window', 'conflict']) {
    const [row] = await session.query(`SELECT COUNT(*) AS n FROM lutra.${table} WHERE pipeline_id = '${id}'`);
    rows += Number(row?.['n']);
  }
  await session.rollback();
  return rows;
}

describe.each(SERVERS.map(([name]) => name))('a pipeline to %s that is removed', (server) => {
  it('leaves nothing: rows, nodes, keys', async () => {
    const id = await stoppedPipeline(`leaving ${server}`, server);
    const other = await createPipeline(`staying ${server}`, server);
    await putRows(server, id);
    await putRows(server, other);
    const answer = await send('DELETE', `pipelines/${id}`);
    expect([answer.status, answer.body]).toMatchObject([
      202,
      { id, name: `leaving ${server}`, state: 'pending', waitsFor: 'services', askedBy: 'admin', problem: null },
    ]);
    await until(id, ({ state }) => state === 'done', 'the removal');
    expect(await rowsAtTarget(server, id)).toBe(0);
    expect(await rowsAtTarget(server, other)).toBe(1_504);
    expect(await manager.coordinator.pipelines()).not.toContain(id);
    expect([await manager.bus.definition(id), await manager.bus.cursor(id)]).toEqual([null, null]);
    expect(await manager.bus.definition(id, 1)).toBeNull();
    const { database } = installation;
    const kept = await installation.sql(`SELECT target FROM ${database}.removal WHERE pipeline_id = '${id}'`);
    expect(kept).toEqual([{ target: null }]);
    const audit = (await send('GET', `audit?resourceId=${id}`)).body.items?.[0];
    expect(audit).toMatchObject({ action: 'delete', resource: 'pipeline', before: { id }, after: null });
    const again = await createPipeline(`leaving ${server}`, server);
    expect((await send('GET', `pipelines/${again}`)).body).toMatchObject({ revision: 1, epoch: 0, state: 'STOPPED' });
  });

  it('waits for a target that is away, says so, and goes on when it is back, with another manager too', async () => {
    const id = await stoppedPipeline(`waiting ${server}`, server);
    await putRows(server, id);
    const proxy = must(proxies.get(server), 'each server has one');
    proxy.refuse();
    proxy.cut();
    // Nobody can say whether letters wait there.
    expect(problem(await send('DELETE', `pipelines/${id}`))).toEqual([409, 'RESOURCE_CONFLICT']);
    await send('DELETE', `pipelines/${id}?discardDeadLetters=true`);
    const waiting = await until(id, ({ problem: why }) => why !== null, 'the reason');
    expect(waiting).toMatchObject({ state: 'pending', waitsFor: 'target', problem: { code: 'TARGET_UNREACHABLE' } });
    expect(waiting['nextAttemptAt']).not.toBeNull();
    expect((await send('GET', 'removals')).body.items?.[0]).toMatchObject({ id, waitsFor: 'target' });
    // The name is free at once.
    await send('DELETE', `pipelines/${await createPipeline(`waiting ${server}`, server)}`);
    await manager.stop();
    manager = await installation.start();
    proxy.heal();
    await until(id, ({ state }) => state === 'done', 'the removal');
    expect(await rowsAtTarget(server, id)).toBe(0);
  });
});

/** Three rows that load put aside; a person has decided about the first. */
async function putLetters(server: string, id: string): Promise<void> {
  const session = must(sessions.get(server), 'each server has one');
  const letters = [1, 2, 3].map((seq) => ({
    ...{ epoch: 1, process: 1, serverUuid: 'a', seq, gtid: `0-1-${String(seq)}`, revision: 1, follows: null },
    change: { table: 0, event: 1, row: 0, part: 0, flags: 0, kind: 'insert', after: [1n] } as const,
    definition: {
      ...{ schema: 's', table: 't', primaryKey: [0] },
      columns: [{ name: 'id', kind: 'integer', declared: 'bigint', nullable: false, bytes: 8 }],
    } as const,
    error: { code: 'TARGET_ROW_REFUSED', message: 'The target refuses a row', errno: 1062 } as const,
    ...{ statement: 'INSERT', attempts: 1 },
  }));
  await session.execute(addDeadLetterStatements(id, letters));
  await session.commit();
  await run(server, `UPDATE lutra.dead_letter SET state = 'discarded' WHERE pipeline_id = '${id}' LIMIT 1`);
}

describe.each(SERVERS.map(([name]) => name))('dead letters at %s', (server) => {
  it('keep their pipeline from being removed, until they are given up on purpose', async () => {
    const id = await stoppedPipeline(`letters ${server}`, server);
    await putLetters(server, id);
    const tooMany = { status: 409, code: 'RESOURCE_CONFLICT', details: { deadLetters: 2 } };
    const refused = await send('DELETE', `pipelines/${id}`);
    expect(refused.body).toMatchObject({ ...tooMany, detail: expect.stringContaining('2 dead letters') });
    const empty = { format: 'lutra-channel/1', channel: { name: 'shop', description: '' }, pipelines: [] };
    const pruned = await send('PUT', 'channels/shop/document?prune=true&dryRun=true', empty);
    expect(pruned.body).toMatchObject({ ...tooMany, detail: expect.stringContaining('2 dead letters') });
    expect((await send('GET', `pipelines/${id}`)).status).toBe(200);
    expect(problem(await send('DELETE', `pipelines/${id}?discardDeadLetters=yes`))).toEqual([400, 'REQUEST_INVALID']);
    expect((await send('DELETE', `pipelines/${id}?discardDeadLetters=true`)).status).toBe(202);
    const audit = (await send('GET', `audit?resourceId=${id}`)).body.items?.[0];
    expect(audit).toMatchObject({ action: 'delete', before: { id, lettersDiscarded: 2 } });
    await until(id, ({ state }) => state === 'done', 'the removal');
    const session = must(sessions.get(server), 'each server has one');
    expect(await session.query(`SELECT * FROM lutra.dead_letter WHERE pipeline_id = '${id}'`)).toEqual([]);
    await session.rollback();
  });
});

it('a target that will never come back is given up, and the rest is done', async () => {
  const id = await stoppedPipeline('given up', 'MariaDB');
  const proxy = must(proxies.get('MariaDB'), 'each server has one');
  proxy.refuse();
  proxy.cut();
  await send('DELETE', `pipelines/${id}?discardDeadLetters=true`);
  await until(id, ({ problem: why }) => why !== null, 'the reason');
  const answer = await send('DELETE', `removals/${id}`);
  expect([answer.status, answer.body['waitsFor'], answer.body['problem']]).toEqual([200, null, null]);
  await until(id, ({ state }) => state === 'done', 'the removal');
  expect(problem(await send('DELETE', `removals/${id}`))).toEqual([409, 'RESOURCE_CONFLICT']);
  const audit = (await send('GET', `audit?resourceId=${id}`)).body.items?.[0];
  expect(audit).toMatchObject({ action: 'update', resource: 'pipeline', before: { waitsFor: 'target' } });
  proxy.heal();
});

it('one that has never run asks no target, and one that does not stand still stays', async () => {
  const never = await createPipeline('never', 'MariaDB');
  await send('DELETE', `pipelines/${never}`);
  expect((await until(never, ({ state }) => state === 'done', 'the removal'))['attempts']).toBe(0);
  const paused = await stoppedPipeline('paused', 'MariaDB', 'PAUSED');
  expect(problem(await send('DELETE', `pipelines/${paused}`))).toEqual([409, 'RESOURCE_CONFLICT']);
  expect((await send('GET', `pipelines/${paused}`)).status).toBe(200);
  expect(problem(await send('GET', `removals/${paused}`))).toEqual([404, 'RESOURCE_NOT_FOUND']);
});

it('one that is put back is removed again, and what the store has never had stays', async () => {
  const id = await stoppedPipeline('put back', 'MariaDB');
  const definition = await waitUntil(async () => (await manager.bus.definition(id)) ?? undefined, {
    what: 'publishing',
    timeoutMs: 60_000,
  });
  await send('DELETE', `pipelines/${id}`);
  await until(id, ({ state }) => state === 'done', 'the removal');
  const stranger = { ...definition, id: `STRANGER${id.slice(8)}` };
  // As a manager of before does that was frozen in the middle of publishing.
  await manager.bus.putDefinition(definition);
  await manager.bus.putDefinition(stranger);
  await manager.stop();
  manager = await installation.start();
  const isGone = async (): Promise<boolean> => (await manager.bus.definition(id)) === null;
  await waitUntil(isGone, { what: 'the second removal', timeoutMs: 60_000 });
  const told = (): boolean =>
    installation.logLines.some((line) => line.includes('does not know') && line.includes(stranger.id));
  await waitUntil(told, { what: 'the line about the stranger', timeoutMs: 60_000 });
  expect(await manager.bus.definition(stranger.id)).toMatchObject({ id: stranger.id });
});

it('one that a START is on its way to stays until that is decided; one that was started once leaves rows behind', async () => {
  const id = await createPipeline('starting', 'MariaDB');
  await manager.create(`pipelines/${id}/mappings`, {
    source: { schema: 'starting', table: { exact: 'a' } },
    target: { schema: 'starting' },
  });
  const order = (kind: string, force?: boolean): Promise<string> =>
    manager.create(`pipelines/${id}/commands`, { kind, reason: 'test', force });
  const decide = async (commandId: string, outcome: 'applied' | 'void'): Promise<void> => {
    const command = { id: commandId, pipelineId: id, kind: 'STOP', reason: 'test', author: 'admin' } as const;
    const at = new Date().toISOString();
    await manager.bus.publishEvent({
      ...{ v: 1, kind: 'command-done', at, who: 'arbiter-1', pipelineId: id, epoch: 1, process: null, traceId: null },
      ...{ command: { ...command, aboutEpoch: null, issuedAt: at }, outcome },
    });
  };
  const start = await order('START', true);
  const refused = await send('DELETE', `pipelines/${id}`);
  expect([problem(refused), refused.body['details']]).toMatchObject([[409, 'RESOURCE_CONFLICT'], { commandId: start }]);
  const document = 'format: lutra-channel/1\nchannel: { name: shop }\npipelines: []\n';
  const pruned = await manager.request('PUT', '/api/v1/channels/shop/document?prune=true', {
    ...{ body: document, headers: { 'content-type': 'application/yaml' } },
  });
  expect(problem(pruned)).toEqual([409, 'RESOURCE_CONFLICT']);
  const stop = await order('STOP');
  expect(problem(await send('DELETE', `pipelines/${id}`))).toEqual([409, 'RESOURCE_CONFLICT']);
  await decide(stop, 'void');
  const proxy = must(proxies.get('MariaDB'), 'each server has one');
  proxy.refuse();
  proxy.cut();
  expect((await send('DELETE', `pipelines/${id}?discardDeadLetters=true`)).status).toBe(202);
  // It was started, so that rows may be there: the target is asked, although there is no permit.
  await until(id, ({ problem: why }) => why !== null, 'the reason');
  proxy.heal();
  await until(id, ({ state }) => state === 'done', 'the removal');
});

it('a target that hangs holds up no other', async () => {
  const { database } = installation;
  // Waits for this test's worker, not for the manager's.
  const later = "'2100-01-01'";
  const target = { id: 'T', name: 'T', kind: 'mariadb', host: 'h', port: 1, user: 'u', password: 'x', tls: 'disabled' };
  const insert = (id: string, targetId: string): Promise<unknown> =>
    installation.sql(
      `INSERT INTO ${database}.removal (pipeline_id, name, target, target_id, asked_at, asked_by, attempts, next_attempt_at)
       VALUES ('${id}', '${id}', '${JSON.stringify(target)}', '${targetId}', NOW(3), 'me', 0, ${later})`,
    );
  for (let index = 0; index < 20; index++) await insert(`HANGING${String(index)}`, 'HANGS');
  await insert('ZLAST', 'ANSWERS');
  const store = new Store({ ...installation.store, database }, systemClock);
  await store.open(() => Promise.resolve());
  const stop = new AbortController();
  let release: () => void = () => undefined;
  const hanging = new Promise<never>((_resolve, reject) => {
    release = () => {
      reject(new SyncError('TARGET_UNREACHABLE', { problem: 'It hung' }));
    };
  });
  hanging.catch(() => undefined);
  const door = { ofRemoved: (targetId: string) => (targetId === 'HANGS' ? hanging : Promise.resolve({})) };
  const coordinator = await openCoordinator({ ...testServers().zookeeper, root: `${installation.root}/alone` });
  const worker = new RemovalWorker({
    ...{ store, coordinator, instance: 'alone', log: pino({ level: 'silent' }) },
    clock: { ...systemClock, now: () => new Date('2100-01-02') },
    door: door as unknown as TargetDoor,
  });
  const running = worker.run(stop.signal);
  try {
    await until('ZLAST', ({ state }) => state === 'done', 'the target that answers');
    release();
    const told = async (): Promise<boolean> => {
      const [row] = await installation.sql(
        `SELECT COUNT(*) AS n FROM ${database}.removal WHERE target_id = 'HANGS' AND attempts = 1 AND problem LIKE '%It hung%'`,
      );
      return Number(row?.['n']) === 20;
    };
    await waitUntil(told, { what: 'all that wait for the other to say why', timeoutMs: 60_000 });
  } finally {
    stop.abort();
    await running;
    await store.close('the end');
    await coordinator.close();
    await installation.sql(`DELETE FROM ${database}.removal WHERE target_id = 'HANGS'`);
  }
});
