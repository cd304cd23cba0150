import { join } from 'node:path';
import { must } from '@lutra/model';
import { compareTables, connectTo, LocalStack, lutraHome, runSql, startServerGroup, waitUntil } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';
import type { Connection } from 'mysql2/promise';
import { attachReplica, catchUp } from './replica.ts';

export const BENCH_SCHEMA = 'bench';

/**
 * One source with two kinds of followers: Lutra's target, and replicas of the database's own making with 1 and with 4 apply
 * threads. All servers run the same options and default durability, with the binary log on. Only one follower works at a time.
 */
export interface BenchSite {
  readonly source: DatabaseServer;
  readonly target: DatabaseServer;
  readonly replicas: readonly { readonly threads: number; readonly server: DatabaseServer }[];
  readonly stack: LocalStack;
  sourceGtid(): Promise<string>;
  pausePipeline(): Promise<void>;
  /** Starts the paused pipeline and resolves with the milliseconds until the checkpoint at the target has reached `gtid`. */
  lutraCatchUp(gtid: string): Promise<number>;
  replicaCatchUp(threads: number, gtid: string): Promise<number>;
  replicaConnection(threads: number): Promise<Connection>;
  /** Throws when a table is not hash-equal at the source, the target and every replica. */
  assertEqual(tables: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

const CATCH_UP_LIMIT_MS = 600_000;

export async function openBenchSite(): Promise<BenchSite> {
  const folder = join(lutraHome(), 'bench');
  const kind = 'mariadb' as const;
  const group = await startServerGroup({
    home: lutraHome(),
    folder,
    databases: { source: { kind }, target: { kind }, manager: { kind }, replica1: { kind }, replica4: { kind } },
  });
  const server = (name: string): DatabaseServer => must(group.databases[name], name);
  const [source, target] = [server('source'), server('target')];
  const replicas = [1, 4].map((threads) => ({ threads, server: server(`replica${String(threads)}`) }));
  const stack = await LocalStack.start({
    folder: join(folder, 'stack'),
    home: lutraHome(),
    servers: { source, target, manager: server('manager'), nats: group.nats, zookeeper: group.zookeeper },
    schemas: [BENCH_SCHEMA],
    namespace: 'bench_lutra',
  });
  const pipelineId = await stack.createPipeline({
    mappings: [{ source: { schema: BENCH_SCHEMA, table: { regex: '.*' } }, target: { schema: BENCH_SCHEMA } }],
  });
  const connections = await openConnections(source, target, replicas);
  await prepareReplicas(connections, source);
  return {
    source,
    target,
    replicas,
    stack,
    sourceGtid: () => gtidOf(connections.source),
    pausePipeline: () => pause(stack, pipelineId),
    lutraCatchUp: (gtid) => lutraCatchUp({ stack, pipelineId, target: connections.target, gtid }),
    replicaCatchUp: (threads, gtid) => catchUp(must(connections.replicas.get(threads), 'a replica'), gtid, threads),
    replicaConnection: (threads) =>
      connectTo(
        must(
          replicas.find((replica) => replica.threads === threads),
          'a replica',
        ).server,
      ),
    assertEqual: (tables) => assertEqual(source, [target, ...replicas.map((replica) => replica.server)], tables),
    stop: async () => {
      for (const connection of [connections.source, connections.target, ...connections.replicas.values()])
        connection.destroy();
      await stack.stop();
      await group.stop();
    },
  };
}

interface Connections {
  readonly source: Connection;
  readonly target: Connection;
  readonly replicas: ReadonlyMap<number, Connection>;
}

async function openConnections(
  source: DatabaseServer,
  target: DatabaseServer,
  replicas: BenchSite['replicas'],
): Promise<Connections> {
  const opened = await Promise.all(
    replicas.map(async ({ threads, server }) => [threads, await connectTo(server)] as const),
  );
  return { source: await connectTo(source), target: await connectTo(target), replicas: new Map(opened) };
}

/** The replicas begin where the source stands now; the bench schema exists on them already, as everywhere. */
async function prepareReplicas(connections: Connections, source: DatabaseServer): Promise<void> {
  const account = { user: 'replica', password: 'replica-of-the-bench' };
  await runSql(source, [
    `CREATE USER IF NOT EXISTS '${account.user}'@'%' IDENTIFIED BY '${account.password}'`,
    `GRANT REPLICATION SLAVE ON *.* TO '${account.user}'@'%'`,
  ]);
  const gtid = await gtidOf(connections.source);
  for (const replica of connections.replicas.values()) {
    await replica.query(`CREATE DATABASE IF NOT EXISTS ${BENCH_SCHEMA}`);
    await replica.query('RESET MASTER');
    await attachReplica(replica, { host: source.host, port: source.port, ...account }, gtid);
  }
}

async function gtidOf(source: Connection): Promise<string> {
  const [rows] = await source.query('SELECT @@gtid_binlog_pos AS gtid');
  return must((rows as unknown as readonly { readonly gtid: string }[])[0], 'a position').gtid;
}

async function pause(stack: LocalStack, pipelineId: string): Promise<void> {
  await stack.api.command(pipelineId, 'PAUSE', 'benchmark');
  await waitUntil(async () => (await stack.api.pipeline(pipelineId)).state === 'PAUSED', {
    what: 'the pipeline to pause',
    timeoutMs: 60_000,
  });
}

async function lutraCatchUp(run: {
  stack: LocalStack;
  pipelineId: string;
  target: Connection;
  gtid: string;
}): Promise<number> {
  const start = performance.now();
  await run.stack.api.command(run.pipelineId, 'START', 'benchmark');
  await waitUntil(
    async () => {
      const [rows] = await run.target.query('SELECT done FROM lutra.checkpoint WHERE pipeline_id = ?', [
        run.pipelineId,
      ]);
      return String((rows as unknown as readonly { readonly done: unknown }[])[0]?.done).includes(run.gtid);
    },
    { what: `Lutra to reach ${run.gtid}`, timeoutMs: CATCH_UP_LIMIT_MS, everyMs: 20 },
  );
  return performance.now() - start;
}

async function assertEqual(
  source: DatabaseServer,
  followers: readonly DatabaseServer[],
  tables: readonly string[],
): Promise<void> {
  const pairs = tables.map((table) => ({
    source: { schema: BENCH_SCHEMA, table },
    target: { schema: BENCH_SCHEMA, table },
  }));
  for (const follower of followers)
    for (const { isEqual, pair, firstDifference } of await compareTables(source, follower, pairs))
      if (!isEqual)
        throw new Error(`${pair.source.table} differs at port ${String(follower.port)}: ${String(firstDifference)}`);
}
