/**
 * Goal: a source group is followed without loss and without doubt: transactions in another order on the next server, a server
 * that lacks some, a server that comes back, XA transactions across a restart of the server.
 * Method: two MySQL servers that belong to this test; what a replica would write is written with explicit GTIDs.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import type { Connection } from 'mysql2/promise';
import { openBus, removeNamespace } from '@lutra/messaging';
import type { Bus } from '@lutra/messaging';
import { SyncError } from '@lutra/model';
import type { PipelineParameters, Place } from '@lutra/model';
import { OwnServer, testServers, waitUntil } from '@lutra/testing';
import { startRig } from './rig.ts';
import type { Rig } from './rig.ts';

jest.setTimeout(120_000);
const WAIT = { timeoutMs: 60_000, everyMs: 20 };
const X = '11111111-2222-3333-4444-555555555555';
const namespace = `failover_${randomBytes(4).toString('hex')}`;
const nats = { ...testServers().nats, name: 'select-test', namespace };

async function sqlAt(server: OwnServer): Promise<Connection> {
  const { host, port, user, password } = server;
  return createConnection({ host, port, user, password, multipleStatements: true });
}

/** Runs statements on a connection of their own, which a restart of the server cannot break. */
async function run(server: OwnServer, sql: string): Promise<unknown> {
  const connection = await sqlAt(server);
  try {
    return (await connection.query(sql))[0];
  } finally {
    await connection.end();
  }
}
const SCHEMA = 'SET sql_log_bin = 0; CREATE DATABASE shop; CREATE TABLE shop.item (id INT PRIMARY KEY, data LONGTEXT);';
const place = (numbers: string): Place => ({
  done: { kind: 'mysqlGtid', gtidSet: numbers === '' ? '' : `${X}:${numbers}` },
  inside: null,
});

describe('a source group of two MySQL servers', () => {
  let bus: Bus;
  let [first, second]: OwnServer[] = [];
  let rig: Rig | null = null;

  beforeAll(async () => {
    bus = await openBus(nats);
    [first, second] = await Promise.all([OwnServer.start({ program: 'mysql' }), OwnServer.start({ program: 'mysql' })]);
    for (const server of servers()) await run(server, `RESET BINARY LOGS AND GTIDS; ${SCHEMA}`);
  });
  afterEach(async () => {
    await rig?.stop();
    rig = null;
  });
  afterAll(async () => {
    await Promise.all([first?.close(), second?.close()]);
    await bus.close();
    await removeNamespace(nats);
  });
  function servers(): [OwnServer, OwnServer] {
    if (first === undefined || second === undefined) throw new Error('both servers run');
    return [first, second];
  }

  const write = (server: OwnServer, ...numbers: number[]): Promise<unknown> =>
    run(
      server,
      numbers
        .map((n) => `SET GTID_NEXT = '${X}:${String(n)}'; INSERT INTO shop.item VALUES (${String(n)}, 'x');`)
        .join(''),
    );
  const start = async (at: Place, parameters: Partial<PipelineParameters> = {}): Promise<Rig> => {
    const [server, standby] = servers();
    rig = await startRig({ bus, server, standbys: [standby], schema: 'shop', place: at, parameters });
    rig.loadAll();
    return rig;
  };
  const arrived = (events: () => string[], numbers: readonly number[]): Promise<unknown> =>
    waitUntil(() => events().join() === numbers.map((n) => `${X}:${String(n)}/0`).join(), {
      what: `transactions ${numbers.join()}`,
      ...WAIT,
    });

  it('goes on at the next server where other transactions come first, with nothing lost and nothing twice', async () => {
    const [one, two] = servers();
    await write(one, 1, 2, 3);
    await write(two, 3, 1, 2, 4);
    const { events, windows, running } = await start(place(''), { retryInPlaceMs: 60_000 });
    await arrived(events, [1, 2, 3]);
    expect(windows.at(-1)).toMatchObject({ source: `127.0.0.1:${String(one.port)}`, cause: null });
    await one.kill();
    // In this epoch only the first server counts: the epoch ends without it, early because the second one can go on.
    expect(SyncError.of(await running.catch((error: unknown) => error)).class).toBe('retryable');
    await rig?.stop();
    const next = await start(place('1'));
    await arrived(next.events, [3, 2, 4]);
    const last = next.windows.at(-1);
    expect(last?.source).toBe(`127.0.0.1:${String(two.port)}`);
    expect(last?.cause).toContain('SOURCE_UNREACHABLE');
  });

  it('stops when the only server that answers lacks what is applied, and names it', async () => {
    await expect(start(place('1-7'), { retryInPlaceMs: 1_500 })).rejects.toMatchObject({
      code: 'SOURCE_LOST_TRANSACTIONS',
      details: { gtids: `${X}:5-7` },
    });
  });

  it('waits for a server that may come back before it believes one that lacks transactions', async () => {
    const [one] = servers();
    const starting = start(place('1-5'), { retryInPlaceMs: 60_000 });
    starting.catch(() => undefined);
    await one.start();
    await write(one, 4, 5, 6);
    const { events, windows } = await starting;
    await arrived(events, [6]);
    expect(windows.at(-1)?.source).toBe(`127.0.0.1:${String(one.port)}`);
  });

  it('applies an XA transaction that was prepared before the server was killed', async () => {
    const [one] = servers();
    const { events, processes } = await start(place('1-6'));
    await run(
      one,
      `INSERT INTO shop.item VALUES (90, 'x'); XA START 'a'; INSERT INTO shop.item VALUES (91, 'x'); XA END 'a'; XA PREPARE 'a'`,
    );
    await waitUntil(() => events().length === 1, { what: 'the row in front', ...WAIT });
    await one.kill();
    await one.start();
    await run(one, `INSERT INTO shop.item VALUES (92, 'x'); XA COMMIT 'a'; INSERT INTO shop.item VALUES (93, 'x')`);
    await waitUntil(() => events().length === 4, { what: 'the rows behind', ...WAIT });
    const names = events();
    expect(new Set(names).size).toBe(4);
    const uuid = names[0]?.split(':')[0] ?? '';
    // 1 row, 2 prepare, 3 row, 4 commit, 5 row.
    expect(names.map((name) => name.replace(uuid, ''))).toEqual([':1/0', ':3/0', ':4/0', ':5/0']);
    expect(processes.every(({ header }) => header.serverUuid === uuid)).toBe(true);
  });
});

describe('MySQL without GTID', () => {
  it('drops rows that a transaction took back, and keeps those of a table without transactions', async () => {
    const bus = await openBus(nats);
    const server = await OwnServer.start({
      program: 'mysql',
      extra: ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF', '--default-storage-engine=InnoDB'],
    });
    let rig: Rig | null = null;
    try {
      await run(server, `${SCHEMA} CREATE TABLE shop.item_plain (id INT PRIMARY KEY) ENGINE = MyISAM`);
      rig = await startRig({ bus, server, schema: 'shop', parameters: {} });
      rig.loadAll();
      const { events } = rig;
      await run(
        server,
        `BEGIN; INSERT INTO shop.item VALUES (1, 'x'); SAVEPOINT s; INSERT INTO shop.item VALUES (2, 'x'); INSERT INTO shop.item_plain VALUES (1); ROLLBACK TO s; INSERT INTO shop.item VALUES (3, 'x'); COMMIT;
         BEGIN; INSERT INTO shop.item VALUES (4, 'x'); INSERT INTO shop.item_plain VALUES (2); ROLLBACK;
         INSERT INTO shop.item VALUES (5, 'x')`,
      );
      const log = (await run(server, 'SHOW BINLOG EVENTS')) as { Event_type: string; Info: string }[];
      // In row format this server logs tables without transactions ahead, and then nothing that was taken back.
      expect(log.filter(({ Info }) => /ROLLBACK/.test(Info))).toEqual([]);
      await waitUntil(() => events().length >= 5, { what: 'five rows events', ...WAIT });
      expect(events()).toHaveLength(5);
    } finally {
      await rig?.stop();
      await server.close();
      await bus.close();
    }
  });
});
