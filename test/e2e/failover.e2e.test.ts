// Goal: a source that dies costs no row: the pipeline goes on from a standby of its group, and stops where it would lose
// transactions instead of going on without them.
// Method: two MySQL servers, the second a real replica of the first, as a data source with a standby; a writer counts in
// transactions; the first server is killed with SIGKILL, the writer goes on at the second; rows are compared with the second.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PipelineView } from '@lutra/api-client';
import { must } from '@lutra/model';
import { compareTables, connectTo, OwnServer, runSql, testServers, waitUntil } from '@lutra/testing';
import { differences, lastDifferences, startE2eStack, wholeSchema } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';

const { mariadbTarget } = testServers();
const TABLE =
  'CREATE TABLE counter (id INT PRIMARY KEY, version INT NOT NULL, note VARCHAR(40) NOT NULL) ENGINE = InnoDB';
const COUNTERS = 5;
const WAIT = { timeoutMs: 60_000, everyMs: 50 };

describe('a source of two MySQL servers', () => {
  const servers: OwnServer[] = [];
  let e2e: E2eStack | null = null;
  let pipelineId = '';

  const server = (index: number): OwnServer => must(servers[index], 'both servers run');
  const stack = () => must(e2e, 'the stack runs').stack;
  const schema = (): string => must(e2e, 'the stack runs').schema;
  const view = (): Promise<PipelineView> => stack().api.pipeline(pipelineId);
  const addressOf = (index: number): string => `127.0.0.1:${String(server(index).port)}`;
  const at = (index: number, ...statements: string[]): Promise<void> =>
    runSql(server(index), [`USE \`${schema()}\``, ...statements]);

  beforeAll(async () => {
    servers.push(...(await Promise.all([0, 1].map(() => OwnServer.start({ program: 'mysql' })))));
    // What the servers wrote of themselves is not part of the group's history.
    for (const one of servers) await runSql(one, ['RESET BINARY LOGS AND GTIDS']);
    await runSql(server(1), follow(server(0)));
    e2e = await startE2eStack('failover', { servers: { source: server(0), target: mariadbTarget } });
    await e2e.createTables(TABLE);
    await at(0, ...numbers(COUNTERS).map((id) => `INSERT INTO counter VALUES (${String(id)}, 0, '')`));
    await followed();
    const { host, port, user, password } = stack().source;
    const standbys = [{ host: '127.0.0.1', port: server(1).port }];
    const { id: sourceId } = await stack().api.post('/data-sources', {
      body: { name: 'group', kind: 'mysql', host, port, user, password, standbys },
    });
    const targetId = await stack().createDataSource('target', stack().target);
    const { id: channelId } = await stack().api.post('/channels', { body: { name: 'channel' } });
    const parameters = { retryInPlaceMs: 60_000 };
    ({ id: pipelineId } = await stack().api.post('/pipelines', {
      body: { channelId, name: 'failover', sourceId, targetId, start: { kind: 'latest' }, parameters },
    }));
    await stack().api.post('/pipelines/{pipelineId}/mappings', { path: { pipelineId }, body: wholeSchema(schema()) });
    await stack().api.command(pipelineId, 'START', 'test');
    await stack().waitReading(pipelineId);
    await runSql(mariadbTarget, [
      `USE \`${schema()}\``,
      ...numbers(COUNTERS).map((id) => `INSERT INTO counter VALUES (${String(id)}, 0, '')`),
    ]);
  });

  afterAll(async () => {
    const running = servers.find(({ isRunning }) => isRunning);
    if (running !== server(0))
      await server(0)
        .start()
        .catch(() => undefined);
    await e2e?.stop();
    await Promise.all(servers.map((one) => one.close()));
  });

  /** The second server has all that the first one has. */
  const followed = (): Promise<unknown> =>
    waitUntil(async () => (await executed(server(0))) === (await executed(server(1))), {
      what: 'the replica to follow',
      ...WAIT,
    });

  /** Counts up in transactions of two statements, until told to stop or the server is gone. */
  async function write(index: number, transactions: number): Promise<number> {
    const connection = await connectTo(server(index), schema());
    let done = 0;
    try {
      for (; done < transactions; done++) {
        const id = String((done % COUNTERS) + 1);
        await connection.query(
          `BEGIN; UPDATE counter SET version = version + 1 WHERE id = ${id};
           INSERT INTO counter SELECT 1000 + COUNT(*), 1, '${String(index)}' FROM counter WHERE id >= 1000; COMMIT`,
        );
      }
    } finally {
      connection.destroy();
    }
    return done;
  }

  async function expectEqual(index: number): Promise<void> {
    const pairs = must(e2e, 'the stack runs').pairs('counter');
    const compare = async () => differences(await compareTables(server(index), mariadbTarget, pairs));
    expect({ differences: await lastDifferences(compare, WAIT), failure: (await view()).failure }).toEqual({
      differences: [],
      failure: null,
    });
  }

  it('goes on at the standby when the first server is killed, and loses and doubles nothing', async () => {
    await write(0, 200);
    await expectEqual(0);
    expect((await view()).select?.source).toBe(addressOf(0));
    await followed();
    await runSql(server(1), ['STOP REPLICA', 'RESET REPLICA ALL']);
    await server(0).kill();
    expect(await write(1, 200)).toBe(200);
    await expectEqual(1);
    const { select, state } = await waitUntil(
      async () => {
        const now = await view();
        return now.select?.source === addressOf(1) ? now : undefined;
      },
      { what: 'the standby to be named', ...WAIT },
    );
    expect(state).toBe('RUNNING');
    expect(select?.cause ?? addressOf(0)).toContain(addressOf(0));
  });

  it('stops where the only server that answers lacks transactions, and lists them', async () => {
    // The old server comes back as a replica that misses what the second one wrote last.
    await server(0).start();
    await runSql(server(0), follow(server(1)));
    await followed();
    await runSql(server(0), ['STOP REPLICA', 'RESET REPLICA ALL']);
    await write(1, 10);
    await expectEqual(1);
    const lost = await missingAt(0, 1);
    await stack().api.patch('/pipelines/{id}', {
      path: { id: pipelineId },
      body: { parameters: { retryInPlaceMs: 2_000 } },
    });
    await server(1).kill();
    const stopped = await waitUntil(
      async () => {
        const now = await view();
        return now.failure?.code === 'SOURCE_LOST_TRANSACTIONS' ? now : undefined;
      },
      { what: 'the pipeline to stop', ...WAIT },
    );
    expect(stopped.state).toBe('PAUSED');
    expect(lost).toMatch(/:\d+-\d+$/);
    expect(stopped.failure?.message).toContain(lost);
    // With the server back nothing was lost.
    await server(1).start();
    await at(1, "UPDATE counter SET note = 'after'");
    await stack().api.command(pipelineId, 'RESTART', 'the server is back');
    await expectEqual(1);
  });

  async function missingAt(index: number, other: number): Promise<string> {
    const connection = await connectTo(server(other));
    try {
      const [rows] = await connection.query('SELECT GTID_SUBTRACT(@@global.gtid_executed, ?) AS lost', [
        await executed(server(index)),
      ]);
      return (rows as { lost: string }[])[0]?.lost ?? '';
    } finally {
      connection.destroy();
    }
  }
});

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

const follow = ({ host, port, user, password }: OwnServer): string[] => [
  `CHANGE REPLICATION SOURCE TO SOURCE_HOST = '${host}', SOURCE_PORT = ${String(port)}, SOURCE_USER = '${user}',
   SOURCE_PASSWORD = '${password}', SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1`,
  'START REPLICA',
];

async function executed(server: OwnServer): Promise<string> {
  const connection = await connectTo(server);
  try {
    const [rows] = await connection.query('SELECT @@global.gtid_executed AS gtids');
    return (rows as { gtids: string }[])[0]?.gtids ?? '';
  } finally {
    connection.destroy();
  }
}
