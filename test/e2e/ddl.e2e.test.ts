// Goal: schema statements arrive in their place among the rows, at a target with the same names and at one with others,
// whatever is killed; online schema changes arrive as the change that they are; a person can decide about single statements.
// Method: a writer commits all the time while statements run at the source; both targets must end equal to it.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectTo, runSql, testServers, waitUntil, compareTables } from '@lutra/testing';
import { differences, lastDifferences, startE2eStack, wholeSchema } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';
import { SHOP_TABLES, ShopWriter } from './shop-writer.ts';

describe('schema statements', () => {
  let e2e: E2eStack;
  let pipelineId: string;
  let renamingId: string;
  let copy: string;
  const other = testServers().mysql;

  beforeAll(async () => {
    e2e = await startE2eStack('ddl');
    copy = `${e2e.schema}_copy`;
    await e2e.createTables(...SHOP_TABLES);
    await runSql(other, [`CREATE DATABASE ${copy}`, `USE ${copy}`, ...SHOP_TABLES]);
    pipelineId = await e2e.stack.createPipeline({ mappings: [wholeSchema(e2e.schema)] });
    const renaming = { source: { schema: e2e.schema, table: { regex: '.*' } }, target: { schema: copy } };
    renamingId = await e2e.stack.createPipeline({ mappings: [renaming], target: other });
  });

  afterAll(async () => {
    await e2e.stop();
    await runSql(other, [`DROP DATABASE IF EXISTS ${copy}`]);
  });

  /** At both targets; the differences say more than a timeout. A table or column may still be on its way. */
  async function expectEqual(...tables: readonly string[]): Promise<void> {
    const { source, target } = e2e.stack.options.servers;
    for (const [server, schema] of [
      [target, e2e.schema],
      [other, copy],
    ] as const) {
      const pairs = tables.map((table) => ({ source: { schema: e2e.schema, table }, target: { schema, table } }));
      const compare = async () => differences(await compareTables(source, server, pairs));
      const seen = await lastDifferences(compare, { timeoutMs: 60_000 });
      expect({ schema, seen }).toEqual({ schema, seen: [] });
    }
  }

  const columnsAt = async (table: string): Promise<string[]> => {
    const connection = await connectTo(e2e.stack.options.servers.target, e2e.schema);
    try {
      const [rows] = await connection.query(`SHOW COLUMNS FROM ${table}`);
      return (rows as { Field: string }[]).map(({ Field }) => Field);
    } finally {
      connection.destroy();
    }
  };

  /** The transaction of the statement before which the pipeline stops. */
  const stoppedAt = async (id: string, code: string): Promise<string> => {
    const failure = await waitUntil(
      async () => {
        const { failure: found } = await e2e.stack.api.pipeline(id);
        return found?.code === code ? found : undefined;
      },
      { what: `the stop with ${code}`, timeoutMs: 60_000, everyMs: 200 },
    );
    const transaction = /"([^"]+)":"skip"/.exec(failure.workaround)?.[1] ?? '';
    expect(transaction).toMatch(/^\d+-\d+-\d+$/);
    return transaction;
  };

  it('arrive in their place among rows', async () => {
    const writer = new ShopWriter(e2e.stack.options.servers.source, e2e.schema);
    await waitUntil(() => writer.transactions > 0, { what: 'the writer', timeoutMs: 60_000, everyMs: 10 });
    try {
      await e2e.atSource(
        'ALTER TABLE stock ADD COLUMN extra INT NOT NULL DEFAULT 7',
        'CREATE TABLE notes (id INT PRIMARY KEY, body VARCHAR(20) CHARACTER SET utf8mb4)',
        "INSERT INTO notes VALUES (1, 'a'), (2, 'b')",
        'CREATE INDEX by_body ON notes (body)',
        'UPDATE stock SET extra = id',
        'RENAME TABLE notes TO remarks',
        "INSERT INTO remarks VALUES (3, 'c')",
        'TRUNCATE remarks',
        "INSERT INTO remarks VALUES (4, 'd')",
        'ALTER TABLE remarks CHANGE body text VARCHAR(40) CHARACTER SET utf8mb4, ADD stamp DATETIME NULL',
        "INSERT INTO remarks VALUES (5, 'e', '2026-01-01')",
        'CREATE TABLE scratch (id INT PRIMARY KEY)',
        'INSERT INTO scratch VALUES (1)',
        'DROP TABLE scratch',
        'CREATE TABLE summary (PRIMARY KEY (id)) AS SELECT id, text FROM remarks',
      );
    } finally {
      await writer.stop();
    }
    await expectEqual('orders', 'stock', 'remarks', 'summary');
    await expect(columnsAt('scratch')).rejects.toThrow();
  }, 240_000);

  it('take effect once when load is killed in the middle of one', async () => {
    const { target } = e2e.stack.options.servers;
    const blocker = await connectTo(target, e2e.schema);
    try {
      await blocker.query('BEGIN; SELECT * FROM stock LIMIT 1');
      await e2e.atSource('ALTER TABLE stock ADD COLUMN second INT NULL', 'UPDATE stock SET second = 5 WHERE id < 10');
      const begun = `SELECT COUNT(*) AS count FROM lutra.ddl WHERE pipeline_id = '${pipelineId}' AND state = 'begun'`;
      const watcher = await connectTo(target, e2e.schema);
      await waitUntil(
        async () => {
          const [rows] = await watcher.query(begun);
          return Number((rows as { count: number }[])[0]?.count) === 1;
        },
        { what: 'the intent', timeoutMs: 60_000, everyMs: 100 },
      );
      watcher.destroy();
      await e2e.stack.kill('load');
      await e2e.stack.restart('load');
    } finally {
      blocker.destroy();
    }
    await e2e.atSource('INSERT INTO stock (id, quantity) VALUES (9001, 1)');
    await expectEqual('stock');
  }, 240_000);

  it('of gh-ost and pt-online-schema-change arrive as the change of the table', async () => {
    await e2e.atSource(
      'CREATE TABLE _stock_ghc (id INT)',
      'CREATE TABLE _stock_gho LIKE stock',
      'ALTER TABLE _stock_gho ADD COLUMN third INT NULL, ADD INDEX by_third (third)',
      'INSERT INTO _stock_gho (id, quantity) SELECT id, quantity FROM stock',
      'UPDATE stock SET quantity = 4 WHERE id = 4',
      'REPLACE INTO _stock_gho (id, quantity, extra, second) SELECT id, quantity, extra, second FROM stock',
      'RENAME /* gh-ost */ TABLE stock TO _stock_del, _stock_gho TO stock',
      'DROP TABLE _stock_del, _stock_ghc',
      'UPDATE stock SET third = 3 WHERE id < 10',
    );
    await expectEqual('stock');
    await e2e.atSource(
      'CREATE TABLE _remarks_new (id INT PRIMARY KEY, text VARCHAR(40) CHARACTER SET utf8mb4, stamp DATETIME NULL, KEY by_body (text))',
      'ALTER TABLE _remarks_new DROP COLUMN stamp, ADD COLUMN added INT NULL DEFAULT 1',
      'INSERT INTO _remarks_new (id, text) SELECT id, text FROM remarks',
      'RENAME TABLE remarks TO _remarks_old, _remarks_new TO remarks',
      'DROP TABLE IF EXISTS _remarks_old',
      "INSERT INTO remarks VALUES (6, 'f', 2)",
    );
    await expectEqual('remarks');
    expect(await columnsAt('remarks')).toEqual(['id', 'text', 'added']);
  }, 240_000);

  it('that drop a table for its ghost stop before the drop, and keep its rows when a person has decided', async () => {
    await e2e.atSource('CREATE TABLE swapped (id INT PRIMARY KEY)', 'INSERT INTO swapped VALUES (1), (2)');
    await expectEqual('swapped');
    // As pt-online-schema-change does it with --alter-foreign-keys-method=drop_swap.
    await e2e.atSource(
      'CREATE TABLE _swapped_new (id INT PRIMARY KEY)',
      'ALTER TABLE _swapped_new ADD COLUMN extra INT NULL',
      'INSERT INTO _swapped_new (id) SELECT id FROM swapped',
      'SET foreign_key_checks = 0',
      'DROP TABLE IF EXISTS swapped',
      'RENAME TABLE _swapped_new TO swapped',
      'INSERT INTO swapped VALUES (3, 3)',
    );
    for (const id of [pipelineId, renamingId]) {
      const transaction = await stoppedAt(id, 'TARGET_GHOST_WAITING');
      if (id === pipelineId) expect(await columnsAt('swapped')).toEqual(['id']);
      await e2e.stack.api.patch('/pipelines/{id}', {
        path: { id },
        body: { parameters: { ddlDecisions: { [transaction]: 'skip' } } },
      });
      await e2e.stack.api.command(id, 'RESTART', 'decided');
    }
    await expectEqual('swapped');
  }, 240_000);

  it('stop where the policy says so, and go on when a person has decided', async () => {
    await e2e.stack.api.patch('/pipelines/{id}', {
      path: { id: pipelineId },
      body: { parameters: { ddlByKind: { truncate: 'fail' } } },
    });
    await e2e.atSource('CREATE TABLE kept (id INT PRIMARY KEY)', 'INSERT INTO kept VALUES (1)');
    await expectEqual('kept');
    await e2e.atSource('TRUNCATE TABLE kept', 'INSERT INTO kept VALUES (2)');
    const transaction = await stoppedAt(pipelineId, 'SOURCE_DDL_STOPPED');
    const parameters = { ddlDecisions: { [transaction]: 'skip' as const } };
    await e2e.stack.api.patch('/pipelines/{id}', { path: { id: pipelineId }, body: { parameters } });
    await e2e.stack.api.command(pipelineId, 'RESTART', 'decided');
    await waitUntil(
      async () => {
        const connection = await connectTo(e2e.stack.options.servers.target, e2e.schema);
        const [rows] = await connection.query('SELECT id FROM kept ORDER BY id');
        connection.destroy();
        return JSON.stringify(rows) === '[{"id":1},{"id":2}]';
      },
      { what: 'the row behind the skipped statement', timeoutMs: 60_000, everyMs: 200 },
    );
  }, 240_000);
});
