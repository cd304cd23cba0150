/**
 * Goal: the client reads the log of real servers: transactions, rotation, broken connections, resumption by GTID and by
 * file, tagged GTIDs, and says in our words what the servers refuse.
 * Method: a database of its own per test file on the shared servers; a dump from "latest"; what comes is compared with
 * what was written.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import type { Connection } from 'mysql2/promise';
import {
  checkPlace,
  checkSource,
  classifyEvent,
  openDump,
  readGtidEvent,
  readQuery,
  readTableName,
  resolveStart,
  SourceSession,
} from '@lutra/binlog';
import type { BinlogDump, FramedEvent, SourceOptions } from '@lutra/binlog';
import { parseDone, SyncError, systemClock } from '@lutra/model';
import type { DonePlace } from '@lutra/model';
import { testServers, waitUntil } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';

const servers = testServers();
const suffix = randomBytes(4).toString('hex');
const schema = `lutra_binlog_${suffix}`;

const optionsOf = (server: DatabaseServer, user = server.user, password = server.password): SourceOptions => ({
  definition: { kind: server.kind, host: server.host, port: server.port, user, tls: 'disabled' },
  password,
  clock: systemClock,
});

/** One transaction of our schema, as the log tells it. */
interface SeenTransaction {
  readonly gtid: string;
  readonly tables: string[];
  rowsBytes: number;
  pieces: number;
}

describe.each([
  ['MariaDB', servers.mariadbSource],
  ['MySQL', servers.mysql],
])('BinlogDump of %s', (_, server) => {
  let connection: Connection;
  let session: SourceSession | null = null;
  let dump: BinlogDump | null = null;

  beforeAll(async () => {
    const { host, port, user, password } = server;
    connection = await createConnection({ host, port, user, password, multipleStatements: true });
    await connection.query(`CREATE DATABASE ${schema}`);
    await connection.query(`CREATE TABLE ${schema}.item (id INT PRIMARY KEY, name LONGTEXT, data LONGBLOB)`);
  });
  afterEach(() => {
    dump?.close();
    session?.close();
  });
  afterAll(async () => {
    await connection.query(`DROP DATABASE ${schema}`);
    await connection.end();
  });

  async function latest(): Promise<DonePlace> {
    session = await SourceSession.open(optionsOf(server));
    const { done } = await resolveStart(session, { kind: 'latest' });
    session.close();
    return done;
  }

  async function startDump(done: DonePlace): Promise<BinlogDump> {
    session = await SourceSession.open(optionsOf(server));
    await checkPlace(session, { done, inside: null });
    dump = await openDump(session, done, { heartbeatMs: 1000, onReady: () => undefined });
    return dump;
  }

  it('refuses a start at an offset where no event begins, where the server says so', async () => {
    const opened = await SourceSession.open(optionsOf(server));
    session = opened;
    const [first] = await opened.query('SHOW BINARY LOGS');
    const start = (offset: number) => resolveStart(opened, { kind: 'file', file: String(first?.['Log_name']), offset });
    await expect(start(4)).resolves.toMatchObject({ done: {} });
    // MySQL says it when the dump begins.
    if (server.kind === 'mariadb') await expect(start(5)).rejects.toMatchObject({ code: 'SOURCE_POSITION_UNKNOWN' });
  });

  it('reads transactions with their GTIDs and tables', async () => {
    const done = await latest();
    const running = await startDump(done);
    for (let id = 1; id <= 20; id++)
      await connection.query(`INSERT INTO ${schema}.item VALUES (?, 'name', REPEAT('x', ?))`, [id, id * 50]);
    const seen = await readTransactions(running, 20);
    expect(seen.map(({ tables }) => tables)).toEqual(Array(20).fill([`${schema}.item`]));
    const place = parseDone(done);
    for (const { gtid } of seen) {
      expect(place.contains(gtid)).toBe(false);
      place.add(gtid);
    }
    const after = parseDone(await latest());
    for (const { gtid } of seen) expect(after.contains(gtid)).toBe(true);
  });

  it('does not take the silence of a socket that it has paused for a dead connection', async () => {
    let aheadMs = 0;
    const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + aheadMs };
    const done = await latest();
    session = await SourceSession.open({ ...optionsOf(server), clock });
    dump = await openDump(session, done, { heartbeatMs: 1000, onReady: () => undefined });
    const running = dump;
    await connection.query(`INSERT INTO ${schema}.item (id) VALUES (90)`);
    await waitUntil(() => running.bytesRead > 0, { what: 'a chunk that nobody takes', timeoutMs: 60_000 });
    // Longer than any liveness limit: a window that stays full for minutes.
    aheadMs = 600_000;
    while (running.take() !== null);
    expect(running.take()).toBeNull();
    await connection.query(`INSERT INTO ${schema}.item (id) VALUES (91)`);
    await waitUntil(() => running.take() !== null, { what: 'the events after the pause', timeoutMs: 60_000 });
  });

  it('goes on in the next log file, and after a broken connection where it stood', async () => {
    const place = parseDone(await latest());
    const running = await startDump(place.toDone());
    await connection.query(
      `INSERT INTO ${schema}.item (id) VALUES (101); FLUSH BINARY LOGS; INSERT INTO ${schema}.item (id) VALUES (102)`,
    );
    const before = await readTransactions(running, 2);
    for (const { gtid } of before) place.add(gtid);

    const [threads] = await connection.query('SHOW PROCESSLIST');
    const ours = (threads as { Id: number; Command: string; Host: string }[]).filter(
      ({ Command, Host }) => Command.startsWith('Binlog Dump') && Host.endsWith(`:${String(running.localPort)}`),
    );
    expect(ours).toHaveLength(1);
    await connection.query(`KILL ${String(ours[0]?.Id)}`);
    await expect(readTransactions(running, 1)).rejects.toMatchObject({ code: 'SOURCE_CONNECTION_LOST' });

    await connection.query(`INSERT INTO ${schema}.item (id) VALUES (103)`);
    const after = await readTransactions(await startDump(place.toDone()), 1);
    expect(after).toHaveLength(1);
    expect(after[0]?.gtid).not.toBe(before[1]?.gtid);
  });

  it('hands a value of 40 MiB on in pieces and stays in step behind it', async () => {
    const running = await startDump(await latest());
    await connection.query(
      `INSERT INTO ${schema}.item VALUES (200, NULL, REPEAT('x', 40 * 1024 * 1024)); INSERT INTO ${schema}.item (id) VALUES (201)`,
    );
    const [large, small] = await readTransactions(running, 2);
    expect(large?.rowsBytes).toBeGreaterThan(40 * 1024 * 1024);
    expect(large?.pieces).toBeGreaterThan(100);
    expect(small?.pieces).toBe(0);
  });

  it('resumes from file and offset', async () => {
    session = await SourceSession.open(optionsOf(server));
    const [row] = await session.query(server.kind === 'mysql' ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS');
    const start = { kind: 'file' as const, file: String(row?.['File']), offset: Number(row?.['Position']) };
    const { done } = await resolveStart(session, start);
    expect(done.kind).toBe(server.kind === 'mysql' ? 'file' : 'mariadbGtid');
    session.close();
    await connection.query(`INSERT INTO ${schema}.item (id) VALUES (301)`);
    expect(await readTransactions(await startDump(done), 1)).toHaveLength(1);
  });

  it('accepts a source that is set up for it', async () => {
    session = await SourceSession.open(optionsOf(server));
    await expect(checkSource(session, { schemas: [schema] })).resolves.toBeUndefined();
  });

  it('names the grants that are missing, with the statement', async () => {
    const user = `lutra_${suffix}`;
    const words = server.kind === 'mysql' ? 'REPLICATION CLIENT' : 'BINLOG MONITOR';
    await connection.query(`CREATE USER '${user}'@'%' IDENTIFIED BY 'Secret-1'`);
    try {
      session = await SourceSession.open(optionsOf(server, user, 'Secret-1'));
      await expect(checkSource(session, { schemas: [] })).rejects.toMatchObject({
        code: 'SOURCE_GRANT_MISSING',
        details: {
          missing: ['REPLICATION SLAVE', words],
          statement: `GRANT REPLICATION SLAVE, ${words} ON *.* TO '${user}'@'%'`,
        },
      });
      session.close();
      await connection.query(`GRANT REPLICATION SLAVE, ${words} ON *.* TO '${user}'@'%'`);
      session = await SourceSession.open(optionsOf(server, user, 'Secret-1'));
      await expect(checkSource(session, { schemas: [] })).resolves.toBeUndefined();
      const running = await openDump(session, (await resolveStart(session, { kind: 'latest' })).done, {
        heartbeatMs: 1000,
        onReady: () => undefined,
      });
      await connection.query(`INSERT INTO ${schema}.item (id) VALUES (401)`);
      expect(await readTransactions(running, 1)).toHaveLength(1);
      running.close();
      await expect(SourceSession.open(optionsOf(server, user, 'wrong'))).rejects.toMatchObject({
        code: 'SOURCE_ACCESS_DENIED',
      });
    } finally {
      await connection.query(`DROP USER '${user}'@'%'`);
    }
  });

  it('says that nobody answers at a port', async () => {
    const options = optionsOf({ ...server, port: 1 });
    await expect(SourceSession.open(options)).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' });
  });

  it('refuses a place that the server has never reached', async () => {
    const future: DonePlace =
      server.kind === 'mysql'
        ? { kind: 'mysqlGtid', gtidSet: '3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5' }
        : { kind: 'mariadbGtid', gtidList: '0-1-999999999' };
    await expect(startDump(future)).rejects.toMatchObject({ code: 'SOURCE_LOST_TRANSACTIONS' });
    session?.close();
    const elsewhere: DonePlace = { kind: 'file', serverUuid: 'another', file: 'bin.000001', offset: 4 };
    await expect(startDump(elsewhere)).rejects.toMatchObject({ code: 'SOURCE_SERVER_CHANGED' });
  });

  it('translates what the dump itself refuses', async () => {
    const nowhere: DonePlace = { kind: 'file', serverUuid: '', file: 'nowhere.000001', offset: 4 };
    session = await SourceSession.open(optionsOf(server));
    const running = await openDump(session, nowhere, { heartbeatMs: 1000, onReady: () => undefined });
    await expect(readTransactions(running, 1)).rejects.toMatchObject({ code: 'SOURCE_POSITION_PURGED' });
  });
});

it('reads and resumes after tagged GTIDs of MySQL', async () => {
  const server = servers.mysql;
  const { host, port, user, password } = server;
  const connection = await createConnection({ host, port, user, password, multipleStatements: true });
  const table = `lutra_tagged_${suffix}`;
  const read = async (done: DonePlace, count: number): Promise<string[]> => {
    const session = await SourceSession.open(optionsOf(server));
    await checkPlace(session, { done, inside: null });
    const dump = await openDump(session, done, { heartbeatMs: 1000, onReady: () => undefined });
    const seen = await readTransactions(dump, count, table);
    dump.close();
    return seen.map(({ gtid }) => gtid);
  };
  try {
    await connection.query(`CREATE DATABASE ${table}; CREATE TABLE ${table}.t (id INT PRIMARY KEY)`);
    const session = await SourceSession.open(optionsOf(server));
    const place = parseDone((await resolveStart(session, { kind: 'latest' })).done);
    session.close();
    await connection.query(
      `SET gtid_next = 'AUTOMATIC:tag_${suffix}'; INSERT INTO ${table}.t VALUES (1); INSERT INTO ${table}.t VALUES (2); SET gtid_next = 'AUTOMATIC'; INSERT INTO ${table}.t VALUES (3)`,
    );
    const gtids = await read(place.toDone(), 3);
    expect(gtids[0]).toMatch(new RegExp(`^[0-9a-f-]{36}:tag_${suffix}:\\d+$`));
    expect(gtids[2]).toMatch(/^[0-9a-f-]{36}:\d+$/);
    place.add(gtids[0] ?? '');
    expect(await read(place.toDone(), 2)).toEqual(gtids.slice(1));
  } finally {
    await connection.query(`DROP DATABASE IF EXISTS ${table}`);
    await connection.end();
  }
});

/** Reads until `count` transactions of the schema are complete; fails with the dump. */
async function readTransactions(running: BinlogDump, count: number, of = schema): Promise<SeenTransaction[]> {
  const reader = transactionReader(of);
  const failure = await waitUntil(
    () => {
      try {
        for (let events = running.take(); events !== null; events = running.take()) events.forEach(reader.take);
      } catch (error) {
        return { error };
      }
      return reader.transactions.length >= count ? { error: null } : false;
    },
    { what: `${String(count)} transactions`, timeoutMs: 60_000, everyMs: 1 },
  );
  if (failure.error !== null) throw SyncError.of(failure.error);
  return reader.transactions;
}

/** Follows transactions of one schema; others on the shared server are passed over. */
function transactionReader(of: string): {
  readonly transactions: SeenTransaction[];
  readonly take: (event: FramedEvent) => void;
} {
  const transactions: SeenTransaction[] = [];
  let open: SeenTransaction | null = null;
  const finish = (): void => {
    if (open !== null && open.tables.length > 0) transactions.push(open);
    open = null;
  };
  const take = (event: FramedEvent): void => {
    if (event.kind === 'piece' && open !== null) {
      open.rowsBytes += event.end - event.start;
      open.pieces++;
    }
    if (event.kind === 'piece' || event.kind === 'end') return;
    const eventClass = classifyEvent(event);
    if (eventClass === 'gtid') open = { gtid: readGtidEvent(event).gtid ?? '', tables: [], rowsBytes: 0, pieces: 0 };
    else if (eventClass === 'tableMap') {
      const name = readTableName(event);
      if (name.schema === of) open?.tables.push(`${name.schema}.${name.table}`);
    } else if (eventClass === 'rows' && open !== null) open.rowsBytes += event.end - event.start;
    else if (eventClass === 'xid' || (eventClass === 'query' && readQuery(event).statement === 'COMMIT')) finish();
  };
  return { transactions, take };
}
