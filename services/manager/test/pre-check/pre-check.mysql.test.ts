import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { must, systemClock } from '@lutra/model';
import { openTarget } from '@lutra/sql';
import { connectTo, OwnServer, runSql, testServers, waitUntil } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';
import { judgeAutoIncrement } from '../../src/pre-check/judge-servers.ts';
import { readServer } from '../../src/pre-check/read-server.ts';
import type { ServerFacts } from '../../src/pre-check/pre-check-facts.ts';
import { Installation } from '../running-manager.ts';
import type { Answer, RunningManager } from '../running-manager.ts';
import { atSource, atTarget, settingsAtSource, settingsAtTarget } from './odd-pair.ts';
import { column, definition, mappingOf, table } from './pre-check-facts.ts';

// Goal: every finding that real servers can give is found, its statements run as they are, and it is gone afterwards; START
// listens to it.
// Method: a MySQL and a MariaDB of their own, each as the source of the other; settings, accounts and tables are set as they
// should not be; then the findings are mended one by one, in the words of the findings.

interface Found {
  readonly code: string;
  readonly severity: string;
  readonly subject: Record<string, string>;
  readonly explanation: string;
  readonly statements: readonly { readonly at: 'source' | 'target'; readonly sql: string }[];
}

const installation = new Installation();
let manager: RunningManager;
let channelId: string;
const servers = new Map<string, OwnServer>();
const serverOf = (kind: string): OwnServer => must(servers.get(kind), 'both run');

beforeAll(async () => {
  manager = await installation.start();
  channelId = await manager.create('channels', { name: 'shop' });
  for (const program of ['mariadb', 'mysql'] as const) servers.set(program, await OwnServer.start({ program }));
});

afterAll(async () => {
  await installation.close();
  for (const server of servers.values()) await server.close();
});

const api = (method: string, path: string, body?: unknown): Promise<Answer> =>
  manager.request(method, `/api/v1/${path}`, body === undefined ? {} : { body });
const dataSource = (name: string, { kind, host, port }: DatabaseServer, login: object): Promise<string> =>
  manager.create('data-sources', { ...{ name, kind, host, port }, ...login });
const start = (path: string, change: object = {}): Promise<Answer> =>
  api('POST', `${path}/commands`, { kind: 'START', reason: 'test', ...change });

async function check(pipelineId: string): Promise<readonly Found[]> {
  const { status, body } = await api('POST', `pipelines/${pipelineId}/pre-check`);
  expect(status).toBe(200);
  return body['findings'] as Found[];
}

/** On a busy machine a server may take longer than a check waits for it: what depends on it was not looked at then. */
const checkBoth = (pipelineId: string): Promise<readonly Found[]> =>
  waitUntil(
    async () => {
      const findings = await check(pipelineId);
      return findings.some(({ code }) => code === 'SERVER_UNREACHABLE') ? undefined : findings;
    },
    { what: 'a check that reaches both servers', timeoutMs: 60_000 },
  );

const idOf = ({ code, subject }: Found): string => JSON.stringify([code, subject]);

const LOGIN = { user: 'poor', password: 'poor-secret-1' };
const OF_BOTH = [
  ...['BINLOG_FORMAT', 'CHARSET_NARROWER', 'COLLATION_DIFFERS', 'COLUMN_COMPUTED', 'COLUMN_MISSING', 'COLUMN_UNFILLED'],
  ...[
    'ENGINE_UNSAFE',
    'FOREIGN_KEY_CHANGES_ROWS',
    'FOREIGN_KEY_OUTSIDE',
    'GRANT_MISSING',
    'KEY_DIFFERS',
    'KEY_EXTRA',
    'KEY_MISSING',
  ],
  ...[
    'LOG_RETENTION_SHORT',
    'PACKET_TOO_SMALL',
    'ROW_IMAGE_PARTIAL',
    'ROW_METADATA_MINIMAL',
    'SERVER_ID_SAME',
    'SQL_MODE_DIFFERS',
  ],
  ...[
    'TARGET_READ_ONLY',
    'TARGET_TABLE_MISSING',
    'TIME_ZONE_DIFFERS',
    'TRIGGER_FIRES',
    'TYPE_INCOMPATIBLE',
    'TYPE_NARROWER',
  ],
];

describe.each([
  ['mariadb', 'mysql', ['GTID_NOT_STRICT']],
  ['mysql', 'mariadb', ['GTID_OFF', 'PARTIAL_JSON']],
])('from %s to %s', (from, to, ofKind) => {
  const schema = `from_${from}`;
  let pipelineId: string;

  beforeAll(async () => {
    const [source, target] = [serverOf(from), serverOf(to)];
    const createUser = `CREATE USER '${LOGIN.user}_${from}'@'%' IDENTIFIED BY '${LOGIN.password}'`;
    await runSql(source, [createUser, ...atSource(schema, `${schema}_gone`), ...settingsAtSource(source)]);
    await runSql(target, [createUser, ...atTarget(schema), ...settingsAtTarget]);
    const login = { ...LOGIN, user: `${LOGIN.user}_${from}` };
    const sourceId = await dataSource(`source ${from}`, source, login);
    const targetId = await dataSource(`target ${to}`, target, login);
    pipelineId = await manager.create('pipelines', { channelId, name: schema, sourceId, targetId });
    for (const [from_, table_] of [
      [schema, { regex: '.*' }],
      [`${schema}_gone`, { exact: 't' }],
      [schema + 'x', { exact: 'nothing' }],
    ] as const)
      await manager.create(`pipelines/${pipelineId}/mappings`, {
        source: { schema: from_, table: table_ },
        target: { schema: from_ },
      });
  });

  it('each finding goes when its statements have run, and START is refused as long as one is an error', async () => {
    expect((await api('GET', `pipelines/${pipelineId}/pre-check`)).status).toBe(404);
    const refused = await start(`pipelines/${pipelineId}`);
    expect([refused.status, refused.body['code']]).toEqual([409, 'PIPELINE_PRECHECK_FAILED']);
    const { findings: shown } = refused.body['details'] as { findings: Found[] };
    expect(shown.map(({ severity }) => severity)).toEqual(shown.map(() => 'error'));

    const mended = new Set<string>();
    const tried = new Set<string>();
    let findings = await checkBoth(pipelineId);
    for (;;) {
      const next = findings.find((finding) => finding.statements.length > 0 && !tried.has(idOf(finding)));
      if (next === undefined) break;
      tried.add(idOf(next));
      for (const { at, sql } of next.statements) await runSql(serverOf(at === 'source' ? from : to), [sql]);
      findings = await checkBoth(pipelineId);
      expect(findings.map(idOf)).not.toContain(idOf(next));
      mended.add(next.code);
    }
    expect([...mended].sort()).toEqual([...OF_BOTH, ...ofKind].sort());
    // What is left has no statement: a mapping that covers nothing.
    expect(findings.map(({ code, severity }) => [code, severity])).toEqual([['PATTERN_MATCHES_NOTHING', 'warning']]);
    const last = (await api('GET', `pipelines/${pipelineId}/pre-check`)).body;
    expect(last).toMatchObject({ pipelineId, mayStart: true, total: 1, columns: { narrower: 0, incompatible: 0 } });
    expect(Date.parse(String(last['checkedAt']))).toBeLessThanOrEqual(Date.now());
    expect((await start(`pipelines/${pipelineId}`)).status).toBe(202);
  });

  it('what was mended is as it was but for what was wrong', async () => {
    const connection = await connectTo(serverOf(to));
    const [rows] = await connection.query(`SHOW CREATE TABLE ${schema}.types`);
    connection.destroy();
    const statement = Object.values((rows as object[])[0] ?? {}).join('\n');
    expect(statement).toMatch(/`id` int(\(11\))? NOT NULL AUTO_INCREMENT/);
    expect(statement).toMatch(/`a` bigint(\(20\))? DEFAULT '?5'? COMMENT 'it''s, a NOT NULL'/);
    expect(statement).toMatch(/`b` varchar\(200\).* DEFAULT 'q'/);
    expect(statement).toMatch(/`f` time\(3\) NOT NULL/);
    expect(statement).toMatch(/`n` int(\(11\))? DEFAULT '?0'?/);
  });

  it('numbers of both sides of a channel are set apart', async () => {
    const facts = async (kind: string): Promise<ServerFacts> => {
      const server = serverOf(kind);
      const session = await openTarget(
        { ...definition().source, kind: server.kind, host: server.host, port: server.port, user: server.user },
        server.password,
        { clock: systemClock },
      );
      try {
        return await readServer(session, systemClock);
      } finally {
        await session.close();
      }
    };
    const one = table('orders', [column('id', 'int', { isAutoIncrement: true })]);
    const pairs = [{ mapping: mappingOf(), source: one, targetName: one, target: one }];
    const judge = async () =>
      judgeAutoIncrement({ source: await facts(from), target: await facts(to) }, pairs, [definition()]);
    await runSql(serverOf(from), ['SET GLOBAL auto_increment_increment = 1', 'SET GLOBAL auto_increment_offset = 1']);
    const [found] = await judge();
    for (const { at, sql } of must(found, 'they collide').statements)
      await runSql(serverOf(at === 'source' ? from : to), [sql]);
    expect(await judge()).toEqual([]);
  });
});

describe('START', () => {
  const pipeline = async (
    name: string,
    change: { source?: string; target?: string; table?: string } = {},
  ): Promise<string> => {
    const { source, target, table: exact = `a_${name}` } = change;
    const { mysql } = testServers();
    const login = { user: mysql.user, password: mysql.password };
    const sourceId = source ?? (await dataSource(`source of ${name}`, mysql, login));
    const targetId =
      target ?? (await dataSource(`target of ${name}`, testServers().mariadbTarget, testServers().mariadbTarget));
    const id = await manager.create('pipelines', { channelId, name, sourceId, targetId });
    await manager.create(`pipelines/${id}/mappings`, {
      source: { schema: 'mysql_pre', table: { exact } },
      target: { schema: name },
    });
    return id;
  };
  const silent = (name: string, change: object = {}): Promise<string> =>
    manager.create('data-sources', {
      name,
      kind: 'mysql',
      host: '127.0.0.1',
      port: 1,
      user: 'u',
      password: 'p',
      ...change,
    });

  it('goes through while the servers are away, and says so', async () => {
    const id = await pipeline('away', { source: await silent('away 1'), target: await silent('away 2') });
    expect((await start(`pipelines/${id}`)).status).toBe(202);
    const { body } = await api('GET', `pipelines/${id}/pre-check`);
    expect(body).toMatchObject({ mayStart: true, revision: 2 });
    expect((body['findings'] as Found[]).map(({ code, subject }) => [code, subject['place']])).toEqual([
      ['SERVER_UNREACHABLE', 'source'],
      ['SERVER_UNREACHABLE', 'target'],
    ]);
  });

  it('asks the standbys of a source that is away', async () => {
    const { host, port, user, password } = testServers().mysql;
    const source = await silent('group', { user, password, standbys: [{ host, port }] });
    const findings = await check(await pipeline('standby', { source }));
    expect(findings.map(({ code }) => code)).not.toContain('SERVER_UNREACHABLE');
  });

  it('is refused when a server refuses its user, unless it is forced, which is audited; a repeat is not checked again', async () => {
    const { host, port } = testServers().mysql;
    const id = await pipeline('refused', { source: await silent('wrong', { host, port, user: 'nobody' }) });
    const key = { headers: { 'idempotency-key': 'forced' }, body: { kind: 'START', reason: 'I know', force: true } };
    expect((await start(`pipelines/${id}`)).body['code']).toBe('PIPELINE_PRECHECK_FAILED');
    expect((await start(`channels/${channelId}`)).body['code']).toBe('PIPELINE_PRECHECK_FAILED');
    const forced = await manager.request('POST', `/api/v1/pipelines/${id}/commands`, key);
    expect(forced.status).toBe(202);
    const commandId = String(forced.body['id']);
    expect((await api('GET', `commands/${commandId}`)).body['force']).toBe(true);
    const audit = (await api('GET', `audit?resourceId=${commandId}`)).body.items;
    expect(audit).toMatchObject([{ who: 'admin', after: { kind: 'START', isForced: true } }]);
    const checkedAt = (await api('GET', `pipelines/${id}/pre-check`)).body['checkedAt'];
    expect((await manager.request('POST', `/api/v1/pipelines/${id}/commands`, key)).body['id']).toBe(commandId);
    expect((await api('GET', `pipelines/${id}/pre-check`)).body['checkedAt']).toBe(checkedAt);
    expect((await start(`channels/${channelId}`, { force: true })).status).toBe(202);
    expect(
      (await api('POST', `pipelines/${id}/commands`, { kind: 'STOP', reason: 'x', force: true })).body['code'],
    ).toBe('REQUEST_INVALID');
  });

  it('is meant by the RESTART of a pipeline that was never started, and not by that of one that has failed', async () => {
    const { host, port } = testServers().mysql;
    const id = await pipeline('restarted', { source: await silent('wrong too', { host, port, user: 'nobody' }) });
    const restart = () => api('POST', `pipelines/${id}/commands`, { kind: 'RESTART', reason: 'x' });
    expect((await restart()).body['code']).toBe('PIPELINE_PRECHECK_FAILED');
    const permit = {
      state: 'PAUSED',
      ...{ epoch: 1, draining: false, commandId: 'C', aboutEpoch: 0, reason: 'x', failure: null },
      ...{ since: new Date().toISOString(), by: 'a', attempt: 1, nextAttemptAt: null },
    } as const;
    await manager.coordinator.writePermit(id, permit, null);
    expect((await restart()).status).toBe(202);
  });

  it('the result goes with its pipeline, and there is none of a pipeline that is not there', async () => {
    const id = await pipeline('short');
    await check(id);
    expect((await api('DELETE', `pipelines/${id}`)).status).toBe(202);
    for (const method of ['GET', 'POST']) expect((await api(method, `pipelines/${id}/pre-check`)).status).toBe(404);
    const left = await installation.sql(`SELECT * FROM ${installation.database}.pre_check WHERE pipeline_id = '${id}'`);
    expect(left).toEqual([]);
  });

  it('a source without a binary log is found', async () => {
    const server = serverOf('mysql');
    await server.restart(['--skip-log-bin']);
    const source = await dataSource('no log', server, { user: server.user, password: server.password });
    const findings = await check(await pipeline('logless', { source }));
    expect(findings.find(({ code }) => code === 'BINLOG_OFF')).toMatchObject({ severity: 'error', statements: [] });
  });
});
