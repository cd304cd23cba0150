import type { SimNode } from './node.ts';
import type { Connection } from './network.ts';
import type { World } from './world.ts';

interface LogEntry<T> {
  readonly sequence: number;
  readonly key: string;
  readonly value: T;
  readonly atMs: number;
}

interface Follower<T> {
  readonly connection: Connection;
  readonly wants: (key: string, value: T) => boolean;
  readonly receive: (key: string, value: T) => void;
  received: number;
  sent: number;
  lastArrivalMs: number;
  isClosed: boolean;
}

/** A stream that keeps everything, in order: the event log, and with keys a bucket. */
export class MessageLog<T> {
  private entries: LogEntry<T>[] = [];
  private readonly followers = new Set<Follower<T>>();
  private ids = new Set<string>();
  private sequence = 0;

  constructor(private readonly world: World) {}

  /** A repeat of an id is not stored. */
  append(key: string, value: T, id?: string): void {
    if (id !== undefined && this.ids.has(id)) return;
    if (id !== undefined) this.ids.add(id);
    this.sequence += 1;
    this.entries.push({ sequence: this.sequence, key, value, atMs: this.world.nowMs });
    for (const follower of this.followers) this.pump(follower);
  }

  read(wants: (key: string, value: T) => boolean, sinceMs = 0): readonly T[] {
    return this.entries
      .filter(({ key, value, atMs }) => atMs >= sinceMs && wants(key, value))
      .map(({ value }) => value);
  }

  newest(key: string): T | null {
    return this.entries.findLast((entry) => entry.key === key)?.value ?? null;
  }

  remove(wants: (key: string) => boolean): void {
    this.entries = this.entries.filter(({ key }) => !wants(key));
  }

  /** `start`: only what comes; the newest of each key, then what comes; or everything. Returns the function that ends it. */
  follow(
    connection: Connection,
    filter: { readonly wants: (key: string, value: T) => boolean; readonly start: 'new' | 'lastPerKey' | 'all' },
    receive: (key: string, value: T) => void,
  ): () => void {
    const follower: Follower<T> = {
      connection,
      wants: filter.wants,
      receive,
      received: filter.start === 'new' ? this.sequence : 0,
      sent: 0,
      lastArrivalMs: 0,
      isClosed: false,
    };
    if (filter.start === 'lastPerKey') {
      const newest = new Map(this.entries.map((entry) => [entry.key, entry]));
      for (const { key, value } of newest.values()) if (filter.wants(key, value)) this.send(follower, key, value, 0);
      follower.received = this.sequence;
    }
    follower.sent = follower.received;
    this.followers.add(follower);
    const forget = connection.onChange(() => {
      if (!connection.isOpen) return;
      follower.sent = follower.received;
      this.pump(follower);
    });
    this.pump(follower);
    return () => {
      follower.isClosed = true;
      forget();
      this.followers.delete(follower);
    };
  }

  wipe(): void {
    this.entries = [];
    this.ids = new Set();
  }

  snapshot(): () => void {
    const entries = [...this.entries];
    const ids = new Set(this.ids);
    return () => {
      this.entries = [...entries];
      this.ids = new Set(ids);
    };
  }

  private pump(follower: Follower<T>): void {
    const node: SimNode = follower.connection.node;
    if (node.state === 'dead') this.followers.delete(follower);
    if (node.state === 'dead' || !follower.connection.isOpen || follower.sent >= this.sequence) return;
    let from = this.entries.length;
    while (from > 0 && (this.entries[from - 1]?.sequence ?? 0) > follower.sent) from -= 1;
    for (const { key, value, sequence } of this.entries.slice(from))
      if (follower.wants(key, value)) this.send(follower, key, value, sequence);
    follower.sent = this.sequence;
  }

  private send(follower: Follower<T>, key: string, value: T, sequence: number): void {
    const { connection } = follower;
    const { generation } = connection;
    follower.lastArrivalMs = Math.max(follower.lastArrivalMs + 0.001, this.world.nowMs + connection.delayMs());
    this.world.at(connection.node, follower.lastArrivalMs - this.world.nowMs, () => {
      if (follower.isClosed || (connection.generation !== generation && sequence > 0)) return;
      follower.received = Math.max(follower.received, sequence);
      follower.receive(key, value);
    });
  }
}
