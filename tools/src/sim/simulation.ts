import { completeDefinition, DEFAULT_PARAMETERS } from '@lutra/model';
import type {
  Command,
  CommandKind,
  LutraEvent,
  PipelineDefinition,
  PipelineParameters,
  ServiceName,
} from '@lutra/model';
import type { TargetTable } from '@lutra/sql/simulation';
import { Random } from '../demo/random.ts';
import { startInstance } from './instances.ts';
import type { Site } from './instances.ts';
import { NatsServer } from './nats-server.ts';
import { SimNode } from './node.ts';
import { BrokenRule, PipelineCheck } from './pipeline-check.ts';
import { SimBus } from './sim-bus.ts';
import { SourceLog, targetTables } from './source-log.ts';
import { TargetServer } from './target-server.ts';
import { World } from './world.ts';
import { ZooKeeperServer } from './zookeeper-server.ts';

const REPEAT_MS = 1_000;

export interface SimulationOptions {
  readonly seed: number;
  readonly pipelines?: number;
  readonly instances?: Partial<Record<ServiceName, number>>;
  readonly parameters?: Partial<PipelineParameters>;
  readonly isTraced?: boolean;
}

const INSTANCES: Partial<Record<ServiceName, number>> = { select: 2, extract: 1, transform: 1, load: 2, arbiter: 2 };

/** One site in memory: servers, instances that run the real code, pipelines with their sources and targets, and the checks. */
export class Simulation {
  readonly world: World;
  readonly nats: NatsServer;
  readonly zookeeper: ZooKeeperServer;
  readonly nodes: SimNode[] = [];
  readonly checks = new Map<string, PipelineCheck>();
  readonly definitions = new Map<string, PipelineDefinition>();
  readonly sources = new Map<string, SourceLog>();
  readonly targets = new Map<string, TargetServer>();
  /** Chance of faults and workload, apart from the chance of messages. */
  readonly random: Random;
  readonly operator: SimNode;
  /** Pipelines whose processes every stage refuses. */
  readonly poisoned = new Set<string>();
  /** Told of every event that is stored. */
  onEvent: (event: LutraEvent) => void = () => undefined;
  private readonly site: Site;
  private readonly operatorBus: SimBus;
  private lives = 0;
  private orders = 0;

  constructor(readonly options: SimulationOptions) {
    const { seed } = options;
    this.world = new World(seed);
    this.world.trace.isKept = options.isTraced ?? false;
    this.random = new Random(seed ^ 0x5bd1e995);
    this.nats = new NatsServer(this.world);
    this.zookeeper = new ZooKeeperServer(this.world);
    this.site = {
      nats: this.nats,
      zookeeper: this.zookeeper,
      sources: this.sources,
      targets: this.targets,
      poisoned: this.poisoned,
      random: new Random(seed ^ 0x27d4eb2f),
    };
    this.operator = this.addNode('operator', 'manager');
    this.operatorBus = new SimBus(this.nats, this.operator);
    for (let number = 1; number <= (options.pipelines ?? 1); number += 1) this.addPipeline(`p${String(number)}`);
    this.watch();
    for (const [service, count] of Object.entries({ ...INSTANCES, ...options.instances }))
      for (let number = 1; number <= count; number += 1)
        this.start(service as ServiceName, `${service}-${String(number)}`);
  }

  /** Starts an instance; one of the same name that is dead is forgotten. */
  start(service: ServiceName, name: string): SimNode {
    const node = this.addNode(name, service);
    startInstance(this.site, node);
    return node;
  }

  /** Sends an operator's command, again until NATS has it. */
  order(pipelineId: string, kind: CommandKind, more: Partial<Command> = {}): Command {
    this.orders += 1;
    const command: Command = {
      id: `order-${String(this.orders)}`,
      kind,
      pipelineId,
      aboutEpoch: null,
      reason: 'by the simulation',
      author: 'operator',
      issuedAt: this.operator.clock.now().toISOString(),
      ...more,
    };
    this.world.trace.say(this.world.nowMs, `-- order ${command.id}: ${kind} ${pipelineId}`);
    this.checks.get(pipelineId)?.commandIssued(command);
    this.insist(() => this.operatorBus.issueCommand(command));
    return command;
  }

  /** Writes a newer revision with other parameters. */
  revise(pipelineId: string, parameters: Partial<PipelineParameters>): void {
    const known = this.definition(pipelineId);
    const revised = { ...known, revision: known.revision + 1, parameters: { ...known.parameters, ...parameters } };
    this.definitions.set(pipelineId, revised);
    this.checks.get(pipelineId)?.defined(revised);
    this.world.trace.say(this.world.nowMs, `-- revision ${String(revised.revision)} of ${pipelineId}`);
    this.insist(async () => {
      await this.operatorBus.putDefinition(revised);
    });
  }

  check(pipelineId: string): PipelineCheck {
    const check = this.checks.get(pipelineId);
    if (check === undefined) throw new Error(`No pipeline ${pipelineId}`);
    return check;
  }

  definition(pipelineId: string): PipelineDefinition {
    const definition = this.definitions.get(pipelineId);
    if (definition === undefined) throw new Error(`No pipeline ${pipelineId}`);
    return definition;
  }

  /** Runs for so long in virtual time, or until the claim holds. */
  run(forMs: number, until: () => boolean = () => false): Promise<void> {
    return this.world.run(this.world.nowMs + forMs, until);
  }

  private insist(work: () => Promise<void>): void {
    const attempt = (): void => {
      work().catch(() => this.world.at(this.operator, REPEAT_MS, attempt));
    };
    this.world.at(this.operator, 0, attempt);
  }

  private addNode(name: string, service: ServiceName): SimNode {
    this.lives += 1;
    const dead = this.nodes.findIndex((node) => node.name === name);
    const node = new SimNode(this.world, name, this.lives, service);
    if (dead >= 0) this.nodes.splice(dead, 1, node);
    else this.nodes.push(node);
    return node;
  }

  private addPipeline(pipelineId: string): void {
    const log = new SourceLog(new Random(this.options.seed + this.sources.size + 7));
    const target = new TargetServer(this.world, `target-${pipelineId}`, [...targetTables(), ...OWN_TABLES]);
    this.sources.set(pipelineId, log);
    this.targets.set(pipelineId, target);
    const parameters = { ...DEFAULT_PARAMETERS, maxRows: 8, ...this.options.parameters };
    const definition = definitionOf(pipelineId, parameters);
    this.definitions.set(pipelineId, definition);
    this.nats.definitions.append(pipelineId, definition);
    const check = new PipelineCheck(pipelineId, {
      log,
      target,
      nowMs: () => this.world.nowMs,
      parallelismMax: parameters.parallelism,
    });
    this.checks.set(pipelineId, check);
    check.defined(definition);
    target.onCommit = (session, writes) => {
      this.guard(() => {
        check.committed(session, writes);
        const { epoch } = session.tag;
        const place = check.describeLanes();
        this.world.trace.say(
          this.world.nowMs,
          `${target.name}: commit of ${session.node.name}, epoch ${String(epoch)}, place ${place}`,
        );
      });
    };
  }

  private watch(): void {
    const { checks } = this;
    this.nats.watcher = {
      published: (queue, process, publisher) => {
        const { pipelineId, epoch, process: number } = process.header;
        if (queue === 'selected') this.guard(() => checks.get(pipelineId)?.selected(process, publisher));
        if (queue === 'transformed') checks.get(pipelineId)?.transformed(process);
        this.world.trace.say(
          this.world.nowMs,
          `${publisher} → ${queue} ${pipelineId}.${String(epoch)}.${String(number)}`,
        );
      },
      acknowledged: (queue, process, sentTimes) => {
        if (queue === 'transformed')
          this.guard(() => checks.get(process.header.pipelineId)?.acknowledged(process, sentTimes));
      },
      cursorPut: (pipelineId, cursor) => {
        this.guard(() => checks.get(pipelineId)?.cursorPut(cursor));
      },
      commandIssued: (command) => {
        const { aboutEpoch, author, id, kind, pipelineId, reason } = command;
        checks.get(pipelineId)?.commandIssued(command);
        this.world.trace.say(
          this.world.nowMs,
          `${author}: ${kind} ${pipelineId} about ${String(aboutEpoch)} (${id}): ${reason}`,
        );
      },
      eventStored: (event) => {
        this.onEvent(event);
        if (event.kind === 'command-done') checks.get(event.command.pipelineId)?.commandDone(event.command.id);
        else this.guard(() => checks.get(event.pipelineId ?? '')?.told(event));
      },
    };
    this.zookeeper.onWrite = (path, data) => {
      const pipelineId = /\/pipelines\/([^/]+)\/permit$/.exec(path)?.[1];
      if (pipelineId === undefined) return;
      this.world.trace.say(this.world.nowMs, `permit ${pipelineId} ${data?.toString('utf8').slice(0, 200) ?? 'gone'}`);
      this.guard(() => checks.get(pipelineId)?.permitWritten(data));
    };
  }

  /** A broken rule ends the run, whoever is in the middle of something. */
  private guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.world.fail(error instanceof BrokenRule ? error : new BrokenRule(String(error), { cause: error }));
    }
  }
}

function definitionOf(pipelineId: string, parameters: PipelineParameters): PipelineDefinition {
  const source = {
    id: 's',
    name: 's',
    kind: 'mysql' as const,
    host: 'source',
    port: 3306,
    user: 'lutra',
    password: '',
    tls: 'disabled' as const,
  };
  const mapping = { id: 'm', source: { schema: 'shop', table: { regex: '.*' } }, target: { schema: 'shop' } };
  return completeDefinition({
    id: pipelineId,
    name: pipelineId,
    channelId: 'c1',
    revision: 1,
    source,
    target: { ...source, id: 't', host: 'target' },
    mappings: [{ ...mapping, columns: { mode: 'all' } }],
    parameters,
    start: { kind: 'latest' },
  });
}

const CHECKPOINT_COLUMNS = [
  'pipeline_id',
  'lane',
  'epoch',
  'owner',
  'step',
  'done',
  'inside',
  'revision',
  'session_id',
  'applied_at',
];

/** A table of Lutra's own; types do not matter here. */
function ownTable(table: string, columns: readonly string[], key: readonly string[]): TargetTable {
  const shapes = columns.map((name) => {
    const nullable = name === 'inside' || table === 'dead_letter';
    const shape = { name, dataType: 'text', columnType: 'text', nullable, generated: false, charset: null };
    return [name, { ...shape, needsValue: false, collation: null, paddedBytes: null }] as const;
  });
  return {
    schema: 'lutra',
    table,
    columns: new Map(shapes),
    key: { name: 'PRIMARY', columns: key, isExact: true, isNotNull: true },
    uniqueKeys: [],
    indexed: new Set(),
    triggers: [],
    engine: 'InnoDB',
    rowEstimate: null,
    statement: '',
  };
}

const LETTER_PLACE = ['pipeline_id', 'epoch', 'seq', 'event', 'row', 'part'];
const LETTER_COLUMNS = [
  ...[
    'process',
    'gtid',
    'server_uuid',
    'change_digest',
    'repeats',
    'revision',
    'state',
    'created_at',
    'table_schema',
    'table_name',
  ],
  ...[
    'kind',
    'flags',
    'definition',
    'before_image',
    'after_image',
    'error_code',
    'error_message',
    'errno',
    'statement',
  ],
  ...['attempts', 'follows', 'wanted_by', 'wanted_at', 'wanted_image', 'resolved_at', 'last_error'],
];
const CONFLICT_PLACE = ['pipeline_id', 'epoch', 'process', 'gtid', 'event', 'row', 'part'];
const OWN_TABLES: readonly TargetTable[] = [
  ownTable('checkpoint', CHECKPOINT_COLUMNS, ['pipeline_id', 'lane']),
  ownTable(
    'lane_shape',
    ['pipeline_id', 'table_schema', 'table_name', 'shape'],
    ['pipeline_id', 'table_schema', 'table_name'],
  ),
  ownTable('dead_letter', [...LETTER_PLACE, ...LETTER_COLUMNS], LETTER_PLACE),
  // Numbered by the server in truth; the place of a row is as good a key.
  ownTable('conflict', CONFLICT_PLACE, CONFLICT_PLACE),
];
