import type { NodeContent, NodeMode } from '@lutra/coordination/simulation';
import { SimServer } from './network.ts';
import type { Connection } from './network.ts';
import type { SimNode } from './node.ts';
import type { World } from './world.ts';

const SEQUENCE_DIGITS = 10;

/** One session as the server knows it. */
export interface ServerSession {
  readonly id: string;
  readonly node: SimNode;
  readonly timeoutMs: number;
  /** Tells the client that the session is over, when it can be told. */
  readonly expired: () => void;
  isAlive: boolean;
  /** False once the client has given it up: nobody says any more that it lives. */
  isKept: boolean;
}

interface Node {
  data: Buffer;
  version: number;
  readonly owner: string;
  children: number;
}

type Notify = () => void;

/** The tree of ZooKeeper with sessions, ephemeral nodes, versions and one-shot watches. */
export class ZooKeeperServer extends SimServer {
  private nodes = new Map<string, Node>();
  private readonly sessions = new Set<ServerSession>();
  private readonly watches = new Map<string, Set<Notify>>();
  private sessionCount = 0;
  /** Told of each write: path, and null when the node was removed. */
  onWrite: (path: string, data: Buffer | null) => void = () => undefined;
  /** Virtual time at which it last lost its data, ms. */
  wipedMs = 0;

  constructor(world: World) {
    super(world, 'zookeeper');
  }

  openSession(node: SimNode, timeoutMs: number, expired: () => void): ServerSession {
    this.sessionCount += 1;
    const session = { id: `s${String(this.sessionCount)}`, node, timeoutMs, expired, isAlive: true, isKept: true };
    this.sessions.add(session);
    return session;
  }

  /** The client says goodbye. */
  closeSession(session: ServerSession): void {
    if (session.isAlive) this.expire(session, 'closed');
  }

  /** The client has given the session up and could not say so. */
  neglected(session: ServerSession): void {
    session.isKept = false;
    this.expireAfterTimeout(session, () => false);
  }

  opened(): void {
    // The client asks whether its session lives.
  }

  closed({ node }: Connection): void {
    this.expireUnless(node, (connection) => connection.isOpen && connection.node.state === 'up');
  }

  nodeFrozen(node: SimNode): void {
    this.expireUnless(node, () => node.state === 'up');
  }

  nodeThawed(): void {
    // It hears of an expiry by its next request, or by the answer that waits for it.
  }

  /** The data is gone, and with it every session. */
  wipe(): void {
    this.world.trace.say(this.world.nowMs, '-- zookeeper is wiped');
    this.wipedMs = this.world.nowMs;
    for (const session of [...this.sessions]) this.expire(session, 'wiped');
    const paths = [...this.nodes.keys()];
    this.nodes = new Map();
    for (const path of paths) {
      this.fire(`node ${path}`);
      this.fire(`children ${path}`);
    }
  }

  /** Ends one node's sessions although the node lives. */
  expireNode(node: SimNode): void {
    for (const session of [...this.sessions]) if (session.node === node) this.expire(session, 'expired by chance');
  }

  read(path: string): NodeContent | null {
    const node = this.nodes.get(path);
    return node === undefined ? null : { data: node.data, version: node.version, owner: node.owner };
  }

  childrenOf(path: string): string[] | null {
    if (!this.nodes.has(path)) return null;
    const prefix = `${path}/`;
    return [...this.nodes.keys()]
      .filter((each) => each.startsWith(prefix) && !each.includes('/', prefix.length))
      .map((each) => each.slice(prefix.length));
  }

  create(
    session: ServerSession,
    path: string,
    node: { readonly content: string; readonly mode: NodeMode },
  ): string | null {
    const parent = this.ensureParents(path);
    let created = path;
    if (node.mode === 'ephemeralSequential') {
      created = `${path}${String(parent.children).padStart(SEQUENCE_DIGITS, '0')}`;
      parent.children += 1;
    }
    if (this.nodes.has(created)) return null;
    const owner = node.mode === 'persistent' ? '' : session.id;
    this.nodes.set(created, { data: Buffer.from(node.content), version: 0, owner, children: 0 });
    this.onWrite(created, Buffer.from(node.content));
    this.changed(created);
    return created;
  }

  write(path: string, content: string, version: number): boolean {
    const node = this.nodes.get(path);
    if (node?.version !== version) return false;
    node.data = Buffer.from(content);
    node.version += 1;
    this.onWrite(path, node.data);
    this.fire(`node ${path}`);
    return true;
  }

  remove(path: string): boolean {
    if (!this.nodes.has(path) || (this.childrenOf(path)?.length ?? 0) > 0) return false;
    this.nodes.delete(path);
    this.onWrite(path, null);
    this.changed(path);
    return true;
  }

  /** `notify` is called once, when what `key` names changes. */
  watch(key: string, notify: Notify): void {
    const set = this.watches.get(key) ?? new Set();
    this.watches.set(key, set.add(notify));
  }

  private ensureParents(path: string): Node {
    const folder = path.slice(0, path.lastIndexOf('/'));
    if (folder === '') return { data: Buffer.alloc(0), version: 0, owner: '', children: 0 };
    const known = this.nodes.get(folder);
    if (known !== undefined) return known;
    this.ensureParents(folder);
    const made: Node = { data: Buffer.alloc(0), version: 0, owner: '', children: 0 };
    this.nodes.set(folder, made);
    this.changed(folder);
    return made;
  }

  private changed(path: string): void {
    this.fire(`node ${path}`);
    this.fire(`children ${path}`);
    this.fire(`children ${path.slice(0, path.lastIndexOf('/'))}`);
  }

  private fire(key: string): void {
    const notified = this.watches.get(key);
    if (notified === undefined) return;
    this.watches.delete(key);
    for (const notify of notified) notify();
  }

  private expireUnless(node: SimNode, isHeard: (connection: Connection) => boolean): void {
    for (const session of this.sessions) if (session.node === node) this.expireAfterTimeout(session, isHeard);
  }

  /** A session that is not heard for its timeout is over. A server that is down counts no time. */
  private expireAfterTimeout(session: ServerSession, isHeard: (connection: Connection) => boolean): void {
    this.world.at(null, session.timeoutMs, () => {
      if (!session.isAlive) return;
      if (!this.isUp) this.expireAfterTimeout(session, isHeard);
      else if (!session.isKept || !isHeard(session.node.connection(this))) this.expire(session, 'expired');
    });
  }

  private expire(session: ServerSession, why: string): void {
    session.isAlive = false;
    this.sessions.delete(session);
    this.world.trace.say(this.world.nowMs, `session ${session.id} of ${session.node.name} ${why}`);
    for (const [path, { owner }] of [...this.nodes]) {
      if (owner !== session.id) continue;
      this.nodes.delete(path);
      this.onWrite(path, null);
      this.changed(path);
    }
    session.expired();
  }
}
