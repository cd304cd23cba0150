import { Bell, SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import { NodeZooKeeperClient } from './zookeeper-client.ts';
import type { ZooKeeperClient, ZooKeeperClientOptions } from './zookeeper-client.ts';

/** A read or a compare-and-set that finds no server is repeated for so long before its caller hears of it. */
const RETRY_LIMIT_MS = 30_000;
const RETRY_PAUSE_MS = 100;

/** Always has a session: when one ends, the next is opened, until `close`. */
export class SessionKeeper {
  readonly clock: Clock;
  private readonly closing = new AbortController();
  private readonly listeners = new Set<() => void>();
  private client: ZooKeeperClient;

  constructor(
    private readonly options: ZooKeeperClientOptions,
    private readonly connect: (options: ZooKeeperClientOptions) => ZooKeeperClient = (given) =>
      new NodeZooKeeperClient(given),
  ) {
    this.clock = options.clock;
    this.client = this.open();
  }

  /** Aborts when the keeper is closed. */
  get closed(): AbortSignal {
    return this.closing.signal;
  }

  get isHealthy(): boolean {
    return this.client.isConnected;
  }

  /** Calls back at every change of the connection, whichever session it belongs to; returns the function that stops it. */
  onStateChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** A connected session. Throws COORDINATION_UNREACHABLE after `limitMs`, INTERNAL when `signal` aborts. */
  async connected(signal?: AbortSignal, limitMs = Number.POSITIVE_INFINITY): Promise<ZooKeeperClient> {
    const bell = new Bell(this.clock);
    const forget = this.onStateChange(bell.ring);
    const startMs = this.clock.monotonicMs();
    try {
      for (;;) {
        if (signal?.aborted === true || this.closed.aborted) throw stopped();
        if (this.client.isConnected) return this.client;
        const remainingMs = startMs + limitMs - this.clock.monotonicMs();
        if (remainingMs <= 0) throw this.unreachable();
        await bell.wait(Math.min(remainingMs, 1_000), this.closed, ...(signal === undefined ? [] : [signal]));
      }
    } finally {
      forget();
    }
  }

  /** Runs work that may be repeated without harm; repeats it while ZooKeeper cannot be reached, for at most 30 s. */
  async run<T>(work: (client: ZooKeeperClient) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const startMs = this.clock.monotonicMs();
    for (;;) {
      const remainingMs = startMs + RETRY_LIMIT_MS - this.clock.monotonicMs();
      const client = await this.connected(signal, remainingMs);
      try {
        return await work(client);
      } catch (error) {
        if (!isUnreachable(error)) throw error;
      }
      await this.clock.sleep(RETRY_PAUSE_MS, signal);
    }
  }

  async close(): Promise<void> {
    if (this.closed.aborted) return;
    this.closing.abort();
    await this.client.close();
  }

  private open(): ZooKeeperClient {
    const client = this.connect(this.options);
    client.onStateChange(() => {
      if (client.ended.aborted && client === this.client && !this.closed.aborted) this.client = this.open();
      for (const listener of [...this.listeners]) listener();
    });
    return client;
  }

  private unreachable(): SyncError {
    const { servers } = this.options;
    return new SyncError('COORDINATION_UNREACHABLE', {
      problem: `ZooKeeper at ${servers} cannot be reached`,
      address: servers,
    });
  }
}

export const isUnreachable = (error: unknown): boolean =>
  SyncError.is(error) && error.code === 'COORDINATION_UNREACHABLE';

/** What a wait throws when its signal aborts. */
export const stopped = (): SyncError => new SyncError('INTERNAL', { problem: 'Stopped while waiting for ZooKeeper' });
