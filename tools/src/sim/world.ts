import { Random } from '../demo/random.ts';
import { Trace } from './trace.ts';

/** Who an event belongs to; null = a server or the network, which never freeze. */
export interface Owner {
  readonly name: string;
  readonly index: number;
  state: 'up' | 'frozen' | 'dead';
  /** What came due while it was frozen. */
  readonly stash: Event[];
}

interface Event {
  atMs: number;
  rank: number;
  readonly owner: Owner | null;
  readonly run: () => void;
  isCancelled: boolean;
}

/**
 * Time and chance of one run. Events fire one after the other, each followed by everything that it causes without waiting
 * (promises, signals): between two events every task of the system stands at an await for time or for a server, so that a
 * crash or a freeze between them is one at such an await. Which of several events comes first is chance of the seed.
 */
export class World {
  nowMs = 0;
  steps = 0;
  readonly random: Random;
  readonly trace = new Trace();
  private readonly heap: Event[] = [];
  private failure: Error | null = null;

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  /** Fires `run` after `delayMs`, if its owner lives then; later, if it is frozen. Returns the function that takes it back. */
  at(owner: Owner | null, delayMs: number, run: () => void): () => void {
    const event: Event = {
      atMs: this.nowMs + Math.max(0, delayMs),
      rank: this.random.next(),
      owner,
      run,
      isCancelled: false,
    };
    this.push(event);
    return () => {
      event.isCancelled = true;
    };
  }

  chance(probability: number): boolean {
    return this.random.next() < probability;
  }

  /** A number from `low` to `high`. */
  span(low: number, high: number): number {
    return low + this.random.next() * (high - low);
  }

  /** One of the items; null when there is none. */
  one<T>(items: readonly T[]): T | null {
    return items[Math.floor(this.random.next() * items.length)] ?? null;
  }

  /** The owner goes on with what came due meanwhile. */
  thaw(owner: Owner): void {
    owner.state = 'up';
    for (const event of owner.stash.splice(0))
      if (!event.isCancelled) this.push(Object.assign(event, { atMs: this.nowMs, rank: this.random.next() }));
  }

  /** Ends the run with this error: a rule is broken. The first one counts. */
  fail(error: unknown): void {
    this.failure ??= error instanceof Error ? error : new Error('Not an error was thrown', { cause: error });
  }

  /** Runs until `isOver` says so (asked once a step) or virtual time has reached `limitMs`. Throws what {@link fail} was given. */
  run(limitMs: number, isOver: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const step = (): void => {
        if (this.failure !== null) {
          reject(this.failure);
          return;
        }
        try {
          if (isOver() || !this.fireNext(limitMs)) {
            resolve();
            return;
          }
        } catch (error) {
          reject(error instanceof Error ? error : new Error('Not an error was thrown', { cause: error }));
          return;
        }
        // A tick that is asked for in a microtask comes after all of them: everything that the event caused is through.
        queueMicrotask(() => {
          process.nextTick(step);
        });
      };
      process.nextTick(step);
    });
  }

  private fireNext(limitMs: number): boolean {
    for (;;) {
      const event = this.pop();
      if (event === null || event.atMs > limitMs) {
        if (event !== null) this.push(event);
        this.nowMs = limitMs;
        return false;
      }
      if (event.isCancelled || event.owner?.state === 'dead') continue;
      if (event.owner?.state === 'frozen') {
        event.owner.stash.push(event);
        continue;
      }
      this.nowMs = event.atMs;
      this.steps += 1;
      this.trace.mix(Math.trunc(event.atMs * 1_000), event.owner?.index ?? -1);
      event.run();
      return true;
    }
  }

  private push(event: Event): void {
    const { heap } = this;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(event, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = event;
  }

  private pop(): Event | null {
    const { heap } = this;
    const [first] = heap;
    const last = heap.pop();
    if (first === undefined || last === undefined) return null;
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      let child = heap[left];
      let next = left;
      const right = heap[left + 1];
      if (right !== undefined && child !== undefined && isBefore(right, child)) [child, next] = [right, left + 1];
      if (child === undefined || !isBefore(child, last)) break;
      heap[at] = child;
      at = next;
    }
    heap[at] = last;
    return first;
  }
}

const isBefore = (one: Event, other: Event): boolean =>
  one.atMs < other.atMs || (one.atMs === other.atMs && one.rank < other.rank);
