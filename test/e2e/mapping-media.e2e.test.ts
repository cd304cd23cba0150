// Goal: rows that extract reads again at the source (consistency media, column groups, columns that a partial image lacks)
// leave at the target what the source holds, MariaDB or MySQL, whatever is written at the same time and although the source
// dies in between.
// Method: servers of its own, one of each kind as sources; partial images; writers change the same rows, their keys and unique
// values without a pause while the sources are killed and come back; tables under each rule are then compared by SQL. What a
// rule does with one row is seen by changes that were made while the pipelines stood still.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MappingCreateDto } from '@lutra/api-client';
import { must } from '@lutra/model';
import { lutraHome, RecordedProcess, runSql, startServerGroup, waitUntil } from '@lutra/testing';
import type { DatabaseServer, ServerGroup } from '@lutra/testing';
import type { AskedRow } from './ask-rows.ts';
import { startE2eStack } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';
import { RowWriter } from './row-writer.ts';

const ARRIVAL = { timeoutMs: 90_000, everyMs: 250 };
/** Of each source. */
const WRITERS = 2;
/** Of each writer, before and after the source was away. */
const TRANSACTIONS = 150;
const STOP_LIMIT_MS = 30_000;

const KINDS = ['mariadb', 'mysql'] as const;
type Kind = (typeof KINDS)[number];
const COLUMNS = 'id INT NOT NULL PRIMARY KEY, a VARCHAR(20) NULL, b VARCHAR(20) NULL, c INT NULL, u INT NULL UNIQUE';
const SOURCE = ['item', 'kept'].map((table) => `CREATE TABLE ${table} (${COLUMNS}) ENGINE=InnoDB`);
const RULES = ['base', 'grouped', 'media', 'skipping'] as const;
/** Of two columns: where one of them changes, a partial image has but that. */
const BOTH = { target: 'ab', from: { kind: 'concat' as const, columns: ['a', 'b'], separator: '/' } };
const rules = { columns: [BOTH] };
const TABLE_RULES: Readonly<Record<(typeof RULES)[number], Partial<MappingCreateDto>>> = {
  base: { rules },
  grouped: { rules: { columnGroups: [['a', 'b']] } },
  media: { rules },
  // Partial images are completed wholly there: unique values might clash.
  skipping: { rules, columns: { mode: 'except', names: ['u'] } },
};
const PIPELINES = [
  { name: 'plain', parameters: {}, tables: ['base'] },
  // By itself: a column that is read for one mapping reaches all others of the pipeline.
  { name: 'grouped', parameters: {}, tables: ['grouped'] },
  { name: 'media', parameters: { consistency: 'media' }, tables: ['media'] },
  { name: 'skipping', parameters: { consistency: 'media', skipNoRow: true }, tables: ['skipping'] },
] as const;
const TARGET = KINDS.flatMap((kind) =>
  [...RULES, ...PIPELINES.map(({ name }) => `kept_${name}`)].map(
    (table) => `CREATE TABLE ${kind}_${table} (${COLUMNS}, ab VARCHAR(50) NULL) ENGINE=InnoDB`,
  ),
);

describe('rows that are read again at the source', () => {
  let servers: ServerGroup;
  let e2e: E2eStack;
  let sources: Readonly<Record<Kind, DatabaseServer>>;
  let processes: RecordedProcess[] = [];
  const pipelines: string[] = [];

  beforeAll(async () => {
    servers = await startServerGroup({
      home: lutraHome(),
      folder: join(lutraHome(), 'e2e', 'media-servers'),
      databases: { mariadb: { kind: 'mariadb' }, mysql: { kind: 'mysql' }, target: { kind: 'mariadb' } },
    });
    const { nats, zookeeper, databases } = servers;
    const [mariadb, mysql, target] = ['mariadb', 'mysql', 'target'].map((name) => must(databases[name], name));
    sources = { mariadb: must(mariadb, 'mariadb'), mysql: must(mysql, 'mysql') };
    processes = KINDS.map((kind) => must(servers.processes[kind], kind));
    const manager = must(target, 'target');
    e2e = await startE2eStack('mapping-media', {
      servers: { source: sources.mariadb, target: manager, manager, nats, zookeeper },
    });
    await e2e.atTarget(...TARGET);
    await runSql(sources.mysql, [`CREATE DATABASE ${e2e.schema} CHARACTER SET utf8mb4`]);
    await atSources(...SOURCE);
    for (const kind of KINDS) for (const pipeline of PIPELINES) pipelines.push(await create(kind, pipeline));
  }, 240_000);

  afterAll(async () => {
    await e2e.stop();
    for (const server of processes) await server.stop(STOP_LIMIT_MS);
    await servers.stop();
  });

  function create(kind: Kind, { name, parameters, tables }: (typeof PIPELINES)[number]): Promise<string> {
    const { schema, stack } = e2e;
    const into = (exact: string, table: string): Pick<MappingCreateDto, 'source' | 'target'> => ({
      source: { schema, table: { exact } },
      target: { schema, table: `${kind}_${table}` },
    });
    // What a change says when it arrives stays: nothing that comes later changes or removes the row.
    const kept = {
      ...into('kept', `kept_${name}`),
      rules: { rows: { leaveOut: ['update' as const, 'delete' as const] } },
    };
    return stack.createPipeline({
      ...{ name: `${kind}-${name}`, parameters, source: sources[kind] },
      mappings: [...tables.map((table) => ({ ...into('item', table), ...TABLE_RULES[table] })), kept],
    });
  }

  const atSources = async (...statements: readonly string[]): Promise<void> => {
    await Promise.all(KINDS.map((kind) => runSql(sources[kind], [`USE ${e2e.schema}`, ...statements])));
  };
  const askAll = (query: string) => Promise.all(KINDS.map((kind) => e2e.ask(sources[kind], query)));

  /** Each table at the target is what a query over the source says. */
  async function areEqual(): Promise<void> {
    const both = "CASE WHEN a IS NULL THEN b WHEN b IS NULL THEN a ELSE CONCAT(a, '/', b) END";
    for (const [table, columns, query] of [
      ['base', 'id, a, b, c, u, ab', `SELECT id, a, b, c, u, ${both} FROM item`],
      ['media', 'id, a, b, c, u, ab', `SELECT id, a, b, c, u, ${both} FROM item`],
      ['skipping', 'id, a, b, c, ab', `SELECT id, a, b, c, ${both} FROM item`],
      ['grouped', 'id, a, b, c, u', 'SELECT id, a, b, c, u FROM item'],
    ] as const)
      for (const [index, wanted] of (await askAll(query)).entries())
        await expectRows({ table: `${String(KINDS[index])}_${table}`, columns }, wanted);
  }

  async function expectRows(
    { table, columns }: { readonly table: string; readonly columns: string },
    wanted: readonly AskedRow[],
  ): Promise<void> {
    const found = await e2e.askUntil('target', `SELECT ${columns} FROM ${table}`, wanted, ARRIVAL.timeoutMs);
    const isEqual = JSON.stringify(found) === JSON.stringify(wanted);
    expect({ table, found, failures: isEqual ? [] : await failures() }).toEqual({ table, found: wanted, failures: [] });
  }

  const failures = async (): Promise<readonly unknown[]> => {
    const views = await Promise.all(pipelines.map((id) => e2e.stack.api.pipeline(id)));
    return views.flatMap(({ failure }) => failure ?? []);
  };

  const inState = (wanted: string): Promise<unknown> =>
    waitUntil(
      async () => {
        const states = await Promise.all(pipelines.map(async (id) => (await e2e.stack.api.pipeline(id)).state));
        return states.every((state) => state === wanted);
      },
      { ...ARRIVAL, what: `the pipelines to be ${wanted}` },
    );
  const order = async (kind: 'PAUSE' | 'START'): Promise<void> => {
    for (const id of pipelines) await e2e.stack.api.command(id, kind, 'test');
    await inState(kind === 'PAUSE' ? 'PAUSED' : 'RUNNING');
  };

  it('are as they stand by then, and left out by skipNoRow where they have vanished', async () => {
    await order('PAUSE');
    await atSources(
      "INSERT INTO kept VALUES (1, 'old', 'old', 1, 1), (2, 'gone', NULL, 2, 2), (3, 'stays', NULL, 3, 3)",
      "UPDATE kept SET a = 'new', c = 10, u = 100 WHERE id = 1",
      'DELETE FROM kept WHERE id = 2',
    );
    await order('START');
    // Unique values stay as the log has them.
    const read = ['1', 'new', 'old', '10', '1'];
    const gone = ['2', 'gone', null, '2', '2'];
    const stays = ['3', 'stays', null, '3', '3'];
    for (const kind of KINDS)
      for (const [table, wanted] of [
        ['kept_plain', [['1', 'old', 'old', '1', '1'], gone, stays]],
        ['kept_media', [read, gone, stays]],
        ['kept_skipping', [read, stays]],
      ] as const)
        await expectRows({ table: `${kind}_${table}`, columns: 'id, a, b, c, u' }, wanted);
  }, 240_000);

  it('write a column group as a whole, and nothing beside it', async () => {
    await atSources(
      "INSERT INTO item VALUES (1, 'a', 'b', 1, NULL), (2, 'a', 'b', 1, NULL)",
      "SET SESSION binlog_row_image = 'MINIMAL'",
    );
    await areEqual();
    await e2e.atTarget(...KINDS.map((kind) => `UPDATE ${kind}_grouped SET b = 'damaged', c = 99`));
    await atSources(
      "SET SESSION binlog_row_image = 'MINIMAL'",
      "UPDATE item SET a = 'x' WHERE id = 1",
      'UPDATE item SET c = 2 WHERE id = 2',
    );
    const wanted = [
      ['1', 'x', 'b', '99'],
      ['2', 'a', 'damaged', '2'],
    ];
    for (const kind of KINDS) await expectRows({ table: `${kind}_grouped`, columns: 'id, a, b, c' }, wanted);
    await atSources('DELETE FROM item');
    await areEqual();
  }, 240_000);

  it("are the source's in the end, with writers beside and a source that dies in between", async () => {
    const write = async (first: number, meanwhile: (writers: readonly RowWriter[]) => Promise<void>): Promise<void> => {
      const writers = KINDS.flatMap((kind) =>
        Array.from({ length: WRITERS }, (_, index) => new RowWriter(sources[kind], e2e.schema, first + index)),
      );
      const wrote = (count: number) => () => writers.every(({ transactions }) => transactions >= count);
      await waitUntil(wrote(TRANSACTIONS), { ...ARRIVAL, what: 'the writers to write' });
      await meanwhile(writers);
    };
    await write(1, async (writers) => {
      for (const source of processes) source.kill('SIGKILL');
      await Promise.all(processes.map(({ exit }) => exit));
      // They lose their connections.
      for (const writer of writers) await writer.stop().catch(() => undefined);
      processes = await Promise.all(processes.map(({ spec }) => RecordedProcess.start(spec)));
      await waitUntil(() => askAll('SELECT 1'), { ...ARRIVAL, what: 'the sources' });
    });
    await write(1 + WRITERS, async (writers) => {
      for (const writer of writers) await writer.stop();
    });
    await atSources("REPLACE INTO item VALUES (50, 'last', 'last', 1, NULL)");
    await areEqual();
  }, 400_000);
});
