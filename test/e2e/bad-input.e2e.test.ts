// Goal: bad input stops its pipeline with a stable code and a sentence that says what to do; no row is lost by it and no
// service ends; the reason stands in GET /api/v1/pipelines/{id}.
// Method: one stack, one pipeline per case, each spoilt in one way; where there is a cure it is applied as the answer says,
// and the rows that waited must arrive.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApiProblem } from '@lutra/api-client';
import type { MappingCreateDto, PipelineView } from '@lutra/api-client';
import { must } from '@lutra/model';
import type { ErrorCode } from '@lutra/model';
import { connectTo, createAccount, freePorts, lutraHome, startServerGroup, waitUntil } from '@lutra/testing';
import type { DatabaseServer, ServerGroup } from '@lutra/testing';
import { differences, startE2eStack } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';

describe('bad input', () => {
  let servers: ServerGroup;
  let e2e: E2eStack;
  let pids: number[];
  const special = (name: string): DatabaseServer => must(servers.databases[name], name);

  beforeAll(async () => {
    servers = await startServerGroup({
      home: lutraHome(),
      folder: join(lutraHome(), 'e2e', 'bad-input-servers'),
      databases: {
        source: { kind: 'mariadb' },
        target: { kind: 'mariadb' },
        quiet: { kind: 'mariadb', extra: ['--skip-log-bin'] },
        statement: { kind: 'mariadb', extra: ['--binlog-format=STATEMENT'] },
      },
    });
    e2e = await startE2eStack('bad-input', {
      servers: { source: special('source'), target: special('target'), manager: special('target') },
    });
    pids = e2e.stack.allInstances.map(({ pid }) => pid);
  });

  afterAll(async () => {
    await e2e.stop();
    await servers.stop();
  });

  const mappingOf = (table: string): MappingCreateDto => ({
    source: { schema: e2e.schema, table: { exact: table } },
    target: { schema: e2e.schema },
  });

  /** Starts a pipeline for one table and waits until it shows the failure. */
  async function failing(
    code: ErrorCode,
    table: string,
    request: { source?: DatabaseServer; target?: DatabaseServer } = {},
  ): Promise<PipelineView> {
    const id = await e2e.stack.createPipeline({ ...request, mappings: [mappingOf(table)], isStarted: false });
    // A START would be refused by the pre-check; what it finds may also come later.
    await e2e.stack.api.command(id, 'START', 'a test', { force: true });
    return untilFailure(id, code);
  }

  function untilFailure(id: string, code: ErrorCode): Promise<PipelineView> {
    return waitUntil(
      async () => {
        const view = await e2e.stack.api.pipeline(id);
        if (view.failure?.code === code) return view;
        throw new Error(`${view.state} ${view.failure?.code ?? 'without a failure'} ${view.failure?.message ?? ''}`);
      },
      { what: `${code} in the answer of the API`, timeoutMs: 60_000 },
    );
  }

  async function restartAndCompare(view: PipelineView, table: string): Promise<void> {
    await e2e.stack.api.command(view.id, 'RESTART', 'repaired');
    expect(differences(await e2e.stack.waitEqual(e2e.pairs(table), 45_000))).toEqual([]);
  }

  const account = (server: DatabaseServer, user: string, grants: readonly string[]): Promise<DatabaseServer> =>
    createAccount(server, {
      user,
      password: 'secret-word',
      grants: grants.map((grant) => `${grant} TO '${user}'@'%'`),
    });

  it('binary log off', async () => {
    const source = await account(special('quiet'), 'reader', ['GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.*']);
    const view = await failing('SOURCE_BINLOG_OFF', 'no_log', { source });
    expect(view.state).toBe('PAUSED');
    expect(view.failure?.workaround).toContain('log_bin');
  });

  it('source does not log rows', async () => {
    const source = await account(special('statement'), 'reader', ['GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.*']);
    expect((await failing('SOURCE_BINLOG_FORMAT', 'no_rows', { source })).failure?.workaround).toContain(
      'SET GLOBAL binlog_format = ROW',
    );
  });

  it('missing grants at the source are named, and granting them repairs', async () => {
    const source = await account(special('source'), 'poor', []);
    const view = await failing('SOURCE_GRANT_MISSING', 'granted', { source });
    expect(view.failure?.message).toMatch(/REPLICATION (SLAVE|REPLICA)/);
    await e2e.createTables('CREATE TABLE granted (id INT PRIMARY KEY)');
    await e2e.atSource(must(view.failure?.statement, 'a statement'));
    await e2e.stack.api.command(view.id, 'RESTART', 'granted');
    await e2e.stack.waitReading(view.id);
    await e2e.atSource('INSERT INTO granted VALUES (1)');
    expect(differences(await e2e.stack.waitEqual(e2e.pairs('granted'), 45_000))).toEqual([]);
  });

  it('wrong password at the source', async () => {
    await failing('SOURCE_ACCESS_DENIED', 'password1', { source: { ...e2e.stack.source, password: 'wrong' } });
  });

  it('wrong password at the target', async () => {
    await failing('TARGET_ACCESS_DENIED', 'password2', { target: { ...e2e.stack.target, password: 'wrong' } });
  });

  it('a source that is not reachable is tried again and again', async () => {
    const [port] = await freePorts(1);
    const view = await failing('SOURCE_UNREACHABLE', 'nobody', {
      source: { ...e2e.stack.source, port: must(port, 'a port') },
    });
    await waitUntil(async () => ((await e2e.stack.api.pipeline(view.id)).attempt ?? 0) >= 2, {
      what: 'a second attempt',
      timeoutMs: 60_000,
    });
    await e2e.stack.api.command(view.id, 'STOP', 'seen');
  });

  it('missing target table: the answer holds the CREATE statement, and running it lets the rows through', async () => {
    await e2e.atSource(
      "CREATE TABLE lacking (id BIGINT UNSIGNED NOT NULL, part VARCHAR(20) NOT NULL, amount DECIMAL(12,3) NULL, kind ENUM('a','b,c') NOT NULL, at DATETIME(3) NULL, PRIMARY KEY (id, part))",
    );
    const id = await e2e.stack.createPipeline({ mappings: [mappingOf('lacking')] });
    await e2e.atSource(
      "INSERT INTO lacking VALUES (18446744073709551615, 'x', 1.125, 'b,c', '2026-11-21 06:00:00.125')",
    );
    const view = await untilFailure(id, 'TARGET_TABLE_MISSING');
    const statement = must(view.failure?.statement, 'a statement');
    expect(statement).toMatch(/^CREATE TABLE/);
    await e2e.atTarget(statement);
    await restartAndCompare(view, 'lacking');
  });

  it('missing target column: the answer holds the ALTER statement, and running it lets the rows through', async () => {
    await e2e.atSource('CREATE TABLE wider (id INT NOT NULL PRIMARY KEY, extra VARCHAR(30) NULL)');
    await e2e.atTarget('CREATE TABLE wider (id INT NOT NULL PRIMARY KEY)');
    const id = await e2e.stack.createPipeline({ mappings: [mappingOf('wider')] });
    await e2e.atSource("INSERT INTO wider VALUES (1, 'more')");
    const view = await untilFailure(id, 'TARGET_COLUMN_MISSING');
    const statement = must(view.failure?.statement, 'a statement');
    expect(statement).toMatch(/^ALTER TABLE/);
    await e2e.atTarget(statement);
    await restartAndCompare(view, 'wider');
  });

  it('target type that cannot hold the value: the answer holds the ALTER statement, and running it lets the rows through', async () => {
    await e2e.atSource('CREATE TABLE narrow (id INT NOT NULL PRIMARY KEY, number BIGINT NULL, text VARCHAR(50) NULL)');
    await e2e.atTarget('CREATE TABLE narrow (id INT NOT NULL PRIMARY KEY, number TINYINT NULL, text VARCHAR(50) NULL)');
    const id = await e2e.stack.createPipeline({ mappings: [mappingOf('narrow')] });
    await e2e.atSource("INSERT INTO narrow VALUES (1, 1, 'fits'), (2, 4000000000, 'does not')");
    const view = await untilFailure(id, 'TARGET_VALUE_REFUSED');
    expect(view.failure?.message).toContain('number');
    expect(view.failure?.message).not.toContain('4000000000');
    await e2e.atTarget(must(view.failure?.statement, 'a statement'));
    await restartAndCompare(view, 'narrow');
  });

  it('a purged position stops and does not jump', async () => {
    const source = await connectTo(special('source'));
    const gtidNow = async (): Promise<string> =>
      must(
        ((await source.query('SELECT @@gtid_binlog_pos AS gtid'))[0] as unknown as readonly { gtid: string }[])[0],
        'a position',
      ).gtid;
    let old: string;
    try {
      await e2e.createTables('CREATE TABLE gone (id INT NOT NULL PRIMARY KEY)');
      old = await gtidNow();
      await e2e.atSource(
        'INSERT INTO gone VALUES (1)',
        'FLUSH BINARY LOGS',
        'INSERT INTO gone VALUES (2)',
        'FLUSH BINARY LOGS',
      );
      const logs = (await source.query('SHOW BINARY LOGS'))[0] as unknown as readonly { Log_name: string }[];
      // Other pipelines of this file may still read: the server keeps what a connected dump needs, so this is repeated until it is gone.
      await waitUntil(
        async () => {
          await source.query(`PURGE BINARY LOGS TO '${must(logs.at(-1), 'the newest log').Log_name}'`);
          return ((await source.query('SHOW BINARY LOGS'))[0] as unknown as readonly unknown[]).length === 1;
        },
        { what: 'the old logs to go', timeoutMs: 60_000 },
      );
    } finally {
      source.destroy();
    }
    const id = await e2e.stack.createPipeline({
      mappings: [mappingOf('gone')],
      start: { kind: 'gtid', gtid: old },
      isStarted: false,
    });
    await e2e.stack.api.command(id, 'START', 'a test');
    const view = await untilFailure(id, 'SOURCE_POSITION_PURGED');
    expect(view.state).toBe('PAUSED');
    expect(differences(await e2e.stack.waitEqual(e2e.pairs('gone'), 0))).not.toEqual([]);
  });

  it.each([
    [
      'a regular expression that does not compile',
      'MAPPING_REGEX_INVALID',
      { source: { schema: 's', table: { regex: '(' } }, target: { schema: 't' } },
    ],
    [
      'an unknown field',
      'REQUEST_INVALID',
      { source: { schema: 's', table: { exact: 'x' } }, target: { schema: 't' }, colour: 'red' },
    ],
    [
      'a reserved schema',
      'MAPPING_RESERVED_SCHEMA',
      { source: { schema: 'mysql', table: { exact: 'user' } }, target: { schema: 't' } },
    ],
  ] as const)('the API refuses %s', async (_what, code, mapping) => {
    const refused = e2e.stack.createPipeline({ mappings: [mapping], isStarted: false });
    await expect(refused).rejects.toBeInstanceOf(ApiProblem);
    await expect(refused).rejects.toMatchObject({ code });
  });

  it('the API refuses two mappings that bring one source table into one target table', async () => {
    const mapping = {
      source: { schema: e2e.schema, table: { exact: 'one' } },
      target: { schema: e2e.schema, table: 'both' },
    };
    await expect(e2e.stack.createPipeline({ mappings: [mapping, mapping], isStarted: false })).rejects.toMatchObject({
      code: 'MAPPING_TARGET_COLLISION',
    });
  });

  it('ends no service', () => {
    expect(e2e.stack.allInstances.map(({ pid }) => pid)).toEqual(pids);
  });
});
