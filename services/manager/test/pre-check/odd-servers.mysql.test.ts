import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { connectTo, OwnServer, runSql } from '@lutra/testing';
import { Installation } from '../running-manager.ts';
import type { Answer, RunningManager } from '../running-manager.ts';

// Goal: what only a server that was set up in another way shows is found on such a server, and goes when it is mended; so is what
// only two pipelines that face each other show.
// Method: a MySQL that can lose its number, and a MariaDB that folds the letters of table names, of their own; accounts whose
// sessions are told another time than it is.

interface Found {
  readonly code: string;
  readonly severity: string;
  readonly subject: Record<string, string>;
  readonly explanation: string;
  readonly statements: readonly { readonly at: string; readonly sql: string }[];
}

const installation = new Installation();
let manager: RunningManager;
let source: OwnServer;
let target: OwnServer;
let pipelineId: string;

beforeAll(async () => {
  manager = await installation.start();
  source = await OwnServer.start({ program: 'mysql' });
  target = await OwnServer.start({ program: 'mariadb', extra: ['--lower-case-table-names=1'] });
  const [sourceId, targetId] = [await dataSource('source', source), await dataSource('target', target)];
  const channelId = await manager.create('channels', { name: 'shop' });
  pipelineId = await manager.create('pipelines', { channelId, name: 'orders', sourceId, targetId });
});

afterAll(async () => {
  await installation.close();
  await source.close();
  await target.close();
});

const dataSource = (
  name: string,
  { kind, host, port, user, password }: OwnServer,
  login: object = {},
): Promise<string> => manager.create('data-sources', { name, kind, host, port, user, password, ...login });
const api = (method: string, path: string, body?: unknown): Promise<Answer> =>
  manager.request(method, `/api/v1/${path}`, body === undefined ? {} : { body });

async function found(code: string, id = pipelineId): Promise<readonly Found[]> {
  const { status, body } = await api('POST', `pipelines/${id}/pre-check`);
  expect(status).toBe(200);
  return (body['findings'] as Found[]).filter((finding) => finding.code === code);
}

it('a source without a number of its own', async () => {
  await runSql(source, ['SET GLOBAL server_id = 0']);
  const [finding] = await found('SERVER_ID_ZERO');
  expect(finding).toMatchObject({ severity: 'error', subject: { place: 'source', name: 'server_id' } });
  await runSql(
    source,
    (finding?.statements ?? []).map(({ sql }) => sql),
  );
  expect(await found('SERVER_ID_ZERO')).toEqual([]);
});

it('tables that are one where letters do not count', async () => {
  const schema = 'letters';
  const create = (table: string): string => `CREATE TABLE ${schema}.${table} (id INT PRIMARY KEY)`;
  await runSql(source, [`CREATE DATABASE ${schema}`, create('orders'), create('Orders')]);
  await runSql(target, [`CREATE DATABASE ${schema}`, create('orders')]);
  const mapping = (exact: string): Promise<string> =>
    manager.create(`pipelines/${pipelineId}/mappings`, { source: { schema, table: { exact } }, target: { schema } });
  await mapping('orders');
  // The servers are unlike, and nothing comes of it yet.
  expect(await found('LETTER_CASE_DIFFERS')).toMatchObject([{ severity: 'info', statements: [] }]);
  const second = await mapping('Orders');
  expect(await found('LETTER_CASE_DIFFERS')).toMatchObject([
    { severity: 'error', subject: { place: 'target', schema } },
  ]);
  const renamed = { target: { schema, table: 'orders_2' } };
  expect((await api('PATCH', `pipelines/${pipelineId}/mappings/${second}`, renamed)).status).toBe(200);
  expect(await found('LETTER_CASE_DIFFERS')).toMatchObject([{ severity: 'info' }]);
});

it('clocks that differ, and which of them is ahead', async () => {
  const login = { user: 'clock', password: 'clock-secret-1' };
  // Not run for those who may do everything.
  const tellTime = (server: OwnServer, sql: string): Promise<void> =>
    runSql(server, [`SET GLOBAL init_connect = '${sql}'`]);
  for (const server of [source, target])
    await runSql(server, [`CREATE USER '${login.user}'@'%' IDENTIFIED BY '${login.password}'`]);
  const id = await manager.create('pipelines', {
    channelId: await manager.create('channels', { name: 'clocks' }),
    ...{ name: 'clocks', sourceId: await dataSource('clock 1', source, login) },
    targetId: await dataSource('clock 2', target, login),
  });
  const schema = 'clocks';
  await manager.create(`pipelines/${id}/mappings`, { source: { schema, table: { exact: 't' } }, target: { schema } });
  expect(await found('SERVER_UNREACHABLE', id)).toEqual([]);
  expect(await found('CLOCK_DIFFERS', id)).toEqual([]);
  const later = 'SET timestamp = UNIX_TIMESTAMP() + 3600';
  for (const [server, word] of [
    [target, 'ahead of'],
    [source, 'behind'],
  ] as const) {
    await tellTime(server, later);
    const [finding] = await found('CLOCK_DIFFERS', id);
    expect(finding).toMatchObject({ severity: 'warning', subject: { place: 'target' }, statements: [] });
    // The session's clock stands: some seconds less on a machine that is busy.
    expect(finding?.explanation).toMatch(new RegExp(`^The target's clock is 3\\d{3}\\.\\d s ${word} the source's`));
    await tellTime(server, '');
    expect(await found('CLOCK_DIFFERS', id)).toEqual([]);
  }
});

it('numbers that both sides of a channel give out, and rows that may lose their parent to the other side', async () => {
  const schema = 'both_ways';
  // As long as nothing is marked, what goes back goes elsewhere: the API refuses mappings that go round.
  const elsewhere = `${schema}_back`;
  for (const server of [source, target])
    await runSql(server, [
      `CREATE DATABASE ${schema}`,
      `CREATE TABLE ${schema}.parent (id INT AUTO_INCREMENT PRIMARY KEY)`,
      `CREATE TABLE ${schema}.child (id INT PRIMARY KEY, parent_id INT, FOREIGN KEY (parent_id) REFERENCES ${schema}.parent (id))`,
      'SET GLOBAL auto_increment_increment = 1',
      'SET GLOBAL auto_increment_offset = 1',
    ]);
  const channelId = await manager.create('channels', { name: schema });
  const [hereId, thereId] = [await dataSource('here', source), await dataSource('there', target)];
  const pipeline = async (name: string, ends: object, to: string): Promise<string> => {
    const parameters = { foreignKeys: 'trust' };
    const id = await manager.create('pipelines', { channelId, name, ...ends, parameters });
    const source = { schema, table: { regex: '.*' } };
    await manager.create(`pipelines/${id}/mappings`, { source, target: { schema: to } });
    return id;
  };
  const CODES = ['AUTO_INCREMENT_COLLIDES', 'FOREIGN_KEY_ORPHANS'] as const;
  const there = await pipeline('there', { sourceId: hereId, targetId: thereId }, schema);
  for (const code of CODES) expect(await found(code, there)).toEqual([]);

  await pipeline('back', { sourceId: thereId, targetId: hereId }, elsewhere);
  for (const [code, table] of [
    [CODES[0], 'parent'],
    [CODES[1], 'child'],
  ] as const)
    expect(await found(code, there)).toMatchObject([
      { severity: 'warning', subject: { place: 'target', schema, table } },
    ]);

  const [numbers] = await found('AUTO_INCREMENT_COLLIDES', there);
  for (const { at, sql } of numbers?.statements ?? []) await runSql(at === 'source' ? source : target, [sql]);
  expect(await found('AUTO_INCREMENT_COLLIDES', there)).toEqual([]);
  for (const server of [source, target])
    for (let row = 0; row < 2; row += 1) await runSql(server, [`INSERT INTO ${schema}.parent VALUES ()`]);
  const idsAt = async (server: OwnServer): Promise<number[]> => {
    const connection = await connectTo(server);
    const [rows] = await connection.query(`SELECT id FROM ${schema}.parent ORDER BY id`);
    await connection.end();
    return (rows as { readonly id: number }[]).map(({ id }) => id);
  };
  expect([await idsAt(source), await idsAt(target)]).toEqual([
    [1, 3],
    [2, 4],
  ]);

  // What is told mends it: rows are verified instead.
  expect((await found('FOREIGN_KEY_ORPHANS', there))[0]?.explanation).toContain('With verify');
  const verified = { parameters: { foreignKeys: 'verify' } };
  expect((await api('PATCH', `pipelines/${there}`, verified)).status).toBe(200);
  expect(await found('FOREIGN_KEY_ORPHANS', there)).toEqual([]);
});
