/**
 * Goal: select as a whole against a real source and a real NATS: it agrees on the place with load, publishes every mapped
 * row exactly once whatever breaks, keeps the window, drains, and stops at schema changes.
 * Method: the test plays the rest of the system: it writes at the source, answers in load's place, and reads the queue.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import type { Connection } from 'mysql2/promise';
import { openBus, removeNamespace } from '@lutra/messaging';
import type { Bus } from '@lutra/messaging';
import { SyncError } from '@lutra/model';
import type { PipelineParameters, WindowEvent } from '@lutra/model';
import { testServers, waitUntil } from '@lutra/testing';
import { startRig } from './rig.ts';
import type { Rig } from './rig.ts';

const servers = testServers();
const suffix = randomBytes(4).toString('hex');
const schema = `lutra_select_${suffix}`;
const account = `lutra_sel_${suffix}`;
jest.setTimeout(40_000);
const WAIT = { timeoutMs: 60_000, everyMs: 10 };

describe.each([
  ['MariaDB', servers.mariadbSource],
  ['MySQL', servers.mysql],
])('select of %s', (_, server) => {
  let bus: Bus;
  let connection: Connection;
  let rig: Rig | null = null;
  const namespace = `select_${server.kind}_${suffix}`;

  beforeAll(async () => {
    const { host, port, user, password } = server;
    connection = await createConnection({ host, port, user, password, multipleStatements: true });
    await connection.query(`CREATE DATABASE ${schema}; CREATE DATABASE ${schema}_x`);
    await connection.query(
      `CREATE TABLE ${schema}.item (id INT PRIMARY KEY AUTO_INCREMENT, data LONGBLOB); CREATE TABLE ${schema}_x.other LIKE ${schema}.item`,
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
    await connection.query(
      `DROP DATABASE IF EXISTS ${schema}; DROP DATABASE IF EXISTS ${schema}_x; DROP USER IF EXISTS '${account}'@'%'`,
    );
    await connection.end();
    await bus.close();
    await removeNamespace({ ...servers.nats, name: 'select-test', namespace });
  });

  async function start(parameters: Partial<PipelineParameters> = {}): Promise<Rig> {
    rig = await startRig({ bus, schema, parameters, server: { ...server, user: account, password: 'Secret-1' } });
    return rig;
  }
  const insert = (count: number, bytes = 10): Promise<unknown> =>
    connection.query(
      `BEGIN; ${`INSERT INTO ${schema}.item (data) VALUES (REPEAT('x', ${String(bytes)}));`.repeat(count)} COMMIT`,
    );

  it('publishes mapped rows in order and moves the place over the rest', async () => {
    const { processes, windows, loadAll, events } = await start({ cursorMaxAgeMs: 300 });
    loadAll();
    for (let turn = 0; turn < 10; turn++) {
      await insert(2);
      await connection.query(`INSERT INTO ${schema}_x.other (data) VALUES ('not wanted')`);
    }
    await waitUntil(() => events().length === 20, { what: '20 rows events', ...WAIT });
    await connection.query(`INSERT INTO ${schema}_x.other (data) VALUES ('the last one')`);
    await waitUntil(() => processes.some(({ header }) => header.rowCount === 0), { what: 'an empty process', ...WAIT });
    expect(processes.map(({ header }) => header.process)).toEqual(processes.map((_, index) => index + 1));
    expect(new Set(events().map((event) => event.split('/')[0])).size).toBe(10);
    const commitMs = processes.find(({ header }) => header.rowCount > 0)?.header.firstCommitMs ?? 0;
    expect(Math.abs(commitMs - Date.now())).toBeLessThan(60_000);
    // Other tests may write at this server meanwhile: it is not idle then, but nothing of this pipeline is open or late.
    const isCaughtUp = ({ state, lagMs, open }: WindowEvent): boolean =>
      ['idle', 'streaming'].includes(state) && lagMs === 0 && open.length === 0;
    await waitUntil(() => windows.slice(-1).some(isCaughtUp), { what: 'a window that has caught up', ...WAIT });
  });

  it('keeps the window and goes on when processes are loaded', async () => {
    const { processes, windows, load, loadAll, events } = await start({ parallelism: 2, maxBytes: 100_000 });
    for (let turn = 0; turn < 8; turn++) await insert(1, 90_000);
    await waitUntil(() => windows.at(-1)?.open.length === 2, { what: 'a full window', ...WAIT });
    expect(processes).toHaveLength(2);
    await load(1);
    await waitUntil(() => processes.length === 3, { what: 'the third process', ...WAIT });
    loadAll();
    await waitUntil(() => events().length === 8, { what: 'all rows', ...WAIT });
  });

  it('cuts a large transaction into slices and joins a value of 20 MiB', async () => {
    const { processes, loadAll, events } = await start({ maxBytes: 50_000 });
    loadAll();
    await insert(20, 10_000);
    await insert(1, 20 * 1024 * 1024);
    await waitUntil(() => events().length === 21, { what: 'all rows', ...WAIT });
    const slices = processes.filter(({ transactions }) => transactions.some(({ isLast }) => !isLast));
    expect(slices.length).toBeGreaterThan(2);
    for (const { header } of slices) expect(header.end.inside?.event).toBeGreaterThan(0);
    expect(events()).toEqual(events().map((event, index) => event.replace(/\d+$/, String(index === 20 ? 0 : index))));
    expect(processes.at(-1)?.header.sourceBytes).toBeGreaterThan(20 * 1024 * 1024);
  });

  it('reads on after its dump was killed: no hole, nothing twice', async () => {
    const { processes, load, loadAll, events } = await start({ parallelism: 2, maxBytes: 20_000 });
    await insert(12, 5_000);
    await waitUntil(() => processes.length === 2, { what: 'two slices', ...WAIT });
    await killDumps();
    await insert(3, 5_000);
    await load(1);
    await waitUntil(() => processes.length >= 3, { what: 'a slice behind the break', ...WAIT });
    loadAll();
    await killDumps();
    await insert(3, 5_000);
    await waitUntil(() => events().length >= 18, { what: 'all rows', ...WAIT });
    expect(new Set(events()).size).toBe(18);
    expect(events()).toHaveLength(18);
    expect(processes.map(({ header }) => header.process)).toEqual(processes.map((_, index) => index + 1));
    const seqs = processes.flatMap(({ transactions }) => transactions.map(({ seq }) => seq));
    expect(seqs).toEqual([...seqs].sort((one, other) => one - other));
  });

  it('reads compressed transactions, and on inside one after its dump was killed', async () => {
    if (server.kind !== 'mysql') return;
    await connection.query('SET SESSION binlog_transaction_compression = ON');
    const { processes, load, loadAll, events } = await start({ parallelism: 2, maxBytes: 20_000 });
    await insert(12, 5_000);
    await waitUntil(() => processes.length === 2, { what: 'two slices', ...WAIT });
    expect(processes[0]?.header.end.inside?.event).toBeGreaterThan(0);
    await killDumps();
    await insert(3, 5_000);
    await load(1);
    await waitUntil(() => processes.length >= 3, { what: 'a slice behind the break', ...WAIT });
    loadAll();
    await insert(1, 20 * 1024 * 1024);
    await connection.query('SET SESSION binlog_transaction_compression = OFF');
    await insert(1);
    await waitUntil(() => events().length >= 17, { what: 'all rows', ...WAIT });
    expect(new Set(events()).size).toBe(17);
    expect(events()).toHaveLength(17);
  });

  it('reads no more when it shall drain, and says when the window is empty', async () => {
    const { processes, windows, loadAll, drain, events } = await start({ parallelism: 5 });
    await insert(3);
    await waitUntil(() => events().length === 3, { what: 'the rows', ...WAIT });
    drain();
    await insert(3);
    expect(windows.every(({ state }) => state !== 'drained')).toBe(true);
    loadAll();
    await waitUntil(() => windows.at(-1)?.state === 'drained', { what: 'the state drained', ...WAIT });
    expect(processes.at(-1)?.header.transactionCount).toBeLessThanOrEqual(1);
    expect(events()).toHaveLength(3);
  });

  it('stops before a TRUNCATE when everything before it is loaded, and warns of other schema changes', async () => {
    const { running, loadAll, events, warnings, processes } = await start();
    await connection.query(`ALTER TABLE ${schema}.item ADD COLUMN extra INT`);
    await insert(2);
    await connection.query(`TRUNCATE TABLE ${schema}.item`);
    await waitUntil(() => events().length === 2, { what: 'the rows', ...WAIT });
    let isOver = false;
    const failure = running.then(
      () => null,
      (error: unknown) => {
        isOver = true;
        return SyncError.of(error);
      },
    );
    expect(isOver).toBe(false);
    loadAll();
    expect((await failure)?.code).toBe('SOURCE_DDL_STOPPED');
    expect((await failure)?.message).toContain(`${schema}.item`);
    await waitUntil(() => warnings.length === 1, { what: 'a warning', ...WAIT });
    expect(warnings[0]).toMatchObject({ code: 'SOURCE_DDL_SEEN' });
    expect(processes.at(-1)?.header.end.inside).toBeNull();
  });

  it('takes rows of CREATE TABLE … SELECT as one transaction', async () => {
    const { loadAll, processes, windows } = await start({ cursorMaxAgeMs: 200 });
    loadAll();
    await connection.query(
      `INSERT INTO ${schema}_x.other (data) VALUES ('a'), ('b'); CREATE TABLE ${schema}.item_2 AS SELECT * FROM ${schema}_x.other`,
    );
    await insert(1);
    await waitUntil(() => processes.some(({ transactions }) => transactions.length > 0), {
      what: 'the row behind it',
      ...WAIT,
    });
    expect(windows.every(({ state }) => state !== 'failed')).toBe(true);
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
