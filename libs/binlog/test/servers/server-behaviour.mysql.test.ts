/**
 * Goal: whatever a source server does while it is read, no row is lost or comes twice, or the reading stops with the code
 * that says why: SIGKILL under load, new log files, purged ones, changed settings, a reset log, names that are hard to quote.
 * Method: a server of its own per release; a writer that keeps count of what the server has acknowledged; a follower that
 * goes on at its place. What was followed is compared with what the table holds.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Connection } from 'mysql2/promise';
import { must } from '@lutra/model';
import { connectTo, databaseMatrix, OwnServer, runSql, waitUntil } from '@lutra/testing';
import { SourceFollower } from './source-follower.ts';
import { Writer } from './writer.ts';

const matrix = await databaseMatrix(['mysql', 'mariadb']);
jest.setTimeout(60_000);

describe.each(matrix.run)('a source of $program $version', ({ program }) => {
  let server: OwnServer;
  let connection: Connection;
  let follower: SourceFollower | null = null;
  let writer: Writer | null = null;
  const isMysql = program === 'mysql';
  const schema = 'shop';
  const resetLog = isMysql ? 'RESET BINARY LOGS AND GTIDS' : 'RESET MASTER';

  beforeAll(async () => {
    server = await OwnServer.start({ program });
    await runSql(server, [`CREATE DATABASE ${schema}`]);
    connection = await connectTo(server, schema);
  });
  afterEach(async () => {
    await writer?.stop();
    writer = null;
    follower?.close();
    follower = null;
  });
  afterAll(async () => {
    connection.destroy();
    await server.close();
  });

  /** An empty table, and a follower that begins before its first row. */
  async function begin(table: string): Promise<SourceFollower> {
    await connection.query(`CREATE TABLE ${table} (id INT PRIMARY KEY, note VARCHAR(100))`);
    follower = await SourceFollower.atLatest(server);
    return follower;
  }
  const idsIn = async (table: string): Promise<unknown[]> => {
    const [rows] = await connection.query(`SELECT id FROM ${table} ORDER BY id`);
    return (rows as { id: number }[]).map(({ id }) => id);
  };
  const logFiles = async (): Promise<string[]> => {
    const [rows] = await connection.query('SHOW BINARY LOGS');
    return (rows as { Log_name: string }[]).map(({ Log_name }) => Log_name);
  };
  /** A server keeps files that a dump still reads, and notices the end of a dump late. */
  const purgeToLast = (): Promise<boolean> =>
    waitUntil(
      async () => {
        await connection.query(`PURGE BINARY LOGS TO '${must((await logFiles()).at(-1), 'a log file')}'`);
        return (await logFiles()).length === 1;
      },
      { what: 'the old log files to go', timeoutMs: 20_000 },
    );
  const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at);
  const insert = (table: string, from: number, to: number): Promise<unknown> =>
    connection.query(
      numbers(from, to)
        .map((id) => `INSERT INTO ${table} VALUES (${String(id)}, 'note')`)
        .join(';'),
    );

  it('goes on behind new log files and changed settings under load', async () => {
    const following = await begin('settings');
    const writing = (writer = new Writer(server, `${schema}.settings`));
    for (const change of [
      'FLUSH LOGS',
      'SET GLOBAL binlog_checksum = NONE',
      'FLUSH BINARY LOGS',
      'SET GLOBAL binlog_checksum = CRC32',
      'SET GLOBAL binlog_row_metadata = MINIMAL',
      'SET GLOBAL binlog_row_image = MINIMAL',
      'SET GLOBAL binlog_row_metadata = FULL',
      'SET GLOBAL binlog_row_image = FULL',
    ]) {
      const count = writing.acknowledged + 20;
      await following.readUntil(`rows before ${change}`, () => following.keysOf('settings').length >= count);
      await connection.query(change);
    }
    await writing.stop();
    const ids = await idsIn('settings');
    await following.readUntil('the last row', () => following.keysOf('settings').length >= ids.length);
    expect(following.keysOf('settings')).toEqual(ids);
    expect(ids.length).toBeGreaterThan(150);
  });

  it('goes on after SIGKILL of the server under load', async () => {
    const following = await begin('killed');
    const writing = (writer = new Writer(server, `${schema}.killed`));
    await following.readUntil('rows before the end', () => following.keysOf('killed').length >= 50);
    await server.kill();
    await server.start();
    const count = writing.acknowledged + 50;
    await following.readUntil('rows after the end', () => following.keysOf('killed').length >= count);
    await writing.stop();
    connection = await connectTo(server, schema);
    const ids = await idsIn('killed');
    await following.readUntil('the last row', () => following.keysOf('killed').length >= ids.length);
    expect(following.keysOf('killed')).toEqual(ids);
    expect(following.breaks).toBeGreaterThanOrEqual(1);
    // What the server had promised is there: the comparison would not see a row that both sides lost.
    expect(ids).toEqual(expect.arrayContaining(writing.promised));
  });

  it('goes on when the log is purged up to its place, and stops when it is purged beyond', async () => {
    const following = await begin('purged');
    await insert('purged', 1, 5);
    await following.readUntil('the first rows', () => following.keysOf('purged').length === 5);
    following.close();
    await connection.query('FLUSH BINARY LOGS');
    await insert('purged', 6, 10);
    await purgeToLast();
    await following.readUntil('the rows behind', () => following.keysOf('purged').length === 10);
    expect(following.keysOf('purged')).toEqual(numbers(1, 10));
    following.close();

    await insert('purged', 11, 15);
    await connection.query('FLUSH BINARY LOGS');
    await purgeToLast();
    await insert('purged', 16, 20);
    await expect(following.readUntil('rows', () => following.keysOf('purged').length > 10)).rejects.toMatchObject({
      code: 'SOURCE_POSITION_PURGED',
    });
    expect(following.keysOf('purged')).toHaveLength(10);
  });

  it('shows a statement that a session logs as text, so that it can be refused', async () => {
    const following = await begin('worded');
    await connection.query(
      "SET SESSION binlog_format = STATEMENT; INSERT INTO worded VALUES (1, 'text'); SET SESSION binlog_format = ROW; INSERT INTO worded VALUES (2, 'row')",
    );
    await following.readUntil('the row', () => following.keysOf('worded').length === 1);
    expect(following.transactions.map(({ statements }) => statements)).toEqual([
      ["INSERT INTO worded VALUES (1, 'text')"],
      [],
    ]);
  });

  it.each([
    ['dots', 'with.dots', 'a.b.c', 'x.y'],
    ['spaces and dashes', 'with - dashes', 'order lines-2026', ' id'],
    ['quotes', `it's "quoted"`, `o'clock "now"`, `'"`],
    ['backticks', 'tick`tick', '`t`', 'c`c'],
    ['letters beyond ASCII', 'größe', 'テーブル', 'naïve'],
    ['signs of SQL', 'a;b--c/*', '%_\\', '\\'],
  ])('gives names with %s as they are', async (_, database, table, column) => {
    const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
    follower = await SourceFollower.atLatest(server);
    const following = follower;
    await connection.query(`CREATE DATABASE ${quoted(database)}`);
    const name = `${quoted(database)}.${quoted(table)}`;
    await connection.query(`CREATE TABLE ${name} (${quoted(column)} INT PRIMARY KEY, other INT)`);
    await connection.query(`INSERT INTO ${name} VALUES (7, 8)`);
    for (const metadata of ['MINIMAL', 'FULL']) {
      await connection.query(`SET GLOBAL binlog_row_metadata = ${metadata}`);
      await connection.query(`UPDATE ${name} SET other = other + 1`);
    }
    await following.readUntil('the rows', () => following.keysOf(table).length === 3);
    const events = following.transactions.flatMap((transaction) => transaction.events);
    for (const { table: definition } of events) {
      expect(definition).toMatchObject({ schema: database, table });
      expect(definition.columns.map(({ name: columnName }) => columnName)).toEqual([column, 'other']);
    }
    await connection.query(`DROP DATABASE ${quoted(database)}`);
  });

  it('reads a table of as many columns as a server takes', async () => {
    const following = await begin('unused');
    // MariaDB's definition of a table has 64 KiB: no more columns than this, however short their names.
    const columns = numbers(1, isMysql ? 4096 : 2500).map((n) => `c${String(n)}`);
    const engine = isMysql ? 'MyISAM' : 'Aria';
    await connection.query(
      `CREATE TABLE wide (${columns.map((column) => `${column} TINYINT`).join()}) ENGINE=${engine}`,
    );
    await connection.query(`INSERT INTO wide VALUES (${columns.map((_, at) => String(at % 100)).join()})`);
    await following.readUntil('the row', () => following.keysOf('wide').length === 1);
    const [event] = following.transactions.flatMap(({ events }) => events);
    expect(event?.table.columns.map(({ name }) => name)).toEqual(columns);
    expect(event?.rows[0]?.after?.map(Number)).toEqual(columns.map((_, at) => at % 100));
  });

  // The last: nothing of the log is left behind it.
  it('stops when the log is reset', async () => {
    const following = await begin('reset');
    await insert('reset', 1, 5);
    await following.readUntil('the first rows', () => following.keysOf('reset').length === 5);
    await connection.query(resetLog);
    await connection.query("INSERT INTO reset VALUES (6, 'note')");
    const reading = (): Promise<void> => following.readUntil('rows', () => following.keysOf('reset').length > 5);
    // The dump that runs loses its file; whoever asks anew learns that the server knows nothing of what is done.
    await expect(reading()).rejects.toMatchObject({ code: 'SOURCE_POSITION_UNKNOWN' });
    await expect(reading()).rejects.toMatchObject({ code: 'SOURCE_LOST_TRANSACTIONS' });
    expect(following.keysOf('reset')).toHaveLength(5);
  });
});
