import type {
  ChannelCommand,
  Command,
  CursorState,
  HistoryMark,
  KeptHistories,
  LogLine,
  LutraEvent,
  OriginState,
  PipelineDefinition,
  ProcessIdentity,
  TableHistory,
} from '@lutra/model';
import type {
  Bus,
  CommandDelivery,
  ConsumeOptions,
  EventFilter,
  EventLogFilter,
  HeldDefinition,
  InstanceQueue,
  LoggedEvent,
  LogFilter,
  ProcessDelivery,
  ProcessQueue,
  ProcessWriter,
  StageQueue,
  StorageUse,
} from '../bus.ts';
import { purgeParts } from './body-store.ts';
import { Bucket } from './bucket.ts';
import { CommandQueue } from './command-queue.ts';
import { DefinitionStore } from './definition-store.ts';
import { EventLog } from './event-log.ts';
import { HeldDeliveries } from './held-deliveries.ts';
import { HistoryStore } from './history-store.ts';
import { countQueued, purgeOldEpochs, removePipelineConsumer } from './housekeeping.ts';
import { isInstanceQueueRead, moveInstanceQueue, namesOfInstanceQueues, openInstanceQueue } from './instance-queues.ts';
import { LogStore } from './log-store.ts';
import type { NatsLink } from './nats-link.ts';
import { consumeProcesses } from './process-consumer.ts';
import { NatsProcessWriter } from './process-writer.ts';
import type { WriteTarget } from './process-writer.ts';
import { oldestQueued, storageUse } from './storage-use.ts';
import { originKey, pipelineKey } from './subjects.ts';

/** The bus over one NATS connection: hands each call to the part that knows how. */
export class NatsBus implements Bus {
  private readonly held: HeldDeliveries;
  private readonly events: EventLog;
  private readonly logs: LogStore;
  private readonly commands: CommandQueue;
  private readonly definitions: DefinitionStore;
  private readonly cursors: Bucket;
  private readonly histories: HistoryStore;

  constructor(private readonly link: NatsLink) {
    this.held = new HeldDeliveries(link);
    this.events = new EventLog(link);
    this.logs = new LogStore(link);
    this.commands = new CommandQueue(link, this.held, this.events);
    this.definitions = new DefinitionStore(link);
    this.cursors = new Bucket(link, link.subjects.buckets.cursor, link.subjects.streams.cursor);
    this.histories = new HistoryStore(link);
  }

  ensureStreams(): Promise<void> {
    return this.link.ensureStreams();
  }

  writeProcess(to: WriteTarget): ProcessWriter {
    return new NatsProcessWriter(this.link, to);
  }

  consume(options: ConsumeOptions): AsyncIterable<ProcessDelivery> {
    return consumeProcesses(this.link, this.held, options);
  }

  openInstanceQueue(queue: InstanceQueue): Promise<void> {
    return openInstanceQueue(this.link, queue);
  }

  instanceQueues(queue: StageQueue, { withConsumers = false } = {}): Promise<string[]> {
    return namesOfInstanceQueues(this.link, queue, withConsumers);
  }

  isInstanceQueueRead(queue: InstanceQueue): Promise<boolean> {
    return isInstanceQueueRead(this.link, queue);
  }

  moveInstanceQueue(queue: InstanceQueue, { isClosed }: { readonly isClosed: boolean }): Promise<ProcessIdentity[]> {
    return moveInstanceQueue(this.link, queue, isClosed);
  }

  async forgetBodies(identity: ProcessIdentity): Promise<void> {
    // Parts that stay are removed by their age.
    await purgeParts(this.link, identity).catch(() => undefined);
  }

  purgeEpochs(pipelineId: string, epochs: { readonly below: number }): Promise<void> {
    return purgeOldEpochs(this.link, pipelineId, epochs.below);
  }

  queuedProcesses(pipelineId: string, epoch: number): Promise<Readonly<Record<ProcessQueue, number>>> {
    return countQueued(this.link, pipelineId, epoch);
  }

  oldestQueued(pipelineId: string): Promise<Date | null> {
    return oldestQueued(this.link, pipelineId);
  }

  storageUse(): Promise<StorageUse[]> {
    return storageUse(this.link);
  }

  publishEvent(event: LutraEvent, id?: string): Promise<void> {
    return this.events.publish(event, id);
  }

  putWindowsInLog(isInLog: boolean): void {
    this.events.areWindowsInLog = isInLog;
  }

  followEvents(filter: EventFilter & { readonly since?: Date }, signal: AbortSignal): AsyncIterable<LutraEvent> {
    return startNow(this.events.follow(filter, signal));
  }

  followLog(filter: EventLogFilter, signal: AbortSignal): AsyncIterable<LoggedEvent> {
    return startNow(this.events.followPlaces(filter, signal));
  }

  readEvents(filter: EventFilter & { readonly since?: Date; readonly limit: number }): Promise<LutraEvent[]> {
    return this.events.read(filter);
  }

  publishLog(line: LogLine): Promise<void> {
    return this.logs.publish(line);
  }

  readLogs(filter: LogFilter): Promise<LogLine[]> {
    return this.logs.read(filter);
  }

  issueCommand(command: Command): Promise<void> {
    return this.commands.issue(command);
  }

  issueChannelCommand(command: ChannelCommand): Promise<void> {
    return this.commands.issueToChannel(command);
  }

  consumeCommands(signal: AbortSignal): AsyncIterable<CommandDelivery> {
    return this.commands.consume(signal);
  }

  putDefinition(definition: PipelineDefinition, after?: HeldDefinition): Promise<boolean> {
    return this.definitions.put(definition, after);
  }

  heldDefinition(pipelineId: string): Promise<HeldDefinition> {
    return this.definitions.held(pipelineId);
  }

  definitionIds(): Promise<readonly string[]> {
    return this.definitions.ids();
  }

  removeDefinition(pipelineId: string): Promise<void> {
    return this.definitions.remove(pipelineId);
  }

  definition(pipelineId: string, revision?: number): Promise<PipelineDefinition | null> {
    return this.definitions.get(pipelineId, revision);
  }

  watchDefinitions(
    signal: AbortSignal,
  ): AsyncIterable<{ readonly pipelineId: string; readonly definition: PipelineDefinition | null }> {
    return this.definitions.watch(signal);
  }

  async forgetPipeline(pipelineId: string): Promise<void> {
    await removePipelineConsumer(this.link, pipelineId);
    await purgeOldEpochs(this.link, pipelineId, Number.MAX_SAFE_INTEGER);
    await this.definitions.forget(pipelineId);
    await this.cursors.purge(pipelineKey(pipelineId));
    await this.cursors.purge(originKey(pipelineId));
    await this.histories.remove(pipelineId);
  }

  putCursor(pipelineId: string, state: CursorState): Promise<void> {
    return this.cursors.put(pipelineKey(pipelineId), state);
  }

  async cursor(pipelineId: string): Promise<CursorState | null> {
    return (await this.cursors.get(pipelineKey(pipelineId))) as CursorState | null;
  }

  async cursorHistory(pipelineId: string): Promise<readonly CursorState[]> {
    return (await this.cursors.history(pipelineKey(pipelineId))) as CursorState[];
  }

  watchCursor(pipelineId: string, signal: AbortSignal): AsyncIterable<CursorState> {
    return watchValues<CursorState>(this.cursors, pipelineKey(pipelineId), signal);
  }

  putOrigin(pipelineId: string, origin: OriginState): Promise<void> {
    return this.cursors.put(originKey(pipelineId), origin);
  }

  watchOrigin(pipelineId: string, signal: AbortSignal): AsyncIterable<OriginState> {
    return watchValues<OriginState>(this.cursors, originKey(pipelineId), signal);
  }

  putTableHistory(pipelineId: string, history: TableHistory): Promise<void> {
    return this.histories.putTable(pipelineId, history);
  }

  putHistoryMark(pipelineId: string, mark: HistoryMark): Promise<void> {
    return this.histories.putMark(pipelineId, mark);
  }

  tableHistories(pipelineId: string): Promise<KeptHistories> {
    return this.histories.read(pipelineId);
  }

  removeTableHistories(pipelineId: string): Promise<void> {
    return this.histories.remove(pipelineId);
  }

  isHealthy(): boolean {
    return this.link.isHealthy;
  }

  close(): Promise<void> {
    return this.link.close();
  }
}

async function* watchValues<T>(bucket: Bucket, key: string, signal: AbortSignal): AsyncGenerator<T, void, undefined> {
  for await (const { value } of bucket.watch(key, signal)) if (value !== null) yield value as T;
}

/** Starts reading at the call and not at the first `next`: 'from now on' is then true for a caller who does something in between. */
function startNow<T>(source: AsyncGenerator<T, void, undefined>): AsyncGenerator<T, void, undefined> {
  const first = source.next();
  first.catch(() => undefined); // Whoever iterates gets the failure.
  return (async function* () {
    try {
      for (let result = await first; result.done !== true; result = await source.next()) yield result.value;
    } finally {
      await source.return();
    }
  })();
}
