import { ROOT_CONTEXT } from '@opentelemetry/api';
import { describeProcess, partOfChannelCommand, SyncError } from '@lutra/model';
import type {
  ChannelCommand,
  Command,
  CursorState,
  LogLine,
  HistoryMark,
  KeptHistories,
  LutraEvent,
  OriginState,
  PipelineDefinition,
  ProcessIdentity,
} from '@lutra/model';
import type {
  Bus,
  CommandDelivery,
  ConsumeOptions,
  EventFilter,
  InstanceQueue,
  ProcessDelivery,
  ProcessQueue,
  ProcessWriter,
} from '@lutra/messaging';
import { BusLink } from './bus-link.ts';
import type { MessageLog } from './message-log.ts';
import type { NatsServer, QueuedProcess } from './nats-server.ts';
import type { SimNode } from './node.ts';

const ACK_WAIT_MS = 10_000;
const COMMAND_ACK_WAIT_MS = 30_000;
const COMMANDS_IN_FLIGHT_MAX = 4;
const STAGE_OF: Readonly<Record<ProcessQueue, string>> = {
  selected: 'select',
  extracted: 'extract',
  transformed: 'transform',
};

type Published = Parameters<ProcessWriter['finish']>[0];

/** One node's connection to {@link NatsServer}. */
export class SimBus implements Bus {
  private readonly link: BusLink;

  constructor(
    private readonly nats: NatsServer,
    private readonly node: SimNode,
  ) {
    this.link = new BusLink(nats, node);
  }

  async ensureStreams(): Promise<void> {
    // They are always there.
  }

  writeProcess(to: Parameters<Bus['writeProcess']>[0]): ProcessWriter {
    const chunks: Uint8Array[] = [];
    return {
      write: (bytes) => {
        chunks.push(bytes);
      },
      isFull: false,
      drain: async () => undefined,
      finish: (header, target) => this.publish({ ...to, ...(target === undefined ? {} : { target }) }, header, chunks),
      abort: async () => undefined,
    };
  }

  async *consume(options: ConsumeOptions): AsyncGenerator<ProcessDelivery, void, undefined> {
    const { queue: name, target = 'any', pipelineId, inFlightMax, signal } = options;
    const durable = options.durable ?? durableOf(name, target);
    const queue = this.nats.queues[name];
    const wants = ({ header, target: queued }: QueuedProcess): boolean =>
      pipelineId === undefined ? queued === target : header.pipelineId === pipelineId;
    const config = { wants, ackWaitMs: ACK_WAIT_MS, isTakeover: pipelineId !== undefined };
    const taken = this.link.take(queue, durable, { config, inFlightMax, signal });
    for await (const { delivery, settling } of taken) {
      const { header, schema, body } = delivery.message.content;
      yield {
        header,
        schema,
        traceContext: ROOT_CONTEXT,
        deliveryCount: delivery.deliveryCount,
        bodyBytes: body.length,
        fetchBody: async () => body,
        ...settling,
      };
    }
  }

  async openInstanceQueue({ queue, instance }: InstanceQueue): Promise<void> {
    await this.link.ask(() => {
      this.nats.queues[queue].ensureConsumer(durableOf(queue, instance), consumerOf(instance));
    });
  }

  isInstanceQueueRead({ queue, instance }: InstanceQueue): Promise<boolean> {
    return this.link.ask(() => this.nats.queues[queue].isRead(durableOf(queue, instance)));
  }

  instanceQueues(queue: InstanceQueue['queue'], options?: { readonly withConsumers?: boolean }): Promise<string[]> {
    return this.link.ask(() => {
      const names = new Set(this.nats.queues[queue].contents().map(({ target }) => target));
      if (options?.withConsumers === true)
        for (const name of this.nats.queues[queue].consumerNames()) names.add(name.slice(name.indexOf('-') + 1));
      names.delete('any');
      return [...names].sort();
    });
  }

  /** New ids that are the same at a repeat, as the real one. */
  moveInstanceQueue(
    { queue, instance }: InstanceQueue,
    { isClosed }: { readonly isClosed: boolean },
  ): Promise<ProcessIdentity[]> {
    return this.link.ask(() => {
      const from = this.nats.queues[queue];
      const moved = from.contents().filter(({ target }) => target === instance);
      for (const content of moved) {
        const { header } = content;
        const id = `${describeProcess(header)}.${STAGE_OF[queue]}.from.${instance}`;
        from.publish({ id, subject: subjectOf('any', header), content: { ...content, target: 'any' } });
      }
      from.remove(({ target }) => target === instance);
      if (isClosed) from.removeConsumer(durableOf(queue, instance));
      return moved.map(({ header: { pipelineId, epoch, process } }) => ({ pipelineId, epoch, process }));
    });
  }

  async forgetBodies(): Promise<void> {
    // Bodies travel inside their messages.
  }

  async purgeEpochs(pipelineId: string, { below }: { readonly below: number }): Promise<void> {
    await this.link.ask(() => {
      for (const queue of Object.values(this.nats.queues))
        queue.remove(({ header }) => header.pipelineId === pipelineId && header.epoch < below);
    });
  }

  queuedProcesses(pipelineId: string, epoch: number): Promise<Readonly<Record<ProcessQueue, number>>> {
    const count = (queue: ProcessQueue): number =>
      this.nats.queues[queue].count(({ header }) => header.pipelineId === pipelineId && header.epoch === epoch);
    return this.link.ask(() => ({
      selected: count('selected'),
      extracted: count('extracted'),
      transformed: count('transformed'),
    }));
  }

  /** Asked by the manager only, which is no part of the simulation. */
  oldestQueued(): Promise<null> {
    return Promise.resolve(null);
  }

  storageUse(): Promise<[]> {
    return Promise.resolve([]);
  }

  async publishEvent(event: LutraEvent): Promise<void> {
    await this.link.ask(() => {
      this.store(event);
    });
  }

  /** All nodes of the simulation are of one release. */
  putWindowsInLog(): never {
    throw new SyncError('INTERNAL', { problem: 'The simulation has one release only' });
  }

  async publishLog(): Promise<void> {
    throw new SyncError('INTERNAL', { problem: 'The simulation sends no logs' });
  }

  async readLogs(): Promise<LogLine[]> {
    throw new SyncError('INTERNAL', { problem: 'The simulation sends no logs' });
  }

  async *followEvents(
    filter: EventFilter & { readonly since?: Date },
    signal: AbortSignal,
  ): AsyncGenerator<LutraEvent, void, undefined> {
    const wants = (_key: string, event: LutraEvent): boolean => matches(filter, event);
    const start = filter.since === undefined ? 'new' : 'all';
    for await (const { value } of this.link.follow(this.nats.events, { wants, start }, signal))
      if (filter.since === undefined || Date.parse(value.at) >= filter.since.getTime()) yield value;
  }

  followLog(): never {
    throw new SyncError('INTERNAL', { problem: 'The simulation has no manager that folds figures' });
  }

  readEvents(filter: EventFilter & { readonly since?: Date; readonly limit: number }): Promise<LutraEvent[]> {
    return this.link.ask(() => {
      const found = this.nats.events.read((_key, event) => matches(filter, event));
      const since = filter.since?.getTime() ?? 0;
      return filter.limit <= 0 ? [] : found.filter(({ at }) => Date.parse(at) >= since).slice(-filter.limit);
    });
  }

  async issueCommand(command: Command): Promise<void> {
    await this.link.ask(() => {
      const { id, pipelineId } = command;
      this.nats.watcher?.commandIssued(command);
      this.nats.commands.publish({ id, subject: pipelineId, content: command });
    });
    const { aboutEpoch: epoch, author: who, issuedAt: at, pipelineId } = command;
    const base = { v: 1 as const, at, who, pipelineId, epoch, process: null, traceId: null };
    await this.link.ask(() => {
      this.store({ ...base, kind: 'command-issued', command, outcome: 'issued' }, `${command.id}.issued`);
    });
  }

  async issueChannelCommand(command: ChannelCommand): Promise<void> {
    await this.link.ask(() => {
      for (const pipelineId of command.pipelineIds)
        this.nats.watcher?.commandIssued(partOfChannelCommand(command, pipelineId));
      this.nats.commands.publish({ id: command.id, subject: 'channel', content: command });
    });
  }

  async *consumeCommands(signal: AbortSignal): AsyncGenerator<CommandDelivery, void, undefined> {
    const config = { wants: () => true, ackWaitMs: COMMAND_ACK_WAIT_MS, isTakeover: false };
    const options = { config, inFlightMax: COMMANDS_IN_FLIGHT_MAX, signal };
    for await (const { delivery, settling } of this.link.take(this.nats.commands, 'arbiter', options))
      yield { command: delivery.message.content, deliveryCount: delivery.deliveryCount, ...settling };
  }

  async putDefinition(definition: PipelineDefinition): Promise<boolean> {
    await this.link.ask(() => {
      this.nats.definitions.append(definition.id, definition);
    });
    return true;
  }

  heldDefinition(): never {
    throw new SyncError('INTERNAL', { problem: 'The simulation has one who writes definitions' });
  }

  definitionIds(): never {
    throw new SyncError('INTERNAL', { problem: 'The simulation has no manager that compares definitions' });
  }

  async removeDefinition(pipelineId: string): Promise<void> {
    await this.link.ask(() => {
      this.nats.definitions.append(pipelineId, null);
    });
  }

  definition(pipelineId: string, revision?: number): Promise<PipelineDefinition | null> {
    return this.link.ask(() => {
      if (revision === undefined) return this.nats.definitions.newest(pipelineId);
      const all = this.nats.definitions.read((key) => key === pipelineId);
      return all.findLast((definition) => definition?.revision === revision) ?? null;
    });
  }

  async *watchDefinitions(
    signal: AbortSignal,
  ): AsyncGenerator<{ readonly pipelineId: string; readonly definition: PipelineDefinition | null }, void, undefined> {
    const filter = { wants: () => true, start: 'lastPerKey' as const };
    for await (const { key, value } of this.link.follow(this.nats.definitions, filter, signal))
      yield { pipelineId: key, definition: value };
  }

  async forgetPipeline(): Promise<void> {
    throw new SyncError('INTERNAL', { problem: 'The simulation removes no pipelines' });
  }

  async putCursor(pipelineId: string, state: CursorState): Promise<void> {
    await this.link.ask(() => {
      this.nats.watcher?.cursorPut(pipelineId, state);
      this.nats.cursors.append(pipelineId, state);
    });
  }

  cursor(pipelineId: string): Promise<CursorState | null> {
    return this.link.ask(() => this.nats.cursors.newest(pipelineId));
  }

  async cursorHistory(): Promise<readonly CursorState[]> {
    throw new SyncError('INTERNAL', { problem: 'The simulation looks at no history' });
  }

  watchCursor(pipelineId: string, signal: AbortSignal): AsyncIterable<CursorState> {
    return this.values(this.nats.cursors, pipelineId, signal);
  }

  async putOrigin(pipelineId: string, origin: OriginState): Promise<void> {
    await this.link.ask(() => {
      this.nats.origins.append(pipelineId, origin);
    });
  }

  watchOrigin(pipelineId: string, signal: AbortSignal): AsyncIterable<OriginState> {
    return this.values(this.nats.origins, pipelineId, signal);
  }

  async putTableHistory(): Promise<void> {
    // The simulated select needs no definitions of tables.
  }

  async putHistoryMark(pipelineId: string, mark: HistoryMark): Promise<void> {
    await this.link.ask(() => this.nats.marks.set(pipelineId, mark));
  }

  async tableHistories(): Promise<KeptHistories> {
    throw new SyncError('INTERNAL', { problem: 'The simulation keeps no histories of tables' });
  }

  async removeTableHistories(pipelineId: string): Promise<void> {
    await this.link.ask(() => this.nats.marks.delete(pipelineId));
  }

  isHealthy(): boolean {
    return this.link.connection.isOpen;
  }

  async close(): Promise<void> {
    // The connection ends with its node.
  }

  private store(event: LutraEvent, id?: string): void {
    this.nats.watcher?.eventStored(event);
    this.nats.events.append(event.pipelineId ?? '', event, id);
  }

  private async publish(
    to: Parameters<Bus['writeProcess']>[0],
    header: Published,
    chunks: readonly Uint8Array[],
  ): Promise<void> {
    const { queue, identity, schema, target = 'any' } = to;
    const body = Buffer.concat(chunks);
    await this.link.ask(() => {
      const id = `${describeProcess(identity)}.${STAGE_OF[queue]}`;
      const content = { target, header, schema, body };
      const subject = subjectOf(target, identity);
      this.nats.watcher?.published(queue, content, this.node.name);
      if (this.nats.queues[queue].publish({ id, subject, content }) === 'full')
        throw new SyncError('BUS_STREAM_FULL', { problem: `${subject} is full` });
    });
  }

  private async *values<T>(log: MessageLog<T>, key: string, signal: AbortSignal): AsyncGenerator<T, void, undefined> {
    const filter = { wants: (each: string) => each === key, start: 'lastPerKey' as const };
    for await (const { value } of this.link.follow(log, filter, signal)) yield value;
  }
}

const durableOf = (queue: ProcessQueue, target: string): string =>
  `${queue === 'selected' ? 'extract' : 'transform'}-${target}`;

const subjectOf = (target: string, { pipelineId, epoch }: ProcessIdentity): string =>
  `${target}.${pipelineId}.${String(epoch)}`;

const consumerOf = (target: string) => ({
  wants: ({ target: queued }: QueuedProcess): boolean => queued === target,
  ackWaitMs: ACK_WAIT_MS,
});

function matches({ kinds, pipelineId }: EventFilter, event: LutraEvent): boolean {
  return (
    (pipelineId === undefined || event.pipelineId === pipelineId) && (kinds === undefined || kinds.includes(event.kind))
  );
}
