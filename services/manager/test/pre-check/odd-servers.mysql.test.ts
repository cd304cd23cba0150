import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { OwnServer, runSql } from '@lutra/testing';
import { Installation } from '../running-manager.ts';
import type { Answer, RunningManager } from '../running-manager.ts';

// Goal: what only a server that was set up in another way shows is found on such a server, and goes when it is mended.
// Method: a MySQL that can lose its number, and a MariaDB that folds the letters of table names, of their own.

interface Found {
  readonly code: string;
  readonly severity: string;
  readonly subject: Record<string, string>;
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
}, 120_000);

afterAll(async () => {
  await installation.close();
  await source.close();
  await target.close();
}, 60_000);

const dataSource = (name: string, { kind, host, port, user, password }: OwnServer): Promise<string> =>
  manager.create('data-sources', { name, kind, host, port, user, password });
const api = (method: string, path: string, body?: unknown): Promise<Answer> =>
  manager.request(method, `/api/v1/${path}`, body === undefined ? {} : { body });

async function found(code: string): Promise<readonly Found[]> {
  const { status, body } = await api('POST', `pipelines/${pipelineId}/pre-check`);
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
}, 30_000);

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
}, 30_000);
