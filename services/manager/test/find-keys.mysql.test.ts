/**
 * Goal: the keys of a range or condition are found page by page, each once, whatever the key is made of.
 * Method: real servers; pages of three keys over tables whose keys sort otherwise than they compare as texts.
 */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Connection } from 'mysql2/promise';
import { SourceSession } from '@lutra/binlog';
import { readSourceTable } from '@lutra/binlog/schema';
import { must, systemClock } from '@lutra/model';
import type { RowKey } from '@lutra/source-access';
import { connectTo, OwnServer } from '@lutra/testing';
import { findKeys } from '../src/resyncs/find-keys.ts';

jest.setTimeout(120_000);

describe.each(['mariadb', 'mysql'] as const)('keys at %s', (kind) => {
  let server: OwnServer;
  let connection: Connection;
  let session: SourceSession;

  beforeAll(async () => {
    server = await OwnServer.start({ program: kind });
    connection = await connectTo(server);
    const { host, port, user, password } = server;
    session = await SourceSession.open({
      definition: { kind, host, port, user, tls: 'disabled' },
      ...{ password, clock: systemClock },
    });
    await session.query("SET NAMES utf8mb4, SESSION time_zone = '+00:00'");
    await connection.query('CREATE DATABASE k');
    await connection.query('USE k');
  });
  afterAll(async () => {
    session.close();
    await connection.end();
    await server.close();
  });

  async function allKeys(table: string): Promise<readonly RowKey[]> {
    const definition = must(await readSourceTable(session, { schema: 'k', table }), 'the table is there');
    const found: RowKey[] = [];
    const wanted = { kind: 'where', where: '1 = 1' } as const;
    for (let after: RowKey | null = null; ;) {
      const keys: RowKey[] = await findKeys(session, { table: definition, wanted, after, countMax: 3 });
      found.push(...keys);
      if (keys.length < 3) return found;
      after = must(keys.at(-1), 'there are some');
    }
  }

  it('of labels are found in the order of their numbers', async () => {
    await connection.query(
      "CREATE TABLE labelled (e ENUM('z','m','a','y') NOT NULL, s SET('q','b','p') NOT NULL, n INT NOT NULL, PRIMARY KEY (e, s, n))",
    );
    const [es, ss] = [
      ['z', 'm', 'a', 'y'],
      ['', 'q', 'b', 'q,b', 'p', 'q,p', 'b,p', 'q,b,p'],
    ];
    const rows = es.flatMap((e) => ss.map((s): readonly [string, string, number] => [e, s, 1]));
    await connection.query(
      `INSERT INTO labelled VALUES ${rows.map(([e, s, n]) => `('${e}','${s}',${String(n)})`).join(',')}`,
    );
    expect(await allKeys('labelled')).toEqual(rows);
  });

  it('of a range of labels are those between their numbers', async () => {
    await connection.query("CREATE TABLE sized (e ENUM('small','medium','large') PRIMARY KEY)");
    await connection.query("INSERT INTO sized VALUES ('small'), ('medium'), ('large')");
    const table = must(await readSourceTable(session, { schema: 'k', table: 'sized' }), 'the table is there');
    const wanted = { kind: 'range', from: ['small'], to: ['medium'] } as const;
    expect(await findKeys(session, { table, wanted, after: null, countMax: 9 })).toEqual([['small'], ['medium']]);
  });

  it('of several columns are found once each', async () => {
    await connection.query('CREATE TABLE pairs (a VARCHAR(9) NOT NULL, b DECIMAL(9,2) NOT NULL, PRIMARY KEY (a, b))');
    await connection.query("INSERT INTO pairs VALUES ('x',-1),('x',10),('x',9),('y',0),('y',2.5),('Z',1),('a',1)");
    expect(await allKeys('pairs')).toEqual([
      ['a', '1.00'],
      ['x', '-1.00'],
      ['x', '9.00'],
      ['x', '10.00'],
      ['y', '0.00'],
      ['y', '2.50'],
      ['Z', '1.00'],
    ]);
  });
});
