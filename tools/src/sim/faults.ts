import type { CommandKind, Permit } from '@lutra/model';
import type { SimServer } from './network.ts';
import type { SimNode } from './node.ts';
import type { Simulation } from './simulation.ts';

const FAULTS = {
  kill: 10,
  freeze: 10,
  cut: 10,
  blipTarget: 10,
  natsAway: 3,
  zookeeperAway: 3,
  targetAway: 4,
  expireSession: 5,
  wipeZooKeeper: 0.5,
  loseMessages: 5,
  wipeNats: 1,
  rollBackNats: 2,
  killTargetSessions: 5,
  freezeAtClaim: 5,
  order: 12,
  twoOrders: 4,
  repeatOrder: 4,
  revision: 4,
} as const;
export type Fault = keyof typeof FAULTS;
export const FAULT_KINDS = Object.keys(FAULTS) as readonly Fault[];

/** Those that concern one pipeline only: another one must not notice. */
const LONELY: ReadonlySet<Fault> = new Set([
  'targetAway',
  'killTargetSessions',
  'order',
  'twoOrders',
  'repeatOrder',
  'revision',
]);
const ORDERS: readonly CommandKind[] = ['START', 'STOP', 'PAUSE', 'RESTART', 'ROLLBACK', 'WARNING'];

/** Brings faults on a simulation, chosen by its seed, and takes them back in the end. */
export class FaultMaker {
  readonly counts = new Map<Fault, number>();
  private restoreNats: (() => void) | null = null;
  private orders = 0;

  constructor(
    private readonly simulation: Simulation,
    private readonly options: { readonly isLonely: boolean; readonly pipelineIds: readonly string[] },
  ) {}

  /** One fault of random kind. */
  make(): void {
    const kinds = FAULT_KINDS.filter((kind) => !this.options.isLonely || LONELY.has(kind));
    const sum = kinds.reduce((total, kind) => total + FAULTS[kind], 0);
    let roll = this.simulation.random.next() * sum;
    const chosen = kinds.find((kind) => (roll -= FAULTS[kind]) < 0) ?? 'kill';
    this.counts.set(chosen, (this.counts.get(chosen) ?? 0) + 1);
    this.bring(chosen);
  }

  /** Everything is mended; dead instances are started again. */
  heal(): void {
    const { nats, zookeeper, targets, nodes } = this.simulation;
    for (const server of [nats, zookeeper, ...targets.values()]) server.comeBack();
    for (const node of [...nodes]) {
      node.thaw();
      if (node.state === 'dead') this.simulation.start(node.service, node.name);
      else for (const server of this.servers()) node.connection(server).mend(true);
    }
  }

  private bring(fault: Fault): void {
    const { simulation } = this;
    const { nats, zookeeper } = simulation;
    const makers: Readonly<Record<Fault, () => void>> = {
      kill: () => this.kill(),
      freeze: () => this.freeze(),
      cut: () => this.cut(this.pick(this.servers()), this.longSpan()),
      blipTarget: () => this.cut(this.target(), this.span(1, 400), 'load'),
      natsAway: () => this.away(nats, this.span(200, 15_000)),
      zookeeperAway: () => this.away(zookeeper, this.span(200, 25_000)),
      targetAway: () => this.away(this.target(), this.longSpan()),
      expireSession: () => zookeeper.expireNode(this.pick(simulation.nodes)),
      wipeZooKeeper: () => this.wipeZooKeeper(),
      loseMessages: () => nats.loseMessages(this.span(0.2, 1)),
      wipeNats: () => nats.wipe([...simulation.definitions.values()]),
      rollBackNats: () => this.rollBackNats(),
      killTargetSessions: () => this.killSessions(),
      freezeAtClaim: () => this.freezeAtClaim(),
      order: () => this.order(),
      twoOrders: () => {
        this.order();
        this.order();
      },
      repeatOrder: () => this.repeatOrder(),
      revision: () => this.revise(),
    };
    makers[fault]();
  }

  private revise(): void {
    const { simulation } = this;
    simulation.revise(this.pipelineId(), {
      maxDelayMs: simulation.random.between(1, 50),
      loadBatchRows: simulation.random.between(1, 20),
      ...(this.chance(0.4) ? { lanes: simulation.random.between(1, 4) } : {}),
      ...(this.chance(0.4) ? { applyMode: this.pick(['merged', 'transactional']) } : {}),
    });
  }

  private kill(): void {
    const node = this.instance();
    if (node === null) return;
    node.kill();
    const { simulation } = this;
    // Under its own name, or as another machine would.
    const name = this.chance(0.7) ? node.name : `${node.service}-${String(100 + simulation.nodes.length)}`;
    simulation.world.at(null, this.span(100, 12_000), () => {
      if (simulation.nodes.find((each) => each.name === name)?.state !== 'up') simulation.start(node.service, name);
    });
  }

  private freeze(): void {
    const node = this.instance(this.chance(0.4) ? 'load' : undefined);
    if (node === null) return;
    node.freeze();
    this.simulation.world.at(null, this.longSpan() * 2, () => {
      node.thaw();
    });
  }

  private cut(server: SimServer, forMs: number, service?: string): void {
    const node = this.instance(service);
    if (node === null) return;
    const { world } = this.simulation;
    world.trace.say(world.nowMs, `-- ${node.name} cut from ${server.name}`);
    const connection = node.connection(server);
    connection.cut(true);
    world.at(null, forMs, () => {
      connection.mend(true);
    });
  }

  private away(server: SimServer, forMs: number): void {
    server.goDown();
    this.simulation.world.at(null, forMs, () => {
      server.comeBack();
    });
  }

  private wipeZooKeeper(): void {
    const { zookeeper, checks } = this.simulation;
    zookeeper.wipe();
    for (const check of checks.values()) check.permitLost();
  }

  /** A snapshot is taken first; the next time it is gone back to. */
  private rollBackNats(): void {
    const { nats, world } = this.simulation;
    if (this.restoreNats !== null) {
      this.restoreNats();
      this.restoreNats = null;
      return;
    }
    const restore = nats.snapshot();
    this.restoreNats = restore;
    world.at(null, this.span(50, 5_000), () => {
      if (this.restoreNats === restore) this.rollBackNats();
    });
  }

  private killSessions(): void {
    const target = this.target();
    for (const session of [...target.sessions.values()]) if (this.chance(0.7)) target.end(session);
  }

  /** A new epoch, whose loader is frozen between opening its session and claiming, often until another one has taken over. */
  private freezeAtClaim(): void {
    const { simulation } = this;
    const pipelineId = this.pipelineId();
    const target = simulation.targets.get(pipelineId);
    if (target === undefined) return;
    const epoch = (simulation.checks.get(pipelineId)?.permit as Permit | null)?.epoch ?? 0;
    target.onOpen = ({ node, tag }) => {
      if (tag.epoch <= epoch) return;
      target.onOpen = () => undefined;
      node.freeze();
      simulation.world.at(null, this.span(5_000, 25_000), () => {
        node.thaw();
      });
    };
    simulation.order(pipelineId, 'RESTART');
  }

  private order(): void {
    const { simulation } = this;
    const pipelineId = this.pipelineId();
    const kind = this.pick(ORDERS);
    const isGraceful = kind === 'RESTART' && this.chance(0.5);
    simulation.order(pipelineId, kind, isGraceful ? { isGraceful } : {});
    this.orders += 1;
    // Nobody leaves a pipeline halted for long.
    if (kind !== 'RESTART' && kind !== 'START' && kind !== 'WARNING')
      simulation.world.at(null, this.span(100, 20_000), () => {
        simulation.order(pipelineId, 'START');
      });
  }

  /** The same command once more, as a client does that had no answer, or JetStream that had no acknowledgement. */
  private repeatOrder(): void {
    const { nats, nodes, world } = this.simulation;
    const pipelineId = this.pipelineId();
    const command = this.simulation.order(pipelineId, this.pick(ORDERS));
    const repeat = (): void => {
      nats.commands.publish({
        id: `${command.id}.again.${String(world.steps)}`,
        subject: pipelineId,
        content: command,
      });
    };
    world.at(null, this.span(0, 100), repeat);
    world.at(null, this.span(100, 40_000), repeat);
    world.at(null, this.span(100, 20_000), () => {
      if (nodes.length > 0) this.simulation.order(pipelineId, 'START');
    });
  }

  private instance(service?: string): SimNode | null {
    const able = this.simulation.nodes.filter(
      (node) =>
        node.service !== 'manager' && node.state === 'up' && (service === undefined || node.service === service),
    );
    return able.length === 0 ? null : this.pick(able);
  }

  private servers(): readonly SimServer[] {
    const { nats, zookeeper, targets } = this.simulation;
    return [nats, zookeeper, ...targets.values()];
  }

  private target() {
    const target = this.simulation.targets.get(this.pipelineId());
    if (target === undefined) throw new Error('Every pipeline has a target');
    return target;
  }

  private pipelineId(): string {
    return this.pick(this.options.pipelineIds);
  }

  private pick<T>(items: readonly T[]): T {
    return this.simulation.random.pick(items as readonly [T, ...T[]]);
  }

  private chance(probability: number): boolean {
    return this.simulation.random.next() < probability;
  }

  private span(low: number, high: number): number {
    return low + this.simulation.random.next() * (high - low);
  }

  /** Often short, now and then longer than a session of ZooKeeper lives. */
  private longSpan(): number {
    return this.chance(0.6) ? this.span(5, 2_000) : this.span(2_000, 25_000);
  }
}

/** Whether an operator has to do something before the pipeline goes on. */
export function needsStart(permit: unknown): boolean {
  if (permit === null) return true;
  const { nextAttemptAt, state } = permit as Permit;
  return state === 'STOPPED' || (state === 'PAUSED' && nextAttemptAt === null);
}
