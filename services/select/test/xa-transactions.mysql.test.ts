/**
 * Goal: select applies the rows of XA transactions with their commit, and drops what a transaction took back, as real servers
 * log them.
 * Method: as in run-epoch.mysql.test.ts; the rows that arrive are told apart by transaction and event number.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import type { Connection } from 'mysql2/promise';
import { openBus, removeNamespace } from '@lutra/messaging';
import type { Bus } from '@lutra/messaging';
import { must } from '@lutra/model';
import type { PipelineParameters, Place } from '@lutra/model';
import { testServers, waitUntil } from '@lutra/testing';
import { startRig } from './rig.ts';
import type { Rig } from './rig.ts';

const servers = testServers();
const suffix = randomBytes(4).toString('hex');
const schema = `lutra_xa_${suffix}`;
const account = `lutra_xa_${suffix}`;
jest.setTimeout(60_000);
const WAIT = { timeoutMs: 60_000, everyMs: 10 };

describe.each([
  ['MariaDB', servers.mariadbSource],
  ['MySQL', servers.mysql],
])('select of %s', (_, server) => {
  let bus: Bus;
  let connection: Connection;
  /** MariaDB: the session that prepared is the one that decides, while it lives. */
  let other: Connection;
  let rig: Rig | null = null;
  const namespace = `xa_${server.kind}_${suffix}`;

  beforeAll(async () => {
    const { host, port, user, password } = server;
    [connection, other] = [
      await createConnection({ host, port, user, password, multipleStatements: true }),
      await createConnection({ host, port, user, password, multipleStatements: true }),
    ];
    await connection.query(`CREATE DATABASE ${schema}`);
    await connection.query(
      `CREATE TABLE ${schema}.item (id INT PRIMARY KEY AUTO_INCREMENT, data LONGBLOB); CREATE TABLE ${schema}.other LIKE ${schema}.item`,
    );
    await connection.query(
      `CREATE USER '${account}'@'%' IDENTIFIED BY 'Secret-1'; GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO '${account}'@'%'`,
    );
    bus = await openBus({ ...servers.nats, name: 'select-test', namespace });
  });
  afterEach(async () => {
    await rig?.stop();
    rig = null;
  });
  afterAll(async () => {
    await other.end();
    await connection.query(`DROP DATABASE IF EXISTS ${schema}; DROP USER IF EXISTS '${account}'@'%'`);
    await connection.end();
    await bus.close();
    await removeNamespace({ ...servers.nats, name: 'select-test', namespace });
  });

  async function start(parameters: Partial<PipelineParameters> = {}, place?: Place): Promise<Rig> {
    rig = await startRig({
      bus,
      schema,
      parameters: { cursorMaxAgeMs: 100, ...parameters },
      server: { ...server, user: account, password: 'Secret-1' },
      ...(place === undefined ? {} : { place }),
    });
    return rig;
  }
  const insert = (count = 1, bytes = 10): string =>
    `INSERT INTO ${schema}.item (data) VALUES (REPEAT('x', ${String(bytes)}));`.repeat(count);
  const prepare = (on: Connection, xid: string, statements: string): Promise<unknown> =>
    on.query(`XA START '${xid}'; ${statements} XA END '${xid}'; XA PREPARE '${xid}'`);
  const counts = (events: readonly string[]): number[] => {
    const perTransaction = new Map<string, number>();
    for (const event of events) {
      const gtid = must(event.split('/')[0], 'a name');
      perTransaction.set(gtid, (perTransaction.get(gtid) ?? 0) + 1);
    }
    return [...perTransaction.values()];
  };
  const arrived = (events: () => string[], count: number): Promise<unknown> =>
    waitUntil(() => events().length >= count, { what: `${String(count)} rows events`, ...WAIT });

  it('applies rows with their commit, in the order of commits, and none of a rollback', async () => {
    const { loadAll, events } = await start();
    loadAll();
    await prepare(connection, 'now', insert(1));
    await connection.query(`XA COMMIT 'now'`);
    await prepare(connection, 'later', insert(2));
    await prepare(other, 'last', insert(3));
    await other.query(`XA COMMIT 'last'`);
    const [third] = await other.query(`BEGIN; ${insert(4)} COMMIT`);
    expect(third).toHaveLength(6);
    await connection.query(`XA COMMIT 'later'`);
    await prepare(connection, 'never', insert(5));
    await connection.query(`XA ROLLBACK 'never'`);
    await connection.query(`XA START 'one'; ${insert(6)} XA END 'one'; XA COMMIT 'one' ONE PHASE`);
    await connection.query(insert(1));
    await arrived(events, 17);
    expect(counts(events())).toEqual([1, 3, 4, 2, 6, 1]);
  });

  it('finds rows that were prepared before it began', async () => {
    await prepare(
      connection,
      'before',
      `${insert(2)} INSERT INTO ${schema}.other (data) VALUES ('not wanted'); ${insert(1)}`,
    );
    const { processes, loadAll, events, windows } = await start();
    loadAll();
    await other.query(insert(1));
    await arrived(events, 1);
    const place = must(processes.at(-1)?.header.end, 'a process has arrived');
    await connection.query(`XA COMMIT 'before'`);
    await arrived(events, 4);
    expect(events().map((event) => event.split('/')[1])).toEqual(['0', '0', '1', '3']);
    expect(windows.every(({ state }) => state !== 'failed')).toBe(true);
    await rig?.stop();
    const again = await start({}, place);
    again.loadAll();
    await arrived(again.events, 3);
    expect(again.events()).toEqual(events().slice(1));
  });

  // MariaDB compresses for all sessions only; its events stay where they are, each compressed by itself.
  it.each(server.kind === 'mysql' ? ['OFF', 'ON'] : ['OFF'])(
    'cuts a large one into slices, and goes on inside it after a break (compression %s)',
    async (compression) => {
      if (compression === 'ON') await connection.query('SET SESSION binlog_transaction_compression = ON');
      const { processes, load, loadAll, events } = await start({
        parallelism: 2,
        maxBytes: 500_000,
        cursorMaxAgeMs: 5_000,
      });
      await prepare(connection, 'large', insert(30, 100_000));
      await connection.query(`XA COMMIT 'large'; ${insert(1)}`);
      await waitUntil(() => processes.filter(({ header }) => header.rowCount > 0).length >= 2, {
        what: 'two slices',
        ...WAIT,
      });
      await killDumps();
      await load(processes.length);
      await waitUntil(() => processes.filter(({ header }) => header.rowCount > 0).length >= 3, {
        what: 'a slice behind the break',
        ...WAIT,
      });
      const inside = must(processes.at(-1)?.header.end, 'a process has arrived');
      expect(inside.inside?.event).toBeGreaterThan(0);
      const before = events().length;
      loadAll();
      await arrived(events, 31);
      expect(events().map((event) => event.split('/')[1])).toEqual([
        ...Array.from({ length: 30 }, (_, index) => String(index)),
        '0',
      ]);
      expect(counts(events())).toEqual([30, 1]);
      await rig?.stop();
      // Another epoch, which remembers nothing, from inside it.
      const again = await start({}, inside);
      again.loadAll();
      await arrived(again.events, 31 - before);
      expect(again.events()).toEqual(events().slice(before));
      if (compression === 'ON') await connection.query('SET SESSION binlog_transaction_compression = OFF');
    },
  );

  it('drops rows that their transaction took back', async () => {
    const { loadAll, events } = await start();
    loadAll();
    // MariaDB logs the whole transaction with ROLLBACK TO and ROLLBACK, because it made a table that stays; MySQL does not.
    const taken = (end: string): Promise<unknown> =>
      connection.query(
        `BEGIN; ${insert(1)} SAVEPOINT \`a b\`; ${insert(2)} CREATE TEMPORARY TABLE ${schema}.scratch (i INT); SAVEPOINT c; ${insert(1)} ROLLBACK TO \`a b\`; ${insert(1)} ${end}; DROP TEMPORARY TABLE ${schema}.scratch`,
      );
    await taken('COMMIT');
    await taken('ROLLBACK');
    await connection.query(insert(1));
    await arrived(events, 3);
    expect(counts(events())).toEqual([2, 1]);
    expect(events().map((event) => event.split('/')[1])).toEqual(['0', server.kind === 'mariadb' ? '4' : '1', '0']);
  });

  /** Only the dumps of this test: they are the only ones of its user. */
  async function killDumps(): Promise<void> {
    const [threads] = await connection.query('SHOW PROCESSLIST');
    const ours = (threads as { Id: number; User: string; Command: string }[]).filter(
      ({ User, Command }) => User === account && Command.startsWith('Binlog Dump'),
    );
    for (const { Id } of ours) await connection.query(`KILL ${String(Id)}`);
  }
});
