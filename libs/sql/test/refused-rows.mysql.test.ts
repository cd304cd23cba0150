/**
 * Goal: what the target answers becomes the right error, with a statement that really repairs it, and without row values.
 * Method: real servers are made to refuse.
 */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { must, SyncError, systemClock } from '@lutra/model';
import type { ColumnDefinition, ColumnKind, ColumnValue, RowImage, TableDefinition } from '@lutra/model';
import {
  checkTarget,
  inspectTarget,
  compileTableWriter,
  insertStatement,
  missingTableError,
  openTarget,
  updateJoinStatement,
  updateStatement,
} from '@lutra/sql';
import type { TableWriter, TargetStatement } from '@lutra/sql';
import { column, dataSource, WRITING_TARGETS, tableOf, TargetFixture, updateOf } from './target-fixture.ts';

const id = column('id', 'integer', 'int', { bytes: 4, nullable: false });
const failureOf = async (work: Promise<unknown>): Promise<SyncError> => {
  const failure: unknown = await work.then(
    () => new Error('nothing failed'),
    (error: unknown) => error,
  );
  if (!SyncError.is(failure)) throw failure;
  return failure;
};

describe.each(WRITING_TARGETS)('refusals of %s', (_name, server, bulk) => {
  let target: TargetFixture;
  let tableNumber = 0;

  beforeAll(async () => {
    target = await TargetFixture.open(server, bulk);
  });
  afterAll(() => target.close());

  async function table(columns: string, definition: Omit<TableDefinition, 'schema' | 'table'>): Promise<TableWriter> {
    tableNumber += 1;
    const name = { schema: target.schema, table: `t${String(tableNumber)}` };
    await target.session.query(`CREATE TABLE ${name.schema}.${name.table} (${columns})`);
    const shape = must(await target.session.describeTable(name), 'it was just created');
    return compileTableWriter({ ...definition, ...name }, shape);
  }
  const run = (writer: TableWriter, ...statements: TargetStatement[]): Promise<readonly number[]> =>
    target.session.execute(statements, { table: writer.definition, keyColumns: writer.keyColumns });

  it.each<[string, Partial<ColumnDefinition>, string, ColumnValue]>([
    ['decimal', { declared: 'decimal(10,4)', scale: 4 }, 'decimal(10,2)', '1.2345'],
    ['decimal', { declared: 'decimal(10,4)', scale: 4 }, 'int', '1.2345'],
    ['decimal', { declared: 'decimal(30,0)', scale: 0 }, 'double', '123456789012345678901234567891'],
    ['double', { declared: 'double' }, 'int', 1.5],
    ['double', { declared: 'double' }, 'float', 1.000_000_001],
    ['double', { declared: 'double' }, 'decimal(10,2)', 1.234],
    ['integer', { declared: 'bigint', bytes: 8 }, 'double', 9_007_199_254_740_993n],
    ['integer', { declared: 'int', bytes: 4 }, 'float', 16_777_217],
    ['datetime', { declared: 'datetime(6)', length: 6 }, 'datetime', '2024-01-01 00:00:00.654321'],
    ['timestamp', { declared: 'timestamp(3)', length: 3 }, 'timestamp(1) NULL', '2024-01-01 00:00:00.654'],
    ['datetime', { declared: 'datetime', length: 0 }, 'date', '2024-01-01 10:11:12'],
    ['time', { declared: 'time(6)', length: 6 }, 'time(5)', '10:11:12.654321'],
    ['time', { declared: 'time', length: 0 }, 'datetime', '10:11:12'],
    ['year', { declared: 'year' }, 'time', 2024],
    ['integer', { declared: 'int', bytes: 4 }, 'time', 101_112],
    ['integer', { declared: 'int', bytes: 4 }, 'date', 20_240_101],
    ['integer', { declared: 'int', bytes: 4 }, 'year', 5],
    ['integer', { declared: 'int', bytes: 4 }, "enum('a','b')", 2],
    ['text', { declared: 'varchar(20)' }, 'decimal(10,2)', '1.239'],
    ['text', { declared: 'varchar(20)' }, 'int', '1.5'],
    ['text', { declared: 'varchar(20)' }, 'double', '1.00000000000000000001'],
    ['text', { declared: 'varchar(20)' }, 'date', '2024-1-1'],
    ['text', { declared: 'varchar(20)' }, "enum('a','b')", '2'],
    ['text', { declared: 'varchar(20)' }, "enum('a','b')", 'A'],
    ['text', { declared: 'varchar(20)' }, 'char(20)', 'a '],
    ['enum', { declared: "enum('A')", labels: ['A'] }, "set('a')", 'A'],
    ['enum', { declared: "enum('007')", labels: ['007'] }, 'int', '007'],
  ])(
    'a column that would change values silently is named: %s %j into %s',
    async (kind, source, declaredAtTarget, value) => {
      const shape = column('c', kind as ColumnKind, '', source);
      // What would happen: the server takes the value without an error and holds another one.
      const name = `${target.schema}.silent_${randomBytes(4).toString('hex')}`;
      await target.session.query(`CREATE TABLE ${name} (c ${declaredAtTarget})`);
      await target.session.query(
        `INSERT INTO ${name} VALUES (${typeof value === 'string' ? `'${value}'` : String(value)})`,
      );
      const [held] = await target.session.query(`SELECT CAST(c AS CHAR) AS c FROM ${name}`);
      expect(held?.['c']).not.toBe(String(value));
      await target.session.commit();
      // Either no value of the column can be trusted, or this one is found out.
      const writing = table(`id int PRIMARY KEY, c ${declaredAtTarget}`, {
        columns: [id, shape],
        primaryKey: [0],
      }).then((writer) => run(writer, insertStatement(writer, [[1, value]])));
      const failure = await failureOf(writing);
      await target.session.rollback();
      expect(failure.code).toBe('TARGET_VALUE_REFUSED');
      expect(String(failure.details['statement'])).toContain(`MODIFY COLUMN \`c\` ${String(source.declared)}`);
    },
  );

  it.each<[string, string, ColumnValue]>([
    ['a number out of range', 'tinyint', 300],
    ['a text that is too long', 'varchar(3)', 'secret'],
    ['characters that the charset lacks', 'varchar(9) CHARACTER SET latin1', 'secret漢'],
    ['a moment before the first', 'timestamp NULL', '1969-12-31 23:59:59'],
    ['an unknown label', "enum('a','b')", 'c'],
    ['a NULL', 'int NOT NULL', null],
  ])('%s names the column and widens it', async (_what, declaredAtTarget, value) => {
    const labels = ['a', 'b', 'c'];
    const sources: Readonly<Record<string, ColumnDefinition>> = {
      tinyint: column('c', 'integer', 'int', { bytes: 4 }),
      'int NOT NULL': column('c', 'integer', 'int', { bytes: 4 }),
      'timestamp NULL': column('c', 'datetime', 'datetime'),
      "enum('a','b')": column('c', 'enum', "enum('a','b','c')", { charset: 'utf8mb4', labels }),
    };
    const text = column('c', 'text', 'varchar(20)', { charset: 'utf8mb4' });
    const source = sources[declaredAtTarget] ?? text;
    const writer = await table(`id int PRIMARY KEY, c ${declaredAtTarget}`, { columns: [id, source], primaryKey: [0] });
    const failure = await failureOf(run(writer, insertStatement(writer, [[1, value]])));
    expect([failure.code, failure.details['column']]).toEqual(['TARGET_VALUE_REFUSED', 'c']);
    expect(JSON.stringify([failure.message, failure.details, failure.workaround])).not.toContain('secret');
    await target.session.query(String(failure.details['statement']));
    expect(await run(writer, insertStatement(writer, [[1, value]]))).toEqual([1]);
    await target.session.commit();
  });

  it('an upsert leaves a row alone whose unique value it would take, where the key is a moment', async () => {
    const columns = [column('at', 'timestamp', 'timestamp'), column('u', 'integer', 'int', { bytes: 4 })];
    const shape = 'at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP PRIMARY KEY, u int UNIQUE';
    const writer = await table(shape, { columns, primaryKey: [0] });
    await run(writer, insertStatement(writer, [['2024-01-01 00:00:00', 1]]));
    await target.session.commit();
    const clash = await failureOf(run(writer, insertStatement(writer, [['2024-01-02 00:00:00', 1]])));
    expect(clash.code).toBe('TARGET_ROW_REFUSED');
    await target.session.rollback();
    const rows = await target.session.query(`SELECT * FROM ${writer.quoted}`);
    expect(rows.map((row) => String(Object.values(row)[0]).slice(0, 19))).toEqual(['2024-01-01 00:00:00']);
  });

  it('an upsert updates its own row and leaves a row alone whose unique value it would take', async () => {
    const columns = [
      id,
      column('a', 'integer', 'int', { bytes: 4 }),
      column('u', 'text', 'varchar(9)', { charset: 'utf8mb4' }),
    ];
    const writer = await table('id int AUTO_INCREMENT PRIMARY KEY, a int, u varchar(9), UNIQUE KEY by_u (u)', {
      columns,
      primaryKey: [0],
    });
    await run(
      writer,
      insertStatement(writer, [
        [1, 1, 'x'],
        [2, 1, 'y'],
      ]),
    );
    await run(
      writer,
      insertStatement(writer, [
        [1, 7, 'x'],
        [4, 8, 'zero'],
      ]),
    );
    await target.session.commit();
    const clash = await failureOf(
      run(
        writer,
        insertStatement(writer, [
          [5, 5, 'new'],
          [3, 9, 'y'],
        ]),
      ),
    );
    expect(clash.code).toBe('TARGET_ROW_REFUSED');
    const other = await failureOf(run(writer, insertStatement(writer, [[1, 9, 'y']])));
    expect([other.code, other.details['index'], other.details['keyColumns']]).toEqual([
      'TARGET_ROW_REFUSED',
      'by_u',
      ['id'],
    ]);
    const moved = await failureOf(
      run(writer, updateStatement(writer, writer.columns, updateOf([1, 7, 'x'], [1, 7, 'y']))),
    );
    expect(moved.code).toBe('TARGET_ROW_REFUSED');
    await target.session.commit();
    const rows = await target.session.query(`SELECT * FROM ${writer.quoted} ORDER BY id`);
    expect(rows.map((row) => Object.values(row))).toEqual([
      [1, 7, 'x'],
      [2, 1, 'y'],
      [4, 8, 'zero'],
    ]);
  });

  it('guards composite keys, text keys and a key that is only unique', async () => {
    const a = column('a', 'integer', 'int', { bytes: 4, nullable: false });
    const b = column('b', 'text', 'varchar(9)', { charset: 'utf8mb4', nullable: false });
    const u = column('u', 'integer', 'int', { bytes: 4 });
    const definition = { columns: [a, b, u], primaryKey: [0, 1] };
    const writer = await table(
      'a int NOT NULL, b varchar(9) NOT NULL, u int, UNIQUE KEY k (a, b), UNIQUE KEY by_u (u)',
      definition,
    );
    expect(writer.keyColumns).toEqual(['a', 'b']);
    await run(
      writer,
      insertStatement(writer, [
        [1, 'x', 1],
        [1, 'y', 2],
      ]),
    );
    await run(
      writer,
      insertStatement(writer, [
        [1, 'X', 10],
        [1, 'y', 20],
      ]),
    );
    const clash = await failureOf(run(writer, insertStatement(writer, [[2, 'x', 10]])));
    expect(clash.code).toBe('TARGET_ROW_REFUSED');
    const both = [updateOf([1, 'X', 10], [1, 'X', 11]), updateOf([1, 'y', 20], [1, 'y', 21])];
    expect(await run(writer, updateJoinStatement(writer, writer.columns.slice(2), both))).toEqual([2]);
    await target.session.commit();
    const rows = await target.session.query(`SELECT * FROM ${writer.quoted} ORDER BY b`);
    expect(rows.map((row) => Object.values(row))).toEqual([
      [1, 'X', 11],
      [1, 'y', 21],
    ]);
  });

  it('leaves generated columns out and fills those that the source has and the target computes not', async () => {
    const columns = [
      id,
      column('a', 'integer', 'int', { bytes: 4 }),
      column('g', 'integer', 'int', { bytes: 4, generated: true }),
    ];
    const generated = await table('id int PRIMARY KEY, a int, g int AS (a + 1) STORED', { columns, primaryKey: [0] });
    const plain = await table('id int PRIMARY KEY, a int, g int', { columns, primaryKey: [0] });
    const absent = await table('id int PRIMARY KEY, a int', { columns, primaryKey: [0] });
    const image: RowImage = [1, 5, 6];
    for (const writer of [generated, plain, absent])
      expect(await run(writer, insertStatement(writer, [image]))).toEqual([1]);
    const [one] = await target.session.query(`SELECT g FROM ${generated.quoted} UNION SELECT g FROM ${plain.quoted}`);
    expect(one).toEqual({ g: 6 });
    await target.session.commit();
  });

  it('gives the statement that creates a missing table, and its database', async () => {
    const definition = tableOf(
      `${target.schema}_new`,
      [
        id,
        column('name', 'text', 'varchar(20)', { charset: 'latin1', collation: 'latin1_swedish_ci' }),
        column('state', 'enum', "enum('on','off')", { charset: 'utf8mb4', collation: 'utf8mb4_0900_ai_ci' }),
        column('body', 'json', 'json'),
        column('big', 'integer', 'bigint unsigned', { bytes: 8, nullable: false }),
      ],
      { table: 'odd `name`', primaryKey: [4, 0] },
    );
    expect(await target.session.describeTable(definition)).toBeNull();
    const failure = await missingTableError(target.session, definition);
    expect(failure.code).toBe('TARGET_TABLE_MISSING');
    await target.session.query(String(failure.details['statement']));
    const shape = must(await target.session.describeTable(definition), 'the statement created it');
    expect(shape.key?.columns).toEqual(['big', 'id']);
    expect(shape.columns.get('name')).toMatchObject({ charset: 'latin1', nullable: true });
    const writer = compileTableWriter(definition, shape);
    expect(await run(writer, insertStatement(writer, [[1, 'é', 'on', '{}', 7n]]))).toEqual([1]);
    await target.session.query(`DROP DATABASE ${target.schema}_new`);
  });

  it('names what is missing at a table that is there', async () => {
    const source = { columns: [id, column('c', 'text', 'varchar(9)', { charset: 'utf8mb4' })], primaryKey: [0] };
    const missing = await failureOf(table('id int PRIMARY KEY', source));
    expect([missing.code, missing.details['column']]).toEqual(['TARGET_COLUMN_MISSING', 'c']);
    await target.session.query(String(missing.details['statement']));
    const keyless = await failureOf(table('id int NOT NULL, c varchar(9), UNIQUE KEY (c), KEY (id)', source));
    expect(keyless.code).toBe('TARGET_KEY_MISSING');
    await target.session.query(String(keyless.details['statement']));
    const incomplete = await failureOf(table('id int, c varchar(9), other int, PRIMARY KEY (id, other)', source));
    expect([incomplete.code, incomplete.details['columns']]).toEqual(['TARGET_KEY_INCOMPLETE', 'other']);
  });

  it('refuses a table whose engine knows no transactions, with the statement that changes it', async () => {
    const definition = { schema: target.schema, table: 'unsafe', columns: [id], primaryKey: [0] };
    await target.session.query(`CREATE TABLE ${target.schema}.unsafe (id int PRIMARY KEY) ENGINE = MyISAM`);
    const compile = async () =>
      compileTableWriter(definition, must(await target.session.describeTable(definition), 'a table'));
    const unsafe = await failureOf(compile());
    expect([unsafe.code, unsafe.class]).toEqual(['TARGET_ENGINE_UNSAFE', 'configuration']);
    await target.session.query(String(unsafe.details['statement']));
    const [row] = await target.session.query(
      `SELECT ENGINE AS engine FROM information_schema.TABLES WHERE TABLE_SCHEMA = '${target.schema}' AND TABLE_NAME = 'unsafe'`,
    );
    expect(row?.['engine']).toBe('InnoDB');
  });

  it('names a check constraint and a packet that is too large', async () => {
    const columns = [id, column('c', 'binary', 'longblob')];
    const writer = await table('id int PRIMARY KEY, c longblob, CONSTRAINT positive CHECK (id > 0)', {
      columns,
      primaryKey: [0],
    });
    const refused = await failureOf(run(writer, insertStatement(writer, [[-1, null]])));
    expect([refused.code, refused.details['constraint']]).toEqual(['TARGET_ROW_REFUSED', 'positive']);
    await target.session.rollback();
    // The limit of the session's own view stands in for the server's: raising or lowering that would concern everybody.
    const small = Object.assign(Object.create(target.session) as typeof target.session, {
      info: { ...target.session.info, maxAllowedPacketBytes: 100_000 },
    });
    const about = { table: writer.definition, keyColumns: writer.keyColumns };
    const packet = await failureOf(small.execute([insertStatement(writer, [[1, Buffer.alloc(200_000)]])], about));
    expect([packet.code, packet.details['statement']]).toEqual([
      'TARGET_PACKET_TOO_SMALL',
      'SET GLOBAL max_allowed_packet = 2097152',
    ]);
  });

  it('tells a wrong password, a missing grant and an unreachable server apart, and checks a target', async () => {
    const user = `u${randomBytes(5).toString('hex')}`;
    const account = `'${user}'@'127.0.0.1'`;
    const definition = dataSource(target.server, { user });
    const mapping = {
      id: 'm',
      source: { schema: 's', table: { exact: 't' } },
      target: { schema: target.schema },
      columns: { mode: 'all' as const },
    };
    await target.session.query(`CREATE USER ${account} IDENTIFIED BY 'right'`);
    const check = () => checkTarget({ definition, password: 'right' }, [mapping], { clock: systemClock });
    try {
      expect((await failureOf(openTarget(definition, 'wrong', { clock: systemClock }))).code).toBe(
        'TARGET_ACCESS_DENIED',
      );
      const nothing = await failureOf(check());
      expect(nothing.code).toBe('TARGET_GRANT_MISSING');
      await target.session.query(String(nothing.details['statement']));
      const schema = await failureOf(check());
      expect(schema.details['statement']).toBe(
        `GRANT SELECT, INSERT, UPDATE, DELETE ON \`${target.schema}\`.* TO ${account}`,
      );
      await target.session.query(String(schema.details['statement']));
      const own = await openTarget(definition, 'right', { clock: systemClock });
      const ddl = await failureOf(inspectTarget(own, [mapping], { ddl: 'sync' }));
      expect(ddl.details['statement']).toBe(
        `GRANT CREATE, ALTER, DROP, INDEX, REFERENCES ON \`${target.schema}\`.* TO ${account}`,
      );
      expect(ddl.message).toContain(target.schema);
      const ofOneKind = { ddl: 'fail', ddlByKind: { index: 'sync' } } as const;
      const index = await failureOf(inspectTarget(own, [mapping], ofOneKind));
      await target.session.query(String(index.details['statement']));
      await inspectTarget(own, [mapping], ofOneKind);
      await target.session.query(String(ddl.details['statement']));
      await inspectTarget(own, [mapping], { ddl: 'sync' });
      await own.close();
      await target.session.query(`CREATE TABLE ${target.schema}.triggered (id int PRIMARY KEY)`);
      await target.session.query(
        `CREATE TRIGGER ${target.schema}.fires BEFORE INSERT ON ${target.schema}.triggered FOR EACH ROW SET @x = 1`,
      );
      const root = dataSource(target.server);
      const report = await checkTarget({ definition: root, password: target.server.password }, [mapping], {
        clock: systemClock,
      });
      expect(report.warnings).toEqual([expect.objectContaining({ code: 'TARGET_TRIGGER' })]);
      expect((await check()).maxAllowedPacketBytes).toBe(target.session.info.maxAllowedPacketBytes);
    } finally {
      await target.session.query(`DROP USER ${account}`);
    }
    const away = await failureOf(
      openTarget({ ...definition, port: 1 }, target.server.password, { clock: systemClock }),
    );
    expect(away.code).toBe('TARGET_UNREACHABLE');
  });

  it('gives up a statement that takes too long, and the session with it', async () => {
    const session = await openTarget(dataSource(target.server), target.server.password, {
      clock: systemClock,
      statementTimeoutMs: 200,
    });
    const failure = await failureOf(session.query('SELECT SLEEP(5)'));
    expect([failure.code, session.isOpen]).toEqual(['TARGET_CONNECTION_LOST', false]);
    await session.rollback();
    await session.close();
  });
});
