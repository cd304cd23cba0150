import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiClient } from '@lutra/api-client';
import { must } from '@lutra/model';
import type { ApplyMode } from '@lutra/model';
import { askSocket, connectTo, LocalStack, lutraHome, startServerGroup } from '@lutra/testing';
import type { DatabaseServer, ServerGroup, ServiceInstance, StackServers } from '@lutra/testing';
import { linkEnv, openLinks, through } from './chaos-links.ts';
import type { ChaosLink } from './chaos-links.ts';
import { ChaosServer } from './chaos-server.ts';
import type { ChaosPipeline, ChaosSite } from './chaos-types.ts';

export const SERVER_NAMES = ['source', 'target', 'nats', 'zookeeper'] as const;
export type ServerName = (typeof SERVER_NAMES)[number];

/** The site as the faults see it: with everything that they may break. */
export interface ChaosGround extends ChaosSite {
  readonly servers: Readonly<Record<ServerName, ChaosServer>>;
  readonly links: readonly ChaosLink[];
  /** Names of the instances that a fault has its hands on, so that another one leaves them alone. */
  readonly broken: Set<string>;
}

const MODES: readonly ApplyMode[] = ['merged', 'transactional'];
const INSTANCES = 2;
/** As in the end-to-end tests: a dead holder of a lease is noticed after four seconds. */
export const SESSION_TIMEOUT_MS = 4_000;
/** A process that is lost in a stream shall cost seconds, not the minute of an installation without chaos. */
const PROCESS_AGE_MAX_MS = 10_000;
/** Half a gigabyte less than the defaults, and quick: each commit is in the kernel's hands, which SIGKILL cannot take back. */
const DATABASE_OPTIONS: readonly string[] = [
  '--innodb-buffer-pool-size=64M',
  '--performance-schema=OFF',
  '--innodb-flush-log-at-trx-commit=2',
  '--gtid-strict-mode=ON',
];
const REDO_LOG_BYTES = 96 * 1024 * 1024;

/** Servers of its own, two instances of each service, and a fault proxy in every way between two parts. */
export async function openChaosSite(options: { readonly folder: string }): Promise<ChaosGround> {
  const folder = join(lutraHome(), options.folder);
  const database = { kind: 'mariadb' as const, extra: DATABASE_OPTIONS };
  const group = await startServerGroup({
    home: lutraHome(),
    folder,
    databases: { source: database, target: database },
    redoLogBytes: REDO_LOG_BYTES,
  });
  const source = must(group.databases['source'], 'source');
  const target = must(group.databases['target'], 'target');
  const servers: StackServers = { source, target, manager: target, nats: group.nats, zookeeper: group.zookeeper };
  const chaosServers = serversOf(group, { source, target });
  const links = await openLinks(servers, MODES, INSTANCES);
  // Logs of an earlier run would be searched for this one's causes.
  rmSync(join(folder, 'stack', 'logs'), { recursive: true, force: true });
  const stack = await startStack(folder, servers, links);
  const broken = new Set<string>();
  return {
    source,
    target,
    pipelines: await createPipelines(stack, links),
    stack,
    get api() {
      return apiOf(stack, broken);
    },
    folder,
    servers: chaosServers,
    links,
    broken,
    stop: async () => {
      await stack.stop();
      await Promise.all(links.map(({ proxy }) => proxy.close()));
      await Promise.all(Object.values(chaosServers).map((server) => server.stop()));
      await group.stop();
    },
  };
}

function startStack(folder: string, servers: StackServers, links: readonly ChaosLink[]): Promise<LocalStack> {
  const services = { select: 2, extract: 2, transform: 2, load: 2, arbiter: 2, manager: 2 };
  return LocalStack.start({
    folder: join(folder, 'stack'),
    home: lutraHome(),
    servers,
    services,
    schemas: MODES.map(schemaOf),
    namespace: 'chaos',
    env: { LUTRA_ZOOKEEPER_SESSION_TIMEOUT_MS: String(SESSION_TIMEOUT_MS) },
    instanceEnv: (instance) => linkEnv(links, instance),
  });
}

const schemaOf = (mode: ApplyMode): string => `chaos_${mode}`;

/** Configured, not started: tables come first. */
function createPipelines(stack: LocalStack, links: readonly ChaosLink[]): Promise<ChaosPipeline[]> {
  const linkOf = (mode: ApplyMode, peer: string): ChaosLink =>
    must(
      links.find((link) => link.pipeline === mode && link.peer === peer),
      `a link to the ${peer}`,
    );
  return Promise.all(
    MODES.map(async (mode) => {
      const schema = schemaOf(mode);
      const id = await stack.createPipeline({
        name: mode,
        parameters: { applyMode: mode, processAgeMaxMs: PROCESS_AGE_MAX_MS },
        mappings: [{ source: { schema, table: { regex: '.*' } }, target: { schema } }],
        source: through(linkOf(mode, 'source'), stack.source),
        target: through(linkOf(mode, 'target'), stack.target),
        isStarted: false,
      });
      return { id, name: mode, applyMode: mode, schema };
    }),
  );
}

/** Through a manager that no fault is at. */
function apiOf(stack: LocalStack, broken: ReadonlySet<string>): ApiClient {
  const managers = stack.instancesOf('manager');
  const whole = managers.find((manager: ServiceInstance) => manager.isRunning && !broken.has(manager.name));
  return stack.apiOf(whole ?? must(managers[0], 'a manager'));
}

function serversOf(
  group: ServerGroup,
  databases: { readonly source: DatabaseServer; readonly target: DatabaseServer },
): Record<ServerName, ChaosServer> {
  const server = (name: ServerName, answers: () => Promise<boolean>): ChaosServer =>
    new ChaosServer(name, must(group.processes[name], name), {
      answers,
      dataFolder: join(group.folder, 'data', name),
    });
  const portOf = (address: string): number => Number(address.split(':')[1]);
  return {
    source: server('source', () => answersSql(databases.source)),
    target: server('target', () => answersSql(databases.target)),
    nats: server('nats', async () => (await askSocket(portOf(group.nats.servers), '')).startsWith('INFO')),
    zookeeper: server('zookeeper', async () => (await askSocket(portOf(group.zookeeper.servers), 'ruok')) === 'imok'),
  };
}

async function answersSql(server: DatabaseServer): Promise<boolean> {
  const connection = await connectTo(server);
  connection.destroy();
  return true;
}
