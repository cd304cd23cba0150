/**
 * Goal: what has left a group makes transform read its extremes at the source, exactly, behind the change and whatever else
 * happens to the table meanwhile.
 * Method: transform's own stage over changes of real servers of its own, reading from these servers.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { decodeRowProcess, RowProcessEncoder } from '@lutra/messaging';
import { DEFAULT_PARAMETERS, must, systemClock } from '@lutra/model';
import type {
  AggregateRule,
  Clock,
  MappingRules,
  PipelineDefinition,
  ProcessHeader,
  RowChange,
  RowImage,
  TableDefinition,
} from '@lutra/model';
import { SourceAccess } from '@lutra/source-access';
import type { SourceSession } from '@lutra/source-access';
import { connectTo, OwnServer, waitUntil } from '@lutra/testing';
import { SourceGroups } from '../src/groups/source-groups.ts';
import { TransformStage } from '../src/transform-stage.ts';
import { HeldCommit } from './held-commit.ts';

jest.setTimeout(120_000);

const MYSQL_GTID_OFF = ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF'];
const SERVERS = [
  ['MariaDB', 'mariadb', []],
  ['MySQL', 'mysql', []],
  ['MySQL without GTID', 'mysql', MYSQL_GTID_OFF],
] as const;

const SALE: Omit<TableDefinition, 'schema'> = {
  table: 'sale',
  columns: [
    { name: 'id', kind: 'integer', declared: 'int', nullable: false, bytes: 4 },
    { name: 'region', kind: 'text', declared: 'varchar(20)', nullable: false, charset: 'utf8mb4' },
    { name: 'price', kind: 'decimal', declared: 'decimal(12,2)', nullable: true, length: 12, scale: 2 },
    { name: 'sold', kind: 'datetime', declared: 'datetime(3)', nullable: true, length: 3 },
    { name: 'rate', kind: 'double', declared: 'double', nullable: true },
  ],
  primaryKey: [0],
};
const AGGREGATE: AggregateRule = {
  groupBy: [{ expression: 'region', target: 'region' }],
  count: 'n',
  values: [
    { function: 'min', expression: 'price', target: 'lowest' },
    { function: 'max', expression: 'price', target: 'highest' },
    { function: 'max', expression: 'sold', target: 'newest' },
    { function: 'min', expression: 'rate', target: 'rate' },
  ],
};
/** So that each row is looked at. */
const FILTERED: MappingRules = { aggregate: AGGREGATE, rows: { filter: 'price >= 0' } };

describe.each(SERVERS)('groups that something has left, at %s', (_name, program, extra) => {
  let server: OwnServer;
  let connection: Connection;
  let schema: string;
  let access: SourceAccess;
  let count = 0;
  /** Happens behind each question. */
  let meddle: (sql: string) => Promise<void>;
  const end = new AbortController();
  let closing: Promise<void>;

  beforeAll(async () => {
    server = await OwnServer.start({ program, extra: [...extra] });
    connection = await connectTo(server);
    access = new SourceAccess({ clock: systemClock, secretsOf: ({ password }) => ({ password }) });
    closing = access.run(end.signal);
  });
  beforeEach(async () => {
    meddle = () => Promise.resolve();
    schema = `s${String(++count)}`;
    await run(`CREATE DATABASE ${schema}`, `USE ${schema}`);
    await run(
      'CREATE TABLE sale (id int PRIMARY KEY, region varchar(20) CHARACTER SET utf8mb4, price decimal(12,2), sold datetime(3), rate double, KEY (region, price))',
    );
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

  const ask = async (sql: string): Promise<string> => {
    const [rows] = await connection.query<RowDataPacket[]>(sql);
    return String(Object.values(rows[0] ?? {})[0] ?? '');
  };

  /** The newest transaction of the log. */
  async function newestGtid(): Promise<string> {
    if (extra.length > 0) return 'binlog.000001:4';
    if (program === 'mariadb') return ask('SELECT @@global.gtid_binlog_pos');
    return (await ask('SELECT @@global.gtid_executed')).replace(/:.*?(\d+)$/, ':$1');
  }

  async function transformed(
    changes: readonly RowChange[],
    rules: MappingRules = { aggregate: AGGREGATE },
    clock: Clock = systemClock,
    gtid?: string,
  ): Promise<readonly (readonly [kind: string, amounts: string, after: RowImage])[]> {
    const { host, port, user, password } = server;
    const source = {
      ...{ id: 'S', name: 'S', host, port, user, password, tls: 'disabled' as const },
      kind: program,
    };
    const definition: PipelineDefinition = {
      ...{ id: 'P', name: 'P', channelId: 'C', revision: 1, source, target: source, start: { kind: 'latest' } },
      mappings: [
        {
          ...{ id: 'M', source: { schema, table: { exact: 'sale' } }, target: { schema: 'sums' } },
          ...{ columns: { mode: 'all' }, rules },
        },
      ],
      parameters: DEFAULT_PARAMETERS,
    };
    const input: Uint8Array[] = [];
    const encoder = new RowProcessEncoder(sinkOf(input));
    encoder.defineTable({ schema, ...SALE });
    encoder.beginTransaction({ seq: 1, gtid: gtid ?? (await newestGtid()), firstEvent: 0, commitMs: 0, isLast: true });
    for (const change of changes) encoder.change(change);
    encoder.endTransaction();
    encoder.end();
    const groups = new SourceGroups({
      access: meddled(access, (sql) => meddle(sql)),
      clock,
      newest: () => Promise.resolve(null),
    });
    const stage = new TransformStage(() => 'key', undefined, { groups });
    const output: Uint8Array[] = [];
    const serverUuid = extra.length > 0 ? await ask('SELECT @@server_uuid') : '';
    const task = { definition, body: Buffer.concat(input), output: sinkOf(output), serverUuid };
    await stage.work(task as unknown as Parameters<TransformStage['work']>[0], new AbortController().signal);
    const { transactions, tables } = decodeRowProcess({} as ProcessHeader, Buffer.concat(output));
    return must(transactions[0], 'one').changes.map((change) => {
      const { columns } = must(tables[change.table], 'it is defined');
      const amounts = columns.flatMap(({ amount }) => amount ?? []).join(' ');
      return [change.kind, amounts, change.kind === 'delete' ? [] : change.after] as const;
    });
  }

  const at = { table: 0, event: 0, row: 0, part: 0, flags: 0 };
  const rowOf = (id: number, region: string, price: string): RowImage => [
    id,
    region,
    price,
    '2024-01-01 00:00:00.000',
    0.5,
  ];
  const removed = (id: number, region: string, price: string): RowChange => ({
    ...{ ...at, row: id, kind: 'delete' },
    before: rowOf(id, region, price),
  });
  const SET = 'count set set set set';

  it('are told by the server, of each group what it holds', async () => {
    await run(
      "INSERT INTO sale VALUES (1, 'eu', 2.50, '2024-05-01 10:00:00.125', 0.1), (2, 'eu', -7, NULL, 1e-7), (3, \"d'oc\", NULL, NULL, NULL)",
    );
    const changes = [removed(7, 'eu', '9.00'), removed(8, "d'oc", '9.00'), removed(9, 'none', '9.00')];
    expect(await transformed(changes)).toEqual([
      ['update', SET, ['eu', -1n, '-7.00', '2.50', '2024-05-01 10:00:00.125', 1e-7]],
      ['update', SET, ["d'oc", -1n, null, null, null, null]],
      ['update', SET, ['none', -1n, null, null, null, null]],
    ]);
  });

  it('are looked through row by row where a filter decides, however many they are', async () => {
    const rows = Array.from(
      { length: 2_500 },
      (_row, id) => `(${String(id)}, 'eu', ${String(id - 1_200)}, NULL, ${String(id)})`,
    );
    await run(`INSERT INTO sale VALUES ${rows.join(',')}`, "INSERT INTO sale VALUES (9000, 'us', 5000, NULL, 1)");
    expect(await transformed([removed(9_001, 'eu', '9.00')], FILTERED)).toEqual([
      ['update', SET, ['eu', -1n, '0.00', '1299.00', null, 1_200]],
    ]);
  });

  it('are not read while they grow', async () => {
    await run("INSERT INTO sale VALUES (1, 'eu', 2.50, NULL, 0.1)");
    const [change] = await transformed([{ ...at, kind: 'insert', after: rowOf(1, 'eu', '2.50') }]);
    expect(change).toEqual([
      'insert',
      'count least greatest greatest least',
      ['eu', 1n, '2.50', '2.50', '2024-01-01 00:00:00.000', 0.5],
    ]);
  });

  it.each<[string, MappingRules]>([
    ['told by the server', { aggregate: AGGREGATE }],
    ['looked through', FILTERED],
  ])('are not read before the removal can be seen that is in the log already, %s', async (_how, rules) => {
    await run("INSERT INTO sale VALUES (1, 'eu', 2.50, NULL, 0.1), (2, 'eu', 9, NULL, 0.1)");
    const held = await HeldCommit.of(server, { schema, sql: 'DELETE FROM sale WHERE id = 2', newestGtid });
    try {
      expect(await ask('SELECT COUNT(*) FROM sale')).toBe('2');
      const clock: Clock = { ...systemClock, sleep: () => held.letGo() };
      const reading = transformed([removed(2, 'eu', '9.00')], rules, clock, held.gtid);
      // What waits for a lock does not sleep in between.
      if (extra.length > 0) {
        const waiting = "SELECT COUNT(*) FROM information_schema.INNODB_TRX WHERE trx_state = 'LOCK WAIT'";
        await waitUntil(async () => (await ask(waiting)) !== '0', {
          what: 'the reader at the lock',
          timeoutMs: 60_000,
        });
        await held.letGo();
      }
      expect(await reading).toEqual([['update', SET, ['eu', -1n, '2.50', '2.50', null, 0.1]]]);
    } finally {
      await held.close();
    }
  });

  it('are those of one moment, also where a row moves from a page that comes to one that was read', async () => {
    const rows = Array.from({ length: 2_500 }, (_row, id) => `(${String(id)}, 'eu', ${String(id)}, NULL, 1)`);
    await run(`INSERT INTO sale VALUES ${rows.join(',')}`);
    meddle = (sql) => (sql.includes('LIMIT') ? run('UPDATE sale SET id = -1 WHERE id = 2499') : Promise.resolve());
    expect(await transformed([removed(9_001, 'eu', '9.00')], FILTERED)).toEqual([
      ['update', SET, ['eu', -1n, '0.00', '2499.00', null, 1]],
    ]);
    expect(await ask('SELECT id FROM sale WHERE price = 2499')).toBe('-1');
  });

  it('wait for a table that is away for a moment', async () => {
    await run("INSERT INTO sale VALUES (1, 'eu', 2.50, NULL, 0.1)", 'RENAME TABLE sale TO away');
    const sleep = async (): Promise<void> => {
      if ((await ask("SHOW TABLES LIKE 'away'")) !== '') await run('RENAME TABLE away TO sale');
    };
    expect(await transformed([removed(2, 'eu', '1.00')], undefined, { ...systemClock, sleep })).toEqual([
      ['update', SET, ['eu', -1n, '2.50', '2.50', null, 0.1]],
    ]);
  });

  it('stop where the table or a column stays away, and say so', async () => {
    let now = 0;
    const clock: Clock = { ...systemClock, monotonicMs: () => (now += DEFAULT_PARAMETERS.retryInPlaceMs / 2) };
    const gone = { code: 'SOURCE_GROUPS_GONE' };
    await run('ALTER TABLE sale DROP COLUMN sold');
    await expect(transformed([removed(1, 'eu', '1.00')], undefined, clock)).rejects.toMatchObject(gone);
    await run('DROP TABLE sale');
    await expect(transformed([removed(1, 'eu', '1.00')], FILTERED, clock)).rejects.toMatchObject(gone);
  });
});

/** The same sessions, behind each of whose questions something happens. */
const meddled = (access: SourceAccess, meddle: (sql: string) => Promise<void>): SourceAccess => {
  const use: SourceAccess['use'] = (source, options, work) =>
    access.use(source, options, (session) => {
      const queryRaw: SourceSession['queryRaw'] = async (sql) => {
        const rows = await session.queryRaw(sql);
        await meddle(sql);
        return rows;
      };
      return work(Object.assign(Object.create(session) as SourceSession, { queryRaw }));
    });
  return Object.assign(Object.create(access) as SourceAccess, { use });
};

const sinkOf = (chunks: Uint8Array[]) => ({
  isFull: false,
  write: (bytes: Uint8Array) => {
    chunks.push(bytes);
  },
  drain: () => Promise.resolve(),
});
