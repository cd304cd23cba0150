import { SyncError } from '@lutra/model';
import type { NodeContent, NodeMode, ZooKeeperClient } from '@lutra/coordination/simulation';
import type { Connection } from './network.ts';
import type { SimNode } from './node.ts';
import type { ServerSession, ZooKeeperServer } from './zookeeper-server.ts';

/** A watch is a hint: some come late, and one that is on its way when the connection breaks is lost. */
const WATCH_MS = { low: 0.1, high: 20 };
const LATE_WATCH_MS = { low: 100, high: 6_000 };

/** One session of one node: what the real client is to node-zookeeper-client, on {@link ZooKeeperServer}. */
export class SimZooKeeperClient implements ZooKeeperClient {
  private readonly end = new AbortController();
  private readonly connection: Connection;
  private readonly stateListeners = new Set<() => void>();
  private readonly watches = new Map<string, Set<() => void>>();
  private session: ServerSession | null = null;
  private isReady = false;

  constructor(
    private readonly server: ZooKeeperServer,
    private readonly node: SimNode,
    private readonly timeoutMs: number,
  ) {
    this.connection = node.connection(server);
    const forget = this.connection.onChange(() => {
      if (this.ended.aborted) forget();
      else if (this.connection.isOpen) this.reconnect();
      else this.disconnected();
    });
    this.reconnect();
  }

  get ended(): AbortSignal {
    return this.end.signal;
  }

  get isConnected(): boolean {
    return this.isReady && this.connection.isOpen && !this.ended.aborted;
  }

  get sessionId(): string {
    return this.session?.id ?? '';
  }

  onStateChange(listener: () => void): () => void {
    this.stateListeners.add(listener);
    return () => this.stateListeners.delete(listener);
  }

  create(path: string, content: string, mode: NodeMode): Promise<string | null> {
    return this.call((session) => this.server.create(session, path, { content, mode }));
  }

  read(
    path: string,
    onChange?: () => void,
    { missing = 'watch' }: { readonly missing?: 'watch' | 'final' } = {},
  ): Promise<NodeContent | null> {
    const key = `node ${path}`;
    return this.call(() => {
      const content = this.server.read(path);
      if (onChange !== undefined && (content !== null || missing === 'watch')) this.watch(key, onChange);
      return content;
    });
  }

  children(path: string, onChange?: () => void): Promise<string[] | null> {
    return this.call(() => {
      const names = this.server.childrenOf(path);
      if (onChange !== undefined) this.watch(names === null ? `node ${path}` : `children ${path}`, onChange);
      return names;
    });
  }

  unwatch(listener: () => void): void {
    for (const listeners of this.watches.values()) listeners.delete(listener);
  }

  write(path: string, content: string, version: number): Promise<boolean> {
    return this.call(() => this.server.write(path, content, version));
  }

  remove(path: string): Promise<boolean> {
    return this.call(() => this.server.remove(path));
  }

  async close(): Promise<void> {
    const { session } = this;
    this.finish();
    if (session === null) return;
    // Nobody waits for the goodbye; one that is lost leaves the session to its timeout.
    await this.connection
      .request(
        () => {
          this.server.closeSession(session);
        },
        { lost: unreachable, inOrder: true },
      )
      .catch(() => undefined);
  }

  private reconnect(): void {
    if (!this.connection.isOpen) return;
    this.connection
      .request(() => this.greet(), { lost: unreachable, inOrder: true })
      .then(
        (isAlive) => {
          if (!isAlive) this.finish();
          this.isReady = isAlive;
          this.tell();
        },
        () => undefined,
      );
  }

  private greet(): boolean {
    const { server, node, timeoutMs } = this;
    const { world } = server;
    this.session ??= server.openSession(node, timeoutMs, () => {
      if (this.connection.isOpen)
        world.at(node, world.span(WATCH_MS.low, WATCH_MS.high), () => {
          this.finish();
        });
    });
    return this.session.isAlive;
  }

  /** By the local clock the session is over when the server was not heard for its whole timeout. */
  private disconnected(): void {
    if (!this.isReady) return;
    this.isReady = false;
    this.watches.clear();
    const { generation } = this.connection;
    this.server.world.at(this.node, this.timeoutMs, () => {
      if (this.connection.generation === generation && !this.connection.isOpen) this.finish();
    });
    this.tell();
  }

  private call<T>(work: (session: ServerSession) => T): Promise<T> {
    const { session } = this;
    if (!this.isConnected || session === null) return Promise.reject(unreachable());
    return this.connection.request(
      () => {
        if (!session.isAlive) throw unreachable();
        return work(session);
      },
      { lost: unreachable, inOrder: true },
    );
  }

  private watch(key: string, listener: () => void): void {
    const known = this.watches.get(key);
    if (known !== undefined) {
      known.add(listener);
      return;
    }
    const listeners = new Set([listener]);
    this.watches.set(key, listeners);
    const { world } = this.server;
    const { generation } = this.connection;
    this.server.watch(key, () => {
      const late = world.chance(0.02);
      const delayMs = late
        ? world.span(LATE_WATCH_MS.low, LATE_WATCH_MS.high)
        : world.span(WATCH_MS.low, WATCH_MS.high);
      this.watches.delete(key);
      world.at(this.node, delayMs, () => {
        if (this.connection.generation === generation) for (const each of listeners) each();
      });
    });
  }

  private finish(): void {
    if (this.ended.aborted) return;
    this.isReady = false;
    if (this.session?.isAlive === true) this.server.neglected(this.session);
    this.end.abort();
    this.tell();
  }

  private tell(): void {
    for (const listener of [...this.stateListeners]) listener();
  }
}

const unreachable = (): SyncError =>
  new SyncError('COORDINATION_UNREACHABLE', { problem: 'The simulated ZooKeeper is away', address: 'zookeeper' });
