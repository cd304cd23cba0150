/**
 * Goal: rows of a system-versioned table are never taken for what they look like: MariaDB logs a DELETE as an update of the
 * period's end, and the history of an UPDATE as an insert under the same key.
 */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testServers } from '@lutra/testing';
import { LoggedChanges } from './logged-changes.ts';

describe('a system-versioned table of MariaDB', () => {
  let logged: LoggedChanges;
  beforeAll(async () => {
    logged = await LoggedChanges.open(testServers().mariadbSource, `versioned_${randomBytes(5).toString('hex')}`);
  });
  afterAll(() => logged.close());

  it.each([
    ['with hidden columns', 'hidden', 'id INT PRIMARY KEY, n INT'],
    ['without a key', 'keyless', 'id INT, n INT'],
    [
      'with columns of its own',
      'named',
      'id INT PRIMARY KEY, n INT, a TIMESTAMP(6) GENERATED ALWAYS AS ROW START, b TIMESTAMP(6) GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (a, b)',
    ],
  ])(
    '%s stops the pipeline',
    async (_what, table, columns) => {
      const name = `${logged.schema}.${table}`;
      const events = await logged.rawEvents([
        `CREATE TABLE ${name} (${columns}) WITH SYSTEM VERSIONING`,
        `INSERT INTO ${name} (id, n) VALUES (1, 1)`,
      ]);
      const changed = await logged.rawEvents([`UPDATE ${name} SET n = 2`]);
      const gone = await logged.rawEvents([`DELETE FROM ${name}`]);
      for (const rows of [events, changed, gone])
        await expect(logged.decode(rows)).rejects.toMatchObject({
          code: 'SOURCE_EVENT_UNSUPPORTED',
          message: expect.stringContaining('system-versioned') as unknown,
        });
    },
    180_000,
  );

  it('is not seen in a table that only looks like one', async () => {
    const name = `${logged.schema}.plain`;
    const changes = await logged.changes([
      `CREATE TABLE ${name} (id INT PRIMARY KEY, row_start TIMESTAMP(6) NOT NULL DEFAULT 0, row_end TIMESTAMP(6) NOT NULL DEFAULT 0)`,
      `INSERT INTO ${name} (id, row_end) VALUES (1, '2037-12-31 23:59:59.999999')`,
    ]);
    expect(changes).toHaveLength(1);
  });
});
