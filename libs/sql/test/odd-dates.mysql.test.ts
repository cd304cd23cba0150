/**
 * Goal: a date that no calendar has, but that a source may hold (ALLOW_INVALID_DATES, or no strict mode), arrives exactly and
 * is found again, as a value and as a key.
 * Method: each statement that writes or finds rows meets such dates on real servers.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { must } from '@lutra/model';
import type { ColumnKind, RowImage, TableDefinition } from '@lutra/model';
import {
  compileTableWriter,
  deleteStatement,
  errorValueStatement,
  insertStatement,
  lockRows,
  updateJoinStatement,
  updateStatement,
} from '@lutra/sql';
import type { TableWriter, TargetStatement } from '@lutra/sql';
import { column, deleteOf, WRITING_TARGETS, TargetFixture, updateOf } from './target-fixture.ts';

const DAYS = [
  ...['0000-00-00', '0000-00-05', '0000-05-00', '0000-02-30', '0001-02-29', '2024-00-00', '2024-00-31', '2024-05-00'],
  ...['2023-02-29', '2024-02-31', '2024-04-31', '9999-11-31'],
];
const CLOCKS: readonly (readonly [ColumnKind, string, readonly string[]])[] = [
  ['date', 'date', DAYS],
  ['datetime', 'datetime', DAYS.map((day) => `${day} 23:59:58`)],
  ['datetime', 'datetime(6)', DAYS.flatMap((day) => [`${day} 00:00:00.000000`, `${day} 10:11:12.000001`])],
  ['timestamp', 'timestamp', ['0000-00-00 00:00:00', '2024-02-29 00:00:00']],
  ['timestamp', 'timestamp(6)', ['0000-00-00 00:00:00.000000', '1970-01-01 00:00:01.000001']],
];
const NAMES = CLOCKS.map((each) => [each[1], ...each] as const);

describe.each(WRITING_TARGETS)('odd dates on %s', (_name, server, bulk) => {
  let target: TargetFixture;
  let tables = 0;

  beforeAll(async () => {
    target = await TargetFixture.open(server, bulk);
  });
  afterAll(() => target.close());

  async function table(
    kind: ColumnKind,
    declared: string,
    key: { readonly ddl: string; readonly positions: readonly number[] },
  ): Promise<TableWriter> {
    tables += 1;
    const length = Number(/\d/.exec(declared)?.[0] ?? 0);
    const columns = [
      column('k', kind, declared, { length }),
      column('n', 'integer', 'int', { bytes: 4 }),
      column('v', kind, declared, { length }),
    ];
    const definition: TableDefinition = {
      ...{ schema: target.schema, table: `d${String(tables)}`, columns },
      primaryKey: key.positions,
    };
    const type = kind === 'timestamp' ? `${declared} NOT NULL DEFAULT '2000-01-01'` : `${declared} NOT NULL`;
    const ddl = `k ${type}, n int NOT NULL, v ${type}${key.ddl}`;
    await target.session.query(`CREATE TABLE ${target.schema}.${definition.table} (${ddl})`);
    const shape = must(await target.session.describeTable(definition), 'it was just created');
    return compileTableWriter(definition, shape, { noPrimaryKey: 'matchAllColumns' });
  }
  const run = (writer: TableWriter, ...statements: TargetStatement[]): Promise<readonly number[]> =>
    target.session.execute(statements, { table: writer.definition, keyColumns: writer.keyColumns });
  const held = async (writer: TableWriter): Promise<unknown[][]> => {
    const rows = await target.session.query(
      `SELECT CAST(k AS CHAR) AS k, n, CAST(v AS CHAR) AS v FROM ${writer.quoted} ORDER BY n`,
    );
    return rows.map((row) => Object.values(row));
  };
  /** Each date as a key, with the one behind it as a value. */
  const rowsOf = (dates: readonly string[], n: number): RowImage[] =>
    dates.map((date, index) => [date, n + index, must(dates[(index + 1) % dates.length], 'a date')]);

  it.each(NAMES)('a key of type %s', async (_title, kind, declared, dates) => {
    const writer = await table(kind, declared, { ddl: ', PRIMARY KEY (k)', positions: [0] });
    const [first, second, third] = [rowsOf(dates, 0), rowsOf(dates, 100), rowsOf([...dates].reverse(), 200)];
    await run(writer, insertStatement(writer, first));
    expect(await held(writer)).toEqual(first);
    await run(writer, insertStatement(writer, second));
    expect(await held(writer)).toEqual(second);
    expect(await lockRows(target.session, writer, first)).toEqual(second);
    // All of them by one join: the values of the key are cast there.
    expect(writer.joinsExactly).toBe(true);
    const changes = third.map((after) => updateOf(after, after));
    expect(await run(writer, updateJoinStatement(writer, writer.columns.slice(1), changes))).toEqual([dates.length]);
    expect(await held(writer)).toEqual(third);
    const back = first.map((after) => updateStatement(writer, writer.columns.slice(1), updateOf(after, after)));
    expect(await run(writer, ...back)).toEqual(dates.map(() => 1));
    expect(await held(writer)).toEqual(first);
    const [gone, ...left] = first;
    expect(await run(writer, deleteStatement(writer, [deleteOf(must(gone, 'a row'))]))).toEqual([1]);
    expect(await run(writer, deleteStatement(writer, left.map(deleteOf)))).toEqual([left.length]);
    await target.session.rollback();
  });

  it.each(NAMES)('a key of several columns, one of type %s', async (_title, kind, declared, dates) => {
    const writer = await table(kind, declared, { ddl: ', PRIMARY KEY (n, k)', positions: [1, 0] });
    const rows = rowsOf(dates, 0);
    await run(writer, insertStatement(writer, rows));
    const moved = rows.map(([k, n, v]): RowImage => [v, n, k]);
    const [only] = [updateOf(must(rows[0], 'a row'), must(moved[0], 'a row'))];
    expect(await run(writer, updateStatement(writer, writer.columns, only))).toEqual([1]);
    const others = rows.slice(1).map(([k, n]) => updateOf([k, n, null], [k, n, k]));
    expect(await run(writer, updateJoinStatement(writer, writer.columns.slice(2), others))).toEqual([others.length]);
    const left = rows.slice(1).map(([k, n]): RowImage => [k, n, k]);
    expect(await held(writer)).toEqual([moved[0], ...left]);
    expect(await run(writer, deleteStatement(writer, left.map(deleteOf)))).toEqual([left.length]);
    await target.session.rollback();
  });

  it.each(NAMES)('a table without a key that holds %s', async (_title, kind, declared, dates) => {
    const writer = await table(kind, declared, { ddl: '', positions: [] });
    const rows = rowsOf(dates, 0);
    await run(writer, insertStatement(writer, rows));
    const moved = rows.map(([k, n, v]): RowImage => [v, n, k]);
    const updates = rows.map((row, n) => updateStatement(writer, writer.columns, updateOf(row, must(moved[n], 'it'))));
    expect(await run(writer, ...updates)).toEqual(dates.map(() => 1));
    expect(await held(writer)).toEqual(moved);
    expect(await run(writer, ...moved.map((row) => deleteStatement(writer, [deleteOf(row)])))).toEqual(
      dates.map(() => 1),
    );
    await target.session.rollback();
  });

  it('an error value beside them', async () => {
    const columns = [
      column('k', 'date', 'date'),
      column('mood', 'enum', "enum('a','b')", { labels: ['a', 'b'], charset: 'utf8mb4' }),
    ];
    const definition = { schema: target.schema, table: 'moods', columns, primaryKey: [0] };
    await target.session.query(`CREATE TABLE ${target.schema}.moods (k date PRIMARY KEY, mood enum('a','b'))`);
    const shape = must(await target.session.describeTable(definition), 'it was just created');
    const writer = compileTableWriter(definition, shape);
    await run(writer, insertStatement(writer, [['2024-02-31', 'b']]));
    const mood = { column: must(writer.columns[1], 'two columns'), standIn: 'a' };
    const { kind } = target.server;
    const statement = errorValueStatement(writer, { image: ['2024-02-31', ''], columns: [mood], kind });
    expect(await run(writer, statement)).toEqual([1]);
    await target.session.rollback();
  });
});
