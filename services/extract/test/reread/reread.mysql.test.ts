/**
 * Goal: rows are read again as they stand at the source, exactly, never before their commits are visible, and whatever
 * happens to them, to their table or to the server meanwhile.
 * Method: extract's own stage over what real servers of its own have logged, reading from these servers.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Connection } from 'mysql2/promise';
import { SourceSession } from '@lutra/binlog';
import { decodeRowProcess } from '@lutra/messaging';
import { DEFAULT_PARAMETERS, systemClock, WRITES_ALL } from '@lutra/model';
import type {
  DataSourceDefinition,
  DonePlace,
  MappingRules,
  PipelineDefinition,
  PipelineParameters,
  ProcessHeader,
  RowChange,
  TableDefinition,
} from '@lutra/model';
import { connectTo, FaultProxy, OwnServer, waitUntil } from '@lutra/testing';
import { ExtractStage } from '../../src/extract-stage.ts';
import type { Reread } from '../../src/extract-stage.ts';
import { SourceAccess } from '@lutra/source-access';
import { SourceRows } from '../../src/reread/source-rows.ts';
import { Collected } from '../recorded-events.ts';
import { bodySince, dataSourceOf, logEnd } from './source-log.ts';

jest.setTimeout(120_000);

const MYSQL_GTID_OFF = ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF'];
const SERVERS = [
  ['MariaDB', 'mariadb', []],
  ['MySQL', 'mysql', []],
  ['MySQL without GTID', 'mysql', MYSQL_GTID_OFF],
] as const;
const NO_COLUMN_IS_READ = { columns: { mode: 'all' } } as const;

describe.each(SERVERS)('rows that are read again at %s', (name, program, extra) => {
  let server: OwnServer;
  let connection: Connection;
  let from: DonePlace;
  let schema: string;
  let access: SourceAccess;
  let told: Reread[] = [];
  let count = 0;
  const end = new AbortController();
  let closing: Promise<void>;

  beforeAll(async () => {
    server = await OwnServer.start({ program, extra });
    connection = await connectTo(server);
    access = new SourceAccess({ clock: systemClock, secretsOf: ({ password }) => ({ password }) });
    closing = access.run(end.signal);
  });
  beforeEach(async () => {
    schema = `s${String(++count)}`;
    await run(`CREATE DATABASE ${schema}`, `USE ${schema}`);
    await run('CREATE TABLE item (id INT PRIMARY KEY, a VARCHAR(20), b VARCHAR(20), u INT UNIQUE)');
    from = await logEnd(server);
    told = [];
  });
  afterEach(async () => {
    await run("SET SESSION binlog_row_image = 'FULL'", `DROP DATABASE ${schema}`);
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

  /** That the server has been sent; nobody else asks it. */
  const selects = async (): Promise<number> => {
    const [rows] = await connection.query("SHOW GLOBAL STATUS LIKE 'Com_select'");
    return Number((rows as { Value: string }[])[0]?.Value);
  };

  interface Wanted {
    readonly parameters?: Partial<PipelineParameters>;
    readonly rules?: MappingRules;
    readonly source?: DataSourceDefinition;
    /** Happens between the logging and the reading. */
    readonly meanwhile?: () => Promise<void>;
    /** What has been logged; all since the test began unless given. */
    readonly logged?: Buffer;
  }

  async function extract({ parameters, rules, source = dataSourceOf(server), meanwhile, logged }: Wanted) {
    const body = logged ?? (await bodySince(server, from));
    await meanwhile?.();
    const definition: PipelineDefinition = {
      ...{ id: 'P', name: 'P', channelId: 'C', revision: 1, source, target: source, start: { kind: 'latest' } },
      mappings: [
        {
          ...{ id: 'M', source: { schema, table: { regex: '.*' } }, target: { schema: 'copy' } },
          ...(rules === undefined ? NO_COLUMN_IS_READ : { ...NO_COLUMN_IS_READ, rules }),
        },
      ],
      parameters: { ...DEFAULT_PARAMETERS, ...parameters },
    };
    const rows = new SourceRows({ access, clock: systemClock, newest: () => Promise.resolve(null) });
    const stage = new ExtractStage({ onDropped: () => undefined, onReread: (one) => told.push(one), source: rows });
    const output = new Collected();
    const serverUuid = from.kind === 'file' ? from.serverUuid : '';
    await stage.work({ definition, body, output, serverUuid }, new AbortController().signal);
    const { transactions, tables } = decodeRowProcess({} as ProcessHeader, output.bytes);
    return { tables, changes: transactions.flatMap(({ changes }) => changes) };
  }

  const short = ({ changes }: { readonly changes: readonly RowChange[] }): unknown[] =>
    changes.map((change) => [
      change.kind,
      ...(change.kind === 'insert' ? [] : [change.before]),
      ...(change.kind === 'delete' ? [] : [change.after]),
    ]);

  const media = { consistency: 'media' } as const;

  it('hold the values that the log has, of every kind', async () => {
    await run(...EVERY_KIND);
    if (server.kind === 'mariadb') await run(...KINDS_OF_MARIADB);
    const base = await extract({});
    const again = await extract({ parameters: media });
    expect(told.at(-1)).toMatchObject({ counts: { unread: 0, vanished: 0 }, unread: [] });
    for (const [index, change] of base.changes.entries())
      expect([tableOf(base, change), again.changes[index]]).toEqual([tableOf(base, change), change]);
    expect(again.changes.length).toBe(base.changes.length);
    expect(base.changes.length).toBeGreaterThan(10);
  });

  it('are as they stand now, but for the image before and for what is unique', async () => {
    await run("INSERT INTO item VALUES (1, 'a', 'b', 5)", "UPDATE item SET a = 'c' WHERE id = 1");
    const meanwhile = () => run("UPDATE item SET a = 'x', b = 'y', u = 6 WHERE id = 1");
    expect(short(await extract({ parameters: media, meanwhile }))).toEqual([
      ['insert', [1, 'x', 'y', 5]],
      ['update', [1, 'a', 'b', 5], [1, 'x', 'y', 5]],
    ]);
    expect(told).toMatchObject([{ counts: { read: 2, vanished: 0, leftOut: 0, unread: 0 } }]);
  });

  it('stay as the log has them when they are gone, or are left out', async () => {
    await run("INSERT INTO item VALUES (1, 'a', 'b', 1), (2, 'a', 'b', 2), (4, 'd', 'd', 4)");
    await run(
      "UPDATE item SET a = 'c' WHERE id = 1",
      'UPDATE item SET id = 3 WHERE id = 2',
      'DELETE FROM item WHERE id = 4',
    );
    const meanwhile = () => run('DELETE FROM item WHERE id = 1', 'UPDATE item SET id = 9 WHERE id = 3');
    const all = [
      ...[1, 2].map((id) => ['insert', [id, 'a', 'b', id]]),
      ['insert', [4, 'd', 'd', 4]],
      ['update', [1, 'a', 'b', 1], [1, 'c', 'b', 1]],
      ['update', [2, 'a', 'b', 2], [3, 'a', 'b', 2]],
      ['delete', [4, 'd', 'd', 4]],
    ];
    const logged = await bodySince(server, from);
    expect(short(await extract({ parameters: media, meanwhile, logged }))).toEqual(all);
    expect(told).toMatchObject([{ counts: { read: 0, vanished: 5, leftOut: 0, unread: 0 } }]);
    // A row that has another key is looked for under the new one: such a change is never left out.
    const left = await extract({ parameters: { ...media, skipNoRow: true }, logged });
    expect(left.changes.map(({ kind, flags }) => [kind, flags & WRITES_ALL])).toEqual([
      ['update', WRITES_ALL],
      ['delete', 0],
    ]);
    expect(told.at(-1)).toMatchObject({ counts: { vanished: 1, leftOut: 4 } });
  });

  it('complete partial images where a mapping computes from them, and column groups', async () => {
    await run("INSERT INTO item VALUES (1, 'a', 'b', 1), (2, 'a', 'b', 2)", "SET SESSION binlog_row_image = 'MINIMAL'");
    from = await logEnd(server);
    await run("UPDATE item SET a = 'c' WHERE id = 1", 'UPDATE item SET u = 7 WHERE id = 2');
    const partial = [
      ['update', [1, undefined, undefined, undefined], [undefined, 'c', undefined, undefined]],
      ['update', [2, undefined, undefined, undefined], [undefined, undefined, undefined, 7]],
    ] as const;
    const meanwhile = () => run("UPDATE item SET a = 'x', b = 'y'");
    const logged = await bodySince(server, from);
    expect(short(await extract({ meanwhile, logged }))).toEqual(partial);
    expect(told).toEqual([]);
    const columns = [{ target: 'ab', from: { kind: 'concat', columns: ['a', 'b'], separator: ' ' } }] as const;
    expect(short(await extract({ rules: { columns }, logged }))).toEqual([
      ['update', [1, undefined, undefined, undefined], [undefined, 'c', 'y', undefined]],
      ['update', [2, undefined, undefined, undefined], [undefined, 'x', 'y', 7]],
    ]);
    expect(short(await extract({ rules: { columnGroups: [['a', 'b']] }, logged }))).toEqual([
      ['update', [1, undefined, undefined, undefined], [undefined, 'c', 'y', undefined]],
      partial[1],
    ]);
  });

  it('stay as the log has them when the table has another shape, no key, or is gone', async () => {
    await run('CREATE TABLE gone (id INT PRIMARY KEY, a INT)', 'CREATE TABLE plain (a INT)');
    await run(
      "INSERT INTO item VALUES (1, 'a', 'b', 1)",
      'INSERT INTO gone VALUES (1, 2)',
      'INSERT INTO plain VALUES (3)',
    );
    const meanwhile = () =>
      run("UPDATE item SET a = 'x'", 'ALTER TABLE item MODIFY a VARCHAR(30)', 'DROP TABLE gone', 'DELETE FROM plain');
    const expected = [
      ['insert', [1, 'a', 'b', 1]],
      ['insert', [1, 2]],
      ['insert', [3]],
    ];
    expect(short(await extract({ parameters: { ...media, skipNoRow: true }, meanwhile }))).toEqual(expected);
    const [one] = told;
    expect([...(one?.unread ?? [])].toSorted()).toEqual([`${schema}.gone`, `${schema}.item`, `${schema}.plain`]);
  });

  it('keep the order of everything, more rows than are asked for at once, and large ones', async () => {
    await run('CREATE TABLE large (id INT PRIMARY KEY, b LONGBLOB)');
    from = await logEnd(server);
    const ids = Array.from({ length: 1_200 }, (_, id) => id);
    await run(`INSERT INTO item VALUES ${ids.map((id) => `(${String(id)}, 'a', 'b', ${String(id)})`).join(',')}`);
    for (const id of [1, 2, 3])
      await run(
        `INSERT INTO large VALUES (${String(id)}, REPEAT('x', 5000000))`,
        `UPDATE item SET b = '${String(id)}' WHERE id = 7`,
        `DELETE FROM item WHERE id = ${String(id)}`,
      );
    const base = await extract({});
    const before = await selects();
    const again = await extract({ parameters: media });
    const asked = (await selects()) - before;
    // Rows of one table by the hundreds, and what is asked once for them; one by one where a lock is needed (decision 0043).
    expect(asked).toBeLessThan(extra === MYSQL_GTID_OFF ? ids.length + 200 : 100);
    const orderOf = ({ changes }: typeof base) =>
      changes.map(({ kind, table, event, row }) => [kind, table, event, row]);
    expect(orderOf(again)).toEqual(orderOf(base));
    const { read, vanished } = told.at(-1)?.counts ?? { read: 0, vanished: 0 };
    expect([read, vanished]).toEqual([1_200 - 3 + 6, 3]);
    const seven = again.changes.find((change) => change.kind === 'insert' && change.after[0] === 7);
    expect(seven?.kind === 'insert' && seven.after[2]).toBe('3');
  });

  it('are read although nothing is committed after the log has gone on to another file', async () => {
    await run(
      "INSERT INTO item VALUES (1, 'a', 'b', 1)",
      'FLUSH BINARY LOGS',
      'CREATE TABLE other (id INT PRIMARY KEY)',
    );
    expect(short(await extract({ parameters: media }))).toEqual([['insert', [1, 'a', 'b', 1]]]);
    expect(told).toMatchObject([{ counts: { read: 1 } }]);
  });

  it('wait for a commit that is in the log and cannot be seen yet', async () => {
    await run("INSERT INTO item VALUES (1, 'a', 'b', 1)");
    const table = (await extract({ parameters: media })).tables[0] as TableDefinition;
    const writer = await connectTo(server, schema);
    const uuid = randomUUID();
    if (name === 'MySQL') await writer.query(`SET gtid_next = '${uuid}:1'`);
    if (name === 'MariaDB')
      for (const set of ['SET gtid_domain_id = 77', 'SET gtid_seq_no = 1']) await writer.query(set);
    const gtid = name === 'MySQL' ? `${uuid}:1` : `77-${String(await serverId())}-1`;
    await writer.query('BEGIN');
    await writer.query("UPDATE item SET a = 'committed' WHERE id = 1");
    const source = dataSourceOf(server);
    const definition = { id: 'P', source, parameters: DEFAULT_PARAMETERS } as PipelineDefinition;
    const rows = new SourceRows({ access, clock: systemClock, newest: () => Promise.resolve(null) });
    const uuidOfServer = from.kind === 'file' ? from.serverUuid : '';
    const rule = { isMedia: true, skipNoRow: false, needed: [], groups: [], columns: [0, 1] };
    const asked = [{ table, rule, columns: [0, 1], key: '["1"]', image: [1] }];
    let isRead = false;
    const reading = rows
      .of(definition, uuidOfServer)
      .read(asked, { transactions: [gtid], signal: new AbortController().signal })
      .finally(() => (isRead = true));
    for (let round = 0; round < 50; round += 1) await connection.query('SELECT 1');
    expect(isRead).toBe(false);
    await writer.query('COMMIT');
    const found = await reading;
    found.release();
    expect(found.rows).toMatchObject([{ image: [1, 'committed', undefined, undefined] }]);
    await writer.end();
  });

  it('wait while the source is away, and give up in the end', async () => {
    await run("INSERT INTO item VALUES (1, 'a', 'b', 1)");
    const proxy = await FaultProxy.open(server);
    const source = { ...dataSourceOf(server), id: `S${schema}`, host: proxy.host, port: proxy.port };
    proxy.refuse();
    await expect(extract({ parameters: { ...media, retryInPlaceMs: 0 }, source })).rejects.toThrow(
      'SOURCE_UNREACHABLE',
    );
    const refused = proxy.effect.refused;
    const away = extract({ parameters: media, source });
    await waitUntil(() => proxy.effect.refused > refused + 1, { what: 'two attempts', timeoutMs: 60_000 });
    proxy.heal();
    expect(short(await away)).toEqual([['insert', [1, 'a', 'b', 1]]]);
    proxy.cut();
    expect(short(await extract({ parameters: media, source }))).toEqual([['insert', [1, 'a', 'b', 1]]]);
    await proxy.close();
  });

  it('are refused with the grant that is missing', async () => {
    await run("INSERT INTO item VALUES (1, 'a', 'b', 1)");
    await run("CREATE USER IF NOT EXISTS 'blind'@'%' IDENTIFIED BY 'blind'");
    const source = { ...dataSourceOf(server), id: `B${schema}`, user: 'blind', password: 'blind' };
    const grants = server.kind === 'mariadb' ? 'BINLOG MONITOR' : 'REPLICATION CLIENT';
    await run(`GRANT ${grants} ON *.* TO 'blind'@'%'`);
    await expect(extract({ parameters: media, source })).rejects.toMatchObject({
      code: 'SOURCE_GRANT_MISSING',
      details: { statement: `GRANT SELECT ON \`${schema}\`.* TO 'blind'` },
    });
  });

  async function serverId(): Promise<number> {
    const session = await SourceSession.open({
      ...{ definition: dataSourceOf(server), password: server.password, clock: systemClock },
    });
    const id = Number(await session.queryText('SELECT @@server_id'));
    session.close();
    return id;
  }
});

const tableOf = ({ tables }: { readonly tables: readonly TableDefinition[] }, change: RowChange): string =>
  tables[change.table]?.table ?? '';

const EVERY_KIND: readonly string[] = [
  `CREATE TABLE numbers (id BIGINT UNSIGNED, t TINYINT, s SMALLINT UNSIGNED, m MEDIUMINT, i INT(8) ZEROFILL, l BIGINT,
     d DECIMAL(40,10), z DECIMAL(8,2) ZEROFILL, f FLOAT, x DOUBLE, b BIT(12), y YEAR, o BOOLEAN, PRIMARY KEY (id, t))`,
  `INSERT INTO numbers VALUES
     (18446744073709551615, -128, 65535, -8388608, 12, -9223372036854775808, -123456789012345678901234567890.0123456789,
      3.5, 1.1, 0.1, b'100000000001', 1901, 1),
     (0, 127, 0, 8388607, 4294967295, 9223372036854775807, 0, 0, 3.4028234e38, 1.7976931348623157e308, b'0', 0, 0),
     (1, 0, 1, -1, 0, 9007199254740993, -0.0000000001, 99999.99, 16777216, 5e-324, b'111111111111', 2155, NULL),
     (2, 1, NULL, NULL, NULL, NULL, NULL, NULL, -1.17549435e-38, -0.30000000000000004, NULL, NULL, NULL)`,
  `CREATE TABLE times (at DATETIME(6) PRIMARY KEY, d DATE, t TIME, t3 TIME(3), n DATETIME, s TIMESTAMP NULL, s6 TIMESTAMP(6) NULL)`,
  `SET SESSION sql_mode = 'ALLOW_INVALID_DATES'`,
  `SET SESSION time_zone = '+05:30'`,
  `INSERT INTO times VALUES
     ('2024-02-29 23:59:59.999999', '2024-02-29', '-838:59:59', '-00:00:00.001', '9999-12-31 23:59:59', '2024-03-31 02:30:00', '2038-01-01 00:00:00.000001'),
     ('1000-01-01 00:00:00', '0000-00-00', '838:59:59', '12:34:56.789', '0000-00-00 00:00:00', '0000-00-00 00:00:00', '0000-00-00 00:00:00'),
     ('2024-02-30 00:00:00.5', '2024-02-31', '00:00:00', '00:00:00', '2024-00-00 00:00:00', NULL, NULL)`,
  `SET SESSION time_zone = '+00:00'`,
  `CREATE TABLE texts (k VARCHAR(20) CHARACTER SET latin1, b BINARY(4), c CHAR(10) CHARACTER SET utf8mb4,
     v VARCHAR(200) CHARACTER SET utf8mb4, g TEXT CHARACTER SET gbk, w VARBINARY(20), l LONGBLOB,
     e ENUM('new','größer','x'), s SET('a','b','c'), PRIMARY KEY (k, b))`,
  `INSERT INTO texts VALUES
     ('é', x'01000000', 'a  ', '😀 '' \\\\ "', '中文', x'00ff0000', x'00', 'größer', 'a,c'),
     ('', x'00000000', '', '', '', '', '', 'x', ''),
     ('A', x'ff00ff00', NULL, NULL, NULL, NULL, NULL, NULL, NULL)`,
  `CREATE TABLE rare (id VARBINARY(8) PRIMARY KEY, j JSON, p POINT, g GEOMETRY, c INT AS (LENGTH(id)) STORED, i INT)`,
  `INSERT INTO rare (id, j, p, g, i) VALUES
     (x'00', '{"b": [1, 2.50, null, true, "ä\\\\"\\\\n"], "a": 12345678901234567890}', ST_GeomFromText('POINT(1 2)'), ST_GeomFromText('LINESTRING(0 0,1 1)'), 1),
     (x'ff', '[]', NULL, NULL, NULL), (x'27', NULL, NULL, NULL, 3)`,
  "CREATE TABLE labels (e ENUM('a','b') PRIMARY KEY, d DATE, y YEAR)",
  "INSERT INTO labels VALUES ('b', '2024-01-01', 2024)",
];

const KINDS_OF_MARIADB: readonly string[] = [
  'CREATE TABLE compressed (id INT PRIMARY KEY, t TEXT COMPRESSED)',
  "INSERT INTO compressed VALUES (1, REPEAT('ab', 100))",
];
