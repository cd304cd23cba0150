/**
 * Goal: rows that are sent once more stand in the log where they were true, exactly, and cost nobody a transaction.
 * Method: the copy at real servers of its own while clients write the same rows as fast as they can; extract's own stage over
 * the whole log, applied to a table that begins empty or damaged, has to give the source's table.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Connection } from 'mysql2/promise';
import { SourceSession } from '@lutra/binlog';
import { readSourceTable } from '@lutra/binlog/schema';
import { decodeRowProcess } from '@lutra/messaging';
import { DEFAULT_PARAMETERS, must, REPAIRS, systemClock, WRITES_ALL } from '@lutra/model';
import type { DonePlace, PipelineDefinition, ProcessHeader, RowChange, RowImage, TableDefinition } from '@lutra/model';
import { copyRows, keyText, readKey } from '@lutra/source-access';
import type { Copied, RowKey } from '@lutra/source-access';
import { connectTo, OwnServer } from '@lutra/testing';
import { ExtractStage } from '../src/extract-stage.ts';
import { Collected } from './recorded-events.ts';
import { bodySince, dataSourceOf, logEnd } from './reread/source-log.ts';

jest.setTimeout(120_000);

const SERVERS = [
  ['MariaDB', 'mariadb', []],
  ['MySQL', 'mysql', []],
  ['MySQL without GTID', 'mysql', ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF']],
] as const;

const STATEMENTS_PER_CLIENT = 250;
const KEYS = 40;

describe.each(SERVERS)('rows that are sent once more from %s', (_name, program, extra) => {
  let server: OwnServer;
  let connection: Connection;
  let session: SourceSession;
  let from: DonePlace;
  let schema: string;
  let count = 0;
  const { signal } = new AbortController();

  beforeAll(async () => {
    server = await OwnServer.start({ program, extra: [...extra] });
    connection = await connectTo(server);
    session = await open();
  });
  beforeEach(async () => {
    schema = `s${String(++count)}`;
    await connection.query(`CREATE DATABASE ${schema}`);
    await connection.query(`USE ${schema}`);
    from = await logEnd(server);
  });
  afterAll(async () => {
    session.close();
    await connection.end();
    await server.close();
  });

  const open = async (): Promise<SourceSession> => {
    const opened = await SourceSession.open({
      ...{ definition: dataSourceOf(server), password: server.password, clock: systemClock },
    });
    await opened.query("SET NAMES utf8mb4, SESSION time_zone = '+00:00', innodb_lock_wait_timeout = 10");
    return opened;
  };

  const copier = async (): Promise<SourceSession> => {
    await connection.query(`CREATE USER 'copier'@'%' IDENTIFIED BY 'secret'`);
    await connection.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON *.* TO 'copier'@'%'`);
    const definition = { ...dataSourceOf(server), user: 'copier' };
    return SourceSession.open({ definition, password: 'secret', clock: systemClock });
  };

  const copy = async (table: string, keys: readonly RowKey[], pipelineId = 'P'): Promise<Copied> => {
    const definition = must(await readSourceTable(session, { schema, table }), 'the table is there');
    return copyRows(session, { pipelineId, job: 'J', table: definition, keys }, { clock: systemClock, signal });
  };

  function definitionOf(): PipelineDefinition {
    const source = dataSourceOf(server);
    return {
      ...{ id: 'P', name: 'P', channelId: 'C', revision: 1, source, target: source, start: { kind: 'latest' } },
      mappings: [
        { id: 'M', source: { schema, table: { regex: '.*' } }, target: { schema: 'copy' }, columns: { mode: 'all' } },
      ],
      parameters: DEFAULT_PARAMETERS,
    };
  }

  async function extracted(): Promise<{
    readonly changes: readonly RowChange[];
    readonly tables: readonly TableDefinition[];
  }> {
    const definition = definitionOf();
    const stage = new ExtractStage({ onDropped: () => undefined });
    const output = new Collected();
    const body = await bodySince(server, from);
    await stage.work({ definition, body, output }, signal);
    const { transactions, tables } = decodeRowProcess({} as ProcessHeader, output.bytes);
    return { tables, changes: transactions.flatMap(({ changes }) => changes) };
  }

  it('are updates of equal images, or deletes of a key', async () => {
    await connection.query('CREATE TABLE item (id BIGINT PRIMARY KEY, a VARCHAR(20), b BLOB, d DECIMAL(9,3), f FLOAT)');
    await connection.query("INSERT INTO item VALUES (1, 'é', x'00ff', 1.5, 0.1)");
    from = await logEnd(server);
    expect(await copy('item', [[1n], [2n]])).toMatchObject({ rows: 1, gone: 1, rejected: [] });
    await copy('item', [[1n]], 'another pipeline');
    const { changes, tables } = await extracted();
    const image = [1n, 'é', Buffer.from([0, 255]), '1.500', Math.fround(0.1)];
    expect(tables.map(({ schema: of, table }) => [of, table])).toEqual([[schema, 'item']]);
    expect(changes).toMatchObject([
      { kind: 'delete', before: [2n, undefined, undefined, undefined, undefined], flags: REPAIRS },
      { kind: 'update', flags: REPAIRS | WRITES_ALL },
    ]);
    expect(changes[1]).toMatchObject({ before: image, after: image });
  });

  it('are not refused for good while the source is read-only', async () => {
    await connection.query('CREATE TABLE item (id INT PRIMARY KEY)');
    await connection.query('INSERT INTO item VALUES (1)');
    await copy('item', [[1n]]);
    const table = must(await readSourceTable(session, { schema, table: 'item' }), 'the table is there');
    const order = { pipelineId: 'P', job: 'J', table, keys: [[1n]] };
    const limited = await copier();
    try {
      await connection.query('SET GLOBAL read_only = 1');
      const refused = copyRows(limited, order, { clock: systemClock, signal });
      await expect(refused).rejects.toMatchObject({ code: 'SOURCE_RESYNC_UNAVAILABLE' });
      await connection.query('SET GLOBAL read_only = 0');
      expect(await copyRows(limited, order, { clock: systemClock, signal })).toMatchObject({ rows: 1, rejected: [] });
    } finally {
      limited.close();
      await connection.query('SET GLOBAL read_only = 0');
    }
  });

  it('keep a key whose row is spelled in another case', async () => {
    await connection.query(
      'CREATE TABLE word (id VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci PRIMARY KEY)',
    );
    await connection.query("INSERT INTO word VALUES ('A')");
    expect(await copy('word', [['a'], ['b']])).toMatchObject({ rows: 1, gone: 1 });
  });

  it('are looked for with their padding where a key is a binary(n)', async () => {
    await connection.query('CREATE TABLE fixed (id BINARY(8) PRIMARY KEY, a INT)');
    await connection.query("INSERT INTO fixed VALUES ('abc', 1)");
    const table = must(await readSourceTable(session, { schema, table: 'fixed' }), 'the table is there');
    const key = readKey(table, ['abc']);
    if (typeof key === 'string') throw new Error(key);
    expect(await copy('fixed', [key])).toMatchObject({ rows: 1, gone: 0 });
  });

  it('leave the row that cannot be sent and answer why', async () => {
    await connection.query('CREATE TABLE item (id INT PRIMARY KEY, a LONGTEXT)');
    await connection.query("INSERT INTO item VALUES (1, 'x'), (2, 'y'), (3, 'z')");
    const holder = await connectTo(server, schema);
    await holder.query('START TRANSACTION');
    await holder.query("UPDATE item SET a = 'held' WHERE id = 2");
    await session.query('SET SESSION innodb_lock_wait_timeout = 1');
    const copied = await copy('item', [[1], [2], [3]]);
    await holder.query('ROLLBACK');
    await holder.end();
    await session.query('SET SESSION innodb_lock_wait_timeout = 10');
    expect(copied).toMatchObject({ rows: 2, rejected: [{ key: [2], reason: expect.stringContaining('locked') }] });
  });

  it('never overtake a change, nor fall behind one, while clients write them', async () => {
    await connection.query(
      'CREATE TABLE item (id INT PRIMARY KEY, n INT NOT NULL, u INT NULL UNIQUE, a VARCHAR(20)) ENGINE=InnoDB',
    );
    const clients = await Promise.all([1, 2, 3].map(() => connectTo(server, schema)));
    let copies = 0;
    const writing = clients.map((client, index) => write(client, index + 1, () => copies > 1));
    let isWriting = true;
    const written = Promise.all(writing).finally(() => (isWriting = false));
    const keys = Array.from({ length: KEYS }, (_, id): RowKey => [id]);
    while (isWriting) {
      const { rejected } = await copy('item', keys);
      expect(rejected).toEqual([]);
      copies += 1;
    }
    const lost = (await written).reduce((sum, each) => sum + each, 0);
    await Promise.all(clients.map((client) => client.end()));
    const { changes, tables } = await extracted();
    expect(lost).toBe(0);
    const table = must(
      tables.find(({ table: name }) => name === 'item'),
      'rows were written',
    );
    const held = applied(table, changes);
    const [rows] = await connection.query('SELECT id, n, u, a FROM item ORDER BY id');
    const standing = (rows as Record<string, unknown>[]).map((row) => Object.values(row));
    expect([...held.values()].toSorted((one, other) => Number(one[0]) - Number(other[0]))).toEqual(standing);
  });
});

/**
 * Inserts, updates, deletes, changes of keys, and unique values that change hands, until it is enough of them and of copies
 * beside them. Returns how many transactions the server has undone because of a copy.
 */
async function write(client: Connection, seed: number, hasCopies: () => boolean): Promise<number> {
  let state = seed;
  const next = (below: number): string => String((state = (state * 48_271) % 2_147_483_647) % below);
  let lost = 0;
  for (let turn = 0; turn < STATEMENTS_PER_CLIENT || !hasCopies(); turn++) {
    const [id, other] = [next(KEYS), next(KEYS)];
    const statements = [
      `REPLACE INTO item VALUES (${id}, ${String(turn)}, ${next(KEYS)}, 'r')`,
      `UPDATE item SET n = n + 1, a = 'u' WHERE id = ${id}`,
      `DELETE FROM item WHERE id = ${id}`,
      `UPDATE IGNORE item SET id = ${other} WHERE id = ${id}`,
      `UPDATE IGNORE item SET u = ${next(KEYS)} WHERE id = ${id}`,
    ];
    try {
      await client.query(must(statements[Number(next(statements.length))], 'one of them'));
    } catch (error) {
      // Clients take locks of each other in any order; but none may be undone because of a copy, which never waits with a lock.
      if (!(error instanceof Error) || !('errno' in error) || error.errno !== 1213) throw error;
      if (!(await isAmongClients(client))) lost += 1;
    }
  }
  return lost;
}

/** Whether the newest deadlock was one of clients only. */
async function isAmongClients(client: Connection): Promise<boolean> {
  const [rows] = await client.query('SHOW ENGINE INNODB STATUS');
  const status = String((rows as { Status: string }[])[0]?.Status);
  const start = status.indexOf('LATEST DETECTED DEADLOCK');
  const deadlock = start < 0 ? '' : status.slice(start, status.indexOf('WE ROLL BACK TRANSACTION', start));
  return !/FOR SHARE|LOCK IN SHARE MODE/.test(deadlock);
}

/** What the changes make of a table of which every row was damaged: fails where one cannot follow the other. */
function applied(table: TableDefinition, changes: readonly RowChange[]): ReadonlyMap<string, RowImage> {
  const rows = new Map<string, RowImage>();
  const repaired: string[] = [];
  for (const change of changes) {
    const before = change.kind === 'insert' ? null : keyText(table, change.before);
    const isRepair = (change.flags & REPAIRS) !== 0;
    if (isRepair && change.kind === 'delete') expect(rows.has(before ?? '')).toBe(false);
    else if (isRepair && change.kind === 'update') {
      repaired.push(before ?? '');
      expect(rows.get(before ?? '')).toEqual(change.after);
    } else {
      if (change.kind !== 'insert') expect(rows.delete(before ?? '')).toBe(true);
      if (change.kind !== 'delete') rows.set(keyText(table, change.after) ?? '', change.after);
    }
  }
  expect(repaired.length).toBeGreaterThan(0);
  return rows;
}
