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
  ProcessHeader,
  ProcessIdentity,
  SentLevel,
  ServiceName,
  SyncError,
  TableHistory,
} from '@lutra/model';
import type { Context } from '@opentelemetry/api';

export interface BusTlsFiles {
  /** Authorities of the servers. */
  readonly caFile?: string;
  /** What is shown to a server that asks for a certificate, and its private key. */
  readonly certFile?: string;
  readonly keyFile?: string;
}

export interface BusOptions {
  /** Comma-separated 'host:port'. */
  readonly servers: string;
  readonly user?: string;
  readonly password?: string;
  /** TLS, and nothing without it: files in PEM, read at each connection. None = as the server wants it. */
  readonly tls?: BusTlsFiles;
  /** Name of this connection in the server's lists: the instance id. */
  readonly name: string;
  /** Prefix of all subjects, streams and buckets: 'lutra' (streams LUTRA_…). Tests isolate themselves with another one. */
  readonly namespace?: string;
  /** How large the event log may become. Given: a log that stands gets this size too. Not given: 1 GiB for a new one. */
  readonly eventsBytesMax?: number;
  /** Told of each stream that exists and does not work (BUS_STREAM_BROKEN), and what was done about it. */
  readonly onBroken?: (failure: SyncError) => void;
}

/** 'statement-process/1' holds one schema statement and passes through all queues. */
export type ProcessSchema = 'raw-process/1' | 'row-process/1' | 'target-process/1' | 'statement-process/1';

/** Which queue a process is written to: 'selected' holds raw processes, 'extracted' row processes, 'transformed' target processes. */
export type ProcessQueue = 'selected' | 'extracted' | 'transformed';

/** Takes bytes in order. `write` never blocks; a writer looks at `isFull` between rows and awaits `drain` when it is set. */
export interface ByteSink {
  /** The sink keeps a reference: the caller must not change the bytes afterwards. */
  write(bytes: Uint8Array): void;
  readonly isFull: boolean;
  drain(): Promise<void>;
}

/**
 * Writes one process: body first, then the queue message. A body up to `bodyInlineMax` (512 KiB) travels in the message;
 * a larger one is sent in parts (≤ 768 KiB) to LUTRA_BODIES as it comes, under a random attempt id, and the message is its
 * manifest. Never holds more than a few parts.
 */
export interface ProcessWriter extends ByteSink {
  /**
   * Publishes the queue message with the trace context that is active; resolves when JetStream has stored it.
   * BUS_STREAM_FULL when refused. `target` takes the place of the one that the writer was made with: who is to take a
   * process is best chosen when it is done. May be called again after a failure, with another target: the message is
   * stored once all the same.
   */
  finish(header: ProcessHeader, target?: string): Promise<void>;
  /** Gives up: parts already written are purged as far as possible. */
  abort(): Promise<void>;
}

export interface ProcessDelivery {
  readonly header: ProcessHeader;
  readonly schema: ProcessSchema;
  /** Trace context of the stage before. */
  readonly traceContext: Context;
  /** Over all queues that the process was in: {@link Bus.moveInstanceQueue} counts too when it had been delivered. */
  readonly deliveryCount: number;
  /** Size of the body, known before it is fetched: reserve it in the byte budget first. */
  readonly bodyBytes: number;
  /** The body in one piece, verified against the manifest (count, length, SHA-256). BUS_BODY_MISSING when a part is gone. */
  fetchBody(): Promise<Uint8Array>;
  /** Resolves when the server has the acknowledgement. */
  ack(): Promise<void>;
  nak(delayMs?: number): void;
  term(reason: string): void;
}

export interface ConsumeOptions {
  readonly queue: ProcessQueue;
  /** Durable name: 'load-<pipeline>'. Default: 'extract-<target>' or 'transform-<target>', by the queue. */
  readonly durable?: string;
  /** Whose processes: 'any' (default), or an instance's own. Not for 'transformed'. */
  readonly target?: string;
  /** Only this pipeline (load). One reader at a time: a later one ends what an earlier one has asked for. */
  readonly pipelineId?: string;
  /** Deliveries that this reader holds unacknowledged at once. */
  readonly inFlightMax: number;
  readonly signal: AbortSignal;
}

/** The queues that instances read: their processes are for any instance, or for a certain one. */
export type StageQueue = Exclude<ProcessQueue, 'transformed'>;

/** What one instance alone reads of a queue. */
export interface InstanceQueue {
  readonly queue: StageQueue;
  readonly instance: string;
}

export interface CommandDelivery {
  readonly command: Command | ChannelCommand;
  readonly deliveryCount: number;
  ack(): Promise<void>;
  nak(delayMs?: number): void;
  term(reason: string): void;
}

export interface EventFilter {
  readonly pipelineId?: string;
  readonly kinds?: readonly LutraEvent['kind'][];
}

/** Which lines of the instances' logs, the newest `limit` of them. */
export interface LogFilter {
  readonly service?: ServiceName;
  readonly pipelineId?: string;
  /** Left out = warnings and errors. */
  readonly level?: SentLevel;
  readonly since?: Date;
  readonly limit: number;
}

/** How much of a limit is used. `name`: a stream's, or 'JetStream' for all of the account. */
export interface StorageUse {
  readonly name: string;
  readonly bytes: number;
  readonly bytesMax: number;
}

/** Where an event stands in the log. `log` tells one log from one that was made anew, which counts from 1 again. */
export interface LogPlace {
  readonly log: string;
  readonly sequence: number;
}

/**
 * Which part of the log is followed. What is there and cannot be read is passed over, and told to `onUnreadable`. `onEnd` is
 * called each time that everything the log holds was read and taken; at once when nothing is there to read.
 */
export interface EventLogFilter extends EventFilter {
  readonly after: LogPlace | null;
  readonly since: Date;
  readonly onEnd?: () => void;
  /** What is of other kinds was passed, up to here: a reader that keeps its place need not come back to it. */
  readonly onPassed?: (place: LogPlace) => void;
  readonly onUnreadable?: (place: LogPlace, failure: SyncError) => void;
}

export interface LoggedEvent {
  readonly event: LutraEvent;
  readonly place: LogPlace;
  /** The log has dropped events between this one and the place that was read last: the reader came too late for them. */
  readonly isBehindHole: boolean;
}

/** What the bus holds of a pipeline's definition, and where: who writes because of it names that place. */
export interface HeldDefinition {
  /** Null = none, or removed. */
  readonly definition: PipelineDefinition | null;
  /** 0 = the bus has never had one. */
  readonly sequence: number;
}

/** One connection to NATS with everything that Lutra keeps there. All methods throw SyncError (scope bus). */
export interface Bus {
  /** Creates streams and buckets that are missing. Called by openBus, and again when one has disappeared. */
  ensureStreams(): Promise<void>;
  writeProcess(to: {
    readonly queue: ProcessQueue;
    readonly target?: string;
    readonly identity: ProcessIdentity;
    readonly schema: ProcessSchema;
  }): ProcessWriter;
  /** Deliveries of a work queue until the signal aborts; survives reconnects and re-creates a lost consumer. In-progress signals are sent while a delivery is held. */
  consume(options: ConsumeOptions): AsyncIterable<ProcessDelivery>;
  /** Creates the consumer of an instance's own processes. Called before it joins the members, so that nothing is sent to nobody. */
  openInstanceQueue(queue: InstanceQueue): Promise<void>;
  /** Instances that have messages of their own in a queue or, where asked, a consumer. */
  instanceQueues(queue: StageQueue, options?: { readonly withConsumers?: boolean }): Promise<string[]>;
  /** False when nobody who is connected reads this queue; true when somebody does, or when that cannot be told. */
  isInstanceQueueRead(queue: InstanceQueue): Promise<boolean>;
  /**
   * Hands what is stored for one instance, delivered and unacknowledged processes too, to any instance, under new message
   * ids that are the same at a repeat; `isClosed` removes the consumer as well. Returns the processes moved. Safe at any
   * moment and by several at once: a process may then be worked on twice, and load drops the repeat.
   */
  moveInstanceQueue(queue: InstanceQueue, options: { readonly isClosed: boolean }): Promise<ProcessIdentity[]>;
  /** Housekeeping after a process is loaded: removes its body parts of all stages. Never throws. */
  forgetBodies(identity: ProcessIdentity): Promise<void>;
  /** Housekeeping after a change of epoch: purges this pipeline's subjects of exactly these epochs in all stage streams. */
  purgeEpochs(pipelineId: string, epochs: { readonly below: number }): Promise<void>;

  /** Messages of this pipeline and epoch that each queue still holds (delivered and unacknowledged ones count): 0 everywhere = nothing is on its way. */
  queuedProcesses(pipelineId: string, epoch: number): Promise<Readonly<Record<ProcessQueue, number>>>;

  /** When the oldest message of this pipeline in any queue was stored, delivered and unacknowledged ones included; null = none waits. */
  oldestQueued(pipelineId: string): Promise<Date | null>;
  /** How full the streams are that refuse when they are full, and the account's storage where the server limits it. */
  storageUse(): Promise<readonly StorageUse[]>;

  /** Under the same `id` it is stored once, however often it is repeated within two minutes. */
  publishEvent(event: LutraEvent, id?: string): Promise<void>;
  /** From now on this bus publishes `window` events into the event log (true), or beside it as it does from the start. */
  putWindowsInLog(isInLog: boolean): void;
  /** Events in order until the signal aborts: from now on, or from those that were stored at `since` (what the log still holds). */
  followEvents(filter: EventFilter & { readonly since?: Date }, signal: AbortSignal): AsyncIterable<LutraEvent>;
  /**
   * Events in order until the signal aborts, each with its place: behind `after`, so that a reader who keeps the place of what
   * it has handled handles each stored event once. Without `after`, or when the log is another one by now: from those that
   * were stored at `since`. Without `window` events, which have no place in the log.
   */
  followLog(filter: EventLogFilter, signal: AbortSignal): AsyncIterable<LoggedEvent>;
  /** What the log holds, oldest first: all that match since `since`, at most `limit` of the newest. */
  readEvents(filter: EventFilter & { readonly since?: Date; readonly limit: number }): Promise<LutraEvent[]>;

  /** For people who look at all instances at once: the stream is small and forgets the oldest lines. */
  publishLog(line: LogLine): Promise<void>;
  /** Oldest first. */
  readLogs(filter: LogFilter): Promise<LogLine[]>;

  /** Puts a command on the work queue (message id = command id) and its audit copy into the event log. */
  issueCommand(command: Command): Promise<void>;
  /** Puts it on the work queue as one message: all of its pipelines get it or none. Each has its part as audit copy. */
  issueChannelCommand(command: ChannelCommand): Promise<void>;
  consumeCommands(signal: AbortSignal): AsyncIterable<CommandDelivery>;

  /**
   * Puts the newest definition. With `after` only when nobody has written or removed it since that look: false = somebody
   * has. A put whose answer was lost says false too, and is found held at the next look.
   */
  putDefinition(definition: PipelineDefinition, after?: HeldDefinition): Promise<boolean>;
  heldDefinition(pipelineId: string): Promise<HeldDefinition>;
  /** All that were ever put and are not forgotten without a trace: removed ones too. */
  definitionIds(): Promise<readonly string[]>;
  removeDefinition(pipelineId: string): Promise<void>;
  /** The given revision, or the newest. Null when there is none. Cached. */
  definition(pipelineId: string, revision?: number): Promise<PipelineDefinition | null>;
  /**
   * All current definitions first, then every change; `definition` null = removed. A revision below one that was seen is
   * left out (a manager of before may write one late), unless it was removed between or the bus has lost its memory.
   */
  watchDefinitions(
    signal: AbortSignal,
  ): AsyncIterable<{ readonly pipelineId: string; readonly definition: PipelineDefinition | null }>;

  /**
   * Removes everything but events: what its queues hold, the consumer of load, earlier revisions, cursor, origin, histories of
   * tables. Its definition is removed before, and that is all that readers still find. For a pipeline that never comes back.
   */
  forgetPipeline(pipelineId: string): Promise<void>;

  putCursor(pipelineId: string, state: CursorState): Promise<void>;
  cursor(pipelineId: string): Promise<CursorState | null>;
  /** Values that the cursor had, newest first: the bucket keeps 64. */
  cursorHistory(pipelineId: string): Promise<readonly CursorState[]>;
  /** Current value first (when there is one), then every change. */
  watchCursor(pipelineId: string, signal: AbortSignal): AsyncIterable<CursorState>;
  putOrigin(pipelineId: string, origin: OriginState): Promise<void>;
  watchOrigin(pipelineId: string, signal: AbortSignal): AsyncIterable<OriginState>;

  /** Replaces what is kept of this table. A history that is too large for a message is kept without its oldest versions. */
  putTableHistory(pipelineId: string, history: TableHistory): Promise<void>;
  putHistoryMark(pipelineId: string, mark: HistoryMark): Promise<void>;
  tableHistories(pipelineId: string): Promise<KeptHistories>;
  /** Forgets the mark and all tables of a pipeline. */
  removeTableHistories(pipelineId: string): Promise<void>;

  /** True while connected and JetStream answers. */
  isHealthy(): boolean;
  close(): Promise<void>;
}
