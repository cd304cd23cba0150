/**
 * Goal: rows of a source that does not log the names of columns arrive under the columns that they were written for, or the
 * pipeline stops; whatever ALTER ran since, and whoever restarts.
 * Method: select against a server of its own without row metadata; the test decodes what arrives, as extract does.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import type { Connection } from 'mysql2/promise';
import { resolveStart, SourceSession } from '@lutra/binlog';
import { createRowsDecoder, TableShapes } from '@lutra/binlog/decoder';
import { openBus, removeNamespace } from '@lutra/messaging';
import type { Bus } from '@lutra/messaging';
import { must, SyncError, systemClock } from '@lutra/model';
import type { Place, StartDefinition } from '@lutra/model';
import { connectTo, OwnServer, testServers, waitUntil } from '@lutra/testing';
import { LookAhead } from '../src/look-ahead.ts';
import { startRig } from './rig.ts';
import type { Rig } from './rig.ts';

const { nats } = testServers();
const namespace = `sch${randomBytes(4).toString('hex')}`;
const WAIT = { timeoutMs: 60_000, everyMs: 10 };
jest.setTimeout(120_000);

const SERVERS = [
  ['mariadb', '--binlog-row-metadata=NO_LOG'],
  ['mysql', '--binlog-row-metadata=MINIMAL'],
] as const;

describe.each(SERVERS)('columns of %s with %s', (program, option) => {
  let server: OwnServer;
  let connection: Connection;
  let bus: Bus;
  let schema: string;
  let rig: Rig | null = null;
  let count = 0;

  beforeAll(async () => {
    server = await OwnServer.start({ program, extra: [option] });
    connection = await connectTo(server);
    bus = await openBus({ ...nats, name: 'select-test', namespace });
  });
  beforeEach(async () => {
    schema = `s${String(++count)}`;
    await run(`CREATE DATABASE ${schema}`, `USE ${schema}`);
    await run('CREATE TABLE item (id INT PRIMARY KEY, a INT, b INT)');
  });
  afterEach(async () => {
    await rig?.stop();
    rig = null;
  });
  afterAll(async () => {
    await connection.end();
    await bus.close();
    await removeNamespace({ ...nats, name: 'select-test', namespace });
    await server.close();
  });

  const run = async (...statements: string[]): Promise<void> => {
    for (const statement of statements) await connection.query(statement);
  };
  async function start(options: { start?: StartDefinition; again?: Rig; place?: Place } = {}): Promise<Rig> {
    await rig?.stop();
    rig = await startRig({ bus, schema, parameters: {}, server, mayStop: true, ...options });
    rig.loadAll();
    return rig;
  }
  async function arrive(rows: number): Promise<Record<string, unknown>[]> {
    const { running, processes } = must(rig, 'a rig runs');
    const arrived = waitUntil(() => rowsOf(processes).length >= rows, { what: `${String(rows)} rows`, ...WAIT });
    await Promise.race([arrived, running]);
    return rowsOf(processes);
  }
  async function stopOf({ running }: Rig): Promise<SyncError> {
    return SyncError.of(
      await running.then(
        () => null,
        (error: unknown) => error,
      ),
    );
  }
  /** The place now, as a start and as a cursor. */
  async function here(): Promise<{ place: Place; start: StartDefinition }> {
    const { kind, host, port, user, password } = server;
    const session = await SourceSession.open({
      definition: { kind, host, port, user, tls: 'disabled' },
      password,
      clock: systemClock,
    });
    const place = await resolveStart(session, { kind: 'latest' });
    session.close();
    const { done } = place;
    if (done.kind === 'file') return { place, start: { kind: 'file', file: done.file, offset: done.offset } };
    return { place, start: { kind: 'gtid', gtid: done.kind === 'mysqlGtid' ? done.gtidSet : done.gtidList } };
  }

  it('follows changes while streaming', async () => {
    await start();
    await run('INSERT INTO item VALUES (1, 10, 20)');
    await arrive(1);
    await run('ALTER TABLE item MODIFY b INT AFTER id', 'INSERT INTO item (id, a, b) VALUES (2, 10, 20)');
    await arrive(2);
    await run('ALTER TABLE item RENAME COLUMN a TO c', 'INSERT INTO item (id, c, b) VALUES (3, 30, 20)');
    await arrive(3);
    await run('ALTER TABLE item DROP COLUMN b, ADD COLUMN d INT', 'INSERT INTO item (id, c, d) VALUES (4, 30, 40)');
    expect(await arrive(4)).toEqual([
      { id: 1, a: 10, b: 20 },
      { id: 2, a: 10, b: 20 },
      { id: 3, c: 30, b: 20 },
      { id: 4, c: 30, d: 40 },
    ]);
  });

  it('tells of a retl_buffer that is another table than its name says, and goes on', async () => {
    await run('CREATE DATABASE retl', 'CREATE TABLE retl.retl_buffer (id INT PRIMARY KEY, name VARCHAR(9))');
    const { warnings } = await start();
    await run("INSERT INTO retl.retl_buffer VALUES (1, 's.item')", 'INSERT INTO item VALUES (1, 10, 20)');
    expect(await arrive(1)).toEqual([{ id: 1, a: 10, b: 20 }]);
    const codes = (): readonly string[] => warnings.map((event) => ('code' in event ? event.code : event.kind));
    await waitUntil(() => codes().includes('RESYNC_BUFFER_UNKNOWN'), {
      ...WAIT,
      what: 'the warning',
      timeoutMs: 60_000,
    });
    await run('DROP DATABASE retl');
  });

  it('knows the columns of XA transactions at their commit, whether their rows were kept or are read again', async () => {
    const xid = `xa_${schema}`;
    await run(`XA START '${xid}'`, 'INSERT INTO item VALUES (1, 10, 20)', `XA END '${xid}'`, `XA PREPARE '${xid}'`);
    await start();
    await run(`XA COMMIT '${xid}'`);
    await arrive(1);
    // The map of the kept rows is the one that is known already.
    await run(`XA START '${xid}'`, 'INSERT INTO item VALUES (2, 11, 21)', `XA END '${xid}'`, `XA PREPARE '${xid}'`);
    await run(`XA COMMIT '${xid}'`, 'ALTER TABLE item RENAME COLUMN a TO c');
    await run(`XA START '${xid}'`, 'INSERT INTO item VALUES (3, 12, 22)', `XA END '${xid}'`, `XA PREPARE '${xid}'`);
    await run(`XA COMMIT '${xid}'`, 'INSERT INTO item VALUES (4, 13, 23)');
    expect(await arrive(4)).toEqual([
      { id: 1, a: 10, b: 20 },
      { id: 2, a: 11, b: 21 },
      { id: 3, c: 12, b: 22 },
      { id: 4, c: 13, b: 23 },
    ]);
  });

  it('finds a change in a log that holds more of them than it keeps', async () => {
    const { place } = await here();
    const scratch = ['CREATE TABLE scratch (i INT)', 'ALTER TABLE scratch ADD j INT', 'DROP TABLE scratch'];
    await run(...scratch, 'ALTER TABLE item ADD c INT', ...scratch, 'ALTER TABLE item DROP c');
    const { kind, host, port, user, password } = server;
    const source = { definition: { kind, host, port, user, tls: 'disabled' as const }, password, clock: systemClock };
    const { signal } = new AbortController();
    const ahead = new LookAhead(() => undefined, 2);
    const first = (table: string): Promise<unknown> =>
      ahead.firstBehind(place.done, source, { matters: ({ concerns }) => concerns(schema, table), signal });
    const added = { statement: expect.stringMatching(/^ALTER TABLE item ADD c/) as unknown };
    expect(await first('item')).toEqual(expect.objectContaining(added));
    expect(await first('scratch')).toEqual(
      expect.objectContaining({ statement: expect.stringMatching(/^CREATE/) as unknown }),
    );
    expect(await first('another')).toBeNull();
  });

  it('goes on with the old columns when it restarts in front of a change', async () => {
    const first = await start();
    await run('INSERT INTO item VALUES (1, 10, 20)');
    await arrive(1);
    const { place } = await here();
    await first.stop();
    await run('INSERT INTO item VALUES (2, 10, 20)', 'ALTER TABLE item MODIFY b INT AFTER id');
    await run('INSERT INTO item (id, a, b) VALUES (3, 10, 20)');
    await start({ again: first, place });
    expect(await arrive(2)).toEqual([
      { id: 2, a: 10, b: 20 },
      { id: 3, a: 10, b: 20 },
    ]);
  });

  it('stops between two changes that it has not seen happen, with everything before loaded', async () => {
    const first = await start();
    await run('INSERT INTO item VALUES (1, 10, 20)');
    await arrive(1);
    const { place } = await here();
    await first.stop();
    await run('INSERT INTO item VALUES (2, 10, 20)', 'ALTER TABLE item MODIFY b INT AFTER id');
    await run('INSERT INTO item (id, a, b) VALUES (3, 10, 20)', 'ALTER TABLE item RENAME COLUMN a TO c');
    const second = await start({ again: first, place });
    const stop = await stopOf(second);
    expect(stop.code).toBe('SOURCE_SCHEMA_MISMATCH');
    expect(stop.details).toMatchObject({ changedBy: 'ALTER TABLE item RENAME COLUMN a TO c' });
    expect(rowsOf(second.processes)).toEqual([{ id: 2, a: 10, b: 20 }]);
  });

  it.each([
    ['reordered', 'ALTER TABLE item MODIFY b INT AFTER id'],
    ['renamed', 'ALTER TABLE item RENAME COLUMN a TO c'],
    ['replaced', 'ALTER TABLE item DROP COLUMN a, ADD COLUMN c INT'],
    ['in a table that was made anew', 'RENAME TABLE item TO old_item, other TO item'],
  ])('stops in front of a backlog whose columns were %s later', async (_, change) => {
    const { start: from } = await here();
    await run('CREATE TABLE other (id INT PRIMARY KEY, b INT, a INT)');
    await run('INSERT INTO item VALUES (1, 10, 20)', change);
    const stop = await stopOf(await start({ start: from }));
    expect(stop.code).toBe('SOURCE_SCHEMA_MISMATCH');
    expect(stop.message).toContain(change);
    expect(stop.details).toMatchObject({
      table: `${schema}.item`,
      logged: 'integer4, integer4, integer4',
      now: expect.stringContaining('id integer4, ') as unknown,
      position: expect.stringMatching(/\.\d+:\d+$/) as unknown,
    });
    expect(rowsOf(must(rig, 'it ran').processes)).toEqual([]);
  });

  it('reads a backlog behind which nothing changed the columns', async () => {
    const { start: from } = await here();
    await run('INSERT INTO item VALUES (1, 10, 20)', 'CREATE TABLE item_2 (id INT PRIMARY KEY, item INT)');
    await run(
      "ALTER TABLE item ADD INDEX by_a (a), COMMENT = 'x, y'",
      'CREATE INDEX by_b ON item (b)',
      'ANALYZE TABLE item',
    );
    await run('CREATE TEMPORARY TABLE item (x INT)', 'ALTER TABLE item ADD y INT', 'DROP TEMPORARY TABLE item');
    await run('ALTER TABLE item_2 ADD COLUMN item_3 INT', 'INSERT INTO item_2 VALUES (1, 2, 3)');
    await start({ start: from });
    expect(await arrive(2)).toEqual([
      { id: 1, a: 10, b: 20 },
      { id: 1, item: 2, item_3: 3 },
    ]);
  });

  it('knows columns that were added instantly, are invisible, or are computed', async () => {
    await start();
    const invisible =
      server.kind === 'mysql' ? 'ALTER TABLE item ADD i INT INVISIBLE' : 'ALTER TABLE item ADD i INT INVISIBLE';
    await run('ALTER TABLE item ADD n INT AFTER id, ALGORITHM = INSTANT', invisible);
    await run('ALTER TABLE item ADD v INT AS (a + b) VIRTUAL, ADD s INT AS (a * b) STORED AFTER id');
    await run('INSERT INTO item (id, n, a, b, i) VALUES (1, 5, 2, 3, 7)');
    expect(await arrive(1)).toEqual([expect.objectContaining({ id: 1, n: 5, a: 2, b: 3, i: 7, s: 6 })]);
  });

  it('stops at a change that was not logged, and takes the new columns after a restart', async () => {
    const first = await start();
    await run('INSERT INTO item VALUES (1, 10, 20)');
    await arrive(1);
    await run('SET sql_log_bin = 0', 'ALTER TABLE item MODIFY a BIGINT', 'SET sql_log_bin = 1');
    const { place } = await here();
    await run('INSERT INTO item VALUES (2, 10, 20)');
    const stop = await stopOf(first);
    expect(stop.code).toBe('SOURCE_SCHEMA_MISMATCH');
    expect(stop.details).toMatchObject({
      logged: 'integer4, integer8, integer4',
      now: 'id integer4, a integer4, b integer4',
    });
    expect(stop.message).toContain('sql_log_bin');
    await start({ again: first, place });
    expect(await arrive(1)).toEqual([{ id: 2, a: 10n, b: 20 }]);
  });

  it('trusts nothing that it kept when the log before the start was not read', async () => {
    const first = await start();
    await run('INSERT INTO item VALUES (1, 10, 20)');
    await arrive(1);
    await first.stop();
    await run('ALTER TABLE item MODIFY b INT AFTER id');
    const { place } = await here();
    await run('INSERT INTO item (id, a, b) VALUES (2, 10, 20)');
    await start({ again: first, place });
    expect(await arrive(1)).toEqual([{ id: 2, a: 10, b: 20 }]);
  });

  it('trusts nothing that it kept when the pipeline begins anew, on a log whose numbers began anew', async () => {
    const reset = program === 'mysql' ? 'RESET BINARY LOGS AND GTIDS' : 'RESET MASTER';
    const pad = Array.from({ length: 5 }, () => 'CREATE OR REPLACE VIEW pad AS SELECT 1');
    await run(reset, ...pad);
    const first = await start();
    await run('INSERT INTO item VALUES (1, 10, 20)');
    await arrive(1);
    await first.stop();
    await run(reset, 'ALTER TABLE item MODIFY b INT AFTER id');
    await start({ again: first });
    // Behind the number under which the table was known.
    await run(...pad, ...pad);
    await run('INSERT INTO item (id, a, b) VALUES (2, 10, 20)');
    expect(await arrive(1)).toEqual([{ id: 2, a: 10, b: 20 }]);
  });
});

/** What extract makes of the processes: rows as objects, in order. */
function rowsOf(processes: Rig['processes']): Record<string, unknown>[] {
  const shapes = new TableShapes();
  return processes.flatMap(({ transactions }) => {
    const decoder = createRowsDecoder(shapes);
    return transactions.flatMap(({ events }) =>
      events.flatMap((event) => {
        if (event.type === 'tableMap') {
          decoder.tableMap(event);
          return [];
        }
        const { table, rows } = decoder.rows(event);
        return rows.map(({ after }) =>
          Object.fromEntries(table.columns.map(({ name }, index) => [name, after?.[index]])),
        );
      }),
    );
  });
}
