import { randomBytes } from 'node:crypto';
import zookeeper from 'node-zookeeper-client';
import { openCoordinator } from '@lutra/coordination';
import type { Coordinator } from '@lutra/coordination';
import { openBus, removeNamespace } from '@lutra/messaging';
import type { Bus } from '@lutra/messaging';
import { ByteBudget, DEFAULT_PARAMETERS, isChannelCommand, systemClock } from '@lutra/model';
import type { Command, LutraEvent, Permit, PipelineDefinition, ProcessHeader, ServiceName } from '@lutra/model';
import { testServers, waitUntil } from '@lutra/testing';
import { keepMembership } from '../src/keep-membership.ts';
import { loadEnv } from '../src/load-env.ts';
import type { ServiceContext } from '../src/service-context.ts';
import { StageEnv } from '../src/stage.env.ts';
import type { Worker } from '../src/worker.ts';
import { recordingLog } from './recording-log.ts';
import { validEnvironment } from './valid-environment.ts';

/** One instance of a service without its process: what runService would give it, and its worker in our hands. */
export interface TestInstance {
  readonly context: ServiceContext<StageEnv>;
  readonly lines: readonly Record<string, unknown>[];
  /** Becomes a member of its service, as runService does. */
  join(): Promise<void>;
  /** Runs a worker until `stop`, `die` or the end of the test. */
  start(worker: Worker): void;
  /** Orderly, as on SIGTERM. */
  stop(): Promise<void>;
  /** Connections end as those of a killed process do: nothing is given back. */
  die(): Promise<void>;
}

/** An installation of its own on the real servers: namespace in NATS, root in ZooKeeper. */
export class TestInstallation {
  readonly commands: Command[] = [];
  readonly events: LutraEvent[] = [];
  private readonly servers = testServers();
  private readonly undos: (() => Promise<void>)[] = [];
  private readonly end = new AbortController();

  private constructor(
    readonly namespace: string,
    readonly bus: Bus,
    readonly coordinator: Coordinator,
  ) {}

  static async open(): Promise<TestInstallation> {
    const { nats, zookeeper: zoo } = testServers();
    const namespace = `kit_${randomBytes(5).toString('hex')}`;
    const bus = await openBus({ ...nats, name: 'test', namespace });
    const coordinator = await openCoordinator({ ...zoo, root: `/${namespace}` });
    return new TestInstallation(namespace, bus, coordinator);
  }

  get root(): string {
    return `/${this.namespace}`;
  }

  /** Environment of a service that belongs to this installation. */
  get environment(): Record<string, string> {
    const { nats, zookeeper: zoo } = this.servers;
    return {
      ...validEnvironment,
      LUTRA_NATS_SERVERS: nats.servers,
      LUTRA_NATS_USER: nats.user,
      LUTRA_NATS_PASSWORD: nats.password,
      LUTRA_ZOOKEEPER_SERVERS: zoo.servers,
      LUTRA_ZOOKEEPER_AUTH: zoo.auth,
      LUTRA_ZOOKEEPER_ROOT: this.root,
      LUTRA_NAMESPACE: this.namespace,
    };
  }

  async instance(service: ServiceName, name: string): Promise<TestInstance> {
    const { nats, zookeeper: zoo } = this.servers;
    const bus = await openBus({ ...nats, name, namespace: this.namespace });
    const coordinator = await openCoordinator({ ...zoo, root: this.root, sessionTimeoutMs: 4_000 });
    const { env } = loadEnv(StageEnv, this.environment);
    const { log, lines } = recordingLog();
    const identity = { service, instance: name, host: 'here', version: '0.0.0' };
    const budget = new ByteBudget(env.LUTRA_MEMORY_BYTES_MAX);
    const context = { env, identity, clock: systemClock, log, bus, coordinator, budget };
    const stopping = new AbortController();
    const running: { readonly worker: Worker; readonly run: Promise<void> }[] = [];
    const close = async (): Promise<void> => {
      stopping.abort();
      await Promise.all([bus.close(), coordinator.close()]);
      await Promise.all(running.map(({ run }) => run));
    };
    this.undos.push(close);
    return {
      context,
      lines,
      join: async () => {
        await keepMembership(context, { httpPort: 0, tasks: () => 0 }, stopping.signal);
      },
      start: (worker) => {
        running.push({ worker, run: worker.run(stopping.signal) });
      },
      stop: async () => {
        await Promise.all(running.map(async ({ worker }) => worker.drain?.(5_000)));
        stopping.abort();
        await Promise.all(running.map(({ run }) => run));
      },
      die: async () => {
        await Promise.all([bus.close(), coordinator.close()]);
      },
    };
  }

  /** Collects commands and events from now on. Commands are acknowledged: the test is the arbiter. */
  listen(): void {
    void (async () => {
      for await (const { command, ack } of this.bus.consumeCommands(this.end.signal)) {
        if (!isChannelCommand(command)) this.commands.push(command);
        await ack();
      }
    })();
    void (async () => {
      for await (const event of this.bus.followEvents({}, this.end.signal)) this.events.push(event);
    })();
  }

  /** Writes the permit as the arbiter does. */
  async permit(pipelineId: string, change: Partial<Permit> & { readonly epoch: number }): Promise<void> {
    const known = await this.coordinator.permit(pipelineId);
    const permit: Permit = {
      state: 'RUNNING',
      draining: false,
      commandId: 'test',
      aboutEpoch: null,
      reason: 'test',
      failure: null,
      since: new Date().toISOString(),
      by: 'test',
      attempt: 0,
      nextAttemptAt: null,
      ...change,
    };
    if (!(await this.coordinator.writePermit(pipelineId, permit, known?.version ?? null)))
      throw new Error('the permit was changed by somebody else');
  }

  async close(): Promise<void> {
    this.end.abort();
    await Promise.all(this.undos.map((undo) => undo()));
    await Promise.all([this.bus.close(), this.coordinator.close()]);
    await removeNamespace({ ...this.servers.nats, name: 'test', namespace: this.namespace });
    await removeTree(this.servers.zookeeper, this.root);
  }
}

export const soon = <T>(
  what: string,
  question: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> => waitUntil(question, { what, timeoutMs: 60_000, everyMs: 20 });

export function pipelineDefinition(id: string, revision = 1): PipelineDefinition {
  const source = {
    id: 'S',
    name: 'source',
    kind: 'mariadb',
    host: 'localhost',
    port: 3306,
    user: 'u',
    password: 'v1.a.b.c',
    tls: 'disabled',
  } as const;
  return {
    id,
    name: id,
    channelId: 'C',
    revision,
    source,
    target: { ...source, id: 'T' },
    mappings: [],
    parameters: DEFAULT_PARAMETERS,
    start: { kind: 'latest' },
  };
}

/** Puts a process on the queue that extract reads. */
export async function selectProcess(bus: Bus, header: ProcessHeader, body = 'body'): Promise<void> {
  const writer = bus.writeProcess({ queue: 'selected', target: 'any', identity: header, schema: 'raw-process/1' });
  writer.write(Buffer.from(body));
  if (writer.isFull) await writer.drain();
  await writer.finish(header);
}

async function removeTree(server: { readonly servers: string; readonly auth: string }, root: string): Promise<void> {
  const client = zookeeper.createClient(server.servers);
  client.connect();
  await new Promise<void>((resolve) => {
    client.once('connected', resolve);
  });
  client.addAuthInfo('digest', Buffer.from(server.auth));
  const remove = async (path: string): Promise<void> => {
    for (const child of await childrenOf(client, path)) await remove(`${path}/${child}`);
    await new Promise<void>((resolve) => {
      client.remove(path, () => {
        resolve();
      });
    });
  };
  await remove(root);
  client.close();
}

const childrenOf = (client: zookeeper.Client, path: string): Promise<string[]> =>
  new Promise((resolve) => {
    client.getChildren(path, (error: unknown, children: string[]) => {
      resolve(error ? [] : children);
    });
  });
