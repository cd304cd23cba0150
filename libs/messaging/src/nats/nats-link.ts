import { systemClock } from '@lutra/model';
import type { Clock } from '@lutra/model';
import { jetstream, JetStreamApiError, jetstreamManager } from '@nats-io/jetstream';
import type { JetStreamClient, JetStreamManager, PubAck } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { MsgHdrs, NatsConnection } from '@nats-io/transport-node';
import type { BusOptions } from '../bus.ts';
import {
  isMissing,
  isOtherwiseConfigured,
  isOverlapping,
  isPassing,
  isStorageInsufficient,
  natsFailure,
  unreachable,
} from './nats-failure.ts';
import { streamConfigs } from './stream-configs.ts';
import type { NamedStreamConfig } from './stream-configs.ts';
import { StreamRepair } from './stream-repair.ts';
import { DEFAULT_NAMESPACE, subjectsOf } from './subjects.ts';
import type { Subjects } from './subjects.ts';

const FIRST_CONNECTION_LIMIT_MS = 30_000;
/** A call is repeated for this long while NATS is away; longer pauses are the caller's to wait for. */
const CALL_LIMIT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 5_000;
const RETRY_FIRST_MS = 50;
const RETRY_MAX_MS = 1_000;
const RECONNECT_MS = 500;
const CLOSE_LIMIT_MS = 2_000;
/**
 * NATS 2.9 says that a stream is gone before it has removed its files: a stream made in between under the same name loses
 * its files (see StreamRepair). What is missing is made this long after it was found missing.
 */
const HEALING_PAUSE_MS = 500;
const HEALTH_INTERVAL_MS = 5_000;
/** A silent peer is noticed after two of these. */
const PING_INTERVAL_MS = 5_000;
/** On a machine with a small disk the byte limits shrink by these factors until the server accepts the stream. */
const BYTE_LIMIT_DIVISORS = [1, 4, 16, 64, 256] as const;

/** One connection to NATS: repeats calls over short outages, creates streams that have disappeared, knows whether it is healthy. */
export class NatsLink {
  readonly js: JetStreamClient;
  readonly repair: StreamRepair;
  private ensuring: Promise<void> | null = null;
  private isConnected = true;
  private isAnswering = true;
  private readonly closing = new AbortController();

  private constructor(
    readonly nc: NatsConnection,
    readonly jsm: JetStreamManager,
    readonly subjects: Subjects,
    readonly address: string,
    readonly clock: Clock,
    private readonly options: Pick<BusOptions, 'onBroken' | 'eventsBytesMax'>,
  ) {
    this.js = jetstream(nc, { timeout: REQUEST_TIMEOUT_MS });
    const { onBroken = () => undefined } = options;
    this.repair = new StreamRepair({ jsm, subjects, clock, onBroken, createMissing: () => this.heal() });
    void this.watchStatus(); // Ends with the connection; its failures are the connection's end.
    void this.watchHealth(); // Never rejects; ends at close.
  }

  /** Rejects with BUS_UNREACHABLE when no connection is made for 30 s. Afterwards the client reconnects for ever. */
  static async open(options: BusOptions, clock: Clock = systemClock): Promise<NatsLink> {
    const subjects = subjectsOf(options.namespace ?? DEFAULT_NAMESPACE);
    const deadline = clock.monotonicMs() + FIRST_CONNECTION_LIMIT_MS;
    for (;;) {
      try {
        const nc = await connect(connectionOptions(options));
        const jsm = await jetstreamManager(nc, { checkAPI: false, timeout: REQUEST_TIMEOUT_MS });
        return new NatsLink(nc, jsm, subjects, options.servers, clock, options);
      } catch (error) {
        if (clock.monotonicMs() > deadline) throw unreachable(error, options.servers);
        await clock.sleep(RECONNECT_MS);
      }
    }
  }

  /** Aborts when the bus is closed: what lives as long as the connection waits on it. */
  get closed(): AbortSignal {
    return this.closing.signal;
  }

  get isHealthy(): boolean {
    return this.isConnected && this.isAnswering && !this.nc.isClosed();
  }

  /**
   * Stores a message; a repeat under the same id within two minutes is stored once. A stream that does not work is made
   * anew where that may be. With `afterSequence` only when that is the newest message of its
   * subject (isOvertaken). BUS_STREAM_FULL, BUS_UNREACHABLE.
   */
  async publish(
    subject: string,
    payload: Uint8Array,
    options: { readonly id?: string; readonly headers?: MsgHdrs; readonly afterSequence?: number } = {},
  ): Promise<PubAck> {
    const stored = await this.call(
      () =>
        this.js.publish(subject, payload, {
          ...(options.id === undefined ? {} : { msgID: options.id }),
          ...(options.headers === undefined ? {} : { headers: options.headers }),
          ...(options.afterSequence === undefined ? {} : { expect: { lastSubjectSequence: options.afterSequence } }),
          timeout: REQUEST_TIMEOUT_MS,
        }),
      (error) => this.repair.refused(subject, error),
    );
    this.repair.stored(subject);
    return stored;
  }

  /** Repeats `request` for up to 10 s while NATS does not answer, creating streams when they are missing. Throws SyncError. */
  async call<T>(request: () => Promise<T>, onFailure?: (error: unknown) => Promise<void>): Promise<T> {
    const deadline = this.clock.monotonicMs() + CALL_LIMIT_MS;
    for (let pauseMs = RETRY_FIRST_MS; ; pauseMs = Math.min(2 * pauseMs, RETRY_MAX_MS)) {
      try {
        return await request();
      } catch (error) {
        await onFailure?.(error);
        const isWorthARepeat = isPassing(error) || isOverlapping(error);
        if (!isWorthARepeat || this.nc.isClosed() || this.clock.monotonicMs() > deadline)
          throw natsFailure(error, this.address);
        if (isMissing(error)) await this.heal();
        await this.clock.sleep(pauseMs, this.closed);
      }
    }
  }

  /** Creates the streams that are missing. */
  async ensureStreams(): Promise<void> {
    await this.call(() => this.createMissing());
    await this.call(() => this.resizeEvents());
  }

  /** Sends what is buffered, then closes. */
  async close(): Promise<void> {
    this.closing.abort();
    const drained = this.nc.drain().catch(() => undefined); // Closed or away: there is nobody to drain to.
    const done = new AbortController();
    const limit = this.clock.sleep(CLOSE_LIMIT_MS, done.signal);
    await Promise.race([drained, limit]);
    done.abort();
    await this.nc.close();
  }

  /** Concurrent calls share one round. */
  private async createMissing(pauseMs = 0): Promise<void> {
    this.ensuring ??= this.createStreams(pauseMs).finally(() => {
      this.ensuring = null;
    });
    await this.ensuring;
  }

  /** Never rejects: the next try of the call tells whether it helped. */
  private async heal(): Promise<void> {
    await this.createMissing(HEALING_PAUSE_MS).catch(() => undefined);
  }

  private async createStreams(pauseMs: number): Promise<void> {
    // A pause is for the stream that was missing before it, not for one that is being deleted at its end.
    const missing = pauseMs === 0 ? this.configs() : await this.missingStreams();
    await this.clock.sleep(pauseMs, this.closed);
    for (const config of missing) await this.createStream(config);
  }

  private configs(): NamedStreamConfig[] {
    return streamConfigs(this.subjects, this.options.eventsBytesMax);
  }

  /** The one size that is set where Lutra is: a log that stands gets it too. On a disk without the room it stays as it is. */
  private async resizeEvents(): Promise<void> {
    const { eventsBytesMax: max_bytes } = this.options;
    if (max_bytes === undefined) return;
    const { config } = await this.jsm.streams.info(this.subjects.streams.events);
    if (config.max_bytes === max_bytes) return;
    await this.jsm.streams.update(config.name, { ...config, max_bytes }).catch((error: unknown) => {
      // Another limit of the account, too: no service stays away for the size of a log.
      if (!(error instanceof JetStreamApiError)) throw error;
    });
  }

  private async missingStreams(): Promise<NamedStreamConfig[]> {
    const configs = this.configs();
    const exists = await Promise.all(
      configs.map(({ name }) =>
        this.jsm.streams.info(name).then(
          () => true,
          (error: unknown) => {
            if (isMissing(error)) return false;
            throw error;
          },
        ),
      ),
    );
    return configs.filter((_, index) => exists[index] === false);
  }

  private async createStream(config: NamedStreamConfig): Promise<void> {
    for (const divisor of BYTE_LIMIT_DIVISORS) {
      try {
        await this.jsm.streams.add({ ...config, max_bytes: Math.floor(config.max_bytes / divisor) });
        return;
      } catch (error) {
        // Another version or a smaller machine made it: it serves as it is, an operator may have tuned it.
        if (isOtherwiseConfigured(error)) return;
        if (!isStorageInsufficient(error) || divisor === BYTE_LIMIT_DIVISORS.at(-1)) throw error;
      }
    }
  }

  private async watchStatus(): Promise<void> {
    for await (const status of this.nc.status()) {
      if (status.type === 'disconnect') this.isConnected = false;
      if (status.type === 'reconnect') this.isConnected = true;
    }
  }

  private async watchHealth(): Promise<void> {
    while (!this.closed.aborted) {
      await this.clock.sleep(HEALTH_INTERVAL_MS, this.closed);
      this.isAnswering = await this.jsm.getAccountInfo().then(
        () => true,
        () => false,
      );
    }
  }
}

function connectionOptions(options: BusOptions): Parameters<typeof connect>[0] {
  return {
    servers: options.servers.split(',').map((server) => server.trim()),
    name: options.name,
    ...(options.user === undefined ? {} : { user: options.user }),
    ...(options.password === undefined ? {} : { pass: options.password }),
    ...(options.tls === undefined ? {} : { tls: { ...options.tls } }),
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_MS,
    pingInterval: PING_INTERVAL_MS,
    timeout: REQUEST_TIMEOUT_MS,
    // A password that is being changed must not end the process.
    ignoreAuthErrorAbort: true,
    noAsyncTraces: true,
  };
}
