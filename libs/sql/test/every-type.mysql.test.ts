/**
 * Goal: every column type is written exactly, by insert, upsert, single update, update of many rows, and by key.
 * Method: the server itself is asked to compare (bit patterns, HEX, text) with values that it computed from SQL.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { compileTableWriter, deleteStatement, insertStatement, updateJoinStatement, updateStatement } from '@lutra/sql';
import { must } from '@lutra/model';
import type { ColumnDefinition, ColumnValue } from '@lutra/model';
import { column, deleteOf, WRITING_TARGETS, tableOf, TargetFixture, updateOf } from './target-fixture.ts';

interface TypeCase {
  readonly column: ColumnDefinition;
  readonly values: readonly ColumnValue[];
  /** Expression over column `c` whose text tells values apart exactly. */
  readonly shown: string;
  readonly expected: readonly (string | null)[];
  readonly canBeKey?: boolean;
}

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const everyByte = Buffer.from(Array.from({ length: 256 }, (_, value) => value));
const awkward = `a'b"c\\d\\'\0e\nf\rg\x1ah%_;-- /* é 漢 😀`;
const hexOf = (text: string): string => Buffer.from(text).toString('hex').toUpperCase();

const CASES: Readonly<Record<string, TypeCase>> = {
  tinyint: {
    column: column('c', 'integer', 'tinyint', { bytes: 1 }),
    values: [-128, 0, 127],
    shown: 'c',
    expected: ['-128', '0', '127'],
    canBeKey: true,
  },
  bigint: {
    column: column('c', 'integer', 'bigint', { bytes: 8 }),
    values: [-9223372036854775808n, 0n, 9007199254740993n],
    shown: 'c',
    expected: ['-9223372036854775808', '0', '9007199254740993'],
    canBeKey: true,
  },
  'bigint unsigned': {
    column: column('c', 'integer', 'bigint unsigned', { bytes: 8, unsigned: true }),
    values: [18446744073709551615n, 0n, 9223372036854775808n],
    shown: 'c',
    expected: ['18446744073709551615', '0', '9223372036854775808'],
    canBeKey: true,
  },
  decimal: {
    column: column('c', 'decimal', 'decimal(65,30)'),
    values: [
      '-12345678901234567890123456789012345.123456789012345678901234567890',
      '0.000000000000000000000000000001',
      '99999999999999999999999999999999999.999999999999999999999999999999',
    ],
    shown: 'c',
    expected: [
      '-12345678901234567890123456789012345.123456789012345678901234567890',
      '0.000000000000000000000000000001',
      '99999999999999999999999999999999999.999999999999999999999999999999',
    ],
    canBeKey: true,
  },
  float: {
    column: column('c', 'float', 'float'),
    values: [Math.fround(0.1), Math.fround(16777217), Math.fround(-1.17549435e-38), Math.fround(3.4028234e38)],
    shown: 'CAST(c AS DOUBLE)',
    expected: [Math.fround(0.1), Math.fround(16777217), Math.fround(-1.17549435e-38), Math.fround(3.4028234e38)].map(
      String,
    ),
  },
  double: {
    column: column('c', 'double', 'double'),
    values: [0.1, 1.7976931348623157e308, 2.2250738585072014e-308, 123456789.12345679, -3],
    shown: 'c',
    expected: [0.1, 1.7976931348623157e308, 2.2250738585072014e-308, 123456789.12345679, -3].map(String),
  },
  'bit(64)': {
    column: column('c', 'bit', 'bit(64)'),
    values: [18446744073709551615n, 0n, 1n],
    shown: 'CAST(c AS UNSIGNED)',
    expected: ['18446744073709551615', '0', '1'],
  },
  year: {
    column: column('c', 'year', 'year'),
    values: [0, 1901, 2155],
    shown: 'CAST(c AS UNSIGNED)',
    expected: ['0', '1901', '2155'],
    canBeKey: true,
  },
  date: {
    column: column('c', 'date', 'date'),
    values: ['0000-00-00', '1000-01-01', '9999-12-31', '2024-00-00'],
    shown: 'CAST(c AS CHAR)',
    expected: ['0000-00-00', '1000-01-01', '9999-12-31', '2024-00-00'],
    canBeKey: true,
  },
  time: {
    column: column('c', 'time', 'time(6)'),
    values: ['-838:59:58.999999', '00:00:00.000001', '838:59:59.000000'],
    shown: 'CAST(c AS CHAR)',
    expected: ['-838:59:58.999999', '00:00:00.000001', '838:59:59.000000'],
    canBeKey: true,
  },
  datetime: {
    column: column('c', 'datetime', 'datetime(6)'),
    values: ['0000-00-00 00:00:00.000000', '1000-01-01 00:00:00.123456', '9999-12-31 23:59:59.999999'],
    shown: 'CAST(c AS CHAR)',
    expected: ['0000-00-00 00:00:00.000000', '1000-01-01 00:00:00.123456', '9999-12-31 23:59:59.999999'],
    canBeKey: true,
  },
  timestamp: {
    column: column('c', 'timestamp', 'timestamp(6)'),
    values: [
      '0000-00-00 00:00:00.000000',
      '1970-01-01 00:00:01.000001',
      '2038-01-19 03:14:07.999999',
      '2024-03-31 01:30:00.5',
    ],
    shown: 'CAST(c AS CHAR)',
    expected: [
      '0000-00-00 00:00:00.000000',
      '1970-01-01 00:00:01.000001',
      '2038-01-19 03:14:07.999999',
      '2024-03-31 01:30:00.500000',
    ],
  },
  varchar: {
    column: column('c', 'text', 'varchar(200)', { charset: 'utf8mb4' }),
    values: ['', 'plain', awkward, 'trailing  '],
    shown: 'HEX(c)',
    expected: ['', 'plain', awkward, 'trailing  '].map(hexOf),
    canBeKey: true,
  },
  'varchar latin1': {
    column: column('c', 'text', 'varchar(200)', { charset: 'latin1' }),
    values: ['', 'café', 'x'],
    shown: 'HEX(c)',
    expected: ['', '636166E9', '78'],
    canBeKey: true,
  },
  longtext: {
    column: column('c', 'text', 'longtext', { charset: 'utf8mb4' }),
    values: ['', awkward.repeat(3000), 'x'],
    shown: 'SHA2(c, 256)',
    expected: [],
  },
  varbinary: {
    column: column('c', 'binary', 'varbinary(300)'),
    values: [bytes(''), everyByte, bytes('00'), bytes('5c27')],
    shown: 'HEX(c)',
    expected: ['', everyByte.toString('hex').toUpperCase(), '00', '5C27'],
    canBeKey: true,
  },
  binary: {
    column: column('c', 'binary', 'binary(4)'),
    values: [bytes('01'), bytes('ffffffff'), bytes('')],
    shown: 'HEX(c)',
    expected: ['01000000', 'FFFFFFFF', '00000000'],
    canBeKey: true,
  },
  longblob: {
    column: column('c', 'binary', 'longblob'),
    values: [new Uint8Array(Buffer.alloc(200_000, everyByte)), bytes(''), bytes('00')],
    shown: 'SHA2(c, 256)',
    expected: [],
  },
  enum: {
    column: column('c', 'enum', "enum('a','b,c','it''s')", { charset: 'utf8mb4' }),
    values: ['a', 'b,c', "it's"],
    shown: 'CAST(c AS CHAR)',
    expected: ['a', 'b,c', "it's"],
  },
  set: {
    column: column('c', 'set', "set('a','b','c')", { charset: 'utf8mb4' }),
    values: ['', 'a', 'a,c'],
    shown: 'CAST(c AS CHAR)',
    expected: ['', 'a', 'a,c'],
  },
  json: {
    column: column('c', 'json', 'json'),
    values: ['{"a": "é\\"\\\\ 😀", "b": [1, 2.5, null]}', '[]', '"x"'],
    shown: "JSON_UNQUOTE(JSON_EXTRACT(c, '$'))",
    expected: ['{"a": "é\\"\\\\ 😀", "b": [1, 2.5, null]}', '[]', 'x'],
  },
  point: {
    column: column('c', 'geometry', 'point'),
    values: [
      bytes('000000000101000000000000000000f03f0000000000000040'),
      bytes('00000000010100000000000000000008400000000000001040'),
    ],
    shown: 'ST_AsText(c)',
    expected: ['POINT(1 2)', 'POINT(3 4)'],
  },
};

describe.each(WRITING_TARGETS)('values written to %s', (_name, server, bulk) => {
  let target: TargetFixture;
  let table = 0;

  beforeAll(async () => {
    target = await TargetFixture.open(server, bulk);
  });
  afterAll(() => target.close());

  async function create(type: TypeCase, key: 'id' | 'c') {
    table += 1;
    const columns = [
      column('id', 'integer', 'int', { bytes: 4, nullable: false }),
      { ...type.column, nullable: key === 'id' },
    ];
    const definition = tableOf(target.schema, columns, {
      table: `t${String(table)}`,
      primaryKey: [key === 'id' ? 0 : 1],
    });
    const charset =
      type.column.kind === 'text' && type.column.charset !== undefined ? ` CHARACTER SET ${type.column.charset}` : '';
    const nullability = key === 'id' ? 'NULL' : 'NOT NULL';
    await target.session.query(
      `CREATE TABLE ${target.schema}.t${String(table)} (id int NOT NULL, c ${type.column.declared}${charset} ${nullability}, PRIMARY KEY (${key}))`,
    );
    const shape = must(await target.session.describeTable(definition), 'the table was just created');
    return { definition, writer: compileTableWriter(definition, shape) };
  }

  const shown = async (type: TypeCase, name: string): Promise<unknown[]> => {
    const rows = await target.session.query(`SELECT ${type.shown} AS shown FROM ${target.schema}.${name} ORDER BY id`);
    return rows.map(({ shown: value }) => (typeof value === 'number' ? String(value) : value));
  };

  it.each(Object.entries(CASES))('%s: insert, upsert and both updates', async (_kind, type) => {
    const { definition, writer } = await create(type, 'id');
    const { values } = type;
    const rows = [...values, null].map((value, id) => [id, value]);
    await target.session.execute([insertStatement(writer, rows)]);
    const inserted = await shown(type, definition.table);
    if (type.expected.length > 0) {
      const numeric = type.column.kind === 'double' || type.column.kind === 'float';
      const plain = (list: readonly unknown[]) =>
        numeric ? list.map((value) => (value === null ? null : Number(value))) : list;
      expect(plain(inserted)).toEqual(plain([...type.expected, null]));
    }
    const blank = rows.map(([id]) => [id ?? 0, null]);
    const back = rows.map((row, index) => updateOf(blank[index] ?? [], row));
    const written = writer.columns.filter(({ name }) => name === 'c');
    // Upsert over rows that are there.
    await target.session.execute([insertStatement(writer, blank), insertStatement(writer, rows)]);
    expect(await shown(type, definition.table)).toEqual(inserted);
    const large = values.some((value) => value !== null && typeof value === 'object' && value.length > 65_536);
    if (!large) {
      await target.session.execute([insertStatement(writer, blank)]);
      const [found] = await target.session.execute([updateJoinStatement(writer, written, back)]);
      expect(found).toBe(rows.length);
      expect(await shown(type, definition.table)).toEqual(inserted);
    }
    await target.session.execute([insertStatement(writer, blank)]);
    const each = await target.session.execute(back.map((change) => updateStatement(writer, written, change)));
    expect(each).toEqual(rows.map(() => 1));
    expect(await shown(type, definition.table)).toEqual(inserted);
    await target.session.commit();
  });

  it.each(Object.entries(CASES).filter(([, { canBeKey }]) => canBeKey === true))(
    '%s as the key: many updates and deletes find their rows',
    async (_kind, type) => {
      const { writer } = await create(type, 'c');
      const rows = type.values.map((value, id) => [id, value]);
      await target.session.execute([insertStatement(writer, rows)]);
      const moved = type.values.map((value, id) => updateOf([id, value], [id + 100, value]));
      const written = writer.columns.filter(({ name }) => name === 'id');
      expect(writer.joinsExactly).toBe(true);
      expect(await target.session.execute([updateJoinStatement(writer, written, moved)])).toEqual([rows.length]);
      const single = type.values.map((value, id) => updateOf([id + 100, value], [id, value]));
      const each = await target.session.execute(single.map((change) => updateStatement(writer, written, change)));
      expect(each).toEqual(rows.map(() => 1));
      expect(await target.session.execute([insertStatement(writer, rows)])).toEqual([expect.any(Number)]);
      const gone = await target.session.execute([
        deleteStatement(
          writer,
          rows.map((row) => deleteOf(row)),
        ),
      ]);
      expect(gone).toEqual([rows.length]);
      await target.session.commit();
    },
  );
});
