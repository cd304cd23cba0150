// Goal: rows that extract reads again at the source (consistency media, column groups, columns that a partial image lacks)
// leave at the target what the source holds, whatever is written at the same time and although the source dies in between.
// Method: servers of its own; partial images; three writers change the same rows, their keys and unique values without a
// pause while the source is killed and comes back; tables under each rule are then compared by SQL. What a rule does with one
// row is seen by changes that were made while the pipelines stood still.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MappingCreateDto } from '@lutra/api-client';
import { must } from '@lutra/model';
import { connectTo, lutraHome, RecordedProcess, startServerGroup, waitUntil } from '@lutra/testing';
import type { ServerGroup } from '@lutra/testing';
import { startE2eStack } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';
import { RowWriter } from './row-writer.ts';

const ARRIVAL = { timeoutMs: 90_000, everyMs: 250 };
const WRITERS = 3;
/** Of each writer, before and after the source was away. */
const TRANSACTIONS = 150;
const STOP_LIMIT_MS = 30_000;

const COLUMNS = 'id INT NOT NULL PRIMARY KEY, a VARCHAR(20) NULL, b VARCHAR(20) NULL, c INT NULL, u INT NULL UNIQUE';
const SOURCE = ['item', 'kept'].map((table) => `CREATE TABLE ${table} (${COLUMNS}) ENGINE=InnoDB`);
const TARGET = ['base', 'media', 'skipping', 'grouped', 'kept_base', 'kept_media', 'kept_skipping', 'kept_grouped'].map(
  (table) => `CREATE TABLE ${table} (${COLUMNS}, ab VARCHAR(50) NULL) ENGINE=InnoDB`,
);
/** Of two columns: where one of them changes, a partial image has but that. */
const BOTH = { target: 'ab', from: { kind: 'concat' as const, columns: ['a', 'b'], separator: '/' } };
const rules = { columns: [BOTH] };
const PIPELINES = [
  { name: 'base', parameters: {} },
  { name: 'media', parameters: { consistency: 'media' } },
  { name: 'skipping', parameters: { consistency: 'media', skipNoRow: true } },
  { name: 'grouped', parameters: {} },
] as const;

describe('rows that are read again at the source', () => {
  let servers: ServerGroup;
  let e2e: E2eStack;
  let pipelines: string[] = [];
  let source: RecordedProcess;

  beforeAll(async () => {
    servers = await startServerGroup({
      home: lutraHome(),
      folder: join(lutraHome(), 'e2e', 'media-servers'),
      databases: { source: { kind: 'mariadb' }, target: { kind: 'mariadb' } },
    });
    source = must(servers.processes['source'], 'source');
    const { nats, zookeeper, databases } = servers;
    const [from, to] = [must(databases['source'], 'source'), must(databases['target'], 'target')];
    e2e = await startE2eStack('mapping-media', { servers: { source: from, target: to, manager: to, nats, zookeeper } });
    await e2e.atSource(...SOURCE);
    await e2e.atTarget(...TARGET);
    const { schema, stack } = e2e;
    const into = (exact: string, table: string): Pick<MappingCreateDto, 'source' | 'target'> => ({
      source: { schema, table: { exact } },
      target: { schema, table },
    });
    for (const { name, parameters } of PIPELINES) {
      const own: Record<typeof name, Partial<MappingCreateDto>> = {
        base: { rules },
        media: { rules },
        // Partial images are completed wholly there: unique values might clash.
        skipping: { rules, columns: { mode: 'except', names: ['u'] } },
        grouped: { rules: { columnGroups: [['a', 'b']] } },
      };
      // What a change says when it arrives stays: nothing that comes later changes or removes the row.
      const kept = {
        ...into('kept', `kept_${name}`),
        rules: { rows: { leaveOut: ['update' as const, 'delete' as const] } },
      };
      pipelines.push(
        await stack.createPipeline({ name, parameters, mappings: [{ ...into('item', name), ...own[name] }, kept] }),
      );
    }
  }, 240_000);

  afterAll(async () => {
    await e2e.stop();
    await source.stop(STOP_LIMIT_MS);
    await servers.stop();
    pipelines = [];
  });

  /** Each table at the target is what a query over the source says. */
  async function areEqual(): Promise<void> {
    const both = "CASE WHEN a IS NULL THEN b WHEN b IS NULL THEN a ELSE CONCAT(a, '/', b) END";
    const wanted = await e2e.ask('source', `SELECT id, a, b, c, u, ${both} FROM item`);
    const withoutUnique = await e2e.ask('source', `SELECT id, a, b, c, ${both} FROM item`);
    const plain = await e2e.ask('source', 'SELECT id, a, b, c, u FROM item');
    for (const [table, columns, expected] of [
      ['base', 'id, a, b, c, u, ab', wanted],
      ['media', 'id, a, b, c, u, ab', wanted],
      ['skipping', 'id, a, b, c, ab', withoutUnique],
      ['grouped', 'id, a, b, c, u', plain],
    ] as const) {
      const found = await e2e.askUntil('target', `SELECT ${columns} FROM ${table}`, expected, ARRIVAL.timeoutMs);
      expect({ table, found, failures: await failures() }).toEqual({ table, found: expected, failures: [] });
    }
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
    await e2e.atSource(
      "INSERT INTO kept VALUES (1, 'old', 'old', 1, 1), (2, 'gone', NULL, 2, 2), (3, 'stays', NULL, 3, 3)",
      "UPDATE kept SET a = 'new', c = 10, u = 100 WHERE id = 1",
      'DELETE FROM kept WHERE id = 2',
    );
    await order('START');
    // Unique values stay as the log has them.
    const read = ['1', 'new', 'old', '10', '1'];
    const gone = ['2', 'gone', null, '2', '2'];
    const stays = ['3', 'stays', null, '3', '3'];
    for (const [table, expected] of [
      ['kept_base', [['1', 'old', 'old', '1', '1'], gone, stays]],
      ['kept_media', [read, gone, stays]],
      ['kept_skipping', [read, stays]],
    ] as const) {
      const found = await e2e.askUntil('target', `SELECT id, a, b, c, u FROM ${table}`, expected, ARRIVAL.timeoutMs);
      expect([table, found]).toEqual([table, expected]);
    }
  }, 240_000);

  it('write a column group as a whole, and nothing beside it', async () => {
    await e2e.atSource(
      "INSERT INTO item VALUES (1, 'a', 'b', 1, NULL), (2, 'a', 'b', 1, NULL)",
      "SET SESSION binlog_row_image = 'MINIMAL'",
    );
    await areEqual();
    await e2e.atTarget("UPDATE grouped SET b = 'damaged', c = 99");
    await e2e.atSource(
      "SET SESSION binlog_row_image = 'MINIMAL'",
      "UPDATE item SET a = 'x' WHERE id = 1",
      'UPDATE item SET c = 2 WHERE id = 2',
    );
    const expected = [
      ['1', 'x', 'b', '99'],
      ['2', 'a', 'damaged', '2'],
    ];
    const found = await e2e.askUntil('target', 'SELECT id, a, b, c FROM grouped', expected, ARRIVAL.timeoutMs);
    expect(found).toEqual(expected);
    await e2e.atSource('DELETE FROM item');
    await areEqual();
  }, 240_000);

  it("are the source's in the end, with writers beside and a source that dies in between", async () => {
    const from = e2e.stack.options.servers.source;
    const write = async (first: number, meanwhile: (writers: readonly RowWriter[]) => Promise<void>): Promise<void> => {
      const writers = Array.from({ length: WRITERS }, (_, index) => new RowWriter(from, e2e.schema, first + index));
      const wrote = (count: number) => () => writers.every(({ transactions }) => transactions >= count);
      await waitUntil(wrote(TRANSACTIONS), { ...ARRIVAL, what: 'the writers to write' });
      await meanwhile(writers);
    };
    await write(1, async (writers) => {
      source.kill('SIGKILL');
      await source.exit;
      // They lose their connections.
      for (const writer of writers) await writer.stop().catch(() => undefined);
      source = await RecordedProcess.start(source.spec);
      await waitUntil(async () => (await connectTo(from)).end().then(() => true), { ...ARRIVAL, what: 'the source' });
    });
    await write(1 + WRITERS, async (writers) => {
      for (const writer of writers) await writer.stop();
    });
    await e2e.atSource("REPLACE INTO item VALUES (50, 'last', 'last', 1, NULL)");
    await areEqual();
  }, 400_000);
});
