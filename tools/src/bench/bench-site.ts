import { join } from 'node:path';
import { must } from '@lutra/model';
import {
  compareTables,
  connectTo,
  LocalStack,
  lutraHome,
  runSql,
  samePair,
  startServerGroup,
  waitUntil,
} from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';
import type { Connection } from 'mysql2/promise';
import { attachReplica, catchUp } from './replica.ts';
import type { Workload } from './workloads.ts';
import { createTables } from './write-workload.ts';

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
  /** Process ids of the database servers and NATS, by name. */
  readonly serverPids: Readonly<Record<string, number>>;
  /** The source's own come to the replicas; to Lutra's target they come from here. */
  createAtTarget(work: Workload): Promise<void>;
  sourceGtid(): Promise<string>;
  pausePipeline(): Promise<void>;
  /** Starts the paused pipeline and resolves with the milliseconds until the checkpoint at the target has reached `gtid`. */
  lutraCatchUp(gtid: string): Promise<number>;
  replicaCatchUp(threads: number, gtid: string): Promise<number>;
  replicaConnection(threads: number): Promise<Connection>;
  /**
   * Throws when a table is not hash-equal at the source and the target, or has another checksum at a replica or, where
   * named, in a further schema of the target.
   */
  assertEqual(tables: readonly string[], alsoIn?: string): Promise<void>;
  /** Removes tables on every server without a word in its log, and in a further schema of the target. */
  dropTables(tables: readonly string[], alsoIn: string): Promise<void>;
  stop(): Promise<void>;
}

const CATCH_UP_LIMIT_MS = 600_000;

export interface SiteOptions {
  /** Where each service writes a CPU profile when it ends; null = nowhere. */
  readonly profileFolder: string | null;
}

export async function openBenchSite({ profileFolder }: SiteOptions): Promise<BenchSite> {
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
    ...(profileFolder === null ? {} : { nodeArgs: profilingArgs(profileFolder) }),
  });
  const pipelineId = await stack.createPipeline({
    mappings: [{ source: { schema: BENCH_SCHEMA, table: { regex: '.*' } }, target: { schema: BENCH_SCHEMA } }],
    // Tables are made at both sides.
    parameters: { ddl: 'fail' },
  });
  const connections = await openConnections(source, target, replicas);
  await prepareReplicas(connections, source);
  return {
    source,
    target,
    replicas,
    stack,
    serverPids: Object.fromEntries(Object.entries(group.processes).map(([name, { pid }]) => [name, pid])),
    createAtTarget: (work) => createAtTarget(target, work),
    sourceGtid: () => gtidOf(connections.source),
    pausePipeline: () => pause(stack, pipelineId),
    lutraCatchUp: (gtid) => catchUpMs({ stack, pipelineId, target: connections.target, gtid }),
    replicaCatchUp: (threads, gtid) => catchUp(must(connections.replicas.get(threads), 'a replica'), gtid, threads),
    replicaConnection: (threads) =>
      connectTo(
        must(
          replicas.find((replica) => replica.threads === threads),
          'a replica',
        ).server,
      ),
    assertEqual: (tables, alsoIn) =>
      assertEqual({ source, target, replicas: replicas.map(({ server: one }) => one) }, tables, alsoIn),
    dropTables: async (tables, alsoIn) => {
      const drop = (schema: string): string => `DROP TABLE ${tables.map((table) => `${schema}.${table}`).join(',')}`;
      for (const one of [source, target, ...replicas.map((replica) => replica.server)])
        await runSql(one, [
          'SET SESSION sql_log_bin = 0',
          drop(BENCH_SCHEMA),
          ...(one === target ? [drop(alsoIn)] : []),
        ]);
    },
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

/** What the source has committed. */
export async function gtidOf(source: Connection): Promise<string> {
  const [rows] = await source.query('SELECT @@gtid_binlog_pos AS gtid');
  return must((rows as unknown as readonly { readonly gtid: string }[])[0], 'a position').gtid;
}

export async function pause(stack: LocalStack, pipelineId: string): Promise<void> {
  await stack.api.command(pipelineId, 'PAUSE', 'benchmark');
  await waitUntil(async () => (await stack.api.pipeline(pipelineId)).state === 'PAUSED', {
    what: 'the pipeline to pause',
    timeoutMs: 60_000,
  });
}

/** Starts a paused pipeline; the milliseconds until the checkpoint at the target has reached the place. */
export async function catchUpMs(run: {
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
      // One row for each lane: the last one counts.
      const lanes = rows as unknown as readonly { readonly done: unknown }[];
      return lanes.length > 0 && lanes.every(({ done }) => String(done).includes(run.gtid));
    },
    { what: `Lutra to reach ${run.gtid}`, timeoutMs: CATCH_UP_LIMIT_MS, everyMs: 20 },
  );
  return performance.now() - start;
}

/** A profile that is written at the end. */
const profilingArgs = (folder: string): readonly string[] => ['--cpu-prof', `--cpu-prof-dir=${folder}`];

async function createAtTarget(target: DatabaseServer, work: Workload): Promise<void> {
  const connection = await connectTo(target, BENCH_SCHEMA);
  try {
    await createTables(connection, work);
  } finally {
    connection.destroy();
  }
}

interface Sides {
  readonly source: DatabaseServer;
  readonly target: DatabaseServer;
  readonly replicas: readonly DatabaseServer[];
}

async function assertEqual(
  { source, target, replicas }: Sides,
  tables: readonly string[],
  alsoIn?: string,
): Promise<void> {
  const pairs = tables.map((table) => samePair(BENCH_SCHEMA, table));
  for (const { isEqual, pair, firstDifference } of await compareTables(source, target, pairs))
    if (!isEqual) throw new Error(`${pair.source.table} differs at the target: ${String(firstDifference)}`);
  const expected = await checksums(source, BENCH_SCHEMA, tables);
  const copies: [DatabaseServer, string][] = replicas.map((replica) => [replica, BENCH_SCHEMA]);
  if (alsoIn !== undefined) copies.push([target, alsoIn]);
  for (const [server, schema] of copies)
    if ((await checksums(server, schema, tables)) !== expected)
      throw new Error(`Tables of ${schema} at port ${String(server.port)} differ: ${tables.join(', ')}`);
}

async function checksums(server: DatabaseServer, schema: string, tables: readonly string[]): Promise<string> {
  const connection = await connectTo(server);
  try {
    const [rows] = await connection.query({
      sql: `CHECKSUM TABLE ${tables.map((table) => `${schema}.${table}`).join(',')} EXTENDED`,
      rowsAsArray: true,
    });
    return (rows as unknown as readonly (readonly unknown[])[]).map(([, checksum]) => String(checksum)).join(',');
  } finally {
    connection.destroy();
  }
}
