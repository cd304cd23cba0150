// Goal: what MySQL logs in other forms than plain full rows arrives exactly: compressed transactions, partial JSON updates,
// partial row images, XA transactions, savepoints, schema changes, hard names, multi-byte charsets.
// Method: a MySQL source of its own feeds a MySQL and a MariaDB target at once, in a schema with a hard name; each test
// looks into the source's log that the form was written at all, and compares the rows of both targets with the source's.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { must } from '@lutra/model';
import { waitUntil } from '@lutra/testing';
import { expectPartialImages, IMAGE_TABLE, TwoTargets } from './two-targets.ts';

const schema = `cap-ture.${randomBytes(3).toString('hex')} it's "hard"`;
/** Small, so that a transaction of some megabytes is cut. */
const PROCESS_BYTES = 128 * 1024;
const LARGE_ROWS = 3_000;
const WAIT = { timeoutMs: 60_000, everyMs: 20 };

const CHARSETS: Readonly<Record<string, string>> = {
  gbk: '中文，龍',
  big5: '中文，龍',
  sjis: '日本語ｶﾅ',
  gb18030: '中文𠀀é',
  ujis: '日本語丂',
  utf16: 'é日😀',
  utf32: 'é日😀',
  ucs2: 'é日本',
  utf16le: 'é日😀',
};

const TABLES: Readonly<Record<string, string>> = {
  zipped: 'CREATE TABLE zipped (id INT PRIMARY KEY, note VARCHAR(40), data LONGTEXT)',
  doc: 'CREATE TABLE doc (id INT PRIMARY KEY, j JSON, k JSON, note VARCHAR(20))',
  image: IMAGE_TABLE,
  account: 'CREATE TABLE account (id INT PRIMARY KEY, amount BIGINT NOT NULL)',
  'o\'dd "t.able"': 'CREATE TABLE `o\'dd "t.able"` (`k-e.y id` INT PRIMARY KEY, `wei``rd "col"` TEXT, `sel,ect` INT)',
  changed: 'CREATE TABLE changed (id INT PRIMARY KEY, a INT)',
  texts: `CREATE TABLE texts (id INT PRIMARY KEY, ${Object.keys(CHARSETS)
    .map((name) => `${name} VARCHAR(100) CHARACTER SET ${name}, t_${name} TEXT CHARACTER SET ${name}`)
    .join(', ')})`,
};

describe('MySQL as a source', () => {
  let started: TwoTargets | null = null;
  const two = (): TwoTargets => must(started, 'everything runs');
  const atSource = (...statements: string[]): Promise<void> => two().atSource(...statements);

  beforeAll(async () => {
    started = await TwoTargets.start({
      name: 'capture-mysql',
      program: 'mysql',
      schema,
      tables: Object.values(TABLES),
      // MariaDB does not have this charset.
      translate: (statement, { kind }) =>
        kind === 'mysql' ? statement : statement.replaceAll('CHARACTER SET gb18030', 'CHARACTER SET utf8mb4'),
      parameters: { maxBytes: PROCESS_BYTES },
    });
  });

  afterAll(async () => {
    await started?.stop();
  });

  it('keeps rows of compressed transactions', async () => {
    const rows = Array.from({ length: 200 }, (_, n) => `(${String(n)}, 'n${String(n)}', REPEAT('x', ${String(n)}))`);
    await atSource(
      'SET SESSION binlog_transaction_compression = ON',
      `INSERT INTO zipped VALUES ${rows.join(',')}`,
      'BEGIN',
      "UPDATE zipped SET note = 'changed' WHERE id % 3 = 0",
      'DELETE FROM zipped WHERE id % 7 = 0',
      "INSERT INTO zipped VALUES (-1, NULL, 'last')",
      'COMMIT',
    );
    await two().expectEqual(['zipped']);
    expect(await two().logged(/^Transaction_payload /)).toBeGreaterThanOrEqual(2);
  });

  it('goes on inside a large compressed transaction after SIGKILL of select', async () => {
    await atSource(
      'SET SESSION binlog_transaction_compression = ON, cte_max_recursion_depth = 100000',
      'BEGIN',
      `INSERT INTO zipped WITH RECURSIVE r (n) AS (SELECT 1000 UNION ALL SELECT n + 1 FROM r WHERE n < ${String(999 + LARGE_ROWS)})
       SELECT n, CONCAT('n', n), REPEAT(SHA2(n, 256), 20) FROM r`,
      "UPDATE zipped SET note = 'twice' WHERE id % 2 = 0",
      'COMMIT',
    );
    await waitUntil(
      async () => {
        const { cursor } = await two().stack.api.pipeline(must(two().pipelines[0], 'a pipeline'));
        const { place } = (cursor ?? {}) as { place?: { inside: unknown } | null };
        return place !== undefined && place !== null && place.inside !== null;
      },
      { what: 'a part of the transaction at the target', ...WAIT, everyMs: 2 },
    );
    await two().stack.kill('select');
    await two().stack.restart('select');
    await two().expectEqual(['zipped']);
  });

  it('keeps documents that are updated in part', async () => {
    await atSource(
      `INSERT INTO doc VALUES (1, '{"a": [1, 2, {"b": "${'x'.repeat(500)}"}], "é": null}', '[1, 2, 3]', 'one'),
        (2, '{"a": {"deep": {"er": 1.5}}, "list": [], "pad": "${'y'.repeat(500)}"}', NULL, 'two'), (3, '[]', '"text"', 'three')`,
      `SET SESSION binlog_row_value_options = PARTIAL_JSON`,
      `UPDATE doc SET j = JSON_SET(j, '$.a[2].b', 'short', '$."é"', CAST('12345678901234567890' AS UNSIGNED)) WHERE id = 1`,
      `UPDATE doc SET j = JSON_REMOVE(JSON_REPLACE(j, '$.a.deep.er', 2.25), '$.list'), note = 'both' WHERE id = 2`,
      `UPDATE doc SET j = JSON_SET(j, '$[0]', JSON_OBJECT('t', CAST('2024-02-29 12:00:00.5' AS DATETIME(6)))), k = NULL WHERE id = 3`,
      `UPDATE doc SET k = JSON_ARRAY_APPEND(k, '$', 'end') WHERE id = 1`,
      `UPDATE doc SET note = 'only this' WHERE id = 3`,
      // A table without JSON is logged in the new form too.
      `INSERT INTO account VALUES (500, 1)`,
      `UPDATE account SET amount = amount + 1 WHERE id = 500`,
    );
    await two().expectEqual(['doc', 'account']);
    expect(await two().logged(/^Update_rows_partial /)).toBeGreaterThanOrEqual(6);
  });

  it('keeps documents that are updated in part in compressed transactions', async () => {
    await atSource(
      `SET SESSION binlog_row_value_options = PARTIAL_JSON, binlog_transaction_compression = ON`,
      'BEGIN',
      `UPDATE doc SET j = JSON_SET(j, '$.a', 'zipped') WHERE id <= 2`,
      `UPDATE doc SET j = JSON_SET(j, '$.more', id), note = 'zipped' WHERE id <= 2`,
      'COMMIT',
    );
    await two().expectEqual(['doc']);
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
          "XA START 'late', 'branch', 7; INSERT INTO account VALUES (2, 2), (3, 3); XA END 'late', 'branch', 7",
        );
        await late.query("XA PREPARE 'late', 'branch', 7");
        await never.query("XA START 'never'; INSERT INTO account VALUES (4, 4); XA END 'never'; XA PREPARE 'never'");
        await atSource('INSERT INTO account VALUES (5, 5)');
        await two().expectEqual(['account']);
        await never.query("XA ROLLBACK 'never'");
        await late.query("XA COMMIT 'late', 'branch', 7");
      });
    });
    await atSource('UPDATE account SET amount = amount * 10');
    await two().expectEqual(['account']);
  });

  it('applies an XA transaction that was prepared before SIGKILL of select', async () => {
    await two().withSource(async (connection) => {
      await connection.query('SET SESSION binlog_transaction_compression = ON');
      await connection.query(
        "XA START 'across'; INSERT INTO account VALUES (10, 1), (11, 2); UPDATE account SET amount = 99 WHERE id = 1; XA END 'across'; XA PREPARE 'across'",
      );
      await atSource('INSERT INTO account VALUES (12, 3)');
      await two().expectEqual(['account']);
      await two().stack.kill('select');
      await connection.query("XA COMMIT 'across'");
    });
    await atSource('UPDATE account SET amount = amount + 1 WHERE id IN (1, 11)');
    await two().stack.restart('select');
    await two().expectEqual(['account']);
  });

  it('leaves out what is rolled back to a savepoint', async () => {
    for (const compression of ['OFF', 'ON'])
      await atSource(
        `SET SESSION binlog_transaction_compression = ${compression}`,
        'BEGIN',
        `INSERT INTO account VALUES (20${compression.length.toString()}, 1)`,
        'SAVEPOINT `a b`',
        'DELETE FROM account',
        'ROLLBACK TO `a b`',
        `UPDATE account SET amount = amount + 7 WHERE id = 5`,
        'COMMIT',
      );
    await two().expectEqual(['account']);
  });

  it('goes on through schema changes', async () => {
    await two().atTargets(
      'CREATE TABLE born (id INT PRIMARY KEY, v JSON)',
      'ALTER TABLE changed ADD b VARCHAR(9), ADD c INT',
    );
    await atSource(
      'INSERT INTO changed VALUES (1, 1)',
      'ALTER TABLE changed ADD b VARCHAR(9) FIRST',
      "INSERT INTO changed VALUES ('b', 2, 2)",
      'CREATE TABLE born (id INT PRIMARY KEY, v JSON)',
      `INSERT INTO born VALUES (1, '{"x": 1.0}')`,
      'ALTER TABLE changed ADD c INT AFTER id, MODIFY a INT AFTER c',
      "INSERT INTO changed VALUES ('d', 3, 4, 5)",
      'UPDATE changed SET c = id WHERE c IS NULL',
      'CREATE INDEX some ON changed (c)',
      'DELETE FROM changed WHERE id = 2',
    );
    await two().expectEqual(['changed', 'born']);
  });

  it('knows names whatever they are made of', async () => {
    await atSource(
      "INSERT INTO `o'dd \"t.able\"` VALUES (1, 'a', 1), (2, NULL, 2), (3, 'c', 3)",
      'UPDATE `o\'dd "t.able"` SET `wei``rd "col"` = \'`\', `sel,ect` = `k-e.y id` + 1 WHERE `k-e.y id` < 3',
      'DELETE FROM `o\'dd "t.able"` WHERE `k-e.y id` = 3',
      "SET SESSION sql_mode = 'ANSI_QUOTES'",
      'INSERT INTO "o\'dd ""t.able""" VALUES (4, \'quoted\', 4)',
    );
    await two().expectEqual(['o\'dd "t.able"']);
  });

  it('carries multi-byte charsets', async () => {
    const values = Object.values(CHARSETS).map((text) => `_utf8mb4'${text}', _utf8mb4'${text.repeat(10)}'`);
    const names = Object.keys(CHARSETS);
    await atSource(
      `INSERT INTO texts VALUES (1, ${values.join(', ')}), (2, ${values.map(() => "'', NULL").join(', ')})`,
      `UPDATE texts SET ${names.map((name) => `${name} = CONCAT(t_${name}, 'end')`).join(', ')} WHERE id = 1`,
      `INSERT INTO texts SELECT 3, ${names.map((name) => `t_${name}, ${name}`).join(', ')} FROM texts WHERE id = 1`,
    );
    await two().expectEqual(['texts']);
  });
});
