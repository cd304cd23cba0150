/**
 * Goal: for any values, reading the log gives what reading the table gives.
 * Method: random rows over one table with a column of each kind are inserted with parameters, then read twice: through the
 * log, and by a SELECT that asks for an exact form of each value. Prints its seed when it fails.
 */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import type { ColumnValue } from '@lutra/model';
import { testServers } from '@lutra/testing';
import { LoggedChanges } from './logged-changes.ts';

jest.setTimeout(60_000);

const servers = testServers();

interface RandomColumn {
  readonly declared: string;
  readonly value: fc.Arbitrary<unknown>;
  /** Exact form of the column in a SELECT, and how its answer reads. */
  readonly select: (name: string) => string;
  readonly read: (answer: string) => ColumnValue;
}

const asText = (name: string): string => `CAST(${name} AS CHAR)`;
const asHex = (name: string): string => `HEX(${name})`;
const fromHex = (answer: string): Buffer => Buffer.from(answer, 'hex');
const same = (answer: string): string => answer;

const integer = (declared: string, min: bigint, max: bigint): RandomColumn => ({
  declared,
  value: fc.bigInt({ min, max }).map(String),
  select: asText,
  read: declared.startsWith('bigint') ? BigInt : Number,
});

const pad = (value: number, width = 2): string => String(value).padStart(width, '0');
const clock = fc
  .tuple(fc.nat({ max: 23 }), fc.nat({ max: 59 }), fc.nat({ max: 59 }), fc.nat({ max: 999_999 }))
  .map(([hour, minute, second, micros]) => `${pad(hour)}:${pad(minute)}:${pad(second)}.${pad(micros, 6)}`);
const day = fc
  .tuple(fc.integer({ min: 1971, max: 2037 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 }))
  .map(([year, month, date]) => `${String(year)}-${pad(month)}-${pad(date)}`);
const digits = (max: number): fc.Arbitrary<string> =>
  fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: max }).map((list) => list.join(''));
/** MySQL's character sets know no lone surrogates, and NUL ends nothing in them. */
const text = (maxLength: number): fc.Arbitrary<string> => fc.string({ unit: 'binary', maxLength });

const COLUMNS: readonly RandomColumn[] = [
  integer('tinyint', -128n, 127n),
  integer('smallint unsigned', 0n, 65_535n),
  integer('mediumint', -8_388_608n, 8_388_607n),
  integer('int unsigned', 0n, 4_294_967_295n),
  integer('bigint', -(2n ** 63n), 2n ** 63n - 1n),
  integer('bigint unsigned', 0n, 2n ** 64n - 1n),
  ...(
    [
      [65, 30],
      [20, 0],
      [9, 9],
      [31, 11],
    ] as const
  ).map(([precision, scale]): RandomColumn => ({
    declared: `decimal(${String(precision)},${String(scale)})`,
    value: fc
      .tuple(fc.boolean(), digits(Math.max(precision - scale, 1)), digits(Math.max(scale, 1)))
      .map(
        ([isNegative, whole, fraction]) =>
          `${isNegative ? '-' : ''}${precision === scale ? '0' : whole}.${scale === 0 ? '0' : fraction}`,
      ),
    select: asText,
    read: same,
  })),
  {
    declared: 'float',
    value: fc.float({ noNaN: true, noDefaultInfinity: true }),
    select: (name) => `CAST(${name} AS DOUBLE)`,
    read: Number,
  },
  {
    declared: 'double',
    value: fc.double({ noNaN: true, noDefaultInfinity: true }),
    select: (name) => name,
    read: Number,
  },
  {
    declared: 'bit(64)',
    value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
    select: (name) => `CAST(${name} + 0 AS CHAR)`,
    read: BigInt,
  },
  { declared: 'date', value: day, select: asText, read: same },
  ...[0, 1, 3, 4, 6].flatMap((fraction): RandomColumn[] => [
    {
      declared: `time(${String(fraction)})`,
      value: fc.tuple(fc.constantFrom('', '-'), clock).map((parts) => parts.join('')),
      select: asText,
      read: same,
    },
    {
      declared: `datetime(${String(fraction)})`,
      value: fc.tuple(day, clock).map((parts) => parts.join(' ')),
      select: asText,
      read: same,
    },
    {
      declared: `timestamp(${String(fraction)}) null`,
      value: fc.tuple(day, clock).map((parts) => parts.join(' ')),
      select: asText,
      read: same,
    },
  ]),
  { declared: 'varchar(60)', value: text(60), select: (name) => name, read: same },
  { declared: 'mediumtext', value: text(2_000), select: (name) => name, read: same },
  { declared: 'varchar(60) character set utf16', value: text(60), select: (name) => name, read: same },
  {
    declared: 'varbinary(300)',
    value: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    select: asHex,
    read: fromHex,
  },
  {
    declared: 'binary(16)',
    value: fc.uint8Array({ maxLength: 16 }).map((bytes) => Buffer.from(bytes)),
    select: asHex,
    read: fromHex,
  },
  {
    declared: 'longblob',
    value: fc.uint8Array({ maxLength: 3_000 }).map((bytes) => Buffer.from(bytes)),
    select: asHex,
    read: fromHex,
  },
  { declared: "enum('a','b,c','ü')", value: fc.constantFrom('a', 'b,c', 'ü'), select: (name) => name, read: same },
  {
    declared: "set('a','b','c')",
    value: fc.subarray(['a', 'b', 'c']).map((labels) => labels.join(',')),
    select: (name) => name,
    read: same,
  },
];

const rowOf: fc.Arbitrary<unknown[]> = fc.tuple(...COLUMNS.map(({ value }) => fc.option(value, { freq: 9 })));

describe.each([
  ['MariaDB', servers.mariadbSource],
  ['MySQL', servers.mysql],
])('random rows of %s', (_name, server) => {
  const schema = `lutra_random_${randomBytes(4).toString('hex')}`;
  const table = `${schema}.r`;
  let log: LoggedChanges;

  beforeAll(async () => {
    log = await LoggedChanges.open(server, schema);
    const columns = COLUMNS.map(({ declared }, index) => `c${String(index)} ${declared}`).join(', ');
    await log.connection.query(`CREATE TABLE ${table} (id INT PRIMARY KEY, ${columns})`);
  });
  afterAll(() => log.close());

  it('are the same in the log and in the table', async () => {
    const select = COLUMNS.map((column, index) => column.select(`c${String(index)}`)).join(', ');
    let id = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(rowOf, { minLength: 1, maxLength: 5 }), async (rows) => {
        const first = id;
        const places = `(${Array.from({ length: COLUMNS.length + 1 }, () => '?').join(', ')})`;
        // Rounding and cutting are the server's business: what it stored is what counts.
        const insert = `INSERT IGNORE INTO ${table} VALUES ${rows.map(() => places).join(', ')}`;
        const values = rows.flatMap((row) => [(id += 1), ...row]);
        const events = await log.changes([log.connection.format(insert, values)]);
        const decoded = events.flatMap((event) => event.rows.map(({ after }) => after?.slice(1)));
        // Over the binary protocol: the servers print some doubles with a last digit that is off by one.
        const [answers] = await log.connection.execute(
          `SELECT ${select} FROM ${table} WHERE id > ${String(first)} ORDER BY id`,
        );
        const selected = (answers as (string | number | null)[][]).map((answer) =>
          answer.map((value, index) => (value === null ? null : COLUMNS[index]?.read(String(value)))),
        );
        expect(decoded).toEqual(selected);
      }),
      { numRuns: 60 },
    );
  });
});
