/**
 * Goal: an independent reader of the binary log sees the same events with the same values.
 * Method: @vlasky/zongji follows the same server (the test's own: it gives up at events of other tests) while the statements run; its events are put into our words (its known
 * habits: 64-bit integers as number or text, BIT as bytes, MySQL's JSON as text with its own spacing) and compared.
 */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomBytes, randomInt } from 'node:crypto';
import ZongJi from '@vlasky/zongji';
import type { DecodedEvent } from '@lutra/binlog/decoder';
import type { ColumnDefinition, ColumnValue, RowImage } from '@lutra/model';
import { OwnServer, waitUntil } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';
import { LoggedChanges } from './logged-changes.ts';

interface SeenEvent {
  readonly kind: string;
  readonly rows: readonly unknown[];
}

type Values = Readonly<Record<string, unknown>>;

jest.setTimeout(60_000);

const COLUMNS = `
  id BIGINT UNSIGNED PRIMARY KEY, i8 TINYINT, i16 SMALLINT UNSIGNED, i24 MEDIUMINT, i32 INT UNSIGNED, i64 BIGINT,
  amount DECIMAL(40,15), f FLOAT, d DOUBLE, bits BIT(33), y YEAR, day DATE, t TIME(3), dt DATETIME(6), ts TIMESTAMP(2) NULL,
  c CHAR(10), v VARCHAR(300), latin VARCHAR(20) CHARACTER SET latin1, note TEXT, b BINARY(4), vb VARBINARY(20), data BLOB,
  e ENUM('x','y,z'), s SET('p','q','r'), j JSON`;

const ROW_ONE = `18446744073709551615, -128, 65535, -8388608, 4294967295, -9223372036854775808,
  -1234567890123456789012345.000000000000001, 1.5, 0.1, b'100000000000000000000000000000001', 2155, '2024-02-29',
  '-12:34:56.789', '2024-02-29 12:34:56.000001', '2024-02-29 12:34:56.78', 'äö', 'Zoë 😀', '€uro', 'note', x'01020304', x'00ff',
  x'00', 'y,z', 'p,r', '{"k": [1, 2.5, null, true, "ü"]}'`;
const ROW_TWO = `2, ${Array.from({ length: 24 }, () => 'NULL').join(', ')}`;

const statements = (table: string): string[] => [
  `CREATE TABLE ${table} (${COLUMNS})`,
  `INSERT INTO ${table} VALUES (${ROW_ONE}), (${ROW_TWO})`,
  `UPDATE ${table} SET v = 'changed', i64 = 7, amount = -0.5 WHERE id = 2`,
  `ALTER TABLE ${table} ADD COLUMN extra INT FIRST`,
  `UPDATE ${table} SET extra = 5, e = 'x', s = '' ORDER BY id`,
  `DELETE FROM ${table} ORDER BY id`,
];

/** A value of either reader in words that both have. */
function comparable(value: unknown, kind: ColumnDefinition['kind']): unknown {
  if (value === null || value === undefined) return value;
  switch (kind) {
    case 'integer':
    case 'year':
      return BigInt(value as number | bigint | string);
    case 'bit':
      return Buffer.isBuffer(value) ? BigInt(`0x${value.toString('hex')}`) : value;
    case 'json':
      return JSON.parse(value as string) as unknown;
    case 'binary':
      return Buffer.from(value as Uint8Array).toString('hex');
    default:
      return value;
  }
}

const ours = ({ table, kind, rows }: DecodedEvent): SeenEvent => {
  const named = (image: RowImage | undefined): Values =>
    Object.fromEntries(
      table.columns.map(({ name, kind: columnKind }, index) => [
        name,
        comparable(image?.[index] as ColumnValue, columnKind),
      ]),
    );
  const images = rows.map(({ before, after }) =>
    kind === 'update' ? [named(before), named(after)] : named(after ?? before),
  );
  return { kind, rows: images };
};

function theirs(
  kind: string,
  rows: readonly unknown[],
  kinds: ReadonlyMap<string, ColumnDefinition['kind']>,
): SeenEvent {
  const named = (image: unknown): Values =>
    Object.fromEntries(
      Object.entries(image as Values).map(([name, value]) => [name, comparable(value, kinds.get(name) ?? 'text')]),
    );
  const images = rows.map((row) => {
    if (kind !== 'update') return named(row);
    const { before, after } = row as { before: unknown; after: unknown };
    return [named(before), named(after)];
  });
  return { kind, rows: images };
}

const EVENT_KINDS = new Map([
  ['writerows', 'insert'],
  ['updaterows', 'update'],
  ['deleterows', 'delete'],
]);

async function startZongji(server: DatabaseServer, schema: string) {
  const { host, port, user, password } = server;
  const options = { host, port, user, password, charset: 'utf8mb4', timezone: 'Z', dateStrings: true };
  const zongji = new ZongJi({
    ...options,
    supportBigNumbers: true,
    bigNumberStrings: true,
    jsonStrings: true,
  });
  const events: { kind: string; rows: readonly unknown[] }[] = [];
  let isReady = false;
  let failure: unknown = null;
  zongji.on('binlog', (event: { getTypeName(): string; getEventName(): string; rows?: readonly unknown[] }) => {
    const kind = EVENT_KINDS.get(event.getEventName());
    if (kind !== undefined) events.push({ kind, rows: event.rows ?? [] });
  });
  zongji.on('ready', () => (isReady = true));
  zongji.on('error', (error: unknown) => (failure = error));
  const includeEvents = ['rotate', 'tablemap', 'writerows', 'updaterows', 'deleterows'];
  zongji.start({
    startAtEnd: true,
    serverId: randomInt(100_000, 900_000),
    includeEvents,
    includeSchema: { [schema]: ['all_types'] },
  });
  await waitUntil(() => isReady, { what: 'zongji to follow the log', timeoutMs: 60_000, everyMs: 10 });
  return { zongji, events, failed: () => failure };
}

describe.each([
  ['MariaDB', 'mariadb'],
  ['MySQL', 'mysql'],
] as const)('events of %s', (_name, program) => {
  let server: OwnServer;

  beforeAll(async () => {
    server = await OwnServer.start({ program, extra: ['--binlog-row-metadata=FULL'] });
  });
  afterAll(() => server.close());

  it('are the same for zongji', async () => {
    const schema = `lutra_oracle_${randomBytes(4).toString('hex')}`;
    const log = await LoggedChanges.open(server, schema);
    const oracle = await startZongji(server, schema);
    try {
      const decoded = await log.changes(statements(`${schema}.all_types`));
      await waitUntil(() => oracle.events.length >= decoded.length || oracle.failed() !== null, {
        what: 'zongji to see all events',
        timeoutMs: 60_000,
        everyMs: 10,
      });
      expect(oracle.failed()).toBeNull();
      expect(decoded.map(({ kind }) => kind)).toEqual(['insert', 'update', 'update', 'delete']);
      const columns = decoded.at(-1)?.table.columns ?? [];
      // zongji keeps MariaDB's JSON as text, which is what the column is there.
      const kinds = new Map(columns.map(({ name, kind }) => [name, kind]));
      expect(decoded.map(ours)).toEqual(oracle.events.map(({ kind, rows }) => theirs(kind, rows, kinds)));
    } finally {
      oracle.zongji.stop();
      await log.close();
    }
  });
});
