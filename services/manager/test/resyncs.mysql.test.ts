import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection } from 'mysql2/promise';
import { resolveStart, SourceSession } from '@lutra/binlog';
import { systemClock } from '@lutra/model';
import type { Permit, Place, ResyncWish } from '@lutra/model';
import { connectTo, testServers, waitUntil } from '@lutra/testing';
import { loaded } from './rollup-events.ts';
import { Installation } from './running-manager.ts';
import type { RunningManager } from './running-manager.ts';

// Goal: jobs that send rows once more go at their pace, wait for their pipeline, end when they are told to, go on where they were,
// and answer every key; what was written into retl_buffer goes the same way, and waits rather than be lost.
// Method: managers in this process and a real source; permits, cursors and events are written as the stages write them.

interface Job {
  readonly id: string;
  readonly state: string;
  readonly cause: string;
  readonly sent: number;
  readonly gone: number;
  readonly done: number;
  readonly rejected: readonly { readonly key: readonly string[]; readonly reason: string }[];
  readonly createdAt: string;
  readonly updatedAt: string;
}

const installation = new Installation();
const { kind, host, port, user, password } = testServers().mariadbSource;
const schema = `resyncs_${randomBytes(4).toString('hex')}`;
const ROWS = 120;
let manager: RunningManager;
let connection: Connection;
let channelId: string;
let targetId: string;

beforeAll(async () => {
  connection = await connectTo(testServers().mariadbSource);
  await connection.query('CREATE DATABASE IF NOT EXISTS retl');
  await connection.query(`CREATE DATABASE ${schema}`);
  for (const table of ['item', 'part_1', 'part_2'])
    await connection.query(`CREATE TABLE ${schema}.${table} (id INT PRIMARY KEY, a INT)`);
  const values = Array.from({ length: ROWS }, (_, id) => `(${String(id)}, 0)`).join(',');
  await connection.query(`INSERT INTO ${schema}.item VALUES ${values}`);
  await connection.query(`INSERT INTO ${schema}.part_1 VALUES (1, 1)`);
  manager = await installation.start();
  channelId = await manager.create('channels', { name: 'shop' });
  targetId = await manager.create('data-sources', { kind, host, port: 1, user, password, name: 'target' });
});

afterAll(async () => {
  await connection.query(`DROP DATABASE ${schema}`);
  await connection.end();
  await installation.close();
});

/** A pipeline that has a mapping for each table, two of them into one. */
async function createPipeline(login: object = {}): Promise<{ readonly id: string; readonly sourceId: string }> {
  const name = `pipeline ${randomBytes(4).toString('hex')}`;
  const sourceId = await manager.create('data-sources', { kind, host, port, user, password, ...login, name });
  const id = await manager.create('pipelines', { channelId, name, sourceId, targetId });
  const target = { schema: `copy_${randomBytes(4).toString('hex')}` };
  await manager.create(`pipelines/${id}/mappings`, { source: { schema, table: { exact: 'item' } }, target });
  const whole = { source: { schema, table: { regex: 'part_.*' } }, target: { ...target, table: 'whole' } };
  await manager.create(`pipelines/${id}/mappings`, whole);
  return { id, sourceId };
}

async function permit(id: string, state: Permit['state']): Promise<void> {
  const standing = await manager.coordinator.permit(id);
  const next: Permit = {
    ...{ state, epoch: 1, draining: false, commandId: 'C', aboutEpoch: null, reason: 'go', failure: null },
    ...{ since: new Date().toISOString(), by: 'admin', attempt: 0, nextAttemptAt: null },
  };
  expect(await manager.coordinator.writePermit(id, next, standing?.version ?? null)).toBe(true);
}

/** Everything that the source has logged by now is at the target. */
async function pass(id: string): Promise<void> {
  const definition = { kind, host, port, user, tls: 'disabled' } as const;
  const session = await SourceSession.open({ definition, password, clock: systemClock });
  const place: Place = await resolveStart(session, { kind: 'latest' });
  session.close();
  const at = new Date().toISOString();
  await manager.bus.putCursor(id, { state: 'place', epoch: 1, revision: 1, place, process: 1, at });
}

async function ask(id: string, body: object): Promise<Job> {
  const answer = await manager.request('POST', `/api/v1/pipelines/${id}/resync`, {
    body: { schema, table: 'item', ...body },
  });
  expect([answer.status, answer.text]).toEqual([202, expect.anything()]);
  return answer.body as unknown as Job;
}

async function jobOf(pipelineId: string, id: string): Promise<Job> {
  const { status, body } = await manager.request('GET', `/api/v1/pipelines/${pipelineId}/resyncs/${id}`);
  expect(status).toBe(200);
  return body as unknown as Job;
}

const until = (pipelineId: string, id: string, isThere: (job: Job) => boolean): Promise<Job> =>
  waitUntil(
    async () => {
      const job = await jobOf(pipelineId, id);
      if (isThere(job)) return job;
      throw new Error(JSON.stringify({ ...job, rejected: job.rejected.slice(0, 3) }));
    },
    { what: 'the job to come so far', timeoutMs: 60_000, everyMs: 50 },
  );

const all = { range: { from: ['0'], to: ['100000'] } };

describe('a job', () => {
  it('waits while its pipeline does not run or is far behind, and is done when load has passed it', async () => {
    const { id } = await createPipeline();
    const job = await ask(id, all);
    expect(await until(id, job.id, ({ cause }) => cause !== '')).toMatchObject({
      ...{ state: 'running', sent: 0, cause: 'The pipeline does not run' },
    });
    const late = (process: number, behindMs: number): Promise<void> => {
      const atMs = Date.now();
      const commit = { firstCommitMs: atMs - behindMs, lastCommitMs: atMs - behindMs };
      return manager.bus.publishEvent(loaded({ atMs, pipelineId: id, epoch: 1, process, ...commit }));
    };
    await late(1, 600_000);
    await permit(id, 'RUNNING');
    expect(await until(id, job.id, ({ cause }) => cause.includes('behind'))).toMatchObject({
      state: 'running',
      sent: 0,
    });
    for (const process of [2, 3, 4, 5]) await late(process, 100);
    expect(await until(id, job.id, ({ state }) => state === 'applying')).toMatchObject({ sent: ROWS, gone: 0 });
    await pass(id);
    expect(await until(id, job.id, ({ state }) => state === 'done')).toMatchObject({ sent: ROWS, cause: '' });
  });

  it('sends as many rows in a second as it may', async () => {
    const { id } = await createPipeline();
    await permit(id, 'RUNNING');
    const job = await ask(id, { ...all, rowsPerSecond: 50 });
    const ended = await until(id, job.id, ({ state }) => state === 'applying');
    expect(ended.sent).toBe(ROWS);
    // Its last portion is due two seconds after its first.
    expect(Date.parse(ended.updatedAt) - Date.parse(ended.createdAt)).toBeGreaterThan(1_900);
  });

  it('ends when it is stopped, behind what it has sent', async () => {
    const { id } = await createPipeline();
    await permit(id, 'RUNNING');
    const job = await ask(id, { ...all, rowsPerSecond: 1 });
    await until(id, job.id, ({ sent }) => sent > 0);
    const stopped = await manager.request('POST', `/api/v1/pipelines/${id}/resyncs/${job.id}/stop`, { body: {} });
    expect(stopped.body).toMatchObject({ state: 'stopped' });
    const other = await ask(id, { keys: [['1'], ['2'], ['-1']] });
    expect(await until(id, other.id, ({ state }) => state === 'applying')).toMatchObject({ sent: 2, gone: 1 });
    expect(await jobOf(id, job.id)).toEqual(stopped.body);
  });

  it('answers every key of a list, however many are rejected', async () => {
    const { id } = await createPipeline();
    await permit(id, 'RUNNING');
    const keys = Array.from({ length: 1_500 }, (_, index) => [`no ${String(index)}`]);
    const job = await ask(id, { keys, rowsPerSecond: 100_000 });
    const ended = await until(id, job.id, ({ state }) => state === 'applying');
    expect(ended).toMatchObject({ sent: 0, cause: '' });
    expect(ended.rejected.map(({ key }) => key)).toEqual(keys);
    expect(ended.rejected.every(({ reason }) => reason !== '')).toBe(true);
  });

  it('goes on behind its last key at another manager', async () => {
    const { id } = await createPipeline();
    await permit(id, 'RUNNING');
    const job = await ask(id, { ...all, rowsPerSecond: 40 });
    await until(id, job.id, ({ sent }) => sent > 0);
    await manager.stop();
    manager = await installation.start();
    const ended = await until(id, job.id, ({ state }) => state === 'applying');
    // One that began at its first key again would have sent some rows twice.
    expect(ended).toMatchObject({ sent: ROWS, rejected: [] });
  });
});

describe('rows of retl_buffer', () => {
  let count = 0;
  const wish = (table: string, type: string, ...key: readonly string[]): ResyncWish => ({
    ...{ id: String(++count), fullName: `${schema}.${table}`, type, key },
  });
  const publish = (pipelineId: string, ...wishes: readonly ResyncWish[]): Promise<void> =>
    manager.bus.publishEvent({
      ...{ v: 1, kind: 'wishes', at: new Date().toISOString(), who: 'extract-1', pipelineId, epoch: null },
      ...{ process: null, traceId: null, wishes },
    });
  const buffer = (id: string, isThere: (job: Job) => boolean): Promise<Job> => until(id, 'retl_buffer', isThere);

  it('are sent, or answered, beside the jobs of people', async () => {
    const { id } = await createPipeline();
    expect(await jobOf(id, 'retl_buffer')).toMatchObject({ state: 'done', done: 0 });
    await publish(id, wish('item', 'U', '1'), wish('item', 'I', '7'));
    expect(await buffer(id, ({ cause }) => cause !== '')).toMatchObject({ state: 'running', done: 0 });
    await permit(id, 'RUNNING');
    await publish(
      ...[id, wish('part_1', 'U', '1'), wish('part_2', 'U', '1'), wish('part_2', 'D', '1')],
      ...[wish('part_[1-2]', 'D', '7'), wish('item', 'D', '-1'), wish('item', 'D', '1'), wish('item', 'X', '1')],
      ...[wish('item', 'U', '1', '2'), wish('nothing', 'U', '1'), wish('nothing', 'U', '2')],
      { ...wish('item', 'U', '3'), problem: 'It is too long' },
    );
    const job = await buffer(id, ({ state, done }) => state === 'applying' && done > 2);
    expect(job).toMatchObject({ id: 'retl_buffer', kind: 'buffer', sent: 3, gone: 1 });
    const reasons = job.rejected.map(({ key, reason }) => `${key.join()} ${reason.replaceAll(schema, 's')}`).sort();
    expect(reasons).toEqual([
      expect.stringMatching(/^1 D s\.item: The row is there/),
      expect.stringMatching(/^1 D s\.part_2: There is no such row, and copy_\w+\.whole may hold/),
      expect.stringMatching(/^1 U s\.nothing: No mapping .*\(and of 1 rows more\)$/),
      expect.stringMatching(/^1 U s\.part_2: There is no such row, and copy_\w+\.whole may hold/),
      expect.stringMatching(/^1 X s\.item: TYPE X/),
      expect.stringMatching(/^1,2 U s\.item: /),
      expect.stringMatching(/^3 U s\.item: It is too long/),
      expect.stringMatching(/^7 D s\.part_\[1-2\]: A pattern/),
    ]);
    const warnings = await manager.bus.readEvents({ pipelineId: id, kinds: ['warning'], limit: 100 });
    expect(warnings).toHaveLength(8);
    const { body } = await manager.request('GET', `/api/v1/pipelines/${id}/resyncs`);
    expect(body.items).toEqual([]);
    await pass(id);
    await buffer(id, ({ state }) => state === 'done');
  });

  it('wait while the source is away, and go on at another manager where they were', async () => {
    const { id, sourceId } = await createPipeline({ port: 1 });
    await permit(id, 'RUNNING');
    await publish(id, ...Array.from({ length: 250 }, (_, key) => wish('item', 'U', String(key % ROWS))));
    const job = await buffer(id, ({ cause }) => cause !== '');
    expect(job).toMatchObject({ state: 'running', rejected: [] });
    expect(job.cause).toContain('SOURCE_UNREACHABLE');
    await manager.stop();
    manager = await installation.start();
    const changed = await manager.request('PATCH', `/api/v1/data-sources/${sourceId}`, { body: { port } });
    expect([changed.status, changed.text]).toEqual([200, expect.anything()]);
    const ended = await buffer(id, ({ state }) => state === 'applying');
    expect(ended).toMatchObject({ rejected: [], gone: 0 });
    // A hundred at a time: keys that are asked for twice at once would be sent once.
    expect(ended.sent).toBe(250);
    await pass(id);
    await buffer(id, ({ state }) => state === 'done');
    // The log still tells of them, and they are not done again.
    await publish(id, wish('item', 'U', '1'));
    expect(await buffer(id, ({ sent }) => sent > ended.sent)).toMatchObject({ sent: ended.sent + 1 });
  });

  it('wait while the account may not read the table', async () => {
    const account = `reader_${schema}`.slice(0, 32);
    const name = `'${account}'@'%'`;
    await connection.query(`CREATE USER ${name} IDENTIFIED BY 'secret'`);
    try {
      await connection.query(`GRANT REPLICATION CLIENT, REPLICATION SLAVE ON *.* TO ${name}`);
      await connection.query(`GRANT ALL ON retl.* TO ${name}`);
      const { id } = await createPipeline({ user: account, password: 'secret' });
      await permit(id, 'RUNNING');
      await publish(id, wish('item', 'U', '1'));
      const job = await buffer(id, ({ cause }) => cause !== '');
      expect([job.state, job.rejected, job.cause]).toEqual([
        'running',
        [],
        expect.stringContaining('SOURCE_GRANT_MISSING'),
      ]);
      await connection.query(`GRANT SELECT, DELETE ON ${schema}.* TO ${name}`);
      expect(await buffer(id, ({ state }) => state === 'applying')).toMatchObject({ sent: 1, rejected: [] });
    } finally {
      await connection.query(`DROP USER ${name}`);
    }
  });

  it('are dropped when somebody stops them', async () => {
    const { id } = await createPipeline();
    await publish(id, wish('item', 'U', '1'), wish('item', 'U', '2'));
    await buffer(id, ({ cause }) => cause !== '');
    const stopped = await manager.request('POST', `/api/v1/pipelines/${id}/resyncs/retl_buffer/stop`, { body: {} });
    expect(stopped.body).toMatchObject({ state: 'stopped', done: 0 });
    await permit(id, 'RUNNING');
    await publish(id, wish('item', 'U', '3'));
    expect(await buffer(id, ({ state }) => state === 'applying')).toMatchObject({ sent: 1 });
  });
});
