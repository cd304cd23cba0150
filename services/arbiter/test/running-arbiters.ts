import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import zookeeper from 'node-zookeeper-client';
import pino from 'pino';
import { openCoordinator } from '@lutra/coordination';
import type { Coordinator } from '@lutra/coordination';
import { openBus, removeNamespace } from '@lutra/messaging';
import type { Bus } from '@lutra/messaging';
import { DEFAULT_PARAMETERS, systemClock } from '@lutra/model';
import type { LutraEvent, PipelineDefinition } from '@lutra/model';
import { testServers } from '@lutra/testing';
import type { ArbiterParts } from '../src/arbiter-parts.ts';
import { arbiterWorkers } from '../src/arbiter-workers.ts';

/** Replaces methods of an arbiter's bus, to fail in the middle of something. */
export type Sabotage = Partial<Bus>;

export interface RunningArbiter {
  /** Pipelines that it leads. */
  leads(): number;
  setDraining(draining: boolean): Promise<void>;
  close(): Promise<void>;
}

/** A namespace and a root of their own, with the connections of a bystander that issues commands and looks. */
export class RunningArbiters {
  readonly events: LutraEvent[] = [];
  private readonly arbiters = new Set<RunningArbiter>();
  private readonly following = new AbortController();
  private follower: Promise<void> = Promise.resolve();

  private constructor(
    readonly bus: Bus,
    readonly coordinator: Coordinator,
    readonly names: { readonly namespace: string; readonly root: string },
  ) {}

  static async open(): Promise<RunningArbiters> {
    const suffix = randomBytes(5).toString('hex');
    const names = { namespace: `test_${suffix}`, root: `/test-${suffix}` };
    const { bus, coordinator } = await connect(names, 'bystander');
    const running = new RunningArbiters(bus, coordinator, names);
    running.follower = running.follow();
    return running;
  }

  /** Starts one more arbiter; `close` ends it as a deployment would. */
  async start(name: string, sabotage: Sabotage = {}): Promise<RunningArbiter> {
    const { bus, coordinator } = await connect(this.names, name);
    const stop = new AbortController();
    const parts: ArbiterParts = {
      bus: overlay(bus, sabotage),
      coordinator,
      clock: systemClock,
      log: pino({ level: 'silent' }),
      identity: { service: 'arbiter', instance: name, host: 'host', version: '0' },
    };
    const membership = await coordinator.join({
      ...parts.identity,
      pid: process.pid,
      startedAt: systemClock.now().toISOString(),
      httpPort: 0,
      load: { cpu: 0, memoryBytes: 0, tasks: 0 },
      weight: 1,
      draining: false,
    });
    const workers = arbiterWorkers(parts);
    const runs = workers.map((worker) => worker.run(stop.signal));
    const arbiter: RunningArbiter = {
      leads: () => workers.reduce((sum, worker) => sum + (worker.tasks?.() ?? 0), 0),
      setDraining: (draining) => membership.update({ draining }),
      close: async (): Promise<void> => {
        this.arbiters.delete(arbiter);
        stop.abort();
        await Promise.all(runs);
        await bus.close();
        await coordinator.close();
      },
    };
    this.arbiters.add(arbiter);
    return arbiter;
  }

  /** Kinds of what was told of this pipeline. Snapshots say nothing new, and come when a leader has read the log. */
  kinds(pipelineId: string): string[] {
    const ofPipeline = this.events.filter((event) => event.pipelineId === pipelineId);
    return ofPipeline.map((event) => event.kind).filter((kind) => kind !== 'snapshot');
  }

  async close(): Promise<void> {
    await Promise.all([...this.arbiters].map((arbiter) => arbiter.close()));
    this.following.abort();
    await this.follower;
    await this.bus.close();
    await this.coordinator.close();
    await removeNamespace({ ...testServers().nats, name: 'clean', namespace: this.names.namespace });
    await removeTree(this.names.root);
  }

  private async follow(): Promise<void> {
    for await (const event of this.bus.followEvents({}, this.following.signal)) this.events.push(event);
  }
}

export function pipelineDefinition(
  id: string,
  change: Partial<PipelineDefinition['parameters']> = {},
): PipelineDefinition {
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
    revision: 1,
    source,
    target: { ...source, id: 'T' },
    mappings: [],
    parameters: { ...DEFAULT_PARAMETERS, ...change },
    start: { kind: 'latest' },
  };
}

async function connect(
  names: { readonly namespace: string; readonly root: string },
  name: string,
): Promise<{ bus: Bus; coordinator: Coordinator }> {
  const { nats, zookeeper: keeper } = testServers();
  const bus = await openBus({ ...nats, name, namespace: names.namespace });
  return { bus, coordinator: await openCoordinator({ ...keeper, root: names.root }) };
}

/** The bus with some methods replaced; the others keep their own `this`. */
function overlay(bus: Bus, sabotage: Sabotage): Bus {
  return new Proxy(bus, {
    get: (target, key: keyof Bus) => {
      const method = sabotage[key] ?? target[key];
      return method.bind(target) as unknown;
    },
  });
}

async function removeTree(root: string): Promise<void> {
  const { servers, auth } = testServers().zookeeper;
  const client = zookeeper.createClient(servers);
  client.addAuthInfo('digest', Buffer.from(auth));
  client.connect();
  await new Promise<void>((resolve) => client.once('connected', resolve));
  const list = promisify((path: string, done: (error: unknown, names: string[]) => void) => {
    client.getChildren(path, done);
  });
  const drop = promisify((path: string, done: (error: unknown, nothing: undefined) => void) => {
    client.remove(path, (error) => {
      done(error, undefined);
    });
  });
  const remove = async (path: string): Promise<void> => {
    for (const child of await list(path)) await remove(`${path}/${child}`);
    await drop(path);
  };
  await remove(root);
  client.close();
}
