// Goal: rules of tables hold at real targets: shards that become one table, ranges by index, groups of expressions over schemas
// and tables, several mappings of one table; columns that appear meet the policy, with schema statements applied and without.
// Method: shards that random transactions write to, at once to MariaDB and MySQL, compared with queries over the source; then
// a pipeline for each policy, and an ALTER TABLE in the middle of rows.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MappingCreateDto } from '@lutra/api-client';
import type { PipelineParameters } from '@lutra/model';
import { connectTo, OwnServer, runSql, testServers, waitUntil } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';
import fc from 'fast-check';
import type { AskedRow } from './ask-rows.ts';
import { startE2eStack } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';

const TRANSACTIONS = 200;
const ROWS_AT_ONCE = 4;
const SHARDS = ['1', '2', '3'];
const NUMBERED = ['t_01', 't_02', 't_03'];
const FAMILY = ['order_1', 'order_2', 'item_1'];
const TABLES = ['orders', ...NUMBERED, ...FAMILY];
const ROW = 'id INT NOT NULL, note VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL';
const NAME = 'VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL';

const fact = (target: string, name: 'sourceSchema' | 'sourceTable') => ({
  target,
  from: { kind: 'fact' as const, fact: name },
});

/** Shards 1 and 2 are in the range, all three match the expression. */
const mappingsOf = (schema: string): MappingCreateDto[] => {
  const range = { range: `${schema}_[1-2]` };
  const every = { regex: `${schema}_(\\d+)` };
  return [
    {
      source: { schema: range, table: { exact: 'orders' } },
      target: { schema, table: 'orders' },
      rules: { columns: [fact('shard', 'sourceSchema')] },
    },
    { source: { schema: `${schema}_1`, table: { exact: 'orders' } }, target: { schema, table: 'first_orders' } },
    { source: { schema: `${schema}_1`, table: { range: 't_[01-03]' } }, target: { schema, table: 'u_[7-9]' } },
    {
      source: { schema: every, table: { range: 't_[01-03]' } },
      target: { schema, table: 't_all' },
      rules: { columns: [fact('shard', 'sourceSchema'), fact('origin', 'sourceTable')] },
    },
    {
      source: { schema: every, table: { regex: '(order|item)_(\\d+)' } },
      target: { schema: `${schema}_archive_$s1`, table: '$1_archive' },
      rules: { columns: [fact('origin', 'sourceTable')] },
    },
    { source: { schema: range, table: { regex: 'item_.*' } }, target: { schema, table: '$s0_items' } },
  ];
};

const targetTables = (schema: string): string[] => [
  `CREATE TABLE orders (${ROW}, shard ${NAME}, PRIMARY KEY (shard, id))`,
  ...['first_orders', 'u_7', 'u_8', 'u_9', `${schema}_1_items`, `${schema}_2_items`].map(
    (table) => `CREATE TABLE ${table} (${ROW}, PRIMARY KEY (id))`,
  ),
  `CREATE TABLE t_all (${ROW}, shard ${NAME}, origin ${NAME}, PRIMARY KEY (shard, origin, id))`,
  ...SHARDS.flatMap((shard) => [
    `CREATE DATABASE ${schema}_archive_${shard}`,
    ...['order', 'item'].map(
      (kind) =>
        `CREATE TABLE ${schema}_archive_${shard}.${kind}_archive (${ROW}, origin ${NAME}, PRIMARY KEY (origin, id))`,
    ),
  ]),
];

/** [what stands at the target, what the source says]. */
const pairsOf = (schema: string): (readonly [string, string])[] => {
  const from = (shards: readonly string[], tables: readonly string[], columns: (s: string, t: string) => string) =>
    shards
      .flatMap((s) => tables.map((t) => `SELECT id, note${columns(s, t)} FROM ${schema}_${s}.${t}`))
      .join(' UNION ALL ');
  const none = (): string => '';
  return [
    ['SELECT id, note, shard FROM orders', from(['1', '2'], ['orders'], (s) => `, '${schema}_${s}'`)],
    ['SELECT id, note FROM first_orders', from(['1'], ['orders'], none)],
    ...NUMBERED.map(
      (table, index) => [`SELECT id, note FROM u_${String(index + 7)}`, from(['1'], [table], none)] as const,
    ),
    ['SELECT id, note, shard, origin FROM t_all', from(SHARDS, NUMBERED, (s, t) => `, '${schema}_${s}', '${t}'`)],
    ...SHARDS.flatMap((shard) => [
      [
        `SELECT id, note, origin FROM ${schema}_archive_${shard}.order_archive`,
        from([shard], ['order_1', 'order_2'], (_s, t) => `, '${t}'`),
      ] as const,
      [
        `SELECT id, note, origin FROM ${schema}_archive_${shard}.item_archive`,
        from([shard], ['item_1'], (_s, t) => `, '${t}'`),
      ] as const,
    ]),
    ...['1', '2'].map(
      (shard) => [`SELECT id, note FROM ${schema}_${shard}_items`, from([shard], ['item_1'], none)] as const,
    ),
  ];
};

const id = fc.integer({ min: 1, max: 6 }).map(String);
const note = fc.constantFrom('NULL', "'a'", "'b'", "'ü'");
const statementOf = (schema: string): fc.Arbitrary<string> => {
  const table = fc
    .tuple(fc.constantFrom(...SHARDS), fc.constantFrom(...TABLES))
    .map(([shard, name]) => `${schema}_${shard}.${name}`);
  return fc.oneof(
    fc.tuple(table, id, note).map(([name, key, value]) => `INSERT IGNORE INTO ${name} VALUES (${key}, ${value})`),
    fc.tuple(table, id, note).map(([name, key, value]) => `UPDATE ${name} SET note = ${value} WHERE id >= ${key}`),
    fc.tuple(table, id, id).map(([name, key, next]) => `UPDATE IGNORE ${name} SET id = ${next} WHERE id = ${key}`),
    fc.tuple(table, id).map(([name, key]) => `DELETE FROM ${name} WHERE id = ${key}`),
  );
};

describe('rules of tables', () => {
  let e2e: E2eStack;
  const servers = testServers();
  const targets: Readonly<Record<string, DatabaseServer>> = { mariadb: servers.mariadbTarget, mysql: servers.mysql };
  const made: string[] = [];

  beforeAll(async () => {
    e2e = await startE2eStack('mapping-tables');
    const { schema, stack } = e2e;
    const shards = SHARDS.map((shard) => `${schema}_${shard}`);
    for (const shard of shards)
      await e2e.atSource(
        `CREATE DATABASE ${shard}`,
        ...TABLES.map((table) => `CREATE TABLE ${shard}.${table} (${ROW}, PRIMARY KEY (id))`),
      );
    await e2e.atTarget(...targetTables(schema));
    await runSql(servers.mysql, [`CREATE DATABASE ${schema}`, `USE ${schema}`, ...targetTables(schema)]);
    made.push(...shards, ...SHARDS.map((shard) => `${schema}_archive_${shard}`));
    // The stack's own account knows one schema.
    for (const target of Object.values(targets))
      await stack.createPipeline({ mappings: mappingsOf(schema), source: servers.mariadbSource, target });
  }, 240_000);

  afterAll(async () => {
    const { schema } = e2e;
    await e2e.stop();
    for (const server of [servers.mariadbSource, servers.mariadbTarget, servers.mysql])
      await runSql(
        server,
        [schema, ...made].map((name) => `DROP DATABASE IF EXISTS ${name}`),
      );
  });

  /** What keeps the query from being asked, such as a column that is still on its way, is waited for too. */
  async function expectRows(where: string, server: DatabaseServer, query: string, wanted: readonly AskedRow[]) {
    expect({ where, query, found: await e2e.askUntil(server, query, wanted) }).toEqual({ where, query, found: wanted });
  }

  it('bring shards together, tables by index, and groups into names', async () => {
    const seed = Math.trunc(Math.random() * 2 ** 31);
    const transactions = fc.sample(fc.array(statementOf(e2e.schema), { minLength: 1, maxLength: ROWS_AT_ONCE }), {
      seed,
      numRuns: TRANSACTIONS,
    });
    // So that every table has rows in the end.
    const last = SHARDS.flatMap((shard) =>
      TABLES.map((table) => `REPLACE INTO ${e2e.schema}_${shard}.${table} VALUES (9, '${shard}')`),
    );
    const connection = await connectTo(servers.mariadbSource, e2e.schema);
    try {
      for (const statements of [...transactions, last])
        await connection.query(['BEGIN', ...statements, 'COMMIT'].join('; '));
    } finally {
      connection.destroy();
    }
    for (const [atTarget, atSource] of pairsOf(e2e.schema)) {
      const wanted = await e2e.ask('source', atSource);
      expect({ atSource, isEmpty: wanted.length === 0 }).toEqual({ atSource, isEmpty: false });
      for (const [name, server] of Object.entries(targets))
        await expectRows(`${name}, seed ${String(seed)}`, server, atTarget, wanted);
    }
  }, 240_000);

  it('carry an ALTER TABLE of each shard once, and stop before a TRUNCATE of one', async () => {
    const { schema } = e2e;
    await e2e.atSource(
      `ALTER TABLE ${schema}_1.orders ADD COLUMN price INT NULL`,
      `INSERT INTO ${schema}_1.orders VALUES (100, 'new', 1)`,
      `INSERT INTO ${schema}_2.orders VALUES (100, 'old')`,
      `ALTER TABLE ${schema}_2.orders ADD COLUMN price INT NULL`,
      `INSERT INTO ${schema}_2.orders VALUES (101, 'new', 2)`,
    );
    const wanted = [
      [`${schema}_1`, '100', 'new', '1'],
      [`${schema}_2`, '100', 'old', null],
      [`${schema}_2`, '101', 'new', '2'],
    ];
    for (const [name, server] of Object.entries(targets))
      await expectRows(name, server, 'SELECT shard, id, note, price FROM orders WHERE id >= 100', wanted);
    await e2e.atSource(`TRUNCATE TABLE ${schema}_1.orders`);
    const { items } = await e2e.stack.api.get('/pipelines', {});
    for (const pipeline of items) await untilFailed(pipeline.id, 'MAPPING_DDL_UNCLEAR');
    for (const server of Object.values(targets))
      expect(await e2e.ask(server, 'SELECT 1 FROM orders WHERE id = 100')).toHaveLength(2);
  }, 240_000);

  it('take names in any case where the source does', async () => {
    const { schema, stack } = e2e;
    const own = await OwnServer.start({
      program: 'mysql',
      extra: ['--lower-case-table-names=1', '--binlog-row-metadata=FULL', '--binlog-row-image=FULL'],
    });
    try {
      await runSql(own, ['CREATE DATABASE Depot', 'CREATE TABLE Depot.Item_7 (id INT PRIMARY KEY)']);
      await e2e.atTarget('CREATE TABLE stock_7 (id INT PRIMARY KEY)');
      const source = { schema: 'DEPOT', table: { regex: 'ITEM_(\\d)' } };
      const mappings: MappingCreateDto[] = [{ source, target: { schema, table: 'stock_$1' } }];
      const id = await stack.createPipeline({ mappings, source: own, target: servers.mariadbTarget });
      await runSql(own, [
        'INSERT INTO dePot.iTem_7 VALUES (1)',
        'ALTER TABLE Depot.ITEM_7 ADD COLUMN a INT NULL',
        'INSERT INTO depot.item_7 VALUES (2, 2)',
      ]);
      await expectRows('folded', servers.mariadbTarget, 'SELECT id, a FROM stock_7', [
        ['1', null],
        ['2', '2'],
      ]);
      await stack.api.command(id, 'STOP', 'the source goes away');
    } finally {
      await own.close();
    }
  }, 240_000);

  const untilFailed = (pipelineId: string, code: string): Promise<string> =>
    waitUntil(
      async () => {
        const { failure } = await e2e.stack.api.pipeline(pipelineId);
        return failure?.code === code ? failure.message : undefined;
      },
      { what: `the stop with ${code}`, timeoutMs: 60_000, everyMs: 200 },
    );

  type Parameters = Partial<Pick<PipelineParameters, 'ddl' | 'schemaEvolution' | 'missingColumn'>>;
  /** [name, parameters, columns of the target, the code that it stops with]. */
  const POLICIES: readonly (readonly [string, Parameters, string, string | null])[] = [
    ['add', { schemaEvolution: 'add' }, 'id, a, extra', null],
    ['ignored', { schemaEvolution: 'ignore' }, 'id, a', null],
    ['ignored_there', { schemaEvolution: 'ignore' }, 'id, a, extra', null],
    ['failing', { schemaEvolution: 'fail' }, 'id, a', 'MAPPING_COLUMN_ADDED'],
    ['off_add', { schemaEvolution: 'add', ddl: 'skip' }, 'id, a', 'TARGET_COLUMN_MISSING'],
    ['off_lenient', { schemaEvolution: 'add', ddl: 'skip', missingColumn: 'ignore' }, 'id, a', null],
    ['off_ignored', { schemaEvolution: 'ignore', ddl: 'skip' }, 'id, a', null],
    ['off_ignored_there', { schemaEvolution: 'ignore', ddl: 'fail' }, 'id, a, extra', null],
    ['off_failing', { schemaEvolution: 'fail', ddl: 'skip' }, 'id, a', 'TARGET_COLUMN_MISSING'],
  ];

  it('meet a column that appears as the policy says', async () => {
    const { schema, stack } = e2e;
    await e2e.atSource('CREATE TABLE evolving (id INT PRIMARY KEY, a INT)');
    const ids = new Map<string, string>();
    for (const [index, [name, parameters]] of POLICIES.entries()) {
      const target = `${schema}_${name}`;
      const server = index % 2 === 0 ? servers.mysql : servers.mariadbTarget;
      made.push(target);
      const extra = name.endsWith('there') ? ', extra INT NULL' : '';
      await runSql(server, [
        `CREATE DATABASE ${target}`,
        `CREATE TABLE ${target}.evolving (id INT PRIMARY KEY, a INT${extra})`,
      ]);
      const mappings: MappingCreateDto[] = [
        { source: { schema, table: { exact: 'evolving' } }, target: { schema: target } },
      ];
      ids.set(name, await stack.createPipeline({ name, mappings, parameters, target: server }));
    }
    await e2e.atSource(
      'INSERT INTO evolving VALUES (1, 1)',
      'ALTER TABLE evolving ADD COLUMN extra INT NULL',
      'INSERT INTO evolving VALUES (2, 2, 2)',
      'UPDATE evolving SET extra = 5, a = 5 WHERE id = 1',
    );
    for (const [index, [name, , columns, code]] of POLICIES.entries()) {
      const server = index % 2 === 0 ? servers.mysql : servers.mariadbTarget;
      const table = `${schema}_${name}.evolving`;
      if (code !== null) {
        expect(await untilFailed(ids.get(name) ?? '', code)).toContain('extra');
        await expectRows(name, server, `SELECT ${columns} FROM ${table}`, [['1', '1']]);
        continue;
      }
      const wanted = ['1', '2'].map((id) => [
        id,
        ...Array<string>(columns.split(',').length - 1).fill(id === '1' ? '5' : '2'),
      ]);
      await expectRows(name, server, `SELECT ${columns} FROM ${table}`, wanted);
      expect((await stack.api.pipeline(ids.get(name) ?? '')).failure).toBeNull();
    }
    // One that stopped goes on when the column is left out of its mapping.
    const failing = ids.get('failing') ?? '';
    const { mappings } = await stack.api.get('/pipelines/{id}', { path: { id: failing } });
    await stack.api.patch('/pipelines/{pipelineId}/mappings/{id}', {
      path: { pipelineId: failing, id: mappings[0]?.id ?? '' },
      body: { columns: { mode: 'except', names: ['extra'] } },
    });
    await stack.api.command(failing, 'RESTART', 'the column is left out');
    await expectRows('failing', servers.mariadbTarget, `SELECT * FROM ${schema}_failing.evolving`, [
      ['1', '5'],
      ['2', '2'],
    ]);
  }, 300_000);
});
