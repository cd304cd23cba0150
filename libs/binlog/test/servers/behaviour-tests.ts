import { expect, it } from '@jest/globals';
import type { DatabaseProgram } from '@lutra/testing';
import { numbers } from './server-rig.ts';
import type { ServerRig } from './server-rig.ts';

const KILLS = 2;

/**
 * Goal: whatever a source server does while it is read, no row is lost or comes twice, or the reading stops with the code
 * that says why: SIGKILL under load, new log files, purged ones, changed settings, a reset log, names that are hard to quote.
 * Method: a writer that keeps count of what the server has acknowledged; a follower that goes on at its place. What was
 * followed is compared with what the table holds.
 */
export function behaviourTests(rig: () => ServerRig, program: DatabaseProgram): void {
  const isMysql = program.startsWith('mysql');
  const resetLog = program === 'mysql' ? 'RESET BINARY LOGS AND GTIDS' : 'RESET MASTER';

  it('goes on behind new log files and changed settings under load', async () => {
    const following = await rig().begin('settings');
    const writing = rig().write('settings');
    const hasMetadata = await rig().has('binlog_row_metadata');
    const changes = [
      'FLUSH LOGS',
      'SET GLOBAL binlog_checksum = NONE',
      'FLUSH BINARY LOGS',
      'SET GLOBAL binlog_checksum = CRC32',
      ...(hasMetadata ? ['SET GLOBAL binlog_row_metadata = MINIMAL'] : []),
      'SET GLOBAL binlog_row_image = MINIMAL',
      ...(hasMetadata ? ['SET GLOBAL binlog_row_metadata = FULL'] : []),
      'SET GLOBAL binlog_row_image = FULL',
    ];
    for (const change of changes) {
      const count = writing.acknowledged + 20;
      await following.readUntil(`rows before ${change}`, () => following.keysOf('settings').length >= count);
      await rig().connection.query(change);
    }
    await writing.stop();
    const ids = await rig().idsIn('settings');
    await following.readUntil('the last row', () => following.keysOf('settings').length >= ids.length);
    expect(following.keysOf('settings')).toEqual(ids);
    expect(ids.length).toBeGreaterThan(changes.length * 18);
  });

  it('goes on after SIGKILL of the server under load', async () => {
    const following = await rig().begin('killed');
    const writing = rig().write('killed');
    await following.readUntil('rows before the end', () => following.keysOf('killed').length >= 50);
    for (let kill = 1; kill <= KILLS; kill++) {
      await rig().server.kill();
      await rig().server.start();
      const count = writing.acknowledged + 50;
      await following.readUntil('rows after the end', () => following.keysOf('killed').length >= count);
    }
    await writing.stop();
    await rig().reconnect();
    const ids = await rig().idsIn('killed');
    await following.readUntil('the last row', () => following.keysOf('killed').length >= ids.length);
    expect(following.keysOf('killed')).toEqual(ids);
    expect(following.breaks).toBeGreaterThanOrEqual(KILLS);
    // What the server had promised is there: the comparison would not see a row that both sides lost.
    expect(ids).toEqual(expect.arrayContaining(writing.promised));
  });

  it('goes on when the log is purged up to its place, and stops when it is purged beyond', async () => {
    const following = await rig().begin('purged');
    await rig().insert('purged', 1, 5);
    await following.readUntil('the first rows', () => following.keysOf('purged').length === 5);
    following.close();
    await rig().connection.query('FLUSH BINARY LOGS');
    await rig().insert('purged', 6, 10);
    await rig().purgeToLast();
    await following.readUntil('the rows behind', () => following.keysOf('purged').length === 10);
    expect(following.keysOf('purged')).toEqual(numbers(1, 10));
    following.close();

    await rig().insert('purged', 11, 15);
    await rig().connection.query('FLUSH BINARY LOGS');
    await rig().purgeToLast();
    await rig().insert('purged', 16, 20);
    await expect(following.readUntil('rows', () => following.keysOf('purged').length > 10)).rejects.toMatchObject({
      code: 'SOURCE_POSITION_PURGED',
    });
    expect(following.keysOf('purged')).toHaveLength(10);
  });

  it('shows a statement that a session logs as text, so that it can be refused', async () => {
    const following = await rig().begin('worded');
    await rig().connection.query(
      "SET SESSION binlog_format = STATEMENT; INSERT INTO worded VALUES (1, 'text'); SET SESSION binlog_format = ROW; INSERT INTO worded VALUES (2, 'row')",
    );
    await following.readUntil('the row', () => following.keysOf('worded').length === 1);
    expect(following.transactions.map(({ statements }) => statements)).toEqual([
      ["INSERT INTO worded VALUES (1, 'text')"],
      [],
    ]);
  });

  it('tells whether a session takes what is not said of TIMESTAMP columns as other columns', async () => {
    const following = await rig().begin('stamped');
    const told: unknown[] = [];
    const isTold = program !== 'mysql-5.6';
    for (const explicit of [0, 1, 0]) {
      const { length } = following.transactions;
      if (isTold) await rig().connection.query(`SET SESSION explicit_defaults_for_timestamp = ${String(explicit)}`);
      await rig().connection.query(`ALTER TABLE stamped ADD COLUMN s${String(length)} TIMESTAMP NULL`);
      await following.readUntil('the statement', () => following.transactions.length > length);
      told.push(following.settings?.explicitDefaultsForTimestamp);
    }
    expect(told).toEqual(isTold ? [false, true, false] : [null, null, null]);
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
    const following = await rig().follow();
    await rig().connection.query(`CREATE DATABASE ${quoted(database)}`);
    const name = `${quoted(database)}.${quoted(table)}`;
    await rig().connection.query(`CREATE TABLE ${name} (${quoted(column)} INT PRIMARY KEY, other INT)`);
    await rig().connection.query(`INSERT INTO ${name} VALUES (7, 8)`);
    const hasMetadata = await rig().has('binlog_row_metadata');
    for (const metadata of ['MINIMAL', 'FULL']) {
      if (hasMetadata) await rig().connection.query(`SET GLOBAL binlog_row_metadata = ${metadata}`);
      await rig().connection.query(`UPDATE ${name} SET other = other + 1`);
    }
    await following.readUntil('the rows', () => following.keysOf(table).length === 3);
    const events = following.transactions.flatMap((transaction) => transaction.events);
    for (const { table: definition } of events) {
      expect(definition).toMatchObject({ schema: database, table });
      expect(definition.columns.map(({ name: columnName }) => columnName)).toEqual([column, 'other']);
    }
    await rig().connection.query(`DROP DATABASE ${quoted(database)}`);
  });

  it('reads a table of as many columns as a server takes', async () => {
    const following = await rig().begin('unused');
    // MariaDB's and old MySQL's definition of a table has 64 KiB: no more columns than this, however short their names.
    const columns = numbers(1, program === 'mysql' ? 4096 : 2500).map((n) => `c${String(n)}`);
    const engine = isMysql ? 'MyISAM' : 'Aria';
    await rig().connection.query(
      `CREATE TABLE wide (${columns.map((column) => `${column} TINYINT`).join()}) ENGINE=${engine}`,
    );
    await rig().connection.query(`INSERT INTO wide VALUES (${columns.map((_, at) => String(at % 100)).join()})`);
    await following.readUntil('the row', () => following.keysOf('wide').length === 1);
    const [event] = following.transactions.flatMap(({ events }) => events);
    expect(event?.table.columns.map(({ name }) => name)).toEqual(columns);
    expect(event?.rows[0]?.after?.map(Number)).toEqual(columns.map((_, at) => at % 100));
  });

  // The last: nothing of the log is left behind it.
  it('stops when the log is reset', async () => {
    const following = await rig().begin('reset');
    await rig().insert('reset', 1, 5);
    await following.readUntil('the first rows', () => following.keysOf('reset').length === 5);
    await rig().connection.query(resetLog);
    await rig().connection.query("INSERT INTO reset VALUES (6, 'note')");
    const reading = (): Promise<void> => following.readUntil('rows', () => following.keysOf('reset').length > 5);
    // The dump that runs loses its file; whoever asks anew learns that the server knows nothing of what is done.
    await expect(reading()).rejects.toMatchObject({ code: 'SOURCE_POSITION_UNKNOWN' });
    await expect(reading()).rejects.toMatchObject({ code: 'SOURCE_LOST_TRANSACTIONS' });
    expect(following.keysOf('reset')).toHaveLength(5);
  });
}
