import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ApiClient } from '@lutra/api-client';
import type { MappingCreateDto, PipelineView } from '@lutra/api-client';
import type { PipelineParameters, ServiceName, StartDefinition } from '@lutra/model';
import { must, SERVICES } from '@lutra/model';
import { compareTables } from '../compare/compare-tables.ts';
import type { TableComparison, TablePair } from '../compare/compare-tables.ts';
import { freePorts, portOr } from '../free-ports.ts';
import { endLeftovers } from '../processes/recorded-process.ts';
import type { ProcessMemory } from '../processes/proc-status.ts';
import { credentialsIn } from '../servers/credentials.ts';
import type { DatabaseServer, TestServers } from '../test-servers.ts';
import { waitUntil } from '../wait-until.ts';
import { createAccount, runSql, sourceGrants, targetGrants } from './database-accounts.ts';
import { SERVICE_RUN_FOLDER, ServiceInstance } from './service-instance.ts';

/** Servers that a stack runs on, under their administrators' logins. */
export interface StackServers {
  readonly source: DatabaseServer;
  readonly target: DatabaseServer;
  /** Holds the manager's configuration; may be the target. */
  readonly manager: DatabaseServer;
  readonly nats: TestServers['nats'];
  readonly zookeeper: TestServers['zookeeper'];
}

export interface StackOptions {
  /** The stack's own folder: logs, process records, the admin token. */
  readonly folder: string;
  /** The `.lutra` folder with the installation's credentials. */
  readonly home: string;
  readonly servers: StackServers;
  /** Instances per service; default one of each. */
  readonly services?: Partial<Readonly<Record<ServiceName, number>>>;
  /** Schemas that exist at both sides and that Lutra's users may read and write; made when missing. */
  readonly schemas: readonly string[];
  /** Keeps stacks on the same servers apart: prefix in NATS, root in ZooKeeper, database and users. Default: random. */
  readonly namespace?: string;
  /** More environment for all services, or for one. */
  readonly env?: Readonly<Record<string, string>>;
  readonly serviceEnv?: Partial<Readonly<Record<ServiceName, Readonly<Record<string, string>>>>>;
  /** More environment for one instance, over all others: a proxy of its own before a server. */
  readonly instanceEnv?: (instance: {
    readonly service: ServiceName;
    readonly number: number;
  }) => Record<string, string>;
  /** More options of Node for all services. */
  readonly nodeArgs?: readonly string[];
  /** Where the built code of an instance is (numbers from 1): another version's, to run two side by side. Default: this project. */
  readonly rootOf?: (service: ServiceName, number: number) => string | undefined;
  /** Port of the manager's API when nothing else listens on it; default: any free one. */
  readonly managerPort?: number;
}

export interface PipelineRequest {
  readonly name?: string;
  readonly parameters?: Partial<PipelineParameters>;
  readonly start?: StartDefinition;
  readonly mappings: readonly MappingCreateDto[];
  /** Other logins than the stack's own. */
  readonly source?: DatabaseServer;
  readonly target?: DatabaseServer;
  /** false: configured only. Default: START, and wait until select reads. */
  readonly isStarted?: boolean;
}

/** Old-space limit of each service: with buffers outside of it a service stays below 512 MiB. */
const OLD_SPACE_ARGS: readonly string[] = ['--max-old-space-size=384'];
/**
 * Buffers count as old space until a collection finds them dead: with the small limit that V8 begins with, every few
 * megabytes that a stage passes on make it mark the whole heap (docs/performance.md).
 */
const BUFFER_ARGS: readonly string[] = ['--initial-old-space-size=128'];
/**
 * What load makes of rows lives for one transaction, what the manager reads for an answer for one request: a young generation
 * that holds it saves load a sixth of its CPU, and the manager a third of that of long statistics.
 */
const YOUNG_SPACE_ARGS: readonly string[] = ['--min-semi-space-size=32', '--max-semi-space-size=32'];
const SHORT_LIVED: readonly ServiceName[] = ['load', 'manager'];
const STAGES: readonly ServiceName[] = ['select', 'extract', 'transform', 'load'];

/** Options of Node that a service is started with, unless told otherwise. As in compose.yaml. */
export const nodeArgsOf = (service: ServiceName): readonly string[] => [
  ...OLD_SPACE_ARGS,
  ...(STAGES.includes(service) ? BUFFER_ARGS : []),
  ...(SHORT_LIVED.includes(service) ? YOUNG_SPACE_ARGS : []),
];

const STOP_LIMIT_MS = 20_000;
/** 'seeking': the dump is open at its place and nothing has come yet. */
const READING_STATES: readonly string[] = ['seeking', 'streaming', 'idle', 'catchingUp'];

/** The six services as processes of this machine, on given servers: what the demo, the end-to-end tests and the benchmarks run on. */
export class LocalStack {
  private constructor(
    readonly options: StackOptions,
    readonly namespace: string,
    /** Logins of Lutra's least-privilege users. */
    readonly source: DatabaseServer,
    readonly target: DatabaseServer,
    readonly api: ApiClient,
    private readonly instances: ServiceInstance[],
  ) {}

  /** Creates users and schemas, starts the services and resolves when all are ready. */
  static async start(options: StackOptions): Promise<LocalStack> {
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    await endLeftovers(join(options.folder, SERVICE_RUN_FOLDER));
    // The manager's store is new, so is its token.
    rmSync(adminTokenFile(options.folder), { force: true });
    const namespace = options.namespace ?? `lutra_${randomBytes(4).toString('hex')}`;
    const names = SERVICES.flatMap((service) =>
      Array.from({ length: options.services?.[service] ?? 1 }, (_, index) => ({ service, number: index + 1 })),
    );
    const ports = await freePorts(names.length);
    const managerPort = options.managerPort === undefined ? undefined : await portOr(options.managerPort);
    const accounts = await createAccounts(options, namespace);
    const instances = names.map(({ service, number }, index) => {
      const isFirstManager = service === 'manager' && number === 1;
      return new ServiceInstance({
        service,
        number,
        httpPort: isFirstManager && managerPort !== undefined ? managerPort : must(ports[index], 'port'),
        env: {
          ...serviceEnv(options, namespace, service, accounts.manager),
          ...options.instanceEnv?.({ service, number }),
        },
        folder: options.folder,
        nodeArgs: [...nodeArgsOf(service), ...(options.nodeArgs ?? [])],
        ...rootOption(options.rootOf?.(service, number)),
      });
    });
    const manager = instances.find((instance) => instance.service === 'manager');
    const tokenFile = adminTokenFile(options.folder);
    const api = new ApiClient(manager?.httpAddress ?? '', () => readFileSync(tokenFile, 'utf8').trim());
    const stack = new LocalStack(options, namespace, accounts.source, accounts.target, api, instances);
    try {
      await Promise.all(instances.map((instance) => instance.start()));
      await Promise.all(instances.map((instance) => instance.waitReady()));
      if (manager !== undefined) await stack.waitApi();
      return stack;
    } catch (error) {
      await stack.stop();
      throw error;
    }
  }

  /** File with the token of the API's administrator (0600). */
  get tokenFile(): string {
    return adminTokenFile(this.options.folder);
  }

  get logFolder(): string {
    return join(this.options.folder, 'logs');
  }

  instancesOf(service: ServiceName): readonly ServiceInstance[] {
    return this.instances.filter((instance) => instance.service === service);
  }

  get allInstances(): readonly ServiceInstance[] {
    return this.instances;
  }

  pids(service: ServiceName): number[] {
    return this.runningOf(service).map((instance) => instance.pid);
  }

  /** Memory of each running instance of the service. */
  memory(service: ServiceName): ProcessMemory[] {
    return this.runningOf(service).map((instance) => instance.memory());
  }

  /** Signals one running instance (default: the first) and, for SIGKILL, waits for its end. Returns it. */
  async kill(service: ServiceName, signal: NodeJS.Signals = 'SIGKILL', index = 0): Promise<ServiceInstance> {
    const instance = must(this.runningOf(service)[index], `${service} has a running instance ${String(index)}`);
    await instance.kill(signal);
    return instance;
  }

  /** Starts an instance that has ended, with more environment for this time, and resolves when it is ready. */
  async restart(service: ServiceName, env?: Readonly<Record<string, string>>): Promise<ServiceInstance> {
    const ended = this.instancesOf(service).find((instance) => !instance.isRunning);
    const instance = must(ended, `${service} has an instance that does not run`);
    await instance.start(env);
    await instance.waitReady();
    return instance;
  }

  /** Resolves when the API answers under the administrator's token: the manager is up before its store is open. */
  async waitApi(): Promise<void> {
    await waitUntil(async () => (await this.api.get('/channels')) !== undefined, {
      what: `the manager's API at ${this.api.address}`,
      timeoutMs: 60_000,
    });
  }

  /** Configures a pipeline through the REST API with a channel and data sources of its own; starts it unless told otherwise. Returns its id. */
  async createPipeline(request: PipelineRequest): Promise<string> {
    const name = request.name ?? `pipeline-${randomBytes(3).toString('hex')}`;
    const sourceId = await this.createDataSource(`${name}-source`, request.source ?? this.source);
    const targetId = await this.createDataSource(`${name}-target`, request.target ?? this.target);
    const channel = await this.api.post('/channels', { body: { name: `${name}-channel` } });
    const pipeline = await this.api.post('/pipelines', {
      body: {
        channelId: channel.id,
        name,
        sourceId,
        targetId,
        ...(request.parameters === undefined ? {} : { parameters: request.parameters }),
        start: request.start ?? { kind: 'latest' },
      },
    });
    const path = { pipelineId: pipeline.id };
    for (const body of request.mappings) await this.api.post('/pipelines/{pipelineId}/mappings', { path, body });
    if (request.isStarted === false) return pipeline.id;
    // What a pipeline meets that nobody has checked is what most tests are about.
    await this.api.command(pipeline.id, 'START', 'started with the stack', { force: true });
    await this.waitReading(pipeline.id);
    return pipeline.id;
  }

  async createDataSource(name: string, server: DatabaseServer): Promise<string> {
    const { kind, host, port, user, password } = server;
    const made = await this.api.post('/data-sources', { body: { name, kind, host, port, user, password } });
    return made.id;
  }

  /** Resolves when the pipeline runs and select reads the source: what is committed from then on will arrive. */
  waitReading(pipelineId: string, timeoutMs = 60_000): Promise<PipelineView> {
    let last: PipelineView | undefined;
    return waitUntil(
      async () => {
        last = await this.api.pipeline(pipelineId);
        if (last.state === 'RUNNING' && READING_STATES.includes(last.select?.state ?? '')) return last;
        throw new Error(describePipeline(last));
      },
      { what: 'the pipeline to read its source', timeoutMs },
    );
  }

  /** Compares until the tables are equal on both sides or the time is over; returns the last comparison either way. */
  async waitEqual(tables: readonly TablePair[], timeoutMs = 60_000): Promise<readonly TableComparison[]> {
    const deadline = performance.now() + timeoutMs;
    const { source, target } = this.options.servers;
    for (;;) {
      const started = performance.now();
      const comparison = await compareTables(source, target, tables);
      const now = performance.now();
      if (comparison.every((table) => table.isEqual) || now > deadline) return comparison;
      // A comparison loads both servers: at most a third of the time goes into it.
      await new Promise((resolve) => setTimeout(resolve, Math.max(100, 2 * (now - started))));
    }
  }

  /** Stops the services in order: SIGTERM, and SIGKILL after a limit. */
  async stop(): Promise<void> {
    await Promise.all(this.instances.map((instance) => instance.stop(STOP_LIMIT_MS)));
  }

  /** The API through one manager of several. */
  apiOf(manager: ServiceInstance): ApiClient {
    return new ApiClient(manager.httpAddress, () => readFileSync(this.tokenFile, 'utf8').trim());
  }

  /** Removes what the stack made on the databases: its schemas, users, the manager's store. Not for servers that end with the stack. */
  async forget(): Promise<void> {
    const { servers, schemas } = this.options;
    const drop = (names: readonly string[], user: string): string[] => [
      ...names.map((name) => `DROP DATABASE IF EXISTS \`${name}\``),
      `DROP USER IF EXISTS '${this.namespace}_${user}'@'%'`,
    ];
    await runSql(servers.source, drop(schemas, 'source'));
    await runSql(servers.target, drop(schemas, 'target'));
    await runSql(servers.manager, drop([`${this.namespace}_manager`], 'manager'));
  }

  private runningOf(service: ServiceName): ServiceInstance[] {
    return this.instances.filter((instance) => instance.service === service && instance.isRunning);
  }
}

/** One line that says how a pipeline stands. */
export function describePipeline(view: PipelineView): string {
  const failure =
    view.failure === null ? '' : `, ${view.failure.code}: ${view.failure.message} (${view.failure.workaround})`;
  const select =
    view.select === null
      ? ''
      : `, select ${view.select.state}${view.select.cause === null ? '' : ` (${view.select.cause})`}`;
  return `pipeline ${view.state}, epoch ${String(view.epoch)}${select}${failure}`;
}

const adminTokenFile = (folder: string): string => join(folder, 'admin-token');

async function createAccounts(
  options: StackOptions,
  namespace: string,
): Promise<{ source: DatabaseServer; target: DatabaseServer; manager: DatabaseServer }> {
  const { servers, schemas } = options;
  const { sourcePassword, targetPassword, managerPassword } = credentialsIn(options.home);
  for (const server of [servers.source, servers.target])
    await runSql(
      server,
      schemas.map((schema) => `CREATE DATABASE IF NOT EXISTS \`${schema}\``),
    );
  await runSql(servers.manager, [`CREATE DATABASE IF NOT EXISTS \`${namespace}_manager\``]);
  const user = (role: string): string => `${namespace}_${role}`;
  const source = await createAccount(servers.source, {
    user: user('source'),
    password: sourcePassword,
    grants: sourceGrants(servers.source, user('source'), schemas),
  });
  const target = await createAccount(servers.target, {
    user: user('target'),
    password: targetPassword,
    grants: targetGrants(user('target'), schemas),
  });
  const manager = await createAccount(servers.manager, {
    user: user('manager'),
    password: managerPassword,
    grants: [`GRANT ALL PRIVILEGES ON \`${namespace}_manager\`.* TO '${user('manager')}'@'%'`],
  });
  return { source, target, manager };
}

function serviceEnv(
  options: StackOptions,
  namespace: string,
  service: ServiceName,
  manager: DatabaseServer,
): Record<string, string> {
  const { nats, zookeeper } = options.servers;
  const forManager: Record<string, string> = {
    LUTRA_ADMIN_TOKEN_FILE: adminTokenFile(options.folder),
    MANAGER_DATABASE_HOST: manager.host,
    MANAGER_DATABASE_PORT: String(manager.port),
    MANAGER_DATABASE_USER: manager.user,
    MANAGER_DATABASE_PASSWORD: manager.password,
    MANAGER_DATABASE_NAME: `${namespace}_manager`,
  };
  return {
    LUTRA_NATS_SERVERS: nats.servers,
    LUTRA_NATS_USER: nats.user,
    LUTRA_NATS_PASSWORD: nats.password,
    LUTRA_ZOOKEEPER_SERVERS: zookeeper.servers,
    LUTRA_ZOOKEEPER_AUTH: zookeeper.auth,
    LUTRA_ZOOKEEPER_ROOT: `/${namespace}`,
    LUTRA_NAMESPACE: namespace,
    LUTRA_SECRET_KEY: credentialsIn(options.home).secretKey,
    // Nobody listens unless a test says who does.
    OTEL_TRACES_EXPORTER: 'none',
    OTEL_METRICS_EXPORTER: 'none',
    ...(service === 'manager' ? forManager : {}),
    ...options.env,
    ...options.serviceEnv?.[service],
  };
}

const rootOption = (root: string | undefined): { readonly root?: string } => (root === undefined ? {} : { root });
