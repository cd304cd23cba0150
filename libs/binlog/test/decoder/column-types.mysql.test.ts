/**
 * Goal: every column type comes out of the log with the value that the server itself shows.
 * Method: one table per type on real servers, edge values written as SQL, the decoded rows compared with a SELECT that
 * asks for the same value in an exact form (hex for bytes, CAST for floats), and the declaration with SHOW CREATE TABLE.
 */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import type { ColumnValue } from '@lutra/model';
import { testServers } from '@lutra/testing';
import { LoggedChanges } from './logged-changes.ts';

jest.setTimeout(60_000);

const servers = testServers();

/** Type, values as SQL, and the SELECT expression over `v` with the reader of its answer. */
type Answer = string | number | null;
type Form = readonly [string, (answer: Answer) => ColumnValue];
const asText: Form = ['CAST(v AS CHAR)', (answer) => (answer === null ? null : String(answer))];
const asNumber: Form = ['CAST(v AS CHAR)', (answer) => (answer === null ? null : Number(answer))];
const asBigint: Form = ['CAST(v AS CHAR)', (answer) => (answer === null ? null : BigInt(String(answer)))];
const asBits: Form = ['CAST(v + 0 AS CHAR)', (answer) => (answer === null ? null : BigInt(String(answer)))];
const asFloat: Form = ['CAST(v AS DOUBLE)', (answer) => (answer === null ? null : Number(answer))];
const asDouble: Form = ['v', (answer) => (answer === null ? null : Number(answer))];
const asUnicode: Form = ['CONVERT(v USING utf8mb4)', (answer) => (answer === null ? null : String(answer))];
const asBytes: Form = ['HEX(v)', (answer) => (answer === null ? null : Buffer.from(String(answer), 'hex'))];

const TEMPORALS = ["'2024-02-29 23:59:59.987654'", "'1999-12-31 00:00:00'", 'NULL', "'0000-00-00 00:00:00'"];
const TIMES = ["'838:59:59'", "'-838:59:59'", "'-00:00:00.1'", "'-00:00:01.999999'", "'12:34:56.789012'", '0', 'NULL'];
const LETTERS = ["''", "'abc'", "'ä€ß'", "'x  '", 'NULL'];

const COMMON: readonly (readonly [string, readonly string[], Form])[] = [
  ['tinyint', ['-128', '127', '0', 'NULL'], asNumber],
  ['tinyint unsigned', ['255', '0', '128'], asNumber],
  ['smallint', ['-32768', '32767'], asNumber],
  ['smallint unsigned', ['65535', '32768'], asNumber],
  ['mediumint', ['-8388608', '8388607', '-1'], asNumber],
  ['mediumint unsigned', ['16777215', '8388608'], asNumber],
  ['int', ['-2147483648', '2147483647', '-1'], asNumber],
  ['int unsigned', ['4294967295', '2147483648'], asNumber],
  ['bigint', ['-9223372036854775808', '9223372036854775807', '-1', '5', 'NULL'], asBigint],
  ['bigint unsigned', ['18446744073709551615', '9223372036854775808', '0'], asBigint],
  [
    'decimal(65,30)',
    [
      `${'9'.repeat(35)}.${'9'.repeat(30)}`,
      `-${'9'.repeat(35)}.${'1'.repeat(30)}`,
      '0',
      '-0.000000000000000000000000000001',
    ],
    asText,
  ],
  ['decimal(65,0)', ['9'.repeat(65), `-${'1234567890'.repeat(6)}12345`, '1000000000', '-1'], asText],
  ['decimal(10,2)', ['-12.5', '12.05', '0.01', '-0.01', '99999999.99', 'NULL'], asText],
  ['decimal(9,9)', ['0.123456789', '-0.000000001'], asText],
  ['decimal(18,9) unsigned', ['123456789.000000001', '0.1'], asText],
  ['decimal(1,1)', ['-0.9', '0.1'], asText],
  ['float', ['1.1', '-3.4e38', '1.17549e-38', '0', '16777217'], asFloat],
  ['double', ['1.1', '-1.7976931348623157e308', '2.2250738585072014e-308', '0.1', '123456789.123456789'], asDouble],
  ['bit(1)', ["b'1'", "b'0'", 'NULL'], asBits],
  ['bit(9)', ["b'111111111'", "b'1'"], asBits],
  ['bit(64)', ['18446744073709551615', '9223372036854775808', '1'], asBits],
  ['year', ['1901', '2155', '0', '2024', 'NULL'], asNumber],
  ['date', ["'9999-12-31'", "'0000-00-00'", "'2024-00-00'", "'1000-01-01'", 'NULL'], asText],
  ...[0, 1, 2, 3, 4, 5, 6].flatMap((digits): (readonly [string, readonly string[], Form])[] => {
    const suffix = digits === 0 ? '' : `(${String(digits)})`;
    return [
      [`time${suffix}`, TIMES, asText],
      [`datetime${suffix}`, TEMPORALS, asText],
      [`timestamp${suffix} null`, [...TEMPORALS, "'2038-01-19 03:14:07'", "'1970-01-01 00:00:01'"], asText],
    ];
  }),
  ['char(10)', LETTERS, asUnicode],
  ['char(255)', LETTERS, asUnicode],
  ['char(64)', ["REPEAT('€', 64)"], asUnicode],
  ['varchar(63)', [...LETTERS, "REPEAT('€', 63)", "'a\\0b'", "'\\ufeffx'"], asUnicode],
  ['varchar(64)', [...LETTERS, "REPEAT('😀', 64)"], asUnicode],
  ['varchar(16000)', ["REPEAT('ä', 16000)"], asUnicode],
  ['tinytext', LETTERS, asUnicode],
  ['text', [...LETTERS, "REPEAT('ß', 30000)"], asUnicode],
  ['mediumtext', [...LETTERS, "REPEAT('x', 70000)"], asUnicode],
  ['longtext', LETTERS, asUnicode],
  ['binary(1)', ["x'00'", "x'ff'"], asBytes],
  ['binary(5)', ["x'0100000000'", "x'0000000001'", "x'00'", "''", 'NULL'], asBytes],
  ['binary(255)', ["x'ab00'"], asBytes],
  ['varbinary(10)', ["x'00ff00'", "''", 'NULL'], asBytes],
  ['varbinary(300)', ["x'00ff00'", "REPEAT(x'fe', 300)"], asBytes],
  ['tinyblob', ["x'00ff00'", "''"], asBytes],
  ['blob', ["x'00ff00'", "REPEAT(x'00', 60000)"], asBytes],
  ['mediumblob', ["x'00ff00'"], asBytes],
  ['longblob', ["x'00ff00'"], asBytes],
  [
    "enum('a','b,c','it''s','ä','back\\\\slash')",
    ["'a'", "'b,c'", "'it''s'", "''", "'ä'", "'back\\\\slash'", "'unknown'", 'NULL'],
    asUnicode,
  ],
  [
    `enum(${Array.from({ length: 300 }, (_, index) => `'v${String(index)}'`).join(',')})`,
    ["'v0'", "'v299'", "'v255'"],
    asUnicode,
  ],
  ["set('a','b','c d','ä')", ["'a,ä'", "''", "'b'", "'a,b,c d,ä'", 'NULL'], asUnicode],
  [
    `set(${Array.from({ length: 64 }, (_, index) => `'s${String(index)}'`).join(',')})`,
    ["'s0,s63'", "'s31,s32'"],
    asUnicode,
  ],
  ['geometry', ["ST_GeomFromText('POINT(1 2)')", "ST_GeomFromText('LINESTRING(0 0,1 1,2 2)')", 'NULL'], asBytes],
  ['point', ["ST_GeomFromText('POINT(-1.5 2.25)')"], asBytes],
];

/** Each with the letters that its charset has. */
const CHARSETS: readonly (readonly [string, string])[] = [
  ['ascii', 'abc~'],
  ['latin1', '€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ ¡ÿäöü'],
  ['latin2', 'ĄŁľ'],
  ['latin5', 'ĞİŞ'],
  ['latin7', 'ĄŽ'],
  ['cp1250', 'Šž'],
  ['cp1251', 'Привет'],
  ['cp1257', 'Ąž'],
  ['cp850', '╔Ç'],
  ['cp852', '╔Ą'],
  ['cp866', 'Привет'],
  ['koi8r', 'Привет'],
  ['koi8u', 'Їжак'],
  ['greek', 'Ελλάς'],
  ['hebrew', 'שלום'],
  ['macroman', 'é∂'],
  ['tis620', 'ไทย'],
  ['swe7', 'ÅÄÖ'],
  ['utf8mb3', 'ä€漢'],
  ['utf8mb4', 'ä€漢😀'],
  ['ucs2', 'ä€漢'],
  ['utf16', 'ä€漢😀'],
  ['utf16le', 'ä€漢😀'],
  ['utf32', 'ä€漢😀'],
  ['gbk', '漢字'],
  ['gb2312', '汉字―・'],
  ['sjis', '漢字テスト〜'],
  ['cp932', '漢字テスト～'],
  ['euckr', '한글'],
  ['big5', '漢字'],
  ['ujis', '漢字テスト〜丂'],
  ['eucjpms', '漢字テスト～①'],
];

/** The binary JSON of MySQL in all its shapes. */
const DOCUMENTS = [
  'null',
  '{}',
  '[]',
  '"text with \\"quotes\\" and ä€😀"',
  'true',
  '-9223372036854775808',
  '18446744073709551615',
  '[32767, -32768, 32768, 65535, 65536, -2147483649, 4294967296]',
  '{"a": [1, {"b": [true, false, null]}], "": "", "k": 1.5}',
  `[${'"0123456789", '.repeat(7000)}1]`,
  `{"long": "${'x'.repeat(70_000)}", "n": [-1, 70000]}`,
  '[[[[[[[[[[1]]]]]]]]]]',
];

describe.each([
  ['MariaDB', servers.mariadbSource],
  ['MySQL', servers.mysql],
])('columns of %s', (_name, server) => {
  const schema = `lutra_columns_${randomBytes(4).toString('hex')}`;
  let log: LoggedChanges;

  beforeAll(async () => {
    log = await LoggedChanges.open(server, schema);
  });
  afterAll(() => log.close());

  let tables = 0;
  /** Creates a table, writes one row per value in one statement, and returns decoded and selected values. */
  async function roundTrip(declared: string, values: readonly string[], [expression, read]: Form) {
    tables += 1;
    const table = `${schema}.t${String(tables)}`;
    const rows = values.map((value, index) => `(${String(index)}, ${value})`).join(', ');
    const events = await log.changes([
      `CREATE TABLE ${table} (id INT PRIMARY KEY, v ${declared})`,
      `INSERT IGNORE INTO ${table} VALUES ${rows}`,
    ]);
    const decoded = events.flatMap((event) => event.rows.map(({ after }) => after?.[1]));
    const selected = (await log.select(`SELECT ${expression} FROM ${table} ORDER BY id`)).map((answer) =>
      read(answer as Answer),
    );
    return { decoded, selected, column: events[0]?.table.columns[1], table };
  }

  it.each(COMMON)('%s', async (declared, values, form) => {
    const { decoded, selected, column } = await roundTrip(declared, values, form);
    expect(decoded).toHaveLength(values.length);
    expect(decoded).toEqual(selected);
    expect(column?.declared.replaceAll("'", '')).toBe(
      declared
        .replace(/ null$/, '')
        .replaceAll("'", '')
        .replace('its', 'its'),
    );
  });

  it.each(CHARSETS)('text of charset %s', async (charset, letters) => {
    const hex = Buffer.from(letters, 'utf8').toString('hex');
    const value = `CONVERT(_utf8mb4 x'${hex}' USING ${charset})`;
    const declared = `varchar(100) character set ${charset}`;
    const { decoded, column } = await roundTrip(declared, [value, "''"], asUnicode);
    expect(decoded).toEqual([letters, '']);
    expect(column).toMatchObject({ kind: 'text', charset, declared: 'varchar(100)', length: 100 });
    const fixed = await roundTrip(`char(60) character set ${charset}`, [value], asUnicode);
    expect(fixed.decoded).toEqual([letters]);
  });

  it.each(CHARSETS)('labels of charset %s', async (charset, letters) => {
    const label = letters.trim();
    const declared = `enum('b,c','${label}') character set ${charset}`;
    const { decoded, selected, column } = await roundTrip(declared, [`'${label}'`, "'b,c'"], asUnicode);
    expect(decoded).toEqual([label, 'b,c']);
    expect(selected).toEqual(decoded);
    expect(column).toMatchObject({ kind: 'enum', charset, labels: ['b,c', label] });
  });

  it('JSON', async () => {
    const values = DOCUMENTS.map((document) => `'${document.replaceAll('\\', '\\\\')}'`);
    const { decoded, selected, table } = await roundTrip('json', [...values, 'NULL'], asUnicode);
    expect(decoded).toEqual(selected);
    const documents = decoded.slice(0, -1).map((document, index) => {
      const hex = Buffer.from(String(document), 'utf8').toString('hex');
      const cast = server.kind === 'mysql' ? `v = CAST(_utf8mb4 x'${hex}' AS JSON)` : `v = _utf8mb4 x'${hex}'`;
      return `SELECT ${cast} FROM ${table} WHERE id = ${String(index)}`;
    });
    for (const query of documents) expect(await log.select(query)).toEqual([1]);
  });
});

describe('JSON of MySQL', () => {
  const schema = `lutra_json_${randomBytes(4).toString('hex')}`;
  let log: LoggedChanges;

  beforeAll(async () => {
    log = await LoggedChanges.open(servers.mysql, schema);
    await log.connection.query(`CREATE TABLE ${schema}.j (id INT PRIMARY KEY, v JSON)`);
  });
  afterAll(() => log.close());

  it.each([
    "JSON_ARRAY(CAST('2024-02-29 12:34:56.789' AS DATETIME(6)), CAST('2024-02-29' AS DATE), TIMESTAMP'1000-01-01 00:00:00')",
    "JSON_ARRAY(CAST('-12:34:56.5' AS TIME(6)), CAST('838:59:59' AS TIME), CAST('-00:00:00.000001' AS TIME(6)))",
    'JSON_ARRAY(CAST(1234567890.123456789 AS DECIMAL(30,9)), -0.5, 0.0, CAST(-1 AS DECIMAL(65,30)), REPEAT(9, 65) + 0.0)',
    `JSON_ARRAY(CAST('${'9'.repeat(35)}.${'9'.repeat(30)}' AS DECIMAL(65,30)))`,
    "JSON_OBJECT('blob', x'00ff', 'bit', b'101', 'long', REPEAT(x'fe', 500), 'none', x'')",
    "JSON_ARRAY(ST_GeomFromText('POINT(1 2)'), ST_GeomFromText('POINT(1 2)', 4326), CAST(2024 AS YEAR))",
    'JSON_ARRAY(1e0, 1.5e300, 1e20, -0e0, 1e22, 1e15, 1e14, 1e-7, 1e-14, 1e-15, 1e-16, 5e-324, 1.7976931348623157e308)',
    'JSON_ARRAY(9223372036854775807, -9223372036854775808, 18446744073709551615, 32767, 32768, -32769, 65535, 65536)',
    "JSON_OBJECT('bb', 1, 'a', 2, '', 3, 'c', 4, 'é', 5, 'aa', 6, '\\t\\0\"', 7)",
    'CAST(\'{"a": 1, "b": 2, "a": ["a", "a"]}\' AS JSON)',
    "CAST(CONCAT(REPEAT('[', 100), REPEAT(']', 100)) AS JSON)",
    `CAST(CONCAT(REPEAT('{"k": ', 99), '{"k": 1.5}', REPEAT('}', 99)) AS JSON)`,
    ...[65_500, 65_520, 65_530, 65_535, 65_540].map(
      (length) => `JSON_ARRAY(-70000, REPEAT('x', ${String(length)}), 1, 70000)`,
    ),
    "JSON_OBJECT('k', REPEAT('x', 127), 'l', REPEAT('x', 128), 'm', REPEAT('x', 16383), 'n', REPEAT('x', 16384))",
    "JSON_OBJECT(REPEAT('k', 65535), NULL)",
  ])('%s', async (expression) => {
    const events = await log.changes([`REPLACE INTO ${schema}.j VALUES (1, ${expression})`]);
    const image = events.at(-1)?.rows[0]?.after;
    expect([image?.[1]]).toEqual(await log.select(`SELECT CAST(v AS CHAR) FROM ${schema}.j`));
  });

  it('doubles, as the server prints them', async () => {
    const some = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.tuple(fc.maxSafeInteger(), fc.integer({ min: -40, max: 5 })).map(([digits, power]) => digits * 10 ** power),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(some, { minLength: 50, maxLength: 100 }), async (doubles) => {
        const places = doubles.map(() => 'CAST(? AS DOUBLE)').join(', ');
        await log.connection.execute(`REPLACE INTO ${schema}.j VALUES (1, JSON_ARRAY(${places}))`, doubles);
        const [event] = (await log.changes([])).slice(-1);
        const text = event?.rows[0]?.after?.[1];
        expect([text]).toEqual(await log.select(`SELECT CAST(v AS CHAR) FROM ${schema}.j`));
        // Bit by bit, the sign of zero included.
        expect(JSON.parse(String(text))).toEqual(doubles);
      }),
      { numRuns: 30 },
    );
  });
});

describe('types that only MariaDB has', () => {
  const schema = `lutra_maria_${randomBytes(4).toString('hex')}`;
  let log: LoggedChanges;

  beforeAll(async () => {
    log = await LoggedChanges.open(servers.mariadbSource, schema);
  });
  afterAll(() => log.close());

  it('reads UUID, INET6 and INET4 as the server prints them, and leaves BINARY(16) alone', async () => {
    const table = `${schema}.net`;
    const addresses = [
      '::',
      '::1',
      '2001:db8::ff00:42:8329',
      '::ffff:1.2.3.4',
      '::1.2.3.4',
      '1:0:0:2:0:0:0:3',
      'fe80::',
    ];
    const rows = addresses.map((address, index) => `(${String(index)}, UUID(), '${address}', '1.2.3.0', x'01')`);
    const events = await log.changes([
      `CREATE TABLE ${table} (id INT PRIMARY KEY, u UUID, six INET6, four INET4, b BINARY(16))`,
      `INSERT INTO ${table} VALUES ${rows.join(', ')}, (99, '123e4567-e89b-12d3-a456-426614174000', NULL, '0.0.0.0', '')`,
    ]);
    const decoded = events.flatMap((event) => event.rows.map(({ after }) => after?.slice(1, 4)));
    const [selected] = await log.connection.query(`SELECT u, six, four FROM ${table} ORDER BY id`);
    expect(decoded).toEqual(selected);
    expect(events[0]?.table.columns.map(({ declared }) => declared)).toEqual([
      'int',
      'uuid',
      'inet6',
      'inet4',
      'binary(16)',
    ]);
  });

  it('inflates COMPRESSED columns', async () => {
    const events = await log.changes([
      `CREATE TABLE ${schema}.packed (id INT PRIMARY KEY, c VARCHAR(1000) COMPRESSED, b BLOB COMPRESSED, x TEXT COMPRESSED)`,
      `INSERT INTO ${schema}.packed VALUES (1, REPEAT('ab', 400), REPEAT(x'00ff', 9000), 'short'), (2, '', '', NULL)`,
    ]);
    expect(events[0]?.rows.map(({ after }) => after)).toEqual([
      [1, 'ab'.repeat(400), Buffer.from('00ff'.repeat(9000), 'hex'), 'short'],
      [2, '', Buffer.alloc(0), null],
    ]);
  });
});
