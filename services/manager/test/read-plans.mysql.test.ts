import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testServers } from '@lutra/testing';
import { Installation } from './running-manager.ts';
import type { RunningManager } from './running-manager.ts';

// Goal: no list and no statistic reads a table that grows with time from end to end.
// Method: the tables are filled so far that an index is worth its while; every statement that a route sends, as the driver
// tells it, is given to the server's EXPLAIN.

/** Tables that grow with time; the others have as many rows as people have made. */
const GROWING =
  /^(statistic_(table_)?1|process_history|audit_entry|command$|saved_position|skip$|alarm$|alarm_delivery)/;
const PAGE_SIZE = 50;
const SCOPES = 10;
const PIPELINES = 500;
const STEPS = { '1s': 1_000, '1m': 60_000, '1h': 3_600_000, '1d': 86_400_000 } as const;
const digits = Array.from({ length: 10 }, (_, n) => `SELECT ${String(n)} AS n`).join(' UNION ALL ');
/** Numbers from 0 to 999; MySQL has no table of them. */
const THOUSAND = `(SELECT a.n + 10 * b.n + 100 * c.n AS seq FROM (${digits}) a, (${digits}) b, (${digits}) c) thousand`;
const FIGURES = '{"counts":{"inserted":1},"delays":[[40,1]],"delayMsMax":5,"stages":{}}';
const TABLES = '[["shop.orders",[1,0,0,0]]]';

interface Plan {
  readonly table: string | null;
  readonly type: string | null;
  readonly key: string | null;
  readonly rows: string | number | null;
  readonly Extra: string | null;
}

describe.each([
  ['MariaDB', testServers().mariadbTarget],
  ['MySQL', testServers().mysql],
])('with the retention filled, in %s', (_name, server) => {
  const installation = new Installation(server);
  let manager: RunningManager;
  const ids = { channel: '', pipeline: '' };

  beforeAll(async () => {
    manager = await installation.start();
    ids.channel = await manager.create('channels', { name: 'shop' });
    const login = { kind: 'mariadb', host: 'db.example.com', user: 'lutra', password: 'secret' };
    const sourceId = await manager.create('data-sources', { ...login, name: 'source', port: 3301 });
    const targetId = await manager.create('data-sources', { ...login, name: 'target', port: 3302 });
    const pipeline = { channelId: ids.channel, name: 'first', sourceId, targetId };
    ids.pipeline = await manager.create('pipelines', pipeline);
    await addPipelines(installation, ids.pipeline);
    await fill(installation, [ids.pipeline, ids.channel, 'installation']);
  });

  afterAll(() => installation.close());

  const daysAgo = (days: number): string => new Date(Date.now() - days * STEPS['1d']).toISOString();

  it.each<[string, () => string]>([
    ['pipelines', () => 'pipelines'],
    ['pipelines of a channel', () => `pipelines?channelId=${ids.channel}`],
    ['channels', () => 'channels'],
    ['data sources', () => 'data-sources'],
    ['mappings', () => `pipelines/${ids.pipeline}/mappings`],
    ['revisions', () => `pipelines/${ids.pipeline}/revisions`],
    ['commands', () => 'commands'],
    ['commands of a pipeline', () => `commands?pipelineId=${ids.pipeline}`],
    ['audit', () => 'audit'],
    ['audit of a resource', () => `audit?resourceId=${ids.pipeline}`],
    ['the last hour', () => `statistics?pipelineId=${ids.pipeline}`],
    ['seconds', () => `statistics?pipelineId=${ids.pipeline}&step=1s&from=${daysAgo(1 / 144)}`],
    ['a month', () => `statistics?pipelineId=${ids.pipeline}&from=${daysAgo(30)}`],
    ['a channel', () => `statistics?channelId=${ids.channel}`],
    ['a year of the installation', () => `statistics?step=1d&from=${daysAgo(365)}`],
    ['tables', () => `statistics/tables?pipelineId=${ids.pipeline}`],
    ['a table', () => `statistics/tables?pipelineId=${ids.pipeline}&table=shop.orders&from=${daysAgo(30)}`],
    ['processes', () => `processes?pipelineId=${ids.pipeline}`],
    ['slowest processes', () => `processes?pipelineId=${ids.pipeline}&slowest=true`],
    ['positions', () => `pipelines/${ids.pipeline}/positions/history`],
    ['positions of an hour', () => `pipelines/${ids.pipeline}/positions/history?from=${daysAgo(2)}&to=${daysAgo(1.9)}`],
    ['resyncs', () => `pipelines/${ids.pipeline}/resyncs`],
    ['skips', () => `pipelines/${ids.pipeline}/skips`],
    ['commands of a pipeline by kind', () => `commands?pipelineId=${ids.pipeline}&kind=STOP`],
    ['alarms', () => 'alarms?state=open'],
    ['alarms of a pipeline', () => `alarms?pipelineId=${ids.pipeline}`],
    ['receivers', () => 'receivers'],
  ])('%s', async (_what, pathOf) => {
    const { status, statements } = await statementsOf(manager, pathOf());
    expect([status, statements.length > 0]).toEqual([200, true]);
    for (const statement of statements) expect(await scansOf(installation, statement)).toEqual([]);
  });

  it('logs are not kept in the store', async () => {
    const { status, statements } = await statementsOf(manager, 'logs');
    // Who asks is looked up now and then.
    expect([status, statements.filter((statement) => !statement.includes('`api_key`'))]).toEqual([200, []]);
  });

  it('a statement without an index would be found', async () => {
    const scans = await scansOf(installation, "SELECT * FROM process_history WHERE body = 'nothing'");
    expect(scans).toMatchObject([{ table: 'process_history', type: 'ALL' }]);
  });
});

/** Pipelines like the first one, each with commands, saved positions, skips, alarms and deliveries. */
async function addPipelines(installation: Installation, first: string): Promise<void> {
  const { database } = installation;
  const sql = (statement: string): Promise<Record<string, unknown>[]> => installation.sql(statement);
  const columns = (await sql(`SHOW COLUMNS FROM ${database}.pipeline`)).map((row) => String(row['Field']));
  const own: Readonly<Record<string, string>> = { id: "CONCAT('P', LPAD(seq, 25, '0'))", name: "CONCAT('p', seq)" };
  await sql(
    `INSERT INTO ${database}.pipeline (${columns.join(', ')})
     SELECT ${columns.map((column) => own[column] ?? column).join(', ')} FROM ${database}.pipeline, ${THOUSAND}
     WHERE id = '${first}' AND seq < ${String(PIPELINES - 1)}`,
  );
  const id = (letter: string): string => `CONCAT('${letter}', RIGHT(p.id, 15), LPAD(seq, 10, '0'))`;
  const at = 'UTC_TIMESTAMP(3) - INTERVAL seq HOUR';
  const each = (rows: number): string => `FROM ${database}.pipeline p, ${THOUSAND} WHERE seq < ${String(rows)}`;
  for (const statement of [
    `command (id, pipeline_id, kind, author, issued_at, body, is_sent, outcome, decided_at)
     SELECT ${id('C')}, p.id, IF(seq % 3, 'START', 'STOP'), 'anna', ${at}, '{}', 1, 'done', ${at} ${each(20)}`,
    `saved_position (pipeline_id, at, kind, epoch, place, author, reason)
     SELECT p.id, ${at}, 'saved', 1, '${PLACE}', '', '' ${each(30)}`,
    `skip (id, pipeline_id, gtid, hash, reason, author, at)
     SELECT ${id('S')}, p.id, CONCAT('0-1-', seq), '', 'known', 'anna', ${at} ${each(20)}`,
    `alarm (id, version, open_key, rule_id, rule_name, kind, severity, threshold, subject_id, subject, pipeline_id, state, since,
       resolved_at, tellings, message, told_receiver_ids)
     SELECT ${id('A')}, 1, NULL, 'R', 'late', 'delay', 'urgent', 1, p.id, 'pipeline', p.id, 'resolved', ${at}, ${at}, 2, '', '[]'
     ${each(20)}`,
    `alarm_delivery (id, alarm_id, sequence, receiver_id, body, state, attempts, created_at, next_attempt_at, failure)
     SELECT ${id('D')}, ${id('A')}, 1, 'nobody', '{}', 'sent', 1, ${at}, ${at}, '' ${each(10)}`,
  ])
    await sql(`INSERT INTO ${database}.${statement}`);
}

const PLACE = JSON.stringify({ done: { kind: 'mariadbGtid', gtidList: '0-1-5' }, inside: null });

/** Every row that a growing table has beside the few that the API made itself. */
async function fill(installation: Installation, scopes: readonly string[]): Promise<void> {
  const { database } = installation;
  const all = [...scopes, ...Array.from({ length: SCOPES }, (_, n) => `scope-${String(n)}`)];
  const run = (statement: string): Promise<unknown> => installation.sql(statement);
  for (const scope of all) {
    for (const [step, ms] of Object.entries(STEPS))
      for (const [table, body] of [
        [`statistic_${step}`, FIGURES],
        [`statistic_table_${step}`, TABLES],
      ])
        if (table !== 'statistic_table_1s')
          await run(
            `INSERT IGNORE INTO ${database}.${String(table)} (scope, slot, body)
             SELECT '${scope}', ${String(Math.floor(Date.now() / ms))} - seq, '${String(body)}' FROM ${THOUSAND}`,
          );
    await run(
      `INSERT INTO ${database}.process_history (pipeline_id, epoch, process, loaded_ms, age_ms, body)
       SELECT '${scope}', 1, seq, ${String(Date.now())} - seq * 1000, seq * 7919 % 5000, '${PROCESS}' FROM ${THOUSAND}`,
    );
    await run(
      `INSERT INTO ${database}.audit_entry (id, number, at, who, action, resource, resource_id, hash)
       SELECT CONCAT(LEFT('${scope}', 20), seq), ${String(100_000 + 1_000 * all.indexOf(scope))} + seq, NOW(3), 'anna', 'update',
         'pipeline', '${scope}', '' FROM ${THOUSAND}`,
    );
  }
  const tables = await installation.sql(`SHOW TABLES FROM ${database}`);
  const names = tables.map((row) => `${database}.${String(Object.values(row)[0])}`);
  await run(`ANALYZE TABLE ${names.join(', ')}`);
}

const PROCESS = JSON.stringify({
  ...{ v: 1, kind: 'loaded', at: '2026-01-01T00:00:00.000Z', who: 'load-1', epoch: 1, process: 1, traceId: 'abc' },
  ...{ revision: 1, transactionCount: 1, inserted: 1, updated: 0, deleted: 0, skipped: 0, conflicts: 0 },
  ...{ sourceBytes: 9, firstCommitMs: 900, lastCommitMs: 990, stages: [] },
});

/** What the manager asks its store for one request. What its workers ask meanwhile is another matter. */
async function statementsOf(
  manager: RunningManager,
  path: string,
): Promise<{ readonly status: number; readonly statements: readonly string[] }> {
  const statements: string[] = [];
  const answering = new AsyncLocalStorage<boolean>();
  const begin = (): void => {
    answering.enterWith(true);
  };
  const start = (message: unknown): void => {
    if (answering.getStore() === true) statements.push(String((message as { readonly query: unknown }).query));
  };
  const nothing = (): void => undefined;
  const queries = tracingChannel('mysql2:query');
  const subscribers = { start, end: nothing, asyncStart: nothing, asyncEnd: nothing, error: nothing };
  subscribe('http.server.request.start', begin);
  queries.subscribe(subscribers);
  try {
    const { status } = await manager.request('GET', `/api/v1/${path}`);
    return { status, statements: statements.filter((text) => /^\s*SELECT/i.test(text)) };
  } finally {
    queries.unsubscribe(subscribers);
    unsubscribe('http.server.request.start', begin);
  }
}

/**
 * Growing tables that the statement reads from end to end. An index in the order of the list is left after one page; a total of
 * all rows is counted in the smallest index: there is no quicker way to an exact one.
 */
async function scansOf(installation: Installation, statement: string): Promise<readonly Plan[]> {
  const plans = await installation.sql(`EXPLAIN FORMAT = TRADITIONAL ${statement}`, installation.database);
  const isTotal = /^\s*SELECT COUNT/i.test(statement);
  return (plans as unknown as readonly Plan[]).filter(
    ({ table, type, rows, Extra }) =>
      GROWING.test(table ?? '') &&
      (type === 'ALL' || (type === 'index' && Number(rows) > PAGE_SIZE && !(isTotal && Extra === 'Using index'))),
  );
}
