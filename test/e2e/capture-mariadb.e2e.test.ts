// Goal: what MariaDB logs in other forms than plain full rows arrives exactly: compressed rows and statements, partial row
// images, XA transactions, rollbacks to savepoints with rows in the log, its own types.
// Method: a MariaDB source of its own that compresses its log feeds a MySQL and a MariaDB target at once; each test compares
// the rows of both targets with the source's; that the log has the forms is looked up in the source.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { must } from '@lutra/model';
import { samePair } from '@lutra/testing';
import { expectPartialImages, IMAGE_TABLE, TwoTargets } from './two-targets.ts';

const schema = `cap-ture.${randomBytes(3).toString('hex')} it's "hard"`;
const TABLES: readonly string[] = [
  'CREATE TABLE zipped (id INT PRIMARY KEY, note VARCHAR(40), data LONGTEXT)',
  'CREATE TABLE account (id INT PRIMARY KEY, amount BIGINT NOT NULL)',
  'CREATE TABLE net (id INT PRIMARY KEY, u UUID, v4 INET4, v6 INET6)',
  'CREATE TABLE doc (id INT PRIMARY KEY, j JSON)',
  IMAGE_TABLE,
];

describe('MariaDB as a source', () => {
  let started: TwoTargets | null = null;
  const two = (): TwoTargets => must(started, 'everything runs');
  const atSource = (...statements: string[]): Promise<void> => two().atSource(...statements);

  beforeAll(async () => {
    started = await TwoTargets.start({
      name: 'capture-mariadb',
      program: 'mariadb',
      extra: ['--log-bin-compress=ON', '--log-bin-compress-min-len=10'],
      schema,
      tables: TABLES,
      translate: (statement, { kind }) =>
        kind === 'mariadb'
          ? statement
          : statement.replace('UUID', 'CHAR(36)').replace('INET4', 'VARCHAR(15)').replace('INET6', 'VARCHAR(45)'),
      parameters: { maxBytes: 128 * 1024 },
    });
  });

  afterAll(async () => {
    await started?.stop();
  });

  it('keeps rows of compressed events', async () => {
    await atSource(
      "INSERT INTO zipped SELECT seq, CONCAT('n', seq), REPEAT(MD5(seq), 20) FROM seq_1_to_3000",
      'BEGIN',
      "UPDATE zipped SET note = 'changed', data = NULL WHERE id % 3 = 0",
      'DELETE FROM zipped WHERE id % 7 = 0',
      "INSERT INTO zipped VALUES (-1, NULL, 'last')",
      'COMMIT',
    );
    await two().expectEqual(['zipped']);
    for (const kind of ['Write', 'Update', 'Delete'])
      expect(await two().logged(new RegExp(`^${kind}_rows_compressed`))).toBeGreaterThan(0);
  });

  it('goes on through compressed schema changes', async () => {
    await two().atTargets('CREATE TABLE born (id INT PRIMARY KEY, v VARCHAR(20), w INT)');
    await atSource(
      `CREATE TABLE born (id INT PRIMARY KEY, v VARCHAR(20)) /* ${'long enough to be worth it '.repeat(20)} */`,
      "INSERT INTO born VALUES (1, 'one')",
      `ALTER TABLE born ADD w INT FIRST /* ${'long enough to be worth it '.repeat(20)} */`,
      "INSERT INTO born VALUES (2, 2, 'two')",
    );
    await two().expectEqual(['born']);
    expect(await two().logged(/^Query_compressed /i)).toBeGreaterThanOrEqual(2);
  });

  it.each(['MINIMAL', 'NOBLOB'] as const)(
    'touches at the target only what a %s image has',
    (form) => expectPartialImages(two(), form),
    180_000,
  );

  it('applies XA transactions when and if they are committed', async () => {
    await atSource("XA START 'one'", 'INSERT INTO account VALUES (1, 1)', "XA END 'one'", "XA COMMIT 'one' ONE PHASE");
    await two().withSource(async (late) => {
      await two().withSource(async (never) => {
        await late.query(
          "XA START 'late'; INSERT INTO account VALUES (2, 2), (3, 3); XA END 'late'; XA PREPARE 'late'",
        );
        await never.query("XA START 'never'; INSERT INTO account VALUES (4, 4); XA END 'never'; XA PREPARE 'never'");
        await atSource('INSERT INTO account VALUES (5, 5)');
        await two().expectEqual(['account']);
        await never.query("XA ROLLBACK 'never'");
        await two().stack.kill('select');
        await late.query("XA COMMIT 'late'");
      });
    });
    await atSource('UPDATE account SET amount = amount * 10');
    await two().stack.restart('select');
    await two().expectEqual(['account']);
  });

  it('leaves out what is rolled back to a savepoint, also where the log has its rows', async () => {
    await atSource(
      'BEGIN',
      'INSERT INTO account VALUES (20, 1)',
      // With a temporary table in it the server logs the rollback instead of cutting the rows out.
      'CREATE TEMPORARY TABLE scratch (id INT)',
      'SAVEPOINT a',
      'UPDATE account SET amount = -1',
      'ROLLBACK TO a',
      'UPDATE account SET amount = amount + 7 WHERE id = 5',
      'COMMIT',
    );
    await two().expectEqual(['account']);
  });

  it('carries UUID and INET values and documents', async () => {
    await atSource(
      "INSERT INTO net VALUES (1, '123e4567-e89b-12d3-a456-426614174000', '192.0.2.255', '2001:db8::ff'), (2, NULL, NULL, NULL)",
      "INSERT INTO net VALUES (3, 'ffffffff-ffff-4fff-bfff-ffffffffffff', '0.0.0.0', '::ffff:192.0.2.1')",
      "UPDATE net SET u = '01234567-89ab-7cde-8fed-cba987654321', v4 = '10.0.0.1', v6 = '::' WHERE id = 2",
      'INSERT INTO doc VALUES (1, \'{"b": 1, "a": [1.50, "é"]}\'), (2, NULL)',
      "UPDATE doc SET j = JSON_SET(j, '$.a[0]', 7) WHERE id = 1",
      // The servers' own text of the values, for MySQL, which keeps them as text.
      'CREATE VIEW net_text AS SELECT id, CAST(u AS CHAR(36)) AS u, CAST(v4 AS CHAR(15)) AS v4, CAST(v6 AS CHAR(45)) AS v6 FROM net',
    );
    await two().expectEqual(['doc']);
    await two().expectPairs('mariadb', [samePair(schema, 'net')]);
    const text = { source: { schema, table: 'net_text' }, target: { schema, table: 'net' } };
    await two().expectPairs('mysql', [text]);
  });
});
