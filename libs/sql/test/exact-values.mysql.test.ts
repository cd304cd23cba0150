/**
 * Goal: whatever value a column can hold arrives bit for bit, not only the values that somebody thought of.
 * Method: a thousand generated values of each type are written by one statement, and the server shows them in a form that
 * tells any two values apart.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { must } from '@lutra/model';
import type { ColumnDefinition, ColumnValue } from '@lutra/model';
import { compileTableWriter, insertStatement } from '@lutra/sql';
import { column, WRITING_TARGETS, tableOf, TargetFixture } from './target-fixture.ts';

interface Generated {
  readonly column: ColumnDefinition;
  readonly values: fc.Arbitrary<ColumnValue>;
  /** What the server shows of column `c`, and what it has to show for a value. */
  readonly shown: string;
  readonly expected: (value: ColumnValue) => string;
  /** Where the declaration differs from the column's type. */
  readonly declared?: Readonly<Partial<Record<'mysql' | 'mariadb', string>>>;
}

const VALUES = 1_000;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase();
const bytesOf = (value: ColumnValue): Uint8Array => (value instanceof Uint8Array ? value : new Uint8Array());
const padded = (value: number, digits: number): string => String(value).padStart(digits, '0');
const digits = (length: number): fc.Arbitrary<string> =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: length, maxLength: length }).map((each) => each.join(''));

const decimals = fc
  .tuple(fc.boolean(), fc.integer({ min: 1, max: 35 }), digits(35), digits(30))
  .map(([isNegative, length, whole, part]) => {
    const integer = whole.slice(0, length).replace(/^0+(?=\d)/, '');
    const isZero = /^0*$/.test(integer + part);
    return `${isNegative && !isZero ? '-' : ''}${integer}.${part}`;
  });
const clock = fc
  .tuple(fc.nat(23), fc.nat(59), fc.nat(59), fc.nat(999_999))
  .map(
    ([hour, minute, second, micros]) =>
      `${padded(hour, 2)}:${padded(minute, 2)}:${padded(second, 2)}.${padded(micros, 6)}`,
  );
const days = (first: number, last: number): fc.Arbitrary<string> =>
  fc
    .tuple(fc.integer({ min: first, max: last }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 }))
    .map(([year, month, day]) => `${padded(year, 4)}-${padded(month, 2)}-${padded(day, 2)}`);
const times = fc
  .tuple(fc.boolean(), fc.nat(838), fc.nat(59), fc.nat(59), fc.nat(999_999))
  .map(([isNegative, hour, minute, second, micros]) => {
    // One second below the end: the servers do not agree on the last one's fraction.
    const text = `${padded(Math.min(hour, 837), 2)}:${padded(minute, 2)}:${padded(second, 2)}.${padded(micros, 6)}`;
    return isNegative && !/^[0:.]+$/.test(text) ? `-${text}` : text;
  });
const points = fc
  .tuple(
    fc.constantFrom(0, 4326),
    fc.double({ min: -90, max: 90, noNaN: true }),
    fc.double({ min: -90, max: 90, noNaN: true }),
  )
  .map(([srid, x, y]) => {
    const bytes = Buffer.alloc(25);
    bytes.writeUInt32LE(srid, 0);
    bytes.writeUInt8(1, 4);
    bytes.writeUInt32LE(1, 5);
    bytes.writeDoubleLE(x + 0, 9);
    bytes.writeDoubleLE(y + 0, 17);
    return new Uint8Array(bytes);
  });

const GENERATED: Readonly<Record<string, Generated>> = {
  bigint: {
    column: column('c', 'integer', 'bigint', { bytes: 8 }),
    values: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    shown: 'CAST(c AS CHAR)',
    expected: String,
  },
  'bigint unsigned': {
    column: column('c', 'integer', 'bigint unsigned', { bytes: 8, unsigned: true }),
    values: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    shown: 'CAST(c AS CHAR)',
    expected: String,
  },
  'decimal(65,30)': {
    column: column('c', 'decimal', 'decimal(65,30)', { scale: 30 }),
    values: decimals,
    shown: 'CAST(c AS CHAR)',
    expected: String,
  },
  double: {
    column: column('c', 'double', 'double'),
    values: fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom(-0, 5e-324, -5e-324, 2.225073858507201e-308, 1.7976931348623157e308),
    ),
    shown: 'CAST(c AS CHAR)',
    expected: (value) => (Object.is(value, -0) ? '-0' : String(Number(value))),
  },
  float: {
    column: column('c', 'float', 'float'),
    values: fc.oneof(fc.float({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(-0, 1.401298464324817e-45)),
    shown: 'CAST(CAST(c AS DOUBLE) AS CHAR)',
    expected: (value) => (Object.is(value, -0) ? '-0' : String(Number(value))),
  },
  'bit(33)': {
    column: column('c', 'bit', 'bit(33)'),
    values: fc.bigInt({ min: 0n, max: 2n ** 33n - 1n }),
    shown: 'CAST(CAST(c AS UNSIGNED) AS CHAR)',
    expected: String,
  },
  'bit(1)': {
    column: column('c', 'bit', 'bit(1)'),
    values: fc.bigInt({ min: 0n, max: 1n }),
    shown: 'CAST(CAST(c AS UNSIGNED) AS CHAR)',
    expected: String,
  },
  'datetime(6)': {
    column: column('c', 'datetime', 'datetime(6)', { length: 6 }),
    values: fc.tuple(days(1, 9999), clock).map((parts) => parts.join(' ')),
    shown: 'CAST(c AS CHAR)',
    expected: String,
  },
  'timestamp(6)': {
    column: column('c', 'timestamp', 'timestamp(6)', { length: 6 }),
    values: fc.tuple(days(1971, 2037), clock).map((parts) => parts.join(' ')),
    shown: 'CAST(c AS CHAR)',
    expected: String,
  },
  'time(6)': {
    column: column('c', 'time', 'time(6)', { length: 6 }),
    values: times,
    shown: 'CAST(c AS CHAR)',
    expected: String,
  },
  varbinary: {
    column: column('c', 'binary', 'varbinary(300)'),
    values: fc.uint8Array({ maxLength: 300 }).map((value) => new Uint8Array(value)),
    shown: 'HEX(c)',
    expected: (value) => hex(bytesOf(value)),
  },
  'text utf8mb4': {
    column: column('c', 'text', 'text', { charset: 'utf8mb4' }),
    values: fc.string({ unit: 'binary', maxLength: 60 }),
    shown: 'HEX(c)',
    expected: (value) => hex(Buffer.from(String(value))),
  },
  'varchar utf16': {
    column: column('c', 'text', 'varchar(80)', { charset: 'utf16' }),
    values: fc.string({ unit: 'binary', maxLength: 30 }),
    shown: 'HEX(CONVERT(c USING utf8mb4))',
    expected: (value) => hex(Buffer.from(String(value))),
  },
  'varchar latin1': {
    column: column('c', 'text', 'varchar(80)', { charset: 'latin1' }),
    values: fc.string({
      unit: fc.integer({ min: 160, max: 255 }).map((code) => String.fromCodePoint(code)),
      maxLength: 60,
    }),
    shown: 'HEX(c)',
    expected: (value) => hex(Buffer.from(String(value), 'latin1')),
  },
  geometry: {
    column: column('c', 'geometry', 'geometry'),
    values: points,
    shown: 'HEX(c)',
    expected: (value) => hex(bytesOf(value)),
  },
};

describe.each(WRITING_TARGETS)('generated values written to %s', (_name, server, bulk) => {
  let target: TargetFixture;
  let number = 0;

  beforeAll(async () => {
    target = await TargetFixture.open(server, bulk);
  });
  afterAll(() => target.close());

  async function writerOf(columns: readonly ColumnDefinition[], declaration: string) {
    number += 1;
    const definition = tableOf(target.schema, columns, { table: `v${String(number)}` });
    await target.session.query(`CREATE TABLE ${target.schema}.v${String(number)} (${declaration})`);
    const shape = must(await target.session.describeTable(definition), 'the table was just created');
    return { writer: compileTableWriter(definition, shape), name: `${target.schema}.v${String(number)}` };
  }
  const id = column('id', 'integer', 'int', { bytes: 4, nullable: false });

  it.each(Object.entries(GENERATED))('%s', async (_type, generated) => {
    const { declared, charset } = generated.column;
    const type = charset === undefined ? declared : `${declared} CHARACTER SET ${charset}`;
    const { writer, name } = await writerOf([id, generated.column], `id int PRIMARY KEY, c ${type} NULL`);
    const seed = Date.now() % 1_000_000_007;
    const values = fc.sample(generated.values, { numRuns: VALUES, seed });
    await target.session.execute([
      insertStatement(
        writer,
        values.map((value, index) => [index, value]),
      ),
    ]);
    const rows = await target.session.query(`SELECT id, ${generated.shown} AS shown FROM ${name} ORDER BY id`);
    await target.session.rollback();
    const { kind } = generated.column;
    // MariaDB stores -0 as 0, however it is written.
    const signed = (text: unknown): number => (server === 'mariadbTarget' ? Number(text) + 0 : Number(text));
    const same = (one: unknown, other: string): boolean => {
      // The text of a float's double may be rounded in its last digit; the 32 bits are what counts.
      if (kind === 'float') return Object.is(Math.fround(signed(one)), Math.fround(signed(other)));
      return kind === 'double' ? Object.is(signed(one), signed(other)) : one === other;
    };
    const wrong = values.flatMap((value, index) => {
      const [shown, expected] = [rows[index]?.['shown'], generated.expected(value)];
      return same(shown, expected) ? [] : [{ seed, expected, shown }];
    });
    expect([rows.length, wrong.slice(0, 3)]).toEqual([VALUES, []]);
  });

  it('json with large numbers, any text, and depth', async () => {
    const { writer, name } = await writerOf([id, column('c', 'json', 'json')], 'id int PRIMARY KEY, c json');
    const texts = [
      '18446744073709551615',
      '-9223372036854775808',
      `${'['.repeat(30)}1.5${']'.repeat(30)}`,
      JSON.stringify({ 'a"\\': 'é 漢 😀 \u0001 \u2028', b: [null, true, 0.1, -1e-7] }),
    ];
    await target.session.execute([
      insertStatement(
        writer,
        texts.map((text, index) => [index, text]),
      ),
    ]);
    const rows = await target.session.query(`SELECT CAST(c AS CHAR) AS shown FROM ${name} ORDER BY id`);
    const plain = (text: unknown): unknown => (/^-?\d+$/.test(String(text)) ? text : JSON.parse(String(text)));
    expect(rows.map(({ shown }) => plain(shown))).toEqual(texts.map((text) => plain(text)));
    await target.session.rollback();
  });

  it('keeps what servers would fill in: 0 in AUTO_INCREMENT, NULL beside a default, what is invisible', async () => {
    const columns = [
      id,
      column('d', 'integer', 'int', { bytes: 4 }),
      column('at', 'datetime', 'datetime'),
      column('hidden', 'integer', 'int', { bytes: 4 }),
      column('sum', 'integer', 'int', { bytes: 4 }),
      column('later', 'integer', 'int', { bytes: 4 }),
    ];
    const { writer, name } = await writerOf(
      columns,
      'id int NOT NULL AUTO_INCREMENT PRIMARY KEY, d int DEFAULT (1 + 6), at datetime NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, ' +
        'hidden int INVISIBLE, sum int AS (hidden + 1) STORED, later int AS (hidden + 2) VIRTUAL',
    );
    const rows = [
      [0, null, null, 5, 9, 9],
      [-1, 3, '0000-00-00 00:00:00', null, 9, 9],
    ];
    await target.session.execute([insertStatement(writer, rows), insertStatement(writer, rows)]);
    const found = await target.session.query(
      `SELECT id, d, CAST(at AS CHAR) AS at, hidden, sum, later FROM ${name} ORDER BY id DESC`,
    );
    expect(found.map((row) => Object.values(row))).toEqual([
      [0, null, null, 5, 6, 7],
      [-1, 3, '0000-00-00 00:00:00', null, null, null],
    ]);
    await target.session.rollback();
  });
});
