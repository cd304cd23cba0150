/**
 * Goal: a row that was written is read back as it was, whatever its types, and so compares as equal; any other value does not.
 * Method: rows of every kind are inserted and locked on real servers, then changed.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { must } from '@lutra/model';
import type { ColumnDefinition, ColumnValue, RowImage } from '@lutra/model';
import { compileTableWriter, insertStatement, isStoredValue, lockExisting, lockRows } from '@lutra/sql';
import type { TableWriter } from '@lutra/sql';
import { column, TARGETS, TargetFixture } from './target-fixture.ts';

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

/** Column, its values, and one value that differs from each of them by as little as possible. */
const CASES: readonly (readonly [ColumnDefinition, readonly ColumnValue[], ColumnValue])[] = [
  [column('i', 'integer', 'int', { bytes: 4 }), [-2147483648, 0, 2147483647], 1],
  [column('bi', 'integer', 'bigint', { bytes: 8 }), [-9223372036854775808n, 9007199254740993n], 9007199254740992n],
  [column('bu', 'integer', 'bigint unsigned', { bytes: 8 }), [18446744073709551615n, 0n], 18446744073709551614n],
  [column('d', 'decimal', 'decimal(65,30)'), ['-12345678901234567890.1', '0.000000000000000000000000000001'], '0'],
  [column('f', 'float', 'float'), [Math.fround(0.1), Math.fround(3.4028234e38)], Math.fround(0.2)],
  [column('db', 'double', 'double'), [0.1, 1.7976931348623157e308, 123456789.12345679], 0.1000000001],
  [column('b', 'bit', 'bit(64)'), [18446744073709551615n, 0n], 1n],
  [column('y', 'year', 'year'), [1901, 2155], 2000],
  [column('da', 'date', 'date'), ['0000-00-00', '2026-02-28'], '2026-02-27'],
  [column('t', 'time', 'time(6)'), ['-838:59:59', '10:00:00.5'], '10:00:00.500001'],
  [column('dt', 'datetime', 'datetime(6)'), ['2026-01-01 00:00:00', '2026-01-01 00:00:00.1'], '2026-01-01 00:00:00.01'],
  [column('ts', 'timestamp', 'timestamp(3) NULL'), ['2026-01-01 10:00:00.25'], '2026-01-01 10:00:00.26'],
  [column('v', 'text', 'varchar(40)', { charset: 'utf8mb4' }), ["a'b\\c\0 é漢😀 ", 'a'], 'A'],
  [column('c', 'text', 'char(9)', { charset: 'utf8mb4' }), ['abc', ''], 'abd'],
  [column('vb', 'binary', 'varbinary(9)'), [bytes('00ff10'), bytes('')], bytes('00ff1000')],
  [column('bn', 'binary', 'binary(4)'), [bytes('00ff'), bytes('')], bytes('ff')],
  [column('e', 'enum', "enum('on','off')", { charset: 'utf8mb4', labels: ['on', 'off'] }), ['on', 'off'], 'on '],
  [column('s', 'set', "set('x','y')", { charset: 'utf8mb4', labels: ['x', 'y'] }), ['x,y', ''], 'x'],
  [column('j', 'json', 'json'), ['{"b": [1, 2.50, "é"], "a": {}, "n": 12345678901234567890}'], '{"a": {}}'],
  [column('g', 'geometry', 'geometry'), [bytes('000000000101000000000000000000f03f0000000000000040')], bytes('00')],
];

describe.each(TARGETS)('rows of %s', (_name, server) => {
  let target: TargetFixture;

  beforeAll(async () => {
    target = await TargetFixture.open(server);
  });
  afterAll(() => target.close());

  it.each(CASES)('are read as they were written: %j', async (shape, values, other) => {
    const id = column('id', 'integer', 'int', { bytes: 4, nullable: false });
    const name = { schema: target.schema, table: `of_${shape.name}` };
    await target.session.query(`CREATE TABLE ${name.schema}.${name.table} (id int PRIMARY KEY, c ${shape.declared})`);
    const found = must(await target.session.describeTable(name), 'it was just created');
    const columns = [id, { ...shape, name: 'c' }];
    const writer: TableWriter = compileTableWriter({ ...name, columns, primaryKey: [0] }, found);
    const written = must(writer.columns[1], 'two columns');
    const images: RowImage[] = [...values, null].map((value, index) => [index, value]);
    await target.session.execute([insertStatement(writer, images)]);
    const rows = await lockRows(target.session, writer, [...images, [99]]);
    expect(rows.at(-1)).toBeNull();
    for (const [index, [, value = null]] of images.entries()) {
      const standing = rows[index]?.[1] ?? null;
      expect([value, standing, isStoredValue(written, value, standing)]).toEqual([value, standing, true]);
      expect(isStoredValue(written, other, standing)).toBe(false);
      expect(isStoredValue(written, value === null ? other : null, standing)).toBe(false);
    }
    expect(await lockExisting(target.session, writer, [[99], ...images])).toEqual([false, ...images.map(() => true)]);
    await target.session.commit();
  });

  it('are found by composite keys and by more keys than one query takes, and stay locked', async () => {
    const a = column('a', 'integer', 'int', { bytes: 4, nullable: false });
    const b = column('b', 'text', 'varchar(9)', { charset: 'utf8mb4', nullable: false });
    const name = { schema: target.schema, table: 'composite' };
    await target.session.query(`CREATE TABLE ${name.schema}.composite (a int, b varchar(9), PRIMARY KEY (a, b))`);
    const found = must(await target.session.describeTable(name), 'it was just created');
    const writer = compileTableWriter({ ...name, columns: [a, b], primaryKey: [0, 1] }, found);
    const images = Array.from({ length: 250 }, (_, index): RowImage => [index, 'x']);
    const even = images.filter((_, index) => index % 2 === 0);
    await target.session.execute([insertStatement(writer, even)]);
    await target.session.commit();
    const rows = await lockRows(target.session, writer, images);
    expect(rows.map((row) => row?.[0] ?? null)).toEqual(
      images.map(([value], index) => (index % 2 === 0 ? value : null)),
    );
    const other = await target.connect();
    await other.query('SET innodb_lock_wait_timeout = 1');
    await expect(other.query(`UPDATE ${writer.quoted} SET b = 'y' WHERE a = 248`)).rejects.toMatchObject({
      code: 'TARGET_BUSY',
    });
    await other.rollback();
    await target.session.commit();
  });
});
