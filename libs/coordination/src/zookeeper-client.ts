import type { Socket } from 'node:net';
import zookeeper from 'node-zookeeper-client';
import { SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';

export type NodeMode = 'persistent' | 'ephemeral' | 'ephemeralSequential';

export interface NodeContent {
  readonly data: Buffer;
  readonly version: number;
  /** Session that owns an ephemeral node (hex); zeros for a persistent one. */
  readonly owner: string;
}

export interface ZooKeeperClientOptions {
  readonly servers: string;
  /** 'user:password' */
  readonly auth?: string;
  readonly sessionTimeoutMs: number;
  readonly clock: Clock;
}

/**
 * What the driver keeps to itself and we have to reach: it has no read time-out, carries half a packet over to the next
 * connection, and takes the welcome of a session for the answer to its goodbye.
 */
interface DriverInternals {
  readonly connectionManager: {
    readonly socket?: Socket;
    readonly state: number;
    pendingBuffer: Buffer | null;
    onSocketData: (bytes: Buffer) => void;
  };
}

type Answer<T> = { readonly isDone: true; readonly value: T } | { readonly isDone: false; readonly code: number };

const { ACL, CreateMode, Exception, Id, Permission, State } = zookeeper;
const DRIVER_CLOSED = -2;
const MODES: Record<NodeMode, number> = {
  persistent: CreateMode.PERSISTENT,
  ephemeral: CreateMode.EPHEMERAL,
  ephemeralSequential: CreateMode.EPHEMERAL_SEQUENTIAL,
};
/** Answers that say something about the node, not about the connection. */
const EXPECTED = new Set([Exception.NO_NODE, Exception.NODE_EXISTS, Exception.BAD_VERSION, Exception.NOT_EMPTY]);
/** Parents may be removed while we create them (a pipeline is forgotten): so often we try again. */
const CREATE_TRIES = 5;
const CLOSE_LIMIT_MS = 2_000;

/** What everything in this library needs of one session; the simulation has another one, in memory. */
export type ZooKeeperClient = Pick<
  NodeZooKeeperClient,
  | 'ended'
  | 'isConnected'
  | 'sessionId'
  | 'onStateChange'
  | 'create'
  | 'read'
  | 'children'
  | 'unwatch'
  | 'write'
  | 'remove'
  | 'close'
>;

/**
 * One ZooKeeper session with promises, watches and a limit on every call. It ends when the server says that it expired, or
 * when the server was not heard for the session timeout by the local monotonic clock, whichever comes first: from then on
 * nothing that hung on it (ephemeral nodes) counts as ours. It is never revived; a new session is a new object.
 */
export class NodeZooKeeperClient {
  private readonly end = new AbortController();
  private readonly driver: zookeeper.Client;
  private readonly acl: zookeeper.ACL[];
  private readonly watches = new Map<string, { readonly fire: () => void; readonly listeners: Set<() => void> }>();
  private readonly stateListeners = new Set<() => void>();
  private readonly pending = new Set<(error: SyncError) => void>();
  private timeoutMs: number;
  private heardMs: number;

  constructor(private readonly options: ZooKeeperClientOptions) {
    this.timeoutMs = options.sessionTimeoutMs;
    this.heardMs = options.clock.monotonicMs();
    this.acl = options.auth === undefined ? openAcl() : ownerAcl();
    this.driver = zookeeper.createClient(options.servers, {
      sessionTimeout: options.sessionTimeoutMs,
      spinDelay: 500,
      retries: 0,
    });
    if (options.auth !== undefined) this.driver.addAuthInfo('digest', Buffer.from(options.auth));
    this.driver.on('state', (state: zookeeper.State) => {
      this.onState(state);
    });
    this.driver.connect();
    void this.keepAlive();
  }

  /** Aborts when the session is over, for whatever reason. */
  get ended(): AbortSignal {
    return this.end.signal;
  }

  get isConnected(): boolean {
    return !this.ended.aborted && this.driver.getState() === State.SYNC_CONNECTED;
  }

  /** Hex form of the session id, comparable with {@link NodeContent.owner}. */
  get sessionId(): string {
    return this.driver.getSessionId().toString('hex');
  }

  /** Calls back at each connect, disconnect and at the end; returns the function that stops it. */
  onStateChange(listener: () => void): () => void {
    this.stateListeners.add(listener);
    return () => this.stateListeners.delete(listener);
  }

  /**
   * Creates a node and its missing parents; the path (with the sequence number) or null when the node exists already.
   * COORDINATION_UNREACHABLE leaves open whether the node came to be: the caller has to look for it.
   */
  async create(path: string, content: string, mode: NodeMode): Promise<string | null> {
    for (let attempt = 0; attempt < CREATE_TRIES; attempt += 1) {
      const answer = await this.call<string>(path, (done) => {
        this.driver.create(path, Buffer.from(content), this.acl, MODES[mode], done);
      });
      if (answer.isDone) return answer.value;
      if (answer.code === Exception.NODE_EXISTS) return null;
      await this.createParents(path);
    }
    throw new SyncError('COORDINATION_CONFLICT', { problem: `The parents of ${path} are being removed`, path });
  }

  /**
   * Null when there is no such node. With `onChange`, one call follows when it is created, changed or removed; nodes that
   * never come back (numbered ones) are read with `missing: 'final'`, which leaves no watch for their creation.
   */
  async read(
    path: string,
    onChange?: () => void,
    { missing = 'watch' }: { readonly missing?: 'watch' | 'final' } = {},
  ): Promise<NodeContent | null> {
    for (;;) {
      const fire = onChange === undefined ? undefined : this.watch(`node ${path}`, onChange);
      const answer = await this.call<NodeContent>(path, (done) => {
        const finish = (error: unknown, data: Buffer | undefined, stat: zookeeper.Stat): void => {
          done(error, toContent(data, stat));
        };
        if (fire === undefined) this.driver.getData(path, finish);
        else this.driver.getData(path, fire, finish);
      });
      if (answer.isDone) return answer.value;
      if (missing === 'final') this.watches.delete(`node ${path}`);
      // A read leaves no watch on a node that is not there; asking for its existence does.
      if (fire === undefined || missing === 'final' || !(await this.exists(path, fire))) return null;
    }
  }

  /** Children's names, null when there is no such node. With `onChange`, one call follows when they change. */
  async children(path: string, onChange?: () => void): Promise<string[] | null> {
    for (;;) {
      const fire = onChange === undefined ? undefined : this.watch(`children ${path}`, onChange);
      const answer = await this.call<string[]>(path, (done) => {
        if (fire === undefined) this.driver.getChildren(path, done);
        else this.driver.getChildren(path, fire, done);
      });
      if (answer.isDone) return answer.value;
      const created = onChange === undefined ? undefined : this.watch(`node ${path}`, onChange);
      if (created === undefined || !(await this.exists(path, created))) return null;
    }
  }

  /** Forgets a listener that was given as `onChange`. */
  unwatch(listener: () => void): void {
    for (const { listeners } of this.watches.values()) listeners.delete(listener);
  }

  /** Compare-and-set; false when the node has another version or is gone. */
  async write(path: string, content: string, version: number): Promise<boolean> {
    const answer = await this.call(path, (done) => {
      this.driver.setData(path, Buffer.from(content), version, done);
    });
    return answer.isDone;
  }

  /** False when the node was gone already or has children. */
  async remove(path: string): Promise<boolean> {
    const answer = await this.call(path, (done) => {
      this.driver.remove(path, (error) => {
        done(error, undefined);
      });
    });
    return answer.isDone;
  }

  /** Ends the session; the server drops its ephemeral nodes at once when it can still be told. */
  async close(): Promise<void> {
    this.finish();
    const { clock } = this.options;
    const startMs = clock.monotonicMs();
    const internals = (this.driver as unknown as DriverInternals).connectionManager;
    if (this.driver.getState() !== State.SYNC_CONNECTED) {
      // Nobody is there to say goodbye to. What still comes, on this connection or one that is being made, is not for reading.
      internals.onSocketData = () => undefined;
      internals.socket?.removeAllListeners('data');
      internals.socket?.resume();
    }
    this.driver.close();
    while (internals.state !== DRIVER_CLOSED && clock.monotonicMs() - startMs < CLOSE_LIMIT_MS) {
      await clock.sleep(20);
      // The goodbye gets half of the time; a driver that was waiting for a server meets a dead socket and gives up.
      if (clock.monotonicMs() - startMs > CLOSE_LIMIT_MS / 2) internals.socket?.destroy();
    }
    internals.socket?.destroy();
  }

  /** Cuts the connection; the driver makes a new one and the session goes on. */
  dropConnection(): void {
    (this.driver as unknown as DriverInternals).connectionManager.socket?.destroy();
  }

  private async exists(path: string, fire: () => void): Promise<boolean> {
    const answer = await this.call<zookeeper.Stat | null>(path, (done) => {
      this.driver.exists(path, fire, done);
    });
    return answer.isDone && answer.value !== null;
  }

  private async createParents(path: string): Promise<void> {
    const parts = path.split('/').slice(1, -1);
    for (let depth = 1; depth <= parts.length; depth += 1) {
      const parent = `/${parts.slice(0, depth).join('/')}`;
      await this.call<string>(parent, (done) => {
        this.driver.create(parent, Buffer.alloc(0), this.acl, CreateMode.PERSISTENT, done);
      });
    }
  }

  /** The driver keeps every watcher until it fires: one function per node, whoever listens, keeps repeated reads from piling up. */
  private watch(key: string, listener: () => void): () => void {
    const known = this.watches.get(key);
    if (known !== undefined) {
      known.listeners.add(listener);
      return known.fire;
    }
    const listeners = new Set([listener]);
    const fire = (): void => {
      this.watches.delete(key);
      for (const each of listeners) each();
    };
    this.watches.set(key, { fire, listeners });
    return fire;
  }

  /**
   * Sends one request. Nothing is queued while there is no connection: a request that its caller has given up must not
   * reach the server later (an ephemeral node would be left that nobody knows of).
   */
  private call<T>(path: string, send: (done: (error: unknown, value: T) => void) => void): Promise<Answer<T>> {
    if (!this.isConnected) return Promise.reject(this.unreachable('There is no connection'));
    const { clock } = this.options;
    const sentMs = clock.monotonicMs();
    const answered = new AbortController();
    return new Promise((resolve, reject) => {
      const fail = (error: SyncError): void => {
        answered.abort();
        this.pending.delete(fail);
        reject(error);
      };
      this.pending.add(fail);
      void clock.sleep(this.timeoutMs * 0.4, answered.signal).then(() => {
        if (answered.signal.aborted) return;
        fail(this.unreachable('The server does not answer'));
        this.dropConnection();
      });
      const answer = (error: unknown, value: T): void => {
        if (isLoss(error)) {
          fail(this.unreachable('The connection broke', error));
          return;
        }
        this.heardMs = Math.max(this.heardMs, sentMs);
        const code = error === null || error === undefined ? 0 : codeOf(error);
        if (code !== 0 && !EXPECTED.has(code)) {
          fail(translate(error, path));
          return;
        }
        answered.abort();
        this.pending.delete(fail);
        resolve(code === 0 ? { isDone: true, value } : { isDone: false, code });
      };
      try {
        send(answer);
      } catch (error) {
        fail(translate(error, path)); // The driver refuses the path before it sends anything.
      }
    });
  }

  private onState(state: zookeeper.State): void {
    if (state === State.EXPIRED || state === State.AUTH_FAILED) {
      void this.close();
      return;
    }
    if (state === State.SYNC_CONNECTED) {
      this.timeoutMs = this.driver.getSessionTimeout();
      this.beat();
    } else {
      (this.driver as unknown as DriverInternals).connectionManager.pendingBuffer = null;
    }
    this.tellState();
  }

  /** Asks the server for a sign of life three times per session timeout, and gives the session up when there was none for the whole of it. */
  private async keepAlive(): Promise<void> {
    const { clock } = this.options;
    for (;;) {
      const remainingMs = this.heardMs + this.timeoutMs - clock.monotonicMs();
      if (remainingMs <= 0) {
        await this.close();
        return;
      }
      await clock.sleep(Math.min(this.timeoutMs / 3, remainingMs), this.ended);
      if (this.ended.aborted) return;
      if (this.isConnected) this.beat();
    }
  }

  private beat(): void {
    // A missing answer is noticed by its time: the next round of keepAlive.
    this.call('/', (done) => {
      this.driver.exists('/', done);
    }).catch(() => undefined);
  }

  private finish(): void {
    if (this.ended.aborted) return;
    this.end.abort();
    for (const fail of [...this.pending]) fail(this.unreachable('The session is over'));
    this.tellState();
  }

  private tellState(): void {
    for (const listener of [...this.stateListeners]) listener();
  }

  private unreachable(what: string, cause?: unknown): SyncError {
    const { servers } = this.options;
    return new SyncError(
      'COORDINATION_UNREACHABLE',
      { problem: `ZooKeeper at ${servers} cannot be reached: ${what.toLowerCase()}`, address: servers },
      cause === undefined ? undefined : { cause },
    );
  }
}

const openAcl = (): zookeeper.ACL[] => [new ACL(Permission.ALL, new Id('world', 'anyone'))];

/** Scheme 'auth' stands for whoever this connection has identified itself as. */
const ownerAcl = (): zookeeper.ACL[] => [new ACL(Permission.ALL, new Id('auth', ''))];

const toContent = (data: Buffer | undefined, stat: zookeeper.Stat | undefined): NodeContent => ({
  data: data ?? Buffer.alloc(0),
  version: stat?.version ?? 0,
  owner: stat?.ephemeralOwner.toString('hex') ?? '',
});

const codeOf = (error: unknown): number => (error instanceof Exception ? error.code : Exception.SYSTEM_ERROR);

const isLoss = (error: unknown): boolean =>
  error instanceof Exception &&
  [Exception.CONNECTION_LOSS, Exception.SESSION_EXPIRED, Exception.OPERATION_TIMEOUT].includes(error.code);

function translate(error: unknown, path: string): SyncError {
  const code = codeOf(error);
  if (code === Exception.NO_AUTH || code === Exception.AUTH_FAILED || code === Exception.INVALID_ACL)
    return new SyncError(
      'COORDINATION_ACCESS_DENIED',
      { problem: `ZooKeeper refuses access to ${path}`, path },
      { cause: error },
    );
  return new SyncError('INTERNAL', { problem: `ZooKeeper answers '${String(error)}' for ${path}` }, { cause: error });
}
