/**
 * Goal: a start by time means the first transaction that committed at that time or later, whatever the server names its
 * places by, over several log files, a restart and compressed transactions.
 * Method: servers of our own write for some seconds and rotate their logs; for random times the place equals what a look
 * at every transaction of the log gives.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createConnection } from 'mysql2/promise';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { checkPlace, readGtidEvent, resolveStart, scanBinlog, SourceSession } from '@lutra/binlog';
import type { SourceOptions } from '@lutra/binlog';
import { parseDone, systemClock } from '@lutra/model';
import type { DonePlace } from '@lutra/model';
import { OwnServer, waitUntil } from '@lutra/testing';

const GTID_TYPES = [33, 34, 42, 162];
const FILES = 5;

interface LoggedTransaction {
  readonly gtid: string | null;
  readonly commitMs: number;
  readonly file: string;
  readonly start: number;
}

describe.each([
  ['MariaDB', 'mariadb' as const, []],
  ['MySQL with GTID', 'mysql' as const, []],
  ['MySQL without GTID', 'mysql' as const, ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF']],
])('start by time at %s', (_, program, extra) => {
  let server: OwnServer;
  let connection: Connection;
  let source: SourceOptions;
  let session: SourceSession;
  let files: string[] = [];
  let logged: LoggedTransaction[] = [];

  beforeAll(async () => {
    server = await OwnServer.start({ program, extra });
    const { kind, host, port, user, password } = server;
    source = { definition: { kind, host, port, user, tls: 'disabled' }, password, clock: systemClock };
    await connect();
    await connection.query(
      'CREATE DATABASE shop; CREATE TABLE shop.item (id INT AUTO_INCREMENT PRIMARY KEY, at DATETIME(6))',
    );
    for (let file = 0; file < FILES; file++) {
      await writeSomeSeconds(file);
      if (file === 2) {
        await connection.end();
        await server.restart();
        await connect();
      } else if (file < FILES - 1) await connection.query('FLUSH BINARY LOGS');
    }
    session = await SourceSession.open(source);
    files = (await session.query('SHOW BINARY LOGS')).map((row) => String(row['Log_name']));
    logged = await readEverything(files[0] ?? '');
  });
  afterAll(async () => {
    session.close();
    await connection.end();
    await server.close();
  });

  async function connect(): Promise<void> {
    const { host, port, user, password } = server;
    connection = await createConnection({ host, port, user, password, multipleStatements: true });
  }

  /** Transactions on both sides of a full second. */
  async function writeSomeSeconds(file: number): Promise<void> {
    if (program === 'mysql') await connection.query(`SET binlog_transaction_compression = ${String(file % 2)}`);
    const second = Math.floor(Date.now() / 1000);
    await waitUntil(
      async () => {
        await connection.query('INSERT INTO shop.item (at) VALUES (NOW(6))');
        return Math.floor(Date.now() / 1000) > second;
      },
      { what: 'the next second', timeoutMs: 60_000, everyMs: 20 },
    );
    await connection.query('INSERT INTO shop.item (at) VALUES (NOW(6)); INSERT INTO shop.item (at) VALUES (NOW(6))');
  }

  async function readEverything(file: string): Promise<LoggedTransaction[]> {
    const all: LoggedTransaction[] = [];
    const { uuid } = session.server;
    await scanBinlog({
      source,
      from: { kind: 'file', serverUuid: uuid, file, offset: 4 },
      signal: AbortSignal.timeout(60_000),
      onEvent: (event, at) => {
        if (event.kind === 'whole' && GTID_TYPES.includes(event.type))
          all.push({ ...readGtidEvent(event), file: at.file, start: at.start });
        return 'go on';
      },
    });
    return all;
  }

  /** MariaDB tells whole seconds: the second is read whole. */
  const firstAt = (timeMs: number): number => {
    const wantedMs = program === 'mariadb' ? Math.floor(timeMs / 1000) * 1000 : timeMs;
    const index = logged.findIndex(({ commitMs }) => commitMs >= wantedMs);
    return index < 0 ? logged.length : index;
  };

  async function placeAt(timeMs: number): Promise<DonePlace> {
    return (await resolveStart(session, { kind: 'time', time: new Date(timeMs).toISOString() })).done;
  }

  it('has written several files, with transactions in several seconds each', () => {
    expect(files.length).toBeGreaterThanOrEqual(FILES);
    expect(logged.length).toBeGreaterThan(FILES * 3);
  });

  it('finds the same place as a look at every transaction', async () => {
    const oldestMs = Math.ceil((logged[0]?.commitMs ?? 0) / 1000 + 1) * 1000;
    const newestMs = Math.floor(logged.at(-1)?.commitMs ?? 0);
    // Times behind the newest transaction are looked for too, and none may be in the future.
    await waitUntil(() => Promise.resolve(Date.now() + session.server.clockOffsetMs > newestMs + 500), {
      what: 'a moment behind the newest transaction',
      timeoutMs: 60_000,
    });
    const times = fc.oneof(
      fc.integer({ min: oldestMs, max: newestMs + 100 }),
      fc.constantFrom(...logged.map(({ commitMs }) => Math.round(commitMs)).filter((ms) => ms >= oldestMs)),
    );
    await fc.assert(
      fc.asyncProperty(times, async (timeMs) => {
        const found = await placeAt(timeMs);
        const index = firstAt(timeMs);
        const next = logged[index];
        if (found.kind === 'file') {
          if (next === undefined) expect(found).toMatchObject({ file: files.at(-1) });
          else expect(found).toMatchObject({ file: next.file, offset: next.start });
          return;
        }
        const expected = parseDone({ ...found, ...{ gtidSet: '', gtidList: '' } });
        for (const { gtid } of logged.slice(0, index)) expected.add(gtid ?? '');
        expect(found).toEqual(expected.toDone());
      }),
      { numRuns: 40 },
    );
  });

  it('reads on from there: the transaction comes first', async () => {
    const middle = logged[Math.floor(logged.length / 2)];
    const timeMs = Math.ceil(middle?.commitMs ?? 0);
    const next = logged[firstAt(timeMs)];
    const from = await placeAt(timeMs);
    await checkPlace(session, { done: from, inside: null });
    const first: number[] = [];
    await scanBinlog({
      source,
      from,
      signal: AbortSignal.timeout(60_000),
      onEvent: (event) => {
        if (!GTID_TYPES.includes(event.type)) return 'go on';
        first.push(readGtidEvent(event).commitMs);
        return 'stop';
      },
    });
    expect(first).toEqual([next?.commitMs]);
  });

  it('refuses a time to come', async () => {
    await expect(placeAt(Date.now() + 60_000)).rejects.toMatchObject({ code: 'SOURCE_POSITION_UNKNOWN' });
  });

  it('refuses a time before the log, and names the oldest one; that one works also after a purge', async () => {
    const { oldest: before } = await refusal(0);
    const [rows] = await connection.query<RowDataPacket[]>('SHOW BINARY LOGS');
    await connection.query(`PURGE BINARY LOGS TO '${String(rows[2]?.['Log_name'])}'`);
    const { oldest } = await refusal(Date.parse(before));
    expect(Date.parse(oldest)).toBeGreaterThan(Date.parse(before));
    const from = await placeAt(Date.parse(oldest));
    await expect(checkPlace(session, { done: from, inside: null })).resolves.toBeUndefined();
  });

  async function refusal(timeMs: number): Promise<{ oldest: string }> {
    const failure: unknown = await placeAt(timeMs).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'SOURCE_POSITION_PURGED' });
    return (failure as { details: { oldest: string } }).details;
  }
});
