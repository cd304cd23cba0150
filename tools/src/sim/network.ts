import type { SimNode } from './node.ts';
import type { World } from './world.ts';

/** Milliseconds that a message is on its way, as a rule; a late one takes much longer. */
const DELAY_MS = { low: 0.1, high: 3 };
const LATE_MS = { low: 50, high: 2_500 };
/** How long a client believes in a connection that is cut. */
const NOTICE_MS = { low: 0, high: 2_000 };

/** Something that nodes talk to: NATS, ZooKeeper, a target. Subclasses hold what it knows. */
export abstract class SimServer {
  isUp = true;
  readonly connections = new Set<Connection>();

  constructor(
    readonly world: World,
    readonly name: string,
  ) {}

  /** Every connection breaks; what is stored stays. */
  goDown(): void {
    if (!this.isUp) return;
    this.isUp = false;
    this.world.trace.say(this.world.nowMs, `-- ${this.name} away`);
    for (const connection of this.connections) connection.cut();
  }

  comeBack(): void {
    if (this.isUp) return;
    this.isUp = true;
    this.world.trace.say(this.world.nowMs, `-- ${this.name} back`);
    for (const connection of this.connections) connection.mend();
  }

  /** What the server notices of its clients. */
  abstract opened(connection: Connection): void;
  abstract closed(connection: Connection): void;
  abstract nodeFrozen(node: SimNode): void;
  abstract nodeThawed(node: SimNode): void;
}

/** One node's connection to one server. It breaks and is made again; requests on it may be lost, with or without effect. */
export class Connection {
  /** Counts how often it broke: what belongs to an earlier life of it is lost. */
  generation = 0;
  isOpen: boolean;
  private isCut = false;
  private readonly pending = new Set<() => void>();
  private readonly listeners = new Set<() => void>();
  private lastArrivalMs = 0;

  constructor(
    readonly node: SimNode,
    readonly server: SimServer,
  ) {
    this.isOpen = server.isUp;
  }

  /** Tells the client of breaks and reconnects. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  cut(isByNetwork = false): void {
    this.isCut ||= isByNetwork;
    if (!this.isOpen) return;
    const { world } = this.server;
    this.isOpen = false;
    this.generation += 1;
    this.server.closed(this);
    for (const fail of this.pending) world.at(this.node, world.span(NOTICE_MS.low, NOTICE_MS.high), fail);
    this.pending.clear();
    this.tell();
  }

  mend(isByNetwork = false): void {
    if (isByNetwork) this.isCut = false;
    if (this.isOpen || this.isCut || !this.server.isUp || this.node.state === 'dead') return;
    this.isOpen = true;
    this.server.opened(this);
    this.tell();
  }

  /** The node is dead: the server sees the end of the connection. */
  abandon(): void {
    this.isOpen = false;
    this.generation += 1;
    this.pending.clear();
    this.server.closed(this);
    this.server.connections.delete(this);
  }

  /**
   * Sends a request. Rejects with `lost()` when the connection breaks: before the request arrived, or after it took effect.
   * With `inOrder` requests arrive as they were sent. `work` runs at the server.
   */
  request<T>(
    work: () => T | Promise<T>,
    options: { readonly lost: () => Error; readonly inOrder?: boolean },
  ): Promise<T> {
    const { world } = this.server;
    return new Promise<T>((resolve, reject) => {
      const { generation } = this;
      const fail = (): void => {
        reject(options.lost());
      };
      if (!this.isOpen) {
        world.at(this.node, world.span(1, 1_000), fail);
        return;
      }
      this.pending.add(fail);
      const answer = (settle: () => void): void => {
        world.at(this.node, this.delayMs(options.inOrder), () => {
          if (!this.pending.delete(fail)) return;
          settle();
        });
      };
      const refuse = (error: unknown): void => {
        answer(() => {
          reject(error instanceof Error ? error : new Error(String(error)));
        });
      };
      const arrive = (): void => {
        // It was on its way when the connection broke: it may still have got through.
        if (this.generation !== generation && (!this.server.isUp || world.chance(0.5))) return;
        try {
          const result = work();
          if (result instanceof Promise)
            result.then((value: T) => {
              answer(() => {
                resolve(value);
              });
            }, refuse);
          else
            answer(() => {
              resolve(result);
            });
        } catch (error) {
          refuse(error);
        }
      };
      world.at(null, this.delayMs(options.inOrder), arrive);
    });
  }

  /** How long a message takes; in order = not before the one that was sent earlier. */
  delayMs(inOrder = false): number {
    const { world } = this.server;
    if (!inOrder && world.chance(0.004)) return world.span(LATE_MS.low, LATE_MS.high);
    const delayMs = world.span(DELAY_MS.low, DELAY_MS.high);
    if (!inOrder) return delayMs;
    this.lastArrivalMs = Math.max(this.lastArrivalMs + 0.001, world.nowMs + delayMs);
    return this.lastArrivalMs - world.nowMs;
  }

  private tell(): void {
    const { world } = this.server;
    for (const listener of [...this.listeners]) world.at(this.node, world.span(0, 50), listener);
  }
}
