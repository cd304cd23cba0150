import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { must } from '@lutra/model';
import type { DonePlace, StartDefinition } from '@lutra/model';
import { connectTo, OwnServer, runSql, testServers } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';
import { Installation } from '../running-manager.ts';
import type { Answer, RunningManager } from '../running-manager.ts';

// Goal: a pipeline whose log the source has purged is told before it starts, with what it can begin with; so are findings that
// need a server, or a bus, which is not as the pipeline thinks.
// Method: a MySQL and a MariaDB of their own, whose first log files are purged; a manager that is spoken to over HTTP.

interface Found {
  readonly code: string;
  readonly severity: string;
  readonly subject: Record<string, string>;
  readonly explanation: string;
  readonly statements: readonly { readonly at: string; readonly sql: string }[];
}

const installation = new Installation();
let manager: RunningManager;
let channelId: string;
let targetId: string;

beforeAll(async () => {
  manager = await installation.start();
  channelId = await manager.create('channels', { name: 'shop' });
  targetId = await dataSource('target', testServers().mariadbTarget);
});

afterAll(() => installation.close());

const api = (method: string, path: string, body?: unknown): Promise<Answer> =>
  manager.request(method, `/api/v1/${path}`, body === undefined ? {} : { body });
const dataSource = (name: string, server: DatabaseServer, change: object = {}): Promise<string> => {
  const { kind, host, port, user, password } = server;
  return manager.create('data-sources', { name, kind, host, port, user, password, ...change });
};
const pipeline = (name: string, sourceId: string, change: object = {}): Promise<string> =>
  manager.create('pipelines', { channelId, name, sourceId, targetId, ...change });

async function found(pipelineId: string, code: string): Promise<readonly Found[]> {
  const { status, body } = await api('POST', `pipelines/${pipelineId}/pre-check`);
  expect(status).toBe(200);
  return (body['findings'] as Found[]).filter((finding) => finding.code === code);
}

describe.each(['mariadb', 'mysql'] as const)('the log of a %s', (program) => {
  let server: OwnServer;
  let sourceId: string;
  let firstFile: string;

  beforeAll(async () => {
    server = await OwnServer.start({ program });
    sourceId = await dataSource(`source ${program}`, server);
    firstFile = must((await filesOf(server))[0], 'the server logs');
    await runSql(server, ['CREATE DATABASE before_purge', 'FLUSH BINARY LOGS', 'CREATE DATABASE after_purge']);
    await runSql(server, [`PURGE BINARY LOGS TO '${must((await filesOf(server)).at(-1), 'the server logs')}'`]);
  });

  afterAll(() => server.close());

  it.each<[string, () => StartDefinition]>([
    ['the beginning of all', () => ({ kind: 'gtid', gtid: '' })],
    ['a file that is gone', () => ({ kind: 'file', file: firstFile, offset: 4 })],
  ])('a start at %s is mended by the start that the finding names', async (what, startOf) => {
    const id = await pipeline(`${program} from ${what}`, sourceId, { start: startOf() });
    const [finding] = await found(id, 'START_PURGED');
    expect(finding).toMatchObject({ severity: 'warning', subject: { place: 'source' }, statements: [] });
    const [, command = ''] = /with (\{.*?\}\})\)/.exec(finding?.explanation ?? '') ?? [];
    const body = JSON.parse(command) as { readonly start: StartDefinition };
    expect((await api('PATCH', `pipelines/${id}`, body)).status).toBe(200);
    expect(await found(id, 'START_PURGED')).toEqual([]);
  });

  it('a place that a pipeline has reached keeps it from starting', async () => {
    const id = await pipeline(`${program} reached`, sourceId, { start: { kind: 'latest' } });
    expect(await found(id, 'START_PURGED')).toEqual([]);
    const reach = (done: DonePlace): Promise<void> =>
      manager.bus.putCursor(id, {
        ...{ state: 'place', epoch: 1, revision: 1, process: 0, at: new Date().toISOString() },
        place: { done, inside: null },
      });
    await reach(program === 'mysql' ? { kind: 'mysqlGtid', gtidSet: '' } : { kind: 'mariadbGtid', gtidList: '' });
    const [finding] = await found(id, 'START_PURGED');
    expect(finding).toMatchObject({ severity: 'error', statements: [] });
    const [, command = ''] = /positions\/rewind with (\{.*?\}\}?)\)$/.exec(finding?.explanation ?? '') ?? [];
    const { to } = JSON.parse(command) as { readonly to: StartDefinition };
    // What is named may be gone to, as far as the log is concerned.
    const preview = await api('POST', `pipelines/${id}/positions/preview`, { to });
    expect(preview.body['code']).not.toBe('REQUEST_INVALID');
    expect(JSON.stringify(preview.body)).not.toContain('SOURCE_POSITION');
    const started = await api('POST', `pipelines/${id}/commands`, { kind: 'START', reason: 'test' });
    expect([started.status, started.body['code']]).toEqual([409, 'PIPELINE_PRECHECK_FAILED']);
    const [variable, kind] = program === 'mysql' ? ['gtid_executed', 'mysql'] : ['gtid_binlog_pos', 'mariadb'];
    const now = (await valueOf(server, `SELECT @@global.${variable}`)).replaceAll(/\s/g, '');
    await reach(kind === 'mysql' ? { kind: 'mysqlGtid', gtidSet: now } : { kind: 'mariadbGtid', gtidList: now });
    expect(await found(id, 'START_PURGED')).toEqual([]);
  });

  it('a server of another kind than the data source says', async () => {
    const kind = program === 'mysql' ? 'mariadb' : 'mysql';
    const id = await pipeline(`${program} as ${kind}`, await dataSource(`${program} as ${kind}`, server, { kind }));
    expect(await found(id, 'SERVER_OF_OTHER_KIND')).toMatchObject([
      { severity: 'error', subject: { place: 'source' }, statements: [] },
    ]);
  });

  it('a key that the mapping does not carry', async () => {
    const schema = `uncarried_${program}`;
    const statements = [`CREATE DATABASE ${schema}`, `CREATE TABLE ${schema}.t (id INT PRIMARY KEY, v INT)`];
    await runSql(server, statements);
    await runSql(testServers().mariadbTarget, [`DROP DATABASE IF EXISTS ${schema}`, ...statements]);
    const id = await pipeline(schema, sourceId);
    const mapping = { source: { schema, table: { exact: 't' } }, target: { schema } };
    const columns = { mode: 'except', names: ['id'] };
    const mappingId = await manager.create(`pipelines/${id}/mappings`, { ...mapping, columns });
    expect(await found(id, 'KEY_NOT_CARRIED')).toHaveLength(1);
    const whole = { columns: { mode: 'all' } };
    expect((await api('PATCH', `pipelines/${id}/mappings/${mappingId}`, whole)).status).toBe(200);
    expect(await found(id, 'KEY_NOT_CARRIED')).toEqual([]);
    await runSql(testServers().mariadbTarget, [`DROP DATABASE ${schema}`]);
  });
});

it('windows that JetStream has no room for', async () => {
  const id = await pipeline('large windows', await dataSource('any source', testServers().mariadbSource));
  const resize = async (parameters: object): Promise<void> => {
    expect((await api('PATCH', `pipelines/${id}`, { parameters })).status).toBe(200);
  };
  await resize({ parallelism: 32, maxBytes: 67_108_864 });
  const large = await found(id, 'BUS_WINDOWS_TOO_LARGE');
  expect(large.map(({ subject }) => subject['place'])).toEqual(large.map(() => 'bus'));
  expect(large.find(({ subject }) => subject['name']?.endsWith('_BODIES'))).toMatchObject({
    severity: 'warning',
    statements: [
      { at: 'bus', sql: expect.stringMatching(/^nats stream edit \S+_BODIES --max-bytes=\d+ --force$/) as unknown },
    ],
  });
  await resize({ parallelism: 5, maxBytes: 4_194_304 });
  // On a small disk the streams are small too, and the other pipelines may be enough to fill them.
  const [bodies] = large.filter(({ subject }) => subject['name']?.endsWith('_BODIES'));
  expect(await found(id, 'BUS_WINDOWS_TOO_LARGE')).not.toContainEqual(bodies);
});

const filesOf = async (server: OwnServer): Promise<readonly string[]> =>
  (await rowsOf(server, 'SHOW BINARY LOGS')).map((row) => String(row['Log_name']));

const valueOf = async (server: OwnServer, sql: string): Promise<string> =>
  String(Object.values((await rowsOf(server, sql))[0] ?? {})[0]);

async function rowsOf(server: OwnServer, sql: string): Promise<readonly Record<string, unknown>[]> {
  const connection = await connectTo(server);
  try {
    const [rows] = await connection.query(sql);
    return rows as Record<string, unknown>[];
  } finally {
    await connection.end();
  }
}
