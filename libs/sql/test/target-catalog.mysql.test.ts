/**
 * Goal: what is known of a target's tables is complete, cheap for many, and is noticed when it is no longer true, also by a
 * transaction that has written the table already.
 */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { must, SyncError, systemClock } from '@lutra/model';
import type { ColumnSelection, MappingDefinition } from '@lutra/model';
import { foreignKeyTable, inspectTarget, openTarget, TargetCatalog, tablesOfSchemas } from '@lutra/sql';
import type { TargetSession, TargetTable } from '@lutra/sql';
import { waitUntil } from '@lutra/testing';
import { ForeignKeyWatch } from '../src/foreign-key-watch.ts';
import { showProcesses } from '../src/show-processes.ts';
import { dataSource, TARGETS, TargetFixture } from './target-fixture.ts';

describe.each(TARGETS)('the catalog of %s', (_name, server) => {
  let target: TargetFixture;
  let other: TargetSession;

  beforeAll(async () => {
    target = await TargetFixture.open(server);
    other = await target.connect();
  });
  afterAll(() => target.close());

  const name = (table: string) => ({ schema: target.schema, table });
  const run = async (...statements: readonly string[]): Promise<void> => {
    for (const statement of statements) await other.query(statement.replaceAll('@', `${target.schema}.`));
  };
  const isWaiting = async ({ info }: TargetSession, state: string): Promise<boolean> =>
    (await showProcesses(target.session)).some((one) => one.id === info.sessionId && one.state.startsWith(state));
  const described = async (table: string): Promise<TargetTable> =>
    must(await target.session.describeTable(name(table)), 'the table was created');

  it('tells columns, keys, triggers, engine and rows', async () => {
    await run(
      'CREATE TABLE @parent (id int PRIMARY KEY, code varchar(9) NOT NULL, UNIQUE KEY by_code (code))',
      `CREATE TABLE @child (
        id int NOT NULL AUTO_INCREMENT, parent_id int, parent_code varchar(9), needed int NOT NULL, filled int NOT NULL DEFAULT 3,
        first_of enum('a','b') NOT NULL, sum int AS (needed + filled) STORED, PRIMARY KEY (id), UNIQUE KEY half (parent_code(3)),
        CONSTRAINT by_id FOREIGN KEY (parent_id) REFERENCES @parent (id) ON DELETE CASCADE ON UPDATE SET NULL,
        CONSTRAINT by_code FOREIGN KEY (parent_code) REFERENCES @parent (code))`,
      'CREATE TRIGGER @stamp BEFORE INSERT ON @child FOR EACH ROW SET NEW.filled = 4',
    );
    const child = await described('child');
    expect([...child.columns.values()].filter(({ needsValue }) => needsValue).map((column) => column.name)).toEqual([
      'needed',
    ]);
    expect(child.columns.get('sum')?.generated).toBe(true);
    expect(child.uniqueKeys.map((key) => [key.name, key.isExact])).toEqual(
      expect.arrayContaining([
        ['PRIMARY', true],
        ['half', false],
      ]),
    );
    expect(child.triggers).toEqual([{ name: 'stamp', timing: 'BEFORE', event: 'INSERT' }]);
    expect([child.engine, child.rowEstimate]).toEqual(['InnoDB', 0]);
  });

  it('reads hundreds of tables in a few round trips, each as if it were read alone', async () => {
    const tables = Array.from({ length: 60 }, (_, index) => `many_${String(index)}`);
    for (const table of tables)
      await run(`CREATE TABLE @${table} (id int PRIMARY KEY, c varchar(9), UNIQUE KEY by_c (c))`);
    const names = (await tablesOfSchemas(target.session, [target.schema])).filter(({ table }) =>
      table.startsWith('many_'),
    );
    expect(names).toHaveLength(tables.length);
    let packets = 0;
    const counted = Object.assign(Object.create(target.session) as typeof target.session, {
      connection: new Proxy(Reflect.get(target.session, 'connection') as object, {
        get: (connection, key) => {
          const value: unknown = Reflect.get(connection, key);
          if (typeof value !== 'function') return value;
          if (key === 'query') packets += 1;
          return value.bind(connection) as unknown;
        },
      }),
    });
    const catalog = new TargetCatalog();
    await catalog.learn(counted, names);
    expect(packets).toBeLessThan(10);
    const before = packets;
    expect(catalog.known(name('many_7'))).toEqual(await described('many_7'));
    await catalog.describe(counted, name('many_8'));
    expect(packets).toBe(before);
  });

  it('knows that rows whose periods must not overlap clash without an equal value', async () => {
    if (target.session.info.kind === 'mysql') return;
    await run(
      `CREATE TABLE @booked (room int, s date, e date, note int, other int, UNIQUE KEY once (note), PERIOD FOR p (s, e),
        PRIMARY KEY (room, p WITHOUT OVERLAPS), UNIQUE KEY \`too\` (other, p WITHOUT OVERLAPS))`,
    );
    const { uniqueKeys } = await described('booked');
    expect(Object.fromEntries(uniqueKeys.map((key) => [key.name, key.isExact]))).toEqual({
      PRIMARY: false,
      once: true,
      too: false,
    });
  });

  it('tells at the start of a column that no listed one fills, unless a trigger may', async () => {
    const mapping = (...targets: readonly string[]): MappingDefinition => ({
      id: 'm',
      source: { schema: 's', table: { exact: 'listed' } },
      target: { schema: target.schema },
      columns: { mode: 'list', columns: targets.map((column) => ({ source: column, target: column })) },
    });
    await run(
      'CREATE TABLE @listed (Id int PRIMARY KEY, n int NOT NULL, d int NOT NULL DEFAULT 1, g int AS (n) STORED, o int)',
    );
    await inspectTarget(target.session, [mapping('id', 'N')]);
    await expect(inspectTarget(target.session, [mapping('id', 'o')])).rejects.toMatchObject({
      code: 'TARGET_COLUMN_UNFILLED',
      details: { column: 'n', statement: expect.stringContaining('MODIFY COLUMN') as unknown },
    });
    // Several tables may become one, and each has to fill it; schemas of an expression are found where they are.
    await expect(inspectTarget(target.session, [mapping('id', 'n'), mapping('id', 'o')])).rejects.toMatchObject({
      code: 'TARGET_COLUMN_UNFILLED',
    });
    const patterned = { ...mapping('id', 'o'), source: { schema: { regex: '.*' }, table: { exact: 'listed' } } };
    await expect(inspectTarget(target.session, [{ ...patterned, target: { schema: '$s0' } }])).rejects.toMatchObject({
      code: 'TARGET_COLUMN_UNFILLED',
    });
    await run('CREATE TRIGGER @fill BEFORE INSERT ON @listed FOR EACH ROW SET NEW.n = 1');
    expect((await inspectTarget(target.session, [mapping('id', 'o')])).kind).toBe(target.session.info.kind);
  });

  it.each<[string, ColumnSelection, string | null]>([
    ['leaves out', { mode: 'except', names: ['N'], renames: [] }, 'n'],
    ['gives another name', { mode: 'except', names: [], renames: [{ source: 'N', target: 'm' }] }, 'n'],
    ['replaces', { mode: 'except', names: ['N'], renames: [{ source: 'o', target: 'N' }] }, null],
    ['does not name', { mode: 'except', names: ['o'], renames: [] }, null],
  ])('tells at the start of a column that an exception %s', async (_what, columns, unfilled) => {
    const mapping: MappingDefinition = {
      ...{ id: 'm', source: { schema: 's', table: { exact: 'excepted' } }, target: { schema: target.schema } },
      columns,
    };
    await run('CREATE TABLE IF NOT EXISTS @excepted (id int PRIMARY KEY, n int NOT NULL, o int, m int)');
    const inspected = inspectTarget(target.session, [mapping]);
    if (unfilled === null) expect((await inspected).kind).toBe(target.session.info.kind);
    else
      await expect(inspected).rejects.toMatchObject({ code: 'TARGET_COLUMN_UNFILLED', details: { column: unfilled } });
  });

  it('counts system-versioned tables as tables', async () => {
    if (target.session.info.kind === 'mysql') return;
    await run('CREATE TABLE @versioned (id int PRIMARY KEY) WITH SYSTEM VERSIONING');
    expect(await tablesOfSchemas(target.session, [target.schema])).toContainEqual(name('versioned'));
  });

  it('gives null for a table or schema that is not there, alone and among others', async () => {
    await run('CREATE TABLE @here (id int PRIMARY KEY)');
    const absent = { schema: `${target.schema}_no`, table: 't' };
    expect(await target.session.describeTable(absent)).toBeNull();
    expect(await target.session.describeTable(name('gone'))).toBeNull();
    const [gone, here, nowhere] = await target.session.describeTables([name('gone'), name('here'), absent]);
    expect([gone, here?.table, nowhere]).toEqual([null, 'here', null]);
    expect(await target.session.tableStatements([name('gone'), name('here')])).toEqual([null, here?.statement]);
  });

  it('is told of tables in the packet that writes them, and asks again after the next one', async () => {
    await run('CREATE TABLE @told (id int PRIMARY KEY)');
    const { session } = target;
    const asked = async (): Promise<number> => {
      const [row] = await session.query("SHOW SESSION STATUS LIKE 'Com_show_create_table'");
      return Number(row?.['Value']);
    };
    const before = await asked();
    const insert = { sql: `INSERT INTO ${target.schema}.told VALUES (1)` };
    expect(await session.execute([insert], undefined, [name('told')])).toEqual([1]);
    const [told] = await session.tableStatements([name('told')]);
    expect(await asked()).toBe(before + 1);
    await session.commit();
    await run('ALTER TABLE @told ADD COLUMN n int');
    const [altered] = await session.tableStatements([name('told')]);
    expect([told?.includes('`n`'), altered?.includes('`n`')]).toEqual([false, true]);
    await session.rollback();
  });

  it.each([
    ['a column appears', 'ADD COLUMN d int'],
    ['a column disappears', 'DROP COLUMN c'],
    ['a column is renamed', 'CHANGE COLUMN c e varchar(9)'],
    ['a column takes another type', 'MODIFY COLUMN c varchar(19)'],
    ['a column takes another collation', 'MODIFY COLUMN c varchar(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin'],
    ['an index appears', 'ADD UNIQUE KEY by_c (c)'],
    ['the primary key changes', 'DROP PRIMARY KEY, ADD PRIMARY KEY (id, n)'],
    ['a default goes', 'ALTER COLUMN n DROP DEFAULT'],
  ])('notices that %s', async (_sentence, change) => {
    await run(
      'DROP TABLE IF EXISTS @t',
      'CREATE TABLE @t (id int, n int NOT NULL DEFAULT 0, c varchar(9), PRIMARY KEY (id))',
    );
    const catalog = new TargetCatalog();
    const known = must(await catalog.describe(target.session, name('t')), 'the table was created');
    await run('INSERT INTO @t (id) VALUES (1)', 'COMMIT');
    expect(await catalog.confirm(target.session, [known])).toEqual([]);
    const { version } = catalog;
    await run(`ALTER TABLE @t ${change}`);
    expect(await catalog.confirm(target.session, [known])).toEqual([known]);
    expect(catalog.version).toBeGreaterThan(version);
    const anew = await catalog.describe(target.session, name('t'));
    expect(anew).not.toEqual(known);
    expect(await catalog.confirm(target.session, [must(anew, 'it is there')])).toEqual([]);
  });

  it('notices that a table was dropped, and another one made under its name', async () => {
    await run('DROP TABLE IF EXISTS @t', 'CREATE TABLE @t (id int PRIMARY KEY)');
    const catalog = new TargetCatalog();
    const known = must(await catalog.describe(target.session, name('t')), 'the table was created');
    await run('DROP TABLE @t');
    expect(await catalog.confirm(target.session, [known])).toEqual([known]);
    expect(await catalog.describe(target.session, name('t'))).toBeNull();
    await run('CREATE TABLE @t (id bigint PRIMARY KEY)');
    expect((await catalog.describe(target.session, name('t')))?.columns.get('id')?.dataType).toBe('bigint');
  });

  it('holds what it has said inside a transaction that has written the table', async () => {
    await run('DROP TABLE IF EXISTS @t', 'CREATE TABLE @t (id int PRIMARY KEY)');
    const catalog = new TargetCatalog();
    const known = must(await catalog.describe(target.session, name('t')), 'the table was created');
    await target.session.execute([{ sql: `INSERT INTO ${target.schema}.t VALUES (1)` }]);
    expect(await catalog.confirm(target.session, [known])).toEqual([]);
    let isAltered = false;
    const altering = run('ALTER TABLE @t ADD COLUMN c int').then(() => {
      isAltered = true;
    });
    // The other session's statement waits for the metadata lock; it is in the process list by then.
    await waitUntil(() => isWaiting(other, 'Waiting for table metadata lock'), {
      what: 'the ALTER to wait',
      timeoutMs: 60_000,
      everyMs: 20,
    });
    expect([await catalog.confirm(target.session, [known]), isAltered]).toEqual([[], false]);
    await target.session.commit();
    await altering;
    expect(await catalog.confirm(target.session, [known])).toEqual([known]);
  });

  it('knows the tables that foreign keys tie, also those that were not altered themselves', async () => {
    await run(
      'CREATE TABLE @mother (id int PRIMARY KEY)',
      'CREATE TABLE @daughter (id int PRIMARY KEY, mother_id int)',
    );
    const catalog = new TargetCatalog();
    await catalog.learn(target.session, [name('mother'), name('daughter')]);
    const daughter = must(catalog.known(name('daughter')), 'it was learned');
    const mother = must(catalog.known(name('mother')), 'it was learned');
    expect([daughter.foreignKeys, mother.foreignKeys]).toEqual([undefined, undefined]);
    await run(
      'ALTER TABLE @daughter ADD CONSTRAINT born FOREIGN KEY (mother_id) REFERENCES @mother (id) ON DELETE CASCADE',
    );
    expect(await catalog.confirm(target.session, [daughter])).toEqual([daughter]);
    const tied = await catalog.describe(target.session, name('daughter'));
    expect(tied?.foreignKeys?.trust).toMatchObject({ isChecked: true, isSelfReferencing: false });
    expect(catalog.known(name('mother'))?.foreignKeys?.trust?.group).toBe(tied?.foreignKeys?.trust?.group);
    await run('ALTER TABLE @daughter DROP FOREIGN KEY born');
    await catalog.confirm(target.session, [must(tied, 'it is there')]);
    await catalog.describe(target.session, name('daughter'));
    expect(catalog.known(name('mother'))?.foreignKeys).toBeUndefined();
  });

  it.each([
    ['an account that sees everything', 'GRANT ALL ON *.*', 0],
    ['an account without PROCESS', 'GRANT ALL ON @.*', 60_000],
    ['an account without PROCESS, at once when it altered the child itself,', 'GRANT ALL ON @.*', null],
  ])(
    'tells %s of a foreign key that only its child declares, before the parent’s change is committed',
    async (_who, grant, lateMs) => {
      await run(
        'DROP TABLE IF EXISTS @late, @early, @apart',
        'CREATE TABLE @early (id int PRIMARY KEY, n int, INDEX by_n (n))',
        'CREATE TABLE @late (id int PRIMARY KEY, p int, INDEX by_p (p))',
        'CREATE TABLE @apart (id int PRIMARY KEY)',
        'INSERT INTO @early VALUES (1, 1), (2, 2)',
        'COMMIT',
      );
      const user = `u${randomBytes(5).toString('hex')}`;
      const account = `'${user}'@'127.0.0.1'`;
      await other.query(`CREATE USER ${account} IDENTIFIED BY 'plain'`);
      await other.query(`${grant.replace('@', target.schema)} TO ${account}`);
      const session = await openTarget(dataSource(target.server, { user }), 'plain', { clock: systemClock });
      try {
        let nowMs = 0;
        const catalog = new TargetCatalog({ ...systemClock, monotonicMs: () => ++nowMs });
        await catalog.learn(session, [name('early'), name('apart')]);
        await session.rollback();
        const early = must(catalog.known(name('early')), 'it was learned');
        const apart = must(catalog.known(name('apart')), 'it was learned');
        expect([...early.indexed].sort()).toEqual(['id', 'n']);
        await run('ALTER TABLE @late ADD CONSTRAINT tie FOREIGN KEY (p) REFERENCES @early (id) ON DELETE SET NULL');
        if (lateMs === null) catalog.altered([name('late')]);
        nowMs += lateMs ?? 0;
        await session.execute([{ sql: `DELETE FROM ${target.schema}.early WHERE id = 1` }]);
        expect(await catalog.confirm(session, [early, apart])).toEqual([]);
        expect(await catalog.confirm(session, [early, apart], [early])).toEqual([early]);
        await session.rollback();
        const tied = must(catalog.known(name('early')), 'it is known');
        expect([tied.foreignKeys?.trust?.isChecked, catalog.known(name('apart'))]).toEqual([true, apart]);
        expect(await catalog.confirm(session, [tied], [tied])).toEqual([]);
        await run('ALTER TABLE @late DROP FOREIGN KEY tie');
        if (lateMs === null) catalog.altered([name('late')]);
        nowMs += lateMs ?? 0;
        expect(await catalog.confirm(session, [tied], [tied])).toEqual([tied]);
        expect(catalog.known(name('early'))?.foreignKeys).toBeUndefined();
      } finally {
        await session.close();
        await other.query(`DROP USER ${account}`);
      }
    },
  );

  it('lets an account without PROCESS wait no longer than ten times what it takes to read all foreign keys', async () => {
    const session = Object.assign(Object.create(target.session) as typeof target.session, {
      query: (sql: string) => {
        if (/INNODB_SYS_FOREIGN/.test(sql)) throw new SyncError('TARGET_GRANT_MISSING', { problem: 'PROCESS' });
        return target.session.query(sql);
      },
    });
    if (session.info.kind === 'mysql') return;
    await run('DROP TABLE IF EXISTS @late, @early', 'CREATE TABLE @early (id int PRIMARY KEY)');
    let nowMs = 0;
    const watch = new ForeignKeyWatch({ ...systemClock, monotonicMs: () => (nowMs += 5) });
    await watch.read(session);
    await run('CREATE TABLE @late (id int PRIMARY KEY REFERENCES @early (id))');
    expect(await watch.refresh(session, [name('early')])).toBeNull();
    nowMs += 50;
    const edges = await watch.refresh(session, [name('early')]);
    expect(edges?.some(({ parent }) => parent === foreignKeyTable(name('early')))).toBe(true);
  });
});
