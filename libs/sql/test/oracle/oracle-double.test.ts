import { afterEach, expect, it } from '@jest/globals';
import oracledb from 'oracledb';
import type { Connection } from 'oracledb';
import { OracleDouble, oracleRows, scriptedOracle } from '@lutra/testing';
import type { OracleEngine, OracleScript } from '@lutra/testing';

// Goal: what the double of an Oracle database is told to answer arrives at the real driver unchanged.
// Method: the driver in thin mode over a real socket.

let double: OracleDouble;
let connection: Connection;
afterEach(async () => {
  await connection.close().catch(() => undefined);
  await double.close();
});

async function connect(script: OracleScript | OracleEngine): Promise<void> {
  const engine = typeof script === 'function' ? script : scriptedOracle(script);
  double = await OracleDouble.start({ users: { SYNC: 'pw' }, engine });
  const { host, port } = double.address;
  const connectString = `${host}:${String(port)}/FREEPDB1`;
  connection = await oracledb.getConnection({ user: 'sync', password: 'pw', connectString });
}

const asText = { fetchTypeHandler: () => ({ type: oracledb.STRING }) };

it('numbers keep their digits', async () => {
  const numbers = [
    ...['0', '1', '-1', '10', '100', '99', '-99', '12345678901234567890123456789012345678', '0.5', '-0.5', '0.001'],
    ...['1000000', '-1000000', '123.456', '-123.456', '0.0000000001', '18446744073709551615', '100.01'],
  ];
  await connect([['SELECT', oracleRows(['N NUMBER'], ...numbers.map((number) => [number]))]]);
  const { rows = [] } = await connection.execute<[string]>('SELECT n FROM t', [], asText);
  // As Oracle prints them.
  expect(rows.map(([number]) => number)).toEqual(numbers.map((number) => number.replace(/^(-?)0\./, '$1.')));
});

it('text, bytes, dates and what is not there', async () => {
  const columns = ['a_b', 'R RAW', 'D DATE', 'NOTHING NUMBER'];
  await connect([
    [
      'SELECT',
      oracleRows(columns, ['héé😀', '00ff10', '2024-02-29 23:59:58', null], ['x'.repeat(4_000), null, null, null]),
    ],
  ]);
  const { rows = [], metaData = [] } = await connection.execute<unknown[]>('SELECT all FROM t');
  expect(rows).toEqual([
    ['héé😀', Buffer.from([0, 255, 16]), new Date(2024, 1, 29, 23, 59, 58), null],
    ['x'.repeat(4_000), null, null, null],
  ]);
  expect(metaData.map(({ name, dbTypeName }) => [name, dbTypeName])).toEqual([
    ['a_b', 'VARCHAR2'],
    ['R', 'RAW'],
    ['D', 'DATE'],
    ['NOTHING', 'NUMBER'],
  ]);
});

it('rows are fetched in pages, and statements are run again with other values', async () => {
  const asked: unknown[] = [];
  await connect(({ sql, binds, user }) => {
    asked.push([sql, binds, user]);
    return oracleRows(['V'], ...Array.from({ length: 505 }, (_, index) => [`${binds[0] ?? ''}${String(index)}`]));
  });
  for (const given of ['a', 'b', '']) {
    const { rows = [] } = await connection.execute<[string]>('SELECT v FROM t WHERE k = :1', [given]);
    expect([rows.length, rows[0], rows.at(-1)]).toEqual([505, [`${given}0`], [`${given}504`]]);
  }
  const sql = 'SELECT v FROM t WHERE k = :1';
  expect(asked).toEqual([
    [sql, ['a'], 'SYNC'],
    [sql, ['b'], 'SYNC'],
    [sql, [null], 'SYNC'],
  ]);
});

it('changes are counted, errors keep their number, and the connection stays', async () => {
  await connect([
    ['DELETE', { changed: 7 }],
    ['INSERT', { error: { code: 1, message: 'unique constraint (SYNC.PK) violated' } }],
  ]);
  expect((await connection.execute('DELETE FROM t')).rowsAffected).toBe(7);
  await expect(connection.execute('INSERT INTO t VALUES (1)')).rejects.toMatchObject({
    code: 'ORA-00001',
    message: expect.stringContaining('SYNC.PK') as unknown,
  });
  await expect(connection.execute('SELECT 1 FROM nowhere')).rejects.toMatchObject({ code: 'ORA-00942' });
  await connection.commit();
  await connection.rollback();
  await connection.ping();
  expect(double.misunderstood).toEqual([]);
});

it('what it does not speak ends the line and is named', async () => {
  await connect([]);
  await expect(connection.executeMany('INSERT INTO t VALUES (:1)', [['a'], ['b']])).rejects.toMatchObject({
    code: 'NJS-500',
  });
  expect(double.misunderstood).toEqual([expect.stringContaining('arrays of values') as unknown]);
});

it('a statement that takes too long is broken off', async () => {
  await connect([['SELECT', oracleRows(['V'], ['x'])]]);
  double.breakAt('statement', 'hangs');
  connection.callTimeout = 1_000;
  await expect(connection.execute('SELECT v FROM t')).rejects.toMatchObject({ code: 'NJS-123' });
  double.breakAt('statement', null);
  connection.callTimeout = 0;
  expect((await connection.execute('SELECT v FROM t')).rows).toEqual([['x']]);
});
