import { PARALLELISM_MAX } from '@lutra/model';
import type {
  ChannelCommand,
  Command,
  CursorState,
  HistoryMark,
  LutraEvent,
  OriginState,
  PipelineDefinition,
  ProcessHeader,
} from '@lutra/model';
import type { ProcessQueue, ProcessSchema } from '@lutra/messaging';
import { MessageLog } from './message-log.ts';
import { SimServer } from './network.ts';
import { WorkQueue } from './work-queue.ts';
import type { World } from './world.ts';

export interface QueuedProcess {
  readonly target: string;
  readonly header: ProcessHeader;
  readonly schema: ProcessSchema;
  readonly body: Uint8Array;
}

/** What the checks look at. */
export interface NatsWatcher {
  published(queue: ProcessQueue, process: QueuedProcess, publisher: string): void;
  acknowledged(queue: ProcessQueue, process: QueuedProcess, sentTimes: number): void;
  cursorPut(pipelineId: string, cursor: CursorState): void;
  commandIssued(command: Command): void;
  eventStored(event: LutraEvent): void;
}

/** Everything that Lutra keeps in NATS, in memory. */
export class NatsServer extends SimServer {
  readonly queues: Readonly<Record<ProcessQueue, WorkQueue<QueuedProcess>>>;
  readonly commands: WorkQueue<Command | ChannelCommand>;
  readonly events: MessageLog<LutraEvent>;
  readonly definitions: MessageLog<PipelineDefinition | null>;
  readonly cursors: MessageLog<CursorState>;
  readonly origins: MessageLog<OriginState>;
  readonly marks = new Map<string, HistoryMark>();
  watcher: NatsWatcher | null = null;
  /** Virtual time at which it last lost something, ms; commands from before may never be done. */
  damagedMs = 0;

  constructor(world: World) {
    super(world, 'nats');
    const queue = (): WorkQueue<QueuedProcess> => new WorkQueue(world, 2 * PARALLELISM_MAX);
    this.queues = { selected: queue(), extracted: queue(), transformed: queue() };
    for (const name of ['selected', 'extracted', 'transformed'] as const)
      this.queues[name].onAcknowledged = ({ content, sent }) => this.watcher?.acknowledged(name, content, sent);
    this.commands = new WorkQueue<Command | ChannelCommand>(world, Number.POSITIVE_INFINITY);
    this.events = new MessageLog(world);
    this.definitions = new MessageLog(world);
    this.cursors = new MessageLog(world);
    this.origins = new MessageLog(world);
  }

  opened(): void {
    for (const queue of this.workQueues()) queue.dispatchAll();
  }

  closed(): void {
    // What was delivered comes again when its time is over.
  }

  nodeFrozen(): void {
    // Deliveries go on being sent to it; their acknowledgement wait ends.
  }

  nodeThawed(): void {
    // What came meanwhile is read now.
  }

  /** Removes some messages of the work queues, as an operator or a disk does. Gives how many. */
  loseMessages(share: number): number {
    this.damage('loses messages');
    let lost = 0;
    for (const queue of Object.values(this.queues)) lost += queue.remove(() => this.world.chance(share));
    return lost;
  }

  /** All streams are gone and made anew, empty. What the manager keeps there it writes again. */
  wipe(keptDefinitions: readonly PipelineDefinition[]): void {
    this.damage('is wiped');
    for (const queue of this.workQueues()) queue.wipe();
    for (const log of [this.events, this.cursors, this.origins]) log.wipe();
    this.marks.clear();
    this.definitions.wipe();
    for (const definition of keptDefinitions) this.definitions.append(definition.id, definition);
  }

  /** The state of now, to which {@link NatsServer} can be set back: a power loss without its newest writes. */
  snapshot(): () => void {
    const parts = [...this.workQueues(), this.events, this.cursors, this.origins].map((part) => part.snapshot());
    return () => {
      this.damage('is rolled back');
      for (const restore of parts) restore();
    };
  }

  private damage(what: string): void {
    this.damagedMs = this.world.nowMs;
    this.world.trace.say(this.world.nowMs, `-- nats ${what}`);
  }

  private workQueues(): readonly (WorkQueue<QueuedProcess> | WorkQueue<Command | ChannelCommand>)[] {
    return [...Object.values(this.queues), this.commands];
  }
}
