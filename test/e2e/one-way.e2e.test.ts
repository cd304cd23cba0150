import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LocalStack, lutraHome, runSql, samePair, testServers } from '@lutra/testing';

// Goal: a change committed at the source stands at the target, through all six services as real processes.
// Method: one stack on the test servers, a table with keys and values of several kinds, changes of every kind, and the
// comparison of both sides by content.
const schema = `oneway_${randomBytes(4).toString('hex')}`;
const servers = testServers();
const pairs = [samePair(schema, 'people')];
let stack: LocalStack;

const create = `CREATE TABLE \`${schema}\`.people (
  id INT PRIMARY KEY, name VARCHAR(60) NOT NULL, wage DECIMAL(20,6) NULL, born DATE NULL, seen TIMESTAMP(6) NULL, photo BLOB NULL)`;

const atSource = (...statements: string[]): Promise<void> =>
  runSql(servers.mariadbSource, [`USE \`${schema}\``, ...statements]);

async function expectEqual(rows: number): Promise<void> {
  const [comparison] = await stack.waitEqual(pairs);
  expect(comparison).toMatchObject({ isEqual: true, firstDifference: null, source: { rows } });
}

beforeAll(async () => {
  for (const server of [servers.mariadbSource, servers.mariadbTarget])
    await runSql(server, [`CREATE DATABASE \`${schema}\``, create]);
  stack = await LocalStack.start({
    folder: join(lutraHome(), 'test', 'stacks', schema),
    home: lutraHome(),
    servers: {
      source: servers.mariadbSource,
      target: servers.mariadbTarget,
      manager: servers.mariadbTarget,
      nats: servers.nats,
      zookeeper: servers.zookeeper,
    },
    schemas: [schema],
  });
  await stack.createPipeline({ mappings: [{ source: { schema, table: { exact: 'people' } }, target: { schema } }] });
});

afterAll(async () => {
  await stack.stop();
  await stack.forget();
});

describe('one way', () => {
  it('inserts, updates and deletes reach the target', async () => {
    await atSource(
      `INSERT INTO people VALUES (1, 'Ada', 12345678901234.123456, '1815-12-10', '2024-02-29 23:59:59.999999', x'00ff'), (2, 'Žofie 😀', NULL, NULL, NULL, NULL)`,
    );
    await expectEqual(2);
    await atSource("UPDATE people SET name = 'Ada Lovelace', wage = wage + 1 WHERE id = 1");
    await expectEqual(2);
    await atSource('DELETE FROM people WHERE id = 2');
    await expectEqual(1);
  });

  it('a transaction that is rolled back leaves nothing', async () => {
    await atSource(
      'BEGIN',
      "INSERT INTO people (id, name) VALUES (10, 'never')",
      'ROLLBACK',
      "INSERT INTO people (id, name) VALUES (11, 'there')",
    );
    await expectEqual(2);
  });

  it('a row that is changed many times ends as at the source', async () => {
    await atSource(
      ...Array.from({ length: 200 }, (_, index) => `UPDATE people SET wage = ${String(index)} WHERE id = 11`),
    );
    await expectEqual(2);
  });
});
