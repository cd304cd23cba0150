import type { Priority } from './pipeline.ts';
import { SyncError } from './sync-error.ts';

interface Waiter {
  readonly bytes: number;
  readonly grant: () => void;
}

/** How many turns of the others' one: nobody waits for ever, whatever the others ask for. */
const WEIGHTS: Readonly<Record<Priority, number>> = { high: 4, normal: 2, low: 1 };

interface Lane {
  readonly waiting: Waiter[];
  /** Whose turn it is: the lane with the smallest number; each turn adds 1 / weight. */
  turn: number;
}

/**
 * One byte budget over all that an instance holds. Reservations of one priority are granted in the order of asking, so that
 * a large one is not starved by small ones; where several priorities wait, they take turns 4 : 2 : 1. A reservation above the
 * whole budget is granted alone, when nothing else is held: memory then peaks at that one size, and the work still goes
 * through.
 */
export class ByteBudget {
  private heldBytes = 0;
  private readonly lanes: Readonly<Record<Priority, Lane>> = {
    high: { waiting: [], turn: 0 },
    normal: { waiting: [], turn: 0 },
    low: { waiting: [], turn: 0 },
  };
  /** Turn of the last one who had to wait: a lane that comes anew has no claim to the turns that it did not ask for. */
  private now = 0;

  constructor(readonly limitBytes: number) {}

  get held(): number {
    return this.heldBytes;
  }

  /** Waits until `bytes` fit and takes them; call the returned function exactly once to give them back. Rejects when the signal aborts. */
  async reserve(bytes: number, signal?: AbortSignal, priority: Priority = 'normal'): Promise<() => void> {
    if (this.next() !== null || !this.fits(bytes)) await this.wait(bytes, this.lanes[priority], signal);
    else this.heldBytes += bytes;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.heldBytes -= bytes;
      this.grantNext();
    };
  }

  private fits(bytes: number): boolean {
    return this.heldBytes === 0 || this.heldBytes + bytes <= this.limitBytes;
  }

  private wait(bytes: number, lane: Lane, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const entry: Waiter = {
        bytes,
        grant: () => {
          signal?.removeEventListener('abort', abort);
          resolve();
        },
      };
      const abort = (): void => {
        lane.waiting.splice(lane.waiting.indexOf(entry), 1);
        reject(new SyncError('INTERNAL', { problem: 'Stopped while waiting for memory' }));
        this.grantNext();
      };
      if (signal?.aborted === true) {
        reject(new SyncError('INTERNAL', { problem: 'Stopped while waiting for memory' }));
        return;
      }
      signal?.addEventListener('abort', abort, { once: true });
      if (lane.waiting.length === 0) lane.turn = Math.max(lane.turn, this.now);
      lane.waiting.push(entry);
    });
  }

  /** The one whose turn it is, with its priority; null when nobody waits. */
  private next(): { readonly priority: Priority; readonly waiter: Waiter } | null {
    let found: { readonly priority: Priority; readonly waiter: Waiter } | null = null;
    for (const priority of ORDER) {
      const lane = this.lanes[priority];
      const [waiter] = lane.waiting;
      if (waiter !== undefined && (found === null || lane.turn < this.lanes[found.priority].turn))
        found = { priority, waiter };
    }
    return found;
  }

  private grantNext(): void {
    for (let next = this.next(); next !== null && this.fits(next.waiter.bytes); next = this.next()) {
      const lane = this.lanes[next.priority];
      this.now = lane.turn;
      lane.turn += 1 / WEIGHTS[next.priority];
      lane.waiting.shift();
      this.heldBytes += next.waiter.bytes;
      next.waiter.grant();
    }
  }
}

const ORDER = ['high', 'normal', 'low'] as const satisfies readonly Priority[];
