/**
 * Goal: a value arrives as it was or is refused, whatever the types of its column at the source and at the target.
 * Method: every pair of types is written on real servers, in each form in which rows are inserted, and what stands there is
 * compared with what was written. Pairs that people use are named, so that they stay possible.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { must, SyncError } from '@lutra/model';
import type { ColumnDefinition, ColumnKind, ColumnValue } from '@lutra/model';
import { compileTableWriter, insertStatement } from '@lutra/sql';
import type { TableWriter, TargetColumn, TargetTable } from '@lutra/sql';
import { column, WRITING_TARGETS, TargetFixture } from './target-fixture.ts';

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const of = (kind: ColumnKind, declared: string, more: Partial<ColumnDefinition> = {}): ColumnDefinition =>
  column('c', kind, declared, more);
const utf8 = { charset: 'utf8mb4' };
const point = bytes('000000000101000000000000000000f03f0000000000000040');

type Source = readonly [ColumnDefinition, readonly ColumnValue[]];
const SOURCES: readonly Source[] = [
  [of('integer', 'tinyint', { bytes: 1 }), [0, 1, 5, 70, -1, 127]],
  [of('integer', 'smallint', { bytes: 2 }), [0, 1, 70, 1900, 1901, 2024, 2155, 2156, -1]],
  [of('integer', 'tinyint unsigned', { bytes: 1, unsigned: true }), [0, 1, 5, 255]],
  [of('integer', 'mediumint', { bytes: 3 }), [101_112, 8_388_607, -8_388_608]],
  [of('integer', 'int', { bytes: 4 }), [1, 2024, 20_240_101, 16_777_217, -2_147_483_648]],
  [of('integer', 'bigint', { bytes: 8 }), [2n, -1n, 20_240_101_101_112n, 9_007_199_254_740_993n]],
  [of('integer', 'bigint unsigned', { bytes: 8, unsigned: true }), [1n, 2n ** 64n - 1n]],
  [of('decimal', 'decimal(20,0)', { scale: 0 }), ['1', '2', '-5', '101112', '20240101', '12345678901234567890']],
  [of('decimal', 'decimal(10,3)', { scale: 3 }), ['1.000', '1.239', '-0.005', '1234567.891']],
  [of('float', 'float'), [1, 1.5, Math.fround(0.1), Math.fround(1e20), -0.25]],
  [of('double', 'double'), [1, 2.5, 0.1 + 0.2, 1e20, 1e300, -1.2345678901234567e-300]],
  [of('bit', 'bit(1)', { length: 1 }), [0n, 1n]],
  [of('bit', 'bit(64)', { length: 64 }), [5n, 2n ** 64n - 1n, 9_007_199_254_740_993n]],
  [of('year', 'year'), [0, 1901, 2024, 2155]],
  [of('date', 'date'), ['2024-01-01', '0000-00-00', '2024-02-31', '2010-11-12']],
  [of('time', 'time', { length: 0 }), ['10:11:12', '-838:59:59', '00:00:00', '01:02:03']],
  [of('time', 'time(6)', { length: 6 }), ['10:11:12.654321', '00:00:00.500000']],
  [of('datetime', 'datetime', { length: 0 }), ['2024-01-01 10:11:12', '0000-00-00 00:00:00', '2024-02-31 00:00:00']],
  [of('datetime', 'datetime(6)', { length: 6 }), ['2024-01-01 10:11:12.654321', '2024-01-01 00:00:00.000000']],
  [of('timestamp', 'timestamp', { length: 0 }), ['2024-01-01 10:11:12', '0000-00-00 00:00:00']],
  [of('timestamp', 'timestamp(3)', { length: 3 }), ['2024-01-01 10:11:12.654']],
  [of('text', 'char(9)', { ...utf8, length: 9 }), ['a', 'A', '', '5', 'é', '2024']],
  [
    of('text', 'varchar(40)', { ...utf8, length: 40 }),
    [
      ...['a', 'A', 'b ', '5', '007', '1.239', '1e3', ' 7', '2', '0', 'a,b', 'b,a', '[1,  2]', '漢', ''],
      ...['2024-1-1', '2024-01-01 10:11:12.7', '10:11:12', '24-01-01', '20240101', '10.0.0.1', '::FF'],
      ...['123E4567-E89B-12D3-A456-426655440000', '123e4567-e89b-12d3-a456-426655440000', '010.0.0.1', '10.0.0'],
      ...[
        '::1',
        '::',
        'fe80::1',
        'fe80::0:1',
        'fe80:0:0:1:2:3:4:5',
        '::ffff:10.0.0.1',
        '::ffff:a00:1',
        '::a00:1',
        '1:2:3:4:5:6:7:8',
      ],
      ...['1::7:8', '2001:db8:a:b:c:d::', '1:2:3:4:5:6::8', '1::2::3', '1::', '2010-11-12', '2024-02-31', '0000-00-00'],
      ...[
        '2024-01-01 10:11:12',
        '2024-01-01 10:11:12.654321',
        '2024-01-01 24:00:00',
        '10:11:12.000000',
        '-0',
        '-0.000',
      ],
      ...['-12', '12.500', '-0.001', '.5', '+5', '0x10', '9007199254740993', '123456789012.345', '999999999999999'],
      ...['abcde    ', `abcde${' '.repeat(35)}`],
    ],
  ],
  [
    of('text', 'longtext', utf8),
    ['a  ', '12', '2024-01-01', `${'é'.repeat(120)}${' '.repeat(20)}`, `a${' '.repeat(65_535)}`],
  ],
  [of('text', 'varchar(40)', { charset: 'latin1', length: 40 }), ['é', 'a ']],
  [of('binary', 'binary(4)', { length: 4 }), [bytes('61'), bytes('61626364'), bytes('')]],
  [of('binary', 'varbinary(9)', { length: 9 }), [bytes('61'), bytes('3500'), bytes('35'), bytes(''), bytes('ff20')]],
  [of('binary', 'blob'), [bytes('32303234'), bytes('610000'), bytes('6120'), bytes(`61${'20'.repeat(300)}`)]],
  [of('enum', "enum('a','b')", { ...utf8, labels: ['a', 'b'] }), ['a', 'b']],
  [of('enum', "enum('A','é')", { ...utf8, labels: ['A', 'é'] }), ['A', 'é']],
  [of('enum', "enum('1','2','24')", { ...utf8, labels: ['1', '2', '24'] }), ['1', '2', '24']],
  [of('enum', "enum('007','1.5','10:11:12')", { ...utf8, labels: ['007', '1.5', '10:11:12'] }), ['007', '1.5']],
  [of('set', "set('a','b')", { ...utf8, labels: ['a', 'b'] }), ['', 'a', 'a,b']],
  [of('set', "set('2','B')", { ...utf8, labels: ['2', 'B'] }), ['2', '2,B']],
  [of('json', 'json'), ['{"b": 1, "a": [1, 2]}', '5', '"a"', 'null']],
  [of('geometry', 'geometry'), [point]],
];

const TYPES = [
  ...['tinyint', 'tinyint unsigned', 'mediumint', 'int', 'bigint', 'bigint unsigned', 'int unsigned zerofill'],
  ...[
    'decimal(30,0)',
    'decimal(30,3)',
    'decimal(10,2)',
    'float',
    'double',
    'float(9,2)',
    'double(12,2)',
    'double(20,10)',
  ],
  ...['bit(1)', 'bit(8)', 'bit(64)', 'year', 'date', 'time', 'time(6)', 'datetime', 'datetime(6)'],
  ...['timestamp', 'timestamp(3)', 'timestamp(6)', 'char(40)', 'char(9)', 'varchar(40)', 'varchar(5)'],
  ...['varchar(40) CHARACTER SET latin1', 'varchar(40) CHARACTER SET utf16', 'tinytext', 'text', 'longtext'],
  ...['binary(4)', 'binary(8)', 'varbinary(9)', 'varbinary(40)', 'blob', 'longblob', "enum('a','b')", "enum('A','B')"],
  ...["enum('x','1','2')", "set('a','b')", "set('A','b')", "set('x','y','z')", 'json', 'geometry', 'point'],
];
/** By the source's type. */
const KEPT: Readonly<Record<string, string>> = {
  smallint: 'int, year, bit(64)',
  tinyint: 'int, bigint, decimal(30,0), float, double, bit(1), varchar(40), char(9), longtext',
  int: 'tinyint, bigint, bigint unsigned, decimal(10,2), double, varchar(5), json',
  bigint: 'int, bigint unsigned, decimal(30,0), bit(64), varchar(40)',
  'decimal(20,0)': 'bigint, decimal(30,3), varchar(40)',
  'decimal(10,3)': 'decimal(30,3), text',
  float: 'float, double, float(9,2), varchar(40)',
  double: 'double, double(12,2), varchar(40)',
  'bit(1)': 'bit(1), bit(8), tinyint, bigint',
  year: 'year, int, varchar(5)',
  date: 'date, datetime, timestamp, varchar(40)',
  'time(6)': 'time(6), varchar(40)',
  datetime: 'datetime, datetime(6), timestamp, char(40), text',
  'timestamp(3)': 'datetime(6), timestamp(3), timestamp(6), varchar(40)',
  'char(9)': 'char(9), char(40), varchar(5), text, blob, json',
  'varchar(40)':
    'varchar(40), varchar(5), varchar(40) CHARACTER SET latin1, tinytext, longtext, varbinary(40), json, char(40), ' +
    'int, bigint, decimal(30,3), date, datetime, datetime(6), timestamp(3)',
  'varchar(40) latin1': 'varchar(40), varchar(40) CHARACTER SET utf16, longtext',
  'binary(4)': 'binary(4), varbinary(9), blob',
  'varbinary(9)': 'varbinary(9), varbinary(40), blob, text',
  blob: 'varbinary(9), blob, longblob, geometry',
  "enum('a','b')": "enum('a','b'), enum('x','1','2'), set('a','b'), enum('A','B'), char(9), varchar(40), text",
  "enum('1','2','24')": "tinyint, int, decimal(30,0), varchar(5), enum('x','1','2'), enum('a','b')",
  "set('a','b')": "set('a','b'), set('x','y','z'), varchar(40)",
  json: 'json, longtext, longblob',
  geometry: 'geometry, point, longblob',
};
const MARIADB_TYPES = ['uuid', 'inet6', 'inet4'];

const digits = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text).replace(/^-0$/, '0');

/** Zeros at both ends are a matter of the column's type, where it is one of numbers. */
const numberOf = (text: string, type: string): string =>
  /int|decimal|year/.test(type) ? digits(text).replace(/^0+(?=\d)/, '') : text;

/** How the column is shown so that no two values of the source's kind look alike. */
function shownAs({ kind }: ColumnDefinition, { dataType, charset }: TargetColumn): string {
  if (dataType === 'bit') return 'CAST(CAST(c AS UNSIGNED) AS CHAR)';
  if (kind === 'binary' || kind === 'geometry') return dataType === 'uuid' ? "REPLACE(c,'-','')" : 'HEX(c)';
  if (dataType === 'float') return 'CAST(CAST(c AS DOUBLE) AS CHAR)';
  return charset === null && /binary|blob/.test(dataType) ? 'CONVERT(c USING utf8mb4)' : 'CAST(c AS CHAR)';
}

/** Whether what is shown is the value: as a number, a moment, characters or bytes, by the kind of the source's column. */
function isSame(
  source: ColumnDefinition,
  value: ColumnValue,
  { shown, type }: { shown: string; type: string },
): boolean {
  const text = String(value);
  switch (source.kind) {
    case 'integer':
    case 'bit':
    case 'year':
      if (/^(float|double)/.test(type)) return BigInt(Number(shown)) === BigInt(text);
      return numberOf(shown, type) === text;
    case 'decimal':
    case 'enum':
      return numberOf(shown, type) === numberOf(text, type);
    case 'float':
      return /^[-+.e\d]+$/.test(shown) && Math.fround(Number(shown)) === value;
    case 'double':
      return /^[-+.e\d]+$/.test(shown) && Number(shown) === value;
    case 'date':
      return digits(shown) === text || digits(shown) === `${text} 00:00:00`;
    case 'time':
    case 'datetime':
    case 'timestamp':
      return digits(shown) === digits(text);
    case 'binary': {
      const length = source.declared.startsWith('binary') ? (source.length ?? 0) * 2 : 0;
      const wanted = Buffer.from(value instanceof Uint8Array ? value : []).toString('hex');
      return shown.toLowerCase() === wanted.padEnd(length, '0');
    }
    case 'geometry':
      return shown.toLowerCase() === Buffer.from(value instanceof Uint8Array ? value : []).toString('hex');
    case 'json':
    case 'text':
      if (type === 'json')
        return JSON.stringify(sorted(JSON.parse(shown))) === JSON.stringify(sorted(JSON.parse(text)));
      return shown === text;
    default:
      return shown === text;
  }
}
const sorted = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value).sort() : value;

const titleOf = ({ declared, charset }: ColumnDefinition): string =>
  `${declared}${charset === undefined || charset === 'utf8mb4' ? '' : ` ${charset}`}`;

describe.each(WRITING_TARGETS)('pairs of types on %s', (_name, server, bulk) => {
  let target: TargetFixture;
  const tables: { readonly type: string; readonly table: TargetTable }[] = [];

  beforeAll(async () => {
    target = await TargetFixture.open(server, bulk);
    for (const [index, type] of [...TYPES, ...(server === 'mysql' ? [] : MARIADB_TYPES)].entries()) {
      const name = { schema: target.schema, table: `t${String(index)}` };
      const nullable = type.startsWith('timestamp') ? `${type} NULL` : type;
      await target.session.query(`CREATE TABLE ${name.schema}.${name.table} (id int PRIMARY KEY, c ${nullable})`);
      tables.push({ type, table: must(await target.session.describeTable(name), 'it was just created') });
    }
  });
  afterAll(() => target.close());

  /** 'same', 'refused', or what stands there instead. */
  async function outcome(writer: TableWriter, value: ColumnValue, type: string): Promise<string> {
    const [, written] = writer.columns;
    const { definition, target: found } = must(written, 'two columns');
    try {
      await target.session.execute([insertStatement(writer, [[1, value]])], {
        table: writer.definition,
        keyColumns: ['id'],
      });
      const [row] = await target.session.query(`SELECT ${shownAs(definition, found)} AS shown FROM ${writer.quoted}`);
      const shown = String(row?.['shown']);
      return isSame(definition, value, { shown, type })
        ? 'same'
        : `${String(value)} → ${shown}`.replaceAll(/ {9,}/g, '(blanks)');
    } catch (error) {
      if (!SyncError.is(error)) throw error;
      return 'refused';
    } finally {
      await target.session.rollback();
    }
  }

  function writerOf(source: ColumnDefinition, table: TargetTable): TableWriter {
    const id = column('id', 'integer', 'int', { bytes: 4, nullable: false });
    const definition = { schema: target.schema, table: table.table, columns: [id, source], primaryKey: [0] };
    return compileTableWriter(definition, table);
  }

  it.each(SOURCES.map((each) => [titleOf(each[0]), ...each] as const))('%s', async (title, source, values) => {
    const changed: string[] = [];
    const kept: string[] = [];
    for (const { type, table } of tables) {
      let writer: TableWriter;
      try {
        writer = writerOf(source, table);
      } catch (error) {
        expect(error).toMatchObject({ code: 'TARGET_VALUE_REFUSED', details: { column: 'c' } });
        continue;
      }
      kept.push(type);
      for (const value of values) {
        const found = await outcome(writer, value, type);
        if (found !== 'same' && found !== 'refused') changed.push(`${type}: ${found}`);
      }
    }
    expect(changed).toEqual([]);
    expect(kept).toEqual(expect.arrayContaining(KEPT[title]?.split(', ') ?? []));
  });
});
