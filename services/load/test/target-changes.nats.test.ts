/**
 * Goal: a target whose tables change in mid-stream gets every row exactly, or the pipeline stops and says what repairs it:
 * nothing is lost, bent, or counted as the row's fault.
 */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ColumnDefinition, RowChange, TableDefinition, WarningEvent } from '@lutra/model';
import { LoadFixture } from './load-fixture.ts';
import type { RunningEpoch } from './load-fixture.ts';

const place = { table: 0, event: 0, row: 0, part: 0, flags: 0 };
const integer = (name: string, nullable = true): ColumnDefinition => ({
  name,
  kind: 'integer',
  declared: 'int',
  bytes: 4,
  nullable,
});
const insert = (...after: readonly (number | string | null)[]): RowChange => ({ ...place, kind: 'insert', after });
const update = (before: readonly (number | string)[], after: readonly (number | string)[]): RowChange => ({
  ...place,
  kind: 'update',
  before,
  after,
});
const remove = (...before: readonly (number | string | null)[]): RowChange => ({ ...place, kind: 'delete', before });
const text = (name: string): ColumnDefinition => ({
  name,
  kind: 'text',
  declared: 'varchar(20)',
  charset: 'utf8mb4',
  nullable: true,
});

describe.each([
  ['MariaDB', 'mariadbTarget'],
  ['MySQL', 'mysql'],
] as const)('a table that changes in mid-stream on %s', (_name, server) => {
  let load: LoadFixture;
  let epoch: RunningEpoch;
  let process = 0;

  beforeEach(async () => {
    load = await LoadFixture.open(server);
    process = 0;
    await load.run(`CREATE TABLE ${load.schema}.t (id int PRIMARY KEY, n int, c varchar(20), INDEX by_n (n))`);
  });
  afterEach(() => load.close());

  const start = async (parameters: Parameters<LoadFixture['startEpoch']>[1] = {}): Promise<void> => {
    epoch = load.startEpoch(1, parameters);
    await load.giveOrigin(1);
  };
  const shape = (columns: readonly ColumnDefinition[]): TableDefinition => ({
    schema: load.schema,
    table: 't',
    columns,
    primaryKey: [0],
  });
  const SOURCE = [integer('id', false), integer('n'), text('c')];
  const send = async (rows: readonly RowChange[], columns = SOURCE): Promise<void> => {
    process += 1;
    await load.publish({
      epoch: 1,
      process,
      tables: [shape(columns)],
      transactions: [{ number: process, changes: rows }],
    });
  };
  const loaded = async (): Promise<void> => {
    await load.waitForLoaded(1, process);
  };
  const alter = (change: string): Promise<void> => load.run(`ALTER TABLE ${load.schema}.t ${change}`);
  const rows = async (columns: string): Promise<unknown[]> =>
    (await load.rows(`SELECT ${columns} FROM ${load.schema}.t ORDER BY id`)).map((row) => Object.values(row));

  it.each<[string, string, string, readonly (readonly unknown[])[]]>([
    [
      'gains a column with a default',
      "ADD COLUMN d varchar(9) NOT NULL DEFAULT 'new'",
      'id,n,c,d',
      [
        [1, 1, 'a', 'new'],
        [2, 3, 'b', 'new'],
      ],
    ],
    [
      'gains a generated column',
      'ADD COLUMN g int AS (n + 1) STORED',
      'id,n,c,g',
      [
        [1, 1, 'a', 2],
        [2, 3, 'b', 4],
      ],
    ],
    [
      'takes a wider type',
      'MODIFY COLUMN n bigint',
      'id,n,c',
      [
        [1, 1, 'a'],
        [2, 3, 'b'],
      ],
    ],
    [
      'takes another charset',
      'MODIFY COLUMN c varchar(20) CHARACTER SET latin1',
      'id,n,c',
      [
        [1, 1, 'a'],
        [2, 3, 'b'],
      ],
    ],
    [
      'has its columns in another order',
      'MODIFY COLUMN c varchar(20) FIRST',
      'id,n,c',
      [
        [1, 1, 'a'],
        [2, 3, 'b'],
      ],
    ],
    [
      'gains a unique index',
      'ADD UNIQUE KEY once (c)',
      'id,n,c',
      [
        [1, 1, 'a'],
        [2, 3, 'b'],
      ],
    ],
    [
      'loses an index',
      'DROP INDEX by_n',
      'id,n,c',
      [
        [1, 1, 'a'],
        [2, 3, 'b'],
      ],
    ],
    [
      'has a wider key',
      'DROP PRIMARY KEY, ADD PRIMARY KEY (id, c)',
      'id,n,c',
      [
        [1, 1, 'a'],
        [2, 3, 'b'],
      ],
    ],
  ])('goes on when it %s', async (_sentence, change, columns, expected) => {
    await start();
    await send([insert(1, 1, 'a')]);
    await loaded();
    await alter(change);
    await send([insert(2, 2, 'b')]);
    await send([update([2, 2, 'b'], [2, 3, 'b'])]);
    await loaded();
    expect(await rows(columns)).toEqual(expected);
    expect(await epoch.end()).toBeNull();
  });

  it('keeps the history of a table that becomes system-versioned (MariaDB)', async () => {
    if (server === 'mysql') return;
    await start();
    await send([insert(1, 1, 'a')]);
    await loaded();
    await alter('ADD SYSTEM VERSIONING');
    await send([insert(2, 2, 'b'), insert(3, 3, 'c')]);
    await loaded();
    await send([update([2, 2, 'b'], [2, 5, 'b']), update([1, 1, 'a'], [4, 1, 'a']), remove(3, 3, 'c')]);
    await loaded();
    expect(await rows('id,n,c')).toEqual([
      [2, 5, 'b'],
      [4, 1, 'a'],
    ]);
    const history = await load.rows(`SELECT id FROM ${load.schema}.t FOR SYSTEM_TIME ALL WHERE row_end < NOW(6)`);
    expect(history.length).toBeGreaterThanOrEqual(3);
    expect(await epoch.end()).toBeNull();
  });

  it.each<[string, string, string, string]>([
    ['loses a column', 'DROP COLUMN c', 'TARGET_COLUMN_MISSING', 'ADD COLUMN'],
    ['has a column renamed', 'CHANGE COLUMN c e varchar(20)', 'TARGET_COLUMN_MISSING', 'ADD COLUMN'],
    ['gains a column that has to be filled', 'ADD COLUMN d int NOT NULL', 'TARGET_COLUMN_UNFILLED', 'MODIFY COLUMN'],
    ['would round what it is given', 'ADD COLUMN at datetime', 'TARGET_VALUE_REFUSED', 'MODIFY COLUMN'],
    ['is gone', 'RENAME TO @.elsewhere', 'TARGET_TABLE_MISSING', 'CREATE TABLE'],
  ])('stops and says what repairs it when it %s', async (_sentence, change, code, repair) => {
    const at: ColumnDefinition = { name: 'at', kind: 'datetime', declared: 'datetime(6)', length: 6, nullable: true };
    const isRounding = code === 'TARGET_VALUE_REFUSED';
    if (isRounding) await alter('ADD COLUMN at datetime(6)');
    const columns = isRounding ? [...SOURCE, at] : SOURCE;
    const more = isRounding ? ['2026-01-01 00:00:00.123456'] : [];
    await start();
    await send([insert(1, 1, 'a', ...more)], columns);
    await loaded();
    await alter((isRounding ? 'MODIFY COLUMN at datetime' : change).replace('@', load.schema));
    await send([insert(2, 2, 'b', ...more)], columns);
    const failure = await epoch.result;
    expect(failure).toMatchObject({ code, details: { statement: expect.stringContaining(repair) as unknown } });
    expect((await load.checkpoint())?.['done']).toContain(':1-1"');
  });

  it('writes on when it was dropped and made anew while nobody looked', async () => {
    await start();
    await send([insert(1, 1, 'a')]);
    await loaded();
    await load.run(
      `DROP TABLE ${load.schema}.t`,
      `CREATE TABLE ${load.schema}.t (c varchar(20), n bigint, id bigint PRIMARY KEY)`,
    );
    await send([insert(2, 2, 'b')]);
    await loaded();
    expect(await rows('id,n,c')).toEqual([[2, 2, 'b']]);
    expect(await epoch.end()).toBeNull();
  });

  it('leaves a missing column out by policy, warns once, and writes it as soon as it is there', async () => {
    await alter('DROP COLUMN c');
    await start({ missingColumn: 'ignore' });
    const leftOut = (): unknown[] =>
      load.events.flatMap((event) => (event.kind === 'loaded' ? [event.valuesLeftOut] : []));
    await send([insert(1, 1, 'a')]);
    await send([insert(2, 2, 'b'), update([1, 1, 'a'], [1, 5, 'z'])]);
    await loaded();
    expect(await rows('id,n')).toEqual([
      [1, 5],
      [2, 2],
    ]);
    const warnings = load.events.filter(
      (event): event is WarningEvent => event.kind === 'warning' && event.code === 'TARGET_COLUMN_IGNORED',
    );
    expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining('lacks c')]);
    // Two inserts, and an update that changed it.
    expect(leftOut()).toEqual([1, 2]);
    await alter('ADD COLUMN c varchar(20)');
    await send([insert(3, 3, 'c')]);
    await loaded();
    expect(leftOut()).toEqual([1, 2, undefined]);
    expect(await rows('id,c')).toEqual([
      [1, null],
      [2, null],
      [3, 'c'],
    ]);
    expect(await epoch.end()).toBeNull();
  });

  it.each<[string, 'merged' | 'transactional', string, string, RowChange, readonly unknown[]]>([
    ['deleted', 'merged', 'id', 'ON DELETE CASCADE', remove(1, 1, 'a'), []],
    ['deleted', 'transactional', 'id', 'ON DELETE CASCADE', remove(1, 1, 'a'), []],
    ['given another key', 'merged', 'id', 'ON UPDATE CASCADE', update([1, 1, 'a'], [9, 1, 'a']), [[10, 9]]],
    [
      'given another value of an index',
      'merged',
      'n',
      'ON UPDATE SET NULL',
      update([1, 1, 'a'], [1, 8, 'a']),
      [[10, null]],
    ],
  ])(
    'a row is %s (%s): a foreign key on %s that only another table has gained, %s, acts as at the source',
    async (_sentence, applyMode, column, action, change, expected) => {
      await load.run(
        `ALTER TABLE ${load.schema}.t ADD UNIQUE KEY once (n)`,
        `CREATE TABLE ${load.schema}.child (id int PRIMARY KEY, p int, INDEX by_p (p))`,
      );
      await start({ applyMode, lanes: 2 });
      await send([insert(1, 1, 'a')]);
      await loaded();
      await load.run(
        `INSERT INTO ${load.schema}.child VALUES (10, 1)`,
        'COMMIT',
        `ALTER TABLE ${load.schema}.child ADD FOREIGN KEY (p) REFERENCES ${load.schema}.t (${column}) ${action}`,
      );
      // As MySQL before 9.6 and MariaDB log it: the parent's change alone.
      await send([change]);
      await loaded();
      const children = await load.rows(`SELECT id, p FROM ${load.schema}.child`);
      expect(children.map((row) => Object.values(row))).toEqual(expected);
      expect(await epoch.end()).toBeNull();
    },
  );

  it.each(['merged', 'transactional'] as const)(
    'bends nothing while it is altered again and again (%s)',
    async (applyMode) => {
      await start({ applyMode, lanes: 4 });
      const changes = [
        'ADD COLUMN d int NOT NULL DEFAULT 7',
        'MODIFY COLUMN n bigint',
        'DROP COLUMN d',
        'ADD UNIQUE KEY once (c)',
        'MODIFY COLUMN c varchar(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin',
        'DROP INDEX once',
      ];
      const altering = (async () => {
        for (const change of changes) await alter(change);
      })();
      let next = 0;
      for (let round = 0; round < 12; round += 1)
        await send(
          Array.from({ length: 200 }, () => {
            next += 1;
            return insert(next, next, `c${String(next)}`);
          }),
        );
      await altering;
      await loaded();
      const found = await load.rows(
        `SELECT COUNT(*) AS number, SUM(n) AS total, COUNT(DISTINCT c) AS texts FROM ${load.schema}.t`,
      );
      expect(found.map(({ number, total, texts }) => [Number(number), Number(total), Number(texts)])).toEqual([
        [2_400, (2_400 * 2_401) / 2, 2_400],
      ]);
      expect(await epoch.end()).toBeNull();
    },
  );
});
