/**
 * Goal: look-ups find what the server finds, never less than the row's own transaction has written, and neither a server that
 * is away nor a table that is altered makes a wrong row.
 * Method: transform's own stage over rows that name transactions of real servers, looking up at these servers.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Connection } from 'mysql2/promise';
import { decodeRowProcess, RowProcessEncoder } from '@lutra/messaging';
import type { ProcessWriter } from '@lutra/messaging';
import { DEFAULT_PARAMETERS, systemClock } from '@lutra/model';
import type {
  ColumnDefinition,
  DataSourceDefinition,
  LookupRule,
  PipelineDefinition,
  ProcessHeader,
  RowImage,
  TableDefinition,
} from '@lutra/model';
import { SourceAccess } from '@lutra/source-access';
import { connectTo, FaultProxy, OwnServer, waitUntil } from '@lutra/testing';
import { Lookups } from '../../src/lookup/lookups.ts';
import { TransformStage } from '../../src/transform-stage.ts';

jest.setTimeout(120_000);

const SERVERS = [
  ['MariaDB', 'mariadb', []],
  ['MySQL', 'mysql', []],
  ['MySQL without GTID', 'mysql', ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF']],
] as const;

const column = (name: string, rest: Partial<ColumnDefinition>): ColumnDefinition => ({
  ...{ name, kind: 'integer', declared: 'int', nullable: true },
  ...(rest.kind === undefined ? { bytes: 4 } : {}),
  ...rest,
});
const ORDERS: TableDefinition = {
  ...{ schema: 'shop', table: 'orders', primaryKey: [0] },
  columns: [column('id', {}), column('customer', {}), column('code', { kind: 'text', declared: 'varchar(20)' })],
};
const at = { table: 0, event: 0, row: 0, part: 0, flags: 0 };

describe.each(SERVERS)('look-ups at %s', (name, program, extra) => {
  const end = new AbortController();
  let server: OwnServer;
  let connection: Connection;
  let access: SourceAccess;
  let closing: Promise<void>;
  let serverUuid = '';
  let schema: string;
  let count = 0;
  let stage: TransformStage;
  /** What the bus has as the newest revision. */
  let newest: PipelineDefinition | null = null;

  beforeAll(async () => {
    server = await OwnServer.start({ program, extra });
    connection = await connectTo(server);
    access = new SourceAccess({ clock: systemClock, secretsOf: ({ password }) => ({ password }) });
    closing = access.run(end.signal);
    serverUuid = server.kind === 'mysql' ? await value('SELECT @@server_uuid') : '';
  });
  beforeEach(async () => {
    schema = `s${String(++count)}`;
    newest = null;
    stage = newStage();
    await run(`CREATE DATABASE ${schema}`, `USE ${schema}`);
    await run('CREATE TABLE customer (id INT PRIMARY KEY, code VARCHAR(20), name VARCHAR(20), note TEXT)');
  });
  afterEach(async () => {
    await run(`DROP DATABASE ${schema}`);
  });
  afterAll(async () => {
    end.abort();
    await closing;
    await connection.end();
    await server.close();
  });

  const run = async (...statements: string[]): Promise<void> => {
    for (const statement of statements) await connection.query(statement);
  };
  async function value(sql: string): Promise<string> {
    const [rows] = await connection.query<never[]>(sql);
    return String(Object.values(rows[0] ?? {})[0]);
  }
  const newStage = (): TransformStage =>
    new TransformStage((key) => key, undefined, {
      lookups: new Lookups({ access, clock: systemClock, newest: () => Promise.resolve(newest) }),
    });
  const dataSource = (id: string, change: Partial<DataSourceDefinition> = {}): DataSourceDefinition => ({
    ...{ id, name: id, kind: server.kind, host: server.host, port: server.port },
    ...{ user: server.user, password: server.password, tls: 'disabled' },
    ...change,
  });

  /** Of the newest transaction; `later`: of one that is yet to come. */
  async function gtid(later = 0): Promise<string> {
    if (server.kind === 'mariadb') {
      const [domain, id, sequence] = (await value('SELECT @@global.gtid_binlog_pos')).split('-');
      return [domain, id, Number(sequence) + later].join('-');
    }
    const [uuid, numbers = ''] = (await value('SELECT @@global.gtid_executed')).split(':');
    return `${String(uuid)}:${String(Number(numbers.split('-').at(-1)) + later)}`;
  }

  /** That the server has been sent; nobody else asks it. */
  const selects = async (): Promise<number> => {
    const [rows] = await connection.query("SHOW GLOBAL STATUS LIKE 'Com_select'");
    return Number((rows as { Value: string }[])[0]?.Value);
  };

  interface Asked {
    readonly rule?: Partial<LookupRule>;
    readonly gtid?: string;
    readonly retryInPlaceMs?: number;
    readonly revision?: number;
    readonly source?: DataSourceDefinition;
    readonly other?: DataSourceDefinition;
    readonly signal?: AbortSignal;
  }

  /** What stands at the target in the columns id and those of the look-up, for rows of {@link ORDERS}. */
  async function look(rows: readonly RowImage[], asked: Asked = {}) {
    const rule: LookupRule = {
      ...{ name: 'c', schema, table: 'customer', columns: ['name'], ttlMs: 60_000, rowsMax: 1_000, missing: 'null' },
      key: [{ column: 'id', expression: 'customer' }],
      ...asked.rule,
    };
    const definition: PipelineDefinition = {
      ...{ id: 'P', name: 'P', channelId: 'C', revision: asked.revision ?? 1, start: { kind: 'latest' } },
      ...{ source: asked.source ?? dataSource('S'), target: dataSource('T') },
      ...(asked.other === undefined ? {} : { lookupSources: [asked.other] }),
      mappings: [
        {
          ...{ id: 'M', source: { schema: 'shop', table: { exact: 'orders' } }, target: { schema: 'copy' } },
          columns: { mode: 'list', columns: [{ source: 'id', target: 'id' }] },
          rules: {
            lookups: [rule],
            columns: rule.columns.map((one) => ({
              target: one,
              from: { kind: 'lookup', lookup: 'c', column: one },
            })),
          },
        },
      ],
      parameters: { ...DEFAULT_PARAMETERS, retryInPlaceMs: asked.retryInPlaceMs ?? 20_000 },
    };
    const input: Uint8Array[] = [];
    const encoder = new RowProcessEncoder({ isFull: false, write: (bytes: Uint8Array) => input.push(bytes) } as never);
    encoder.beginTransaction({ seq: 1, gtid: asked.gtid ?? (await gtid()), firstEvent: 0, commitMs: 1, isLast: true });
    encoder.defineTable(ORDERS);
    for (const [row, after] of rows.entries()) encoder.change({ ...at, row, kind: 'insert', after });
    encoder.endTransaction();
    encoder.end();
    const chunks: Uint8Array[] = [];
    const output = { isFull: false, write: (bytes: Uint8Array) => chunks.push(bytes) } as unknown as ProcessWriter;
    const task = { definition, body: Buffer.concat(input), output, serverUuid };
    await stage.work(task, asked.signal ?? new AbortController().signal);
    const { transactions, tables } = decodeRowProcess({} as ProcessHeader, Buffer.concat(chunks));
    const changes = transactions.flatMap((one) => one.changes);
    return {
      tables,
      rows: changes.map((change) => change.refusal?.code ?? (change.kind === 'delete' ? null : change.after.slice(1))),
    };
  }

  it('find values of every kind as the server has them', async () => {
    await run(
      `CREATE TABLE kinds (id INT PRIMARY KEY, u BIGINT UNSIGNED, d DECIMAL(30,10), f FLOAT, x DOUBLE, b BIT(12), y YEAR,
         day DATE, t TIME(3), dt DATETIME(6), ts TIMESTAMP(6) NULL, v VARCHAR(20), l VARCHAR(20) CHARACTER SET latin1,
         raw VARBINARY(8), large LONGTEXT, e ENUM('a','größer'), s SET('a','b'), j JSON)`,
      "SET time_zone = '+05:30'",
      `INSERT INTO kinds VALUES (1, 18446744073709551615, -12345678901234567890.0123456789, 1.1, 0.1, b'100000000001', 1901,
         '2024-02-29', '-00:00:00.001', '9999-12-31 23:59:59.999999', '2024-03-31 02:30:00.000001', '😀 '' \\\\ "', 'é',
         x'00ff0027', 'text', 'größer', 'a,b', '{"a": 12345678901234567890}'),
         (2, 0, 0, 3.4028234e38, 5e-324, b'0', 0, '1000-01-01', '838:59:59', '1000-01-01 00:00:00', NULL, '', '', '', '',
         'a', '', '[]'), (3, ${Array(17).fill('NULL').join(',')})`,
      "SET time_zone = '+00:00'",
    );
    const columns = 'u d f x b y day t dt ts v l raw large e s j'.split(' ');
    const { rows, tables } = await look(
      [
        [1, 1, null],
        [2, 2, null],
        [3, 3, null],
      ],
      { rule: { table: 'kinds', columns } },
    );
    expect(rows).toEqual([
      [
        ...[18446744073709551615n, '-12345678901234567890.0123456789', 1.100000023841858, 0.1, 2049n, 1901],
        ...['2024-02-29', '-00:00:00.001', '9999-12-31 23:59:59.999999', '2024-03-30 21:00:00.000001'],
        ...['😀 \' \\ "', 'é', new Uint8Array([0, 255, 0, 39]), 'text', 'größer', 'a,b', '{"a": 12345678901234567890}'],
      ],
      [
        ...[0n, '0.0000000000', 3.4028234663852886e38, 5e-324, 0n, 0, '1000-01-01', '838:59:59.000'],
        ...['1000-01-01 00:00:00.000000', null, '', '', new Uint8Array(), '', 'a', '', '[]'],
      ],
      columns.map(() => null),
    ]);
    expect(tables[0]?.columns.slice(1, 3)).toMatchObject([
      { name: 'u', declared: 'bigint unsigned', ofChange: true },
      { name: 'd', declared: 'decimal(30,10)' },
    ]);
  });

  it('compare as the server does, and tell of none, several and large ones', async () => {
    await run(
      `CREATE TABLE place (country VARCHAR(5) CHARACTER SET latin1 COLLATE latin1_swedish_ci, zone INT, title LONGTEXT, KEY (country))`,
      "INSERT INTO place VALUES ('DE', 1, 'Germany'), ('fr', 1, 'France'), ('at', 1, 'A'), ('at', 1, 'B'), (NULL, 1, 'none')",
      "INSERT INTO place VALUES ('xl', 1, REPEAT('x', 65537)), ('l', 1, REPEAT('x', 65536))",
    );
    const key = [
      { column: 'country', expression: 'code' },
      { column: 'ZONE', expression: 'customer' },
    ];
    const codes = ['de', 'DE', "it's", 'at', 'xl', null, 'é', '😀'];
    const asked = codes.map((code, id) => [id, 1, code]);
    const rule = { table: 'place', columns: ['title'], key };
    expect((await look([...asked, [8, null, 'de'], [9, 2, 'de'], [10, 1, 'l']], { rule })).rows).toEqual([
      ...[['Germany'], ['Germany'], [null], 'ROW_LOOKUP_SEVERAL', 'ROW_TOO_LARGE', [null], [null], [null]],
      ...[[null], [null], ['x'.repeat(65_536)]],
    ]);
    const failing = { ...rule, missing: 'fail' } as const;
    expect(
      (
        await look(
          [
            [1, 1, 'de'],
            [2, 1, 'it'],
            [3, 1, null],
          ],
          { rule: failing, revision: 2 },
        )
      ).rows,
    ).toEqual([...[['Germany'], 'ROW_LOOKUP_MISSING', 'ROW_LOOKUP_MISSING']]);
  });

  it('find thousands of keys in one process', async () => {
    const ids = Array.from({ length: 3_000 }, (_one, index) => index);
    await run(
      `INSERT INTO customer (id, name) VALUES ${ids.map((id) => `(${String(id)}, 'n${String(id)}')`).join(',')}`,
    );
    const asking = ids.map((id): RowImage => [id, id, null]);
    const found = ids.map((id) => [`n${String(id)}`]);
    const before = await selects();
    expect((await look(asking, { rule: { rowsMax: 100 } })).rows).toEqual(found);
    // 35 searches of a hundred keys, and what is asked once for 512 rows; one by one where a lock is needed (decision 0042).
    expect((await selects()) - before).toBeLessThan(extra.length > 0 ? ids.length + 100 : 100);
    expect((await look(asking, { rule: { rowsMax: 5_000 }, revision: 2 })).rows).toEqual(found);
    const kept = await selects();
    expect((await look(asking, { rule: { rowsMax: 5_000 }, revision: 3 })).rows).toEqual(found);
    expect((await selects()) - kept).toBeLessThan(20);
  });

  it('find what was there before the row, though it had been missing', async () => {
    expect((await look([[1, 1, null]])).rows).toEqual([[null]]);
    await run("INSERT INTO customer (id, name) VALUES (1, 'Ann')");
    expect((await look([[1, 1, null]])).rows).toEqual([['Ann']]);
    await run("UPDATE customer SET name = 'Bob'");
    expect((await look([[1, 1, null]])).rows).toEqual([['Ann']]);
    expect((await look([[1, 1, null]], { rule: { ttlMs: 0 }, revision: 2 })).rows).toEqual([['Bob']]);
  });

  it('wait until the transaction of the row can be seen', async () => {
    if (name === 'MySQL without GTID') {
      // Nobody knows what is visible: a lock waits for who has written the row.
      const other = await connectTo(server, schema);
      await other.query('BEGIN');
      await other.query("INSERT INTO customer (id, name) VALUES (1, 'Ann')");
      const looking = look([[1, 1, null]]);
      await waitUntil(
        async () =>
          (await value("SELECT COUNT(*) FROM information_schema.INNODB_TRX WHERE trx_state = 'LOCK WAIT'")) === '1',
        { what: 'the lock', timeoutMs: 60_000 },
      );
      await other.query('COMMIT');
      expect((await looking).rows).toEqual([['Ann']]);
      await other.end();
      return;
    }
    const looking = look([[1, 1, null]], { gtid: await gtid(1) });
    await run("INSERT INTO customer (id, name) VALUES (1, 'Ann')");
    expect((await looking).rows).toEqual([['Ann']]);
    await expect(look([[2, 2, null]], { gtid: await gtid(5), retryInPlaceMs: 0 })).rejects.toMatchObject({
      code: 'SOURCE_COMMIT_PENDING',
    });
  });

  it('at another data source keep what is not there, and need no more than SELECT', async () => {
    await run("CREATE USER IF NOT EXISTS 'reader'@'%' IDENTIFIED BY 'reader'");
    const other = dataSource('O', { user: 'reader', password: 'reader' });
    const asked = { other, rule: { dataSourceId: 'O' }, gtid: 'never:1' };
    await expect(look([[1, 1, null]], asked)).rejects.toMatchObject({ code: 'MAPPING_LOOKUP_INVALID' });
    await run(`GRANT SELECT (id, name) ON ${schema}.customer TO 'reader'@'%'`);
    expect((await look([[1, 1, null]], asked)).rows).toEqual([[null]]);
    await run("INSERT INTO customer (id, name) VALUES (1, 'Ann')");
    expect((await look([[1, 1, null]], asked)).rows).toEqual([[null]]);
    expect(
      (await look([[1, 1, null]], { ...asked, revision: 2, rule: { dataSourceId: 'O', missing: 'fail' } })).rows,
    ).toEqual([['Ann']]);
    const hidden = { ...asked, rule: { dataSourceId: 'O', columns: ['note'] } };
    stage = newStage();
    await expect(look([[1, 1, null]], hidden)).rejects.toMatchObject({ code: 'MAPPING_LOOKUP_INVALID' });
    await run("DROP USER 'reader'@'%'");
  });

  it('wait for a data source that is away, and stop when it stays away', async () => {
    await run("INSERT INTO customer (id, name) VALUES (1, 'Ann'), (2, 'Bob')");
    const proxy = await FaultProxy.open(server);
    const source = dataSource(`A${schema}`, { host: proxy.host, port: proxy.port });
    expect((await look([[1, 1, null]], { source })).rows).toEqual([['Ann']]);
    proxy.refuse();
    proxy.cut();
    await expect(look([[2, 2, null]], { source, retryInPlaceMs: 0 })).rejects.toMatchObject({
      code: expect.stringMatching(/^SOURCE_(CONNECTION_LOST|UNREACHABLE)$/),
    });
    // What is known needs no server.
    expect((await look([[1, 1, null]], { source, retryInPlaceMs: 0 })).rows).toEqual([['Ann']]);
    const refused = proxy.effect.refused;
    const away = look([[2, 2, null]], { source });
    await waitUntil(() => proxy.effect.refused > refused + 1, { what: 'two attempts', timeoutMs: 60_000 });
    proxy.heal();
    expect((await away).rows).toEqual([['Bob']]);
    await proxy.close();
  });

  it('go on with the password and the server of the newest revision', async () => {
    await run("INSERT INTO customer (id, name) VALUES (1, 'Ann')");
    const source = dataSource('S', { password: 'of yesterday' });
    await expect(look([[1, 1, null]], { source, retryInPlaceMs: 0 })).rejects.toMatchObject({
      code: 'SOURCE_ACCESS_DENIED',
    });
    newest = { source: dataSource('S') } as PipelineDefinition;
    expect((await look([[1, 1, null]], { source, retryInPlaceMs: 0 })).rows).toEqual([['Ann']]);
  });

  it('end with the signal while a table is locked', async () => {
    await look([[1, 1, null]]);
    const other = await connectTo(server, schema);
    await other.query('LOCK TABLES customer WRITE');
    const stop = new AbortController();
    const looking = look([[2, 2, null]], { signal: stop.signal });
    const ended = expect(looking).rejects.toThrow('stopped');
    await waitUntil(
      async () => {
        const [rows] = await other.query<{ State: string | null }[] & never[]>('SHOW PROCESSLIST');
        return (rows as { State: string | null }[]).some(({ State }) => /table (metadata )?lock/i.test(State ?? ''));
      },
      { what: 'the lock', timeoutMs: 60_000 },
    );
    stop.abort(new Error('stopped'));
    await ended;
    await other.query('UNLOCK TABLES');
    await other.end();
  });

  it('go on with a table that was altered, and not without one', async () => {
    await run("INSERT INTO customer (id, name) VALUES (1, 'Ann'), (2, 'Bob'), (3, 'Cid')");
    expect((await look([[1, 1, null]])).rows).toEqual([['Ann']]);
    await run('ALTER TABLE customer ADD COLUMN more INT FIRST');
    expect((await look([[2, 2, null]])).rows).toEqual([['Bob']]);
    await run('ALTER TABLE customer MODIFY name VARBINARY(30)');
    await expect(look([[3, 3, null]])).rejects.toMatchObject({ code: 'SOURCE_LOOKUP_CHANGED' });
    expect((await look([[1, 1, null]])).rows).toEqual([[new Uint8Array(Buffer.from('Ann'))]]);
    await run('ALTER TABLE customer RENAME TO gone');
    await expect(look([[4, 4, null]])).rejects.toMatchObject({ code: 'SOURCE_LOOKUP_CHANGED' });
    await expect(look([[4, 4, null]])).rejects.toMatchObject({
      code: 'MAPPING_LOOKUP_INVALID',
      details: { lookup: 'c', mapping: 'M' },
    });
  });
});
