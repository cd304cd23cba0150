import { randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { decodeRawProcess, decodeStatementProcess, STATEMENT_SCHEMA } from '@lutra/messaging';
import type { Bus } from '@lutra/messaging';
import { ByteBudget, DEFAULT_PARAMETERS, must, sealSecret, systemClock } from '@lutra/model';
import type {
  LutraEvent,
  PipelineDefinition,
  PipelineParameters,
  Place,
  RawProcess,
  StatementProcess,
  StartDefinition,
  WindowEvent,
} from '@lutra/model';
import type { PipelineSession, ServiceContext } from '@lutra/service-kit';
import { waitUntil } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';
import { runEpoch } from '../src/run-epoch.ts';
import type { SelectEnv } from '../src/select.env.ts';

/** Grows with each rig that goes on with another one's pipeline. */
let epoch = 7;
const MIB = 1024 * 1024;
const secretKey = randomBytes(32).toString('base64');

/** One pipeline under test: select runs, the test is everybody else. */
export interface Rig {
  readonly pipelineId: string;
  readonly processes: RawProcess[];
  /** Schema statements that arrived; each has an empty process of its number in `processes`. */
  readonly statements: StatementProcess[];
  readonly windows: WindowEvent[];
  readonly warnings: LutraEvent[];
  readonly running: Promise<void>;
  /** Answers in load's place for everything up to this process. */
  readonly load: (process: number) => Promise<void>;
  /** From now on everything that arrives counts as loaded. */
  readonly loadAll: () => void;
  readonly drain: () => void;
  readonly stop: () => Promise<void>;
  /** 'gtid/event' of every rows event that arrived, in order. */
  readonly events: () => string[];
}

/** Starts select for schema.item… and waits until it reads. */
export async function startRig(options: {
  readonly bus: Bus;
  readonly server: DatabaseServer;
  readonly schema: string;
  readonly parameters: Partial<PipelineParameters>;
  /** Other servers of the source's group. */
  readonly standbys?: readonly DatabaseServer[];
  /** Where load says that it stands; absent: select resolves the start itself. */
  readonly place?: Place;
  /** Where the pipeline starts, 'latest' unless given. */
  readonly start?: StartDefinition;
  /** Goes on with the pipeline of an earlier rig. */
  readonly again?: { readonly pipelineId: string };
  /** It may stop at once: the test looks at `running`. */
  readonly mayStop?: boolean;
}): Promise<Rig> {
  const { bus, again } = options;
  epoch += again === undefined ? 0 : 1;
  const definition = definitionOf(options);
  const pipelineId = definition.id;
  const over = new AbortController();
  const draining = new AbortController();
  const session: PipelineSession = {
    pipelineId,
    epoch,
    definition,
    latestDefinition: () => definition,
    signal: over.signal,
    draining: draining.signal,
    log: pino({ level: 'silent' }),
  };
  const context = {
    env: { LUTRA_SECRET_KEY: secretKey, LUTRA_MAX_ROW_BYTES: 65 * MIB },
    identity: { service: 'select', instance: 'select-test', host: 'test', version: '0' },
    clock: systemClock,
    bus,
    budget: new ByteBudget(256 * MIB),
  } as unknown as ServiceContext<SelectEnv>;
  const loader = new PlayedLoader(bus, pipelineId);
  const following = loader.follow(over.signal);
  const known = options.place;
  await bus.putCursor(
    pipelineId,
    known === undefined ? { state: 'origin-wanted', epoch, revision: 1, at: now() } : cursorAt(known, 0),
  );
  const running = runEpoch(context, session);
  // A failure before a test looks at it must not end the test run; whoever awaits `running` sees it.
  running.catch(() => undefined);
  if (known === undefined) {
    const place = await Promise.race([firstOrigin(bus, pipelineId, over.signal), running.then(() => null)]);
    await bus.putCursor(pipelineId, cursorAt(must(place, 'select answers with an origin'), 0));
  }
  const reads = waitUntil(
    () => loader.windows.some(({ state }) => state === 'seeking' || state === 'streaming' || state === 'idle'),
    {
      what: 'select to read',
      timeoutMs: 60_000,
      everyMs: 20,
    },
  );
  const stop = async (): Promise<void> => {
    over.abort();
    await running.catch(() => undefined);
    await following;
  };
  try {
    await Promise.race([reads, options.mayStop === true ? running.catch(() => undefined) : running]);
    if (options.mayStop === true) reads.catch(() => undefined);
  } catch (error) {
    reads.catch(() => undefined);
    await stop();
    throw error;
  }
  return {
    pipelineId,
    processes: loader.processes,
    statements: loader.statements,
    windows: loader.windows,
    warnings: loader.warnings,
    running,
    load: (process) => loader.load(process),
    loadAll: () => {
      loader.loadAll();
    },
    drain: () => {
      draining.abort();
    },
    stop,
    events: () =>
      loader.processes.flatMap(({ transactions }) =>
        transactions.flatMap(({ gtid, events }) =>
          events.filter(({ type }) => type === 'rows').map(({ event }) => `${gtid}/${String(event)}`),
        ),
      ),
  };
}

/** Everything behind select, as far as select can tell. */
class PlayedLoader {
  readonly processes: RawProcess[] = [];
  readonly statements: StatementProcess[] = [];
  readonly windows: WindowEvent[] = [];
  readonly warnings: LutraEvent[] = [];
  private isLoadingAll = false;

  constructor(
    private readonly bus: Bus,
    private readonly pipelineId: string,
  ) {}

  async follow(signal: AbortSignal): Promise<void> {
    await Promise.all([this.followEvents(signal), this.followQueue(signal)]);
  }

  async load(process: number): Promise<void> {
    const { header } = must(this.processes[process - 1], 'the process has arrived');
    await this.bus.publishEvent({
      v: 1,
      at: now(),
      who: 'load-test',
      pipelineId: this.pipelineId,
      epoch,
      process,
      traceId: null,
      kind: 'loaded',
      end: header.end,
      revision: header.revision,
      transactionCount: header.transactionCount,
      inserted: header.rowCount,
      updated: 0,
      deleted: 0,
      skipped: 0,
      conflicts: 0,
      sourceBytes: header.sourceBytes,
      firstCommitMs: header.firstCommitMs,
      lastCommitMs: header.lastCommitMs,
      stages: header.stages,
    });
  }

  loadAll(): void {
    this.isLoadingAll = true;
    // The newest says it for all; what fails here is healed by the next process.
    if (this.processes.length > 0) void this.load(this.processes.length).catch(() => undefined);
  }

  private async followQueue(signal: AbortSignal): Promise<void> {
    const { bus, pipelineId } = this;
    // A work queue has one consumer: what an earlier rig left behind is acknowledged here.
    const durable = 'extract-any';
    for await (const delivery of bus.consume({ queue: 'selected', durable, target: 'any', inFlightMax: 20, signal })) {
      if (delivery.header.pipelineId === pipelineId) {
        const { header, schema } = delivery;
        const body = await delivery.fetchBody();
        if (schema === STATEMENT_SCHEMA) this.statements.push(decodeStatementProcess(header, body));
        this.processes.push(
          schema === STATEMENT_SCHEMA ? { header, transactions: [] } : decodeRawProcess(header, body),
        );
        if (this.isLoadingAll) await this.load(this.processes.length);
      }
      await delivery.ack();
    }
  }

  private async followEvents(signal: AbortSignal): Promise<void> {
    const filter = { pipelineId: this.pipelineId, kinds: ['window' as const, 'warning' as const] };
    for await (const event of this.bus.followEvents(filter, signal)) {
      if (event.kind === 'window') this.windows.push(event);
      else this.warnings.push(event);
    }
  }
}

async function firstOrigin(bus: Bus, pipelineId: string, signal: AbortSignal): Promise<Place | null> {
  for await (const origin of bus.watchOrigin(pipelineId, signal)) if (origin.epoch === epoch) return origin.place;
  return null;
}

const cursorAt = (place: Place, process: number) =>
  ({ state: 'place', epoch, revision: 1, place, process, at: now() }) as const;

const now = (): string => new Date().toISOString();

function definitionOf(options: {
  readonly server: DatabaseServer;
  readonly schema: string;
  readonly parameters: Partial<PipelineParameters>;
  readonly standbys?: readonly DatabaseServer[];
  readonly start?: StartDefinition;
  readonly again?: { readonly pipelineId: string };
}): PipelineDefinition {
  const { server, schema } = options;
  const { kind, host, port, user } = server;
  const source = {
    id: 's',
    name: 's',
    kind,
    host,
    port,
    user,
    password: sealSecret(server.password, secretKey),
    tls: 'disabled' as const,
    ...(options.standbys === undefined ? {} : { standbys: options.standbys.map(({ host, port }) => ({ host, port })) }),
  };
  return {
    id: options.again?.pipelineId ?? randomBytes(8).toString('hex'),
    name: 'test',
    channelId: 'channel',
    revision: 1,
    source,
    target: source,
    mappings: [
      {
        id: 'm',
        source: { schema, table: { regex: '_?item.*' } },
        target: { schema: 'copy' },
        columns: { mode: 'all' },
      },
    ],
    parameters: { ...DEFAULT_PARAMETERS, ddl: 'fail', ...options.parameters },
    start: options.start ?? { kind: 'latest' },
  };
}
