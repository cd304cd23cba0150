/**
 * Goal: a scan hands over the log of a real server from any place, with exact offsets, and ends by itself at its end.
 * Method: transactions of our own schema on the shared servers; the offsets are compared with SHOW BINLOG EVENTS.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { classifyEvent, readTableName, resolveStart, scanBinlog, SourceSession } from '@lutra/binlog';
import type { ScanEnd, SourceOptions } from '@lutra/binlog';
import { systemClock } from '@lutra/model';
import type { DonePlace } from '@lutra/model';
import { testServers } from '@lutra/testing';

const servers = testServers();
const schema = `lutra_scan_${randomBytes(4).toString('hex')}`;

describe.each([
  ['MariaDB', servers.mariadbSource],
  ['MySQL', servers.mysql],
])('scanBinlog of %s', (_, { kind, host, port, user, password }) => {
  const source: SourceOptions = {
    definition: { kind, host, port, user, tls: 'disabled' },
    password,
    clock: systemClock,
  };
  let connection: Connection;
  let byName: DonePlace;
  let byFile: DonePlace;

  beforeAll(async () => {
    connection = await createConnection({ host, port, user, password, multipleStatements: true });
    await connection.query(`CREATE DATABASE ${schema}; CREATE TABLE ${schema}.item (id INT PRIMARY KEY)`);
    const session = await SourceSession.open(source);
    byName = (await resolveStart(session, { kind: 'latest' })).done;
    const [row] = await session.query(kind === 'mysql' ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS');
    const { uuid } = session.server;
    byFile = { kind: 'file', serverUuid: uuid, file: String(row?.['File']), offset: Number(row?.['Position']) };
    session.close();
    for (let id = 1; id <= 30; id++) await connection.query(`INSERT INTO ${schema}.item VALUES (${String(id)})`);
  });
  afterAll(async () => {
    await connection.query(`DROP DATABASE ${schema}`);
    await connection.end();
  });

  async function tableMaps(
    from: DonePlace,
    most: number,
  ): Promise<{ readonly end: ScanEnd; readonly at: { file: string; start: number; end: number }[] }> {
    const at: { file: string; start: number; end: number }[] = [];
    const end = await scanBinlog({
      source,
      from,
      signal: AbortSignal.timeout(60_000),
      onEvent: (event, { file, start, end }) => {
        if (event.kind === 'whole' && classifyEvent(event) === 'tableMap' && readTableName(event).schema === schema)
          at.push({ file, start, end });
        return at.length >= most ? 'stop' : 'go on';
      },
    });
    return { end, at };
  }

  it('ends at the end of the log, after everything that was committed before it began', async () => {
    for (const from of [byName, byFile]) {
      const { end, at } = await tableMaps(from, Infinity);
      expect([end, at.length]).toEqual(['endOfLog', 30]);
    }
  });

  it('stops when it is told to', async () => {
    const { end, at } = await tableMaps(byName, 7);
    expect([end, at.length]).toEqual(['stopped', 7]);
  });

  it('knows where in the file each event stands', async () => {
    const { at } = await tableMaps(byFile, 30);
    for (const { file, start, end } of at) {
      const [rows] = await connection.query<RowDataPacket[]>(
        `SHOW BINLOG EVENTS IN '${file}' FROM ${String(start)} LIMIT 1`,
      );
      expect(rows[0]).toMatchObject({ Pos: start, End_log_pos: end, Event_type: 'Table_map' });
    }
  });

  it('hands on what the callback throws, also when the end of the log came with the event', async () => {
    const scan = scanBinlog({
      source,
      from: byName,
      signal: AbortSignal.timeout(60_000),
      onEvent: (event) => {
        if (event.kind === 'whole' && classifyEvent(event) === 'xid') throw new Error('refused by the reader');
        return 'go on';
      },
    });
    await expect(scan).rejects.toThrow('refused by the reader');
  });

  it('ends with its signal', async () => {
    const stopping = new AbortController();
    const end = scanBinlog({
      source,
      from: byName,
      signal: stopping.signal,
      onEvent: () => {
        stopping.abort();
        return 'go on';
      },
    });
    await expect(end).resolves.toBe('aborted');
  });

  it('refuses a file of another server', async () => {
    const elsewhere: DonePlace = { kind: 'file', serverUuid: 'another', file: 'bin.000001', offset: 4 };
    await expect(tableMaps(elsewhere, 1)).rejects.toMatchObject({ code: 'SOURCE_SERVER_CHANGED' });
  });
});
