import { SyncError } from '@lutra/model';
import { STATEMENT_SCHEMA } from '@lutra/messaging';
import type { ProcessDelivery } from '@lutra/messaging';

export interface BufferLimits {
  /** Processes, rows and bytes that may become one target transaction; a single process may be larger. */
  readonly processesMax: number;
  readonly rowsMax: number;
  readonly bytesMax: number;
}

// After so many deliveries of one message its readers die of it, or hang.
const DELIVERIES_MAX = 3;

/**
 * Puts the processes of one epoch back in order. Holds deliveries, which are manifests or small bodies; select's window
 * bounds their number. Gives back what has to be acknowledged and dropped: work of older epochs and repeats.
 */
export class ProcessBuffer {
  private readonly waiting = new Map<number, { readonly delivery: ProcessDelivery; readonly sinceMs: number }>();
  private taken = 0;

  constructor(private readonly epoch: number) {}

  /** Number of the last process that was taken. */
  get lastTaken(): number {
    return this.taken;
  }

  /** Whether the next process is here. */
  get isReady(): boolean {
    return this.waiting.has(this.taken + 1);
  }

  /** Rows of the processes that could be taken now, as their headers tell. */
  get rowsReady(): number {
    let rows = 0;
    for (let number = this.taken + 1; this.waiting.has(number); number += 1)
      rows += this.waiting.get(number)?.delivery.header.rowCount ?? 0;
    return rows;
  }

  get size(): number {
    return this.waiting.size;
  }

  /**
   * 'held': it waits for its turn. 'drop': acknowledge it, it is worthless or a repeat. 'later': of a newer epoch, not ours.
   * Throws BUS_REDELIVERED_TOO_OFTEN.
   */
  offer(delivery: ProcessDelivery, nowMs: number): 'held' | 'drop' | 'later' {
    const { epoch, process } = delivery.header;
    if (epoch > this.epoch) return 'later';
    if (epoch < this.epoch || process <= this.taken) return 'drop';
    if (delivery.deliveryCount > DELIVERIES_MAX)
      throw new SyncError('BUS_REDELIVERED_TOO_OFTEN', {
        process,
        problem: `Process ${String(process)} was delivered ${String(delivery.deliveryCount)} times to load without being finished`,
      });
    const known = this.waiting.get(process);
    const settled = known === undefined ? delivery : together(delivery, known.delivery);
    this.waiting.set(process, { delivery: settled, sinceMs: known?.sinceMs ?? nowMs });
    return 'held';
  }

  /** The next processes, in order and without a hole, as many as fit together; empty when the next one is not here. */
  take(limits: BufferLimits): readonly ProcessDelivery[] {
    const deliveries: ProcessDelivery[] = [];
    let [rows, bytes] = [0, 0];
    for (let next = this.waiting.get(this.taken + 1); next !== undefined; next = this.waiting.get(this.taken + 1)) {
      const { delivery } = next;
      const { rowCount, revision } = delivery.header;
      rows += rowCount;
      bytes += delivery.bodyBytes;
      const [first] = deliveries;
      const joins = deliveries.length < limits.processesMax && rows <= limits.rowsMax && bytes <= limits.bytesMax;
      const isAlone = delivery.schema === STATEMENT_SCHEMA || first?.schema === STATEMENT_SCHEMA;
      if (first !== undefined && (!joins || isAlone || first.header.revision !== revision)) break;
      deliveries.push(delivery);
      this.taken += 1;
      this.waiting.delete(this.taken);
    }
    return deliveries;
  }

  /** Lets go of everything that still waits. */
  clear(): readonly ProcessDelivery[] {
    const deliveries = [...this.waiting.values()].map(({ delivery }) => delivery);
    this.waiting.clear();
    return deliveries;
  }

  /** How long a later process has been waiting for the next one, which is not here; 0 when nothing waits. */
  gapMs(nowMs: number): number {
    if (this.waiting.has(this.taken + 1)) return 0;
    let oldest = nowMs;
    for (const { sinceMs } of this.waiting.values()) oldest = Math.min(oldest, sinceMs);
    return nowMs - oldest;
  }
}

/**
 * Both are settled as one. The newer is the one whose acknowledgement counts; the older may be the same message, or another
 * one that holds the same process and would stay in the queue for as long as this reader lives.
 */
const together = (newer: ProcessDelivery, older: ProcessDelivery): ProcessDelivery => ({
  ...newer,
  ack: async () => {
    await newer.ack();
    older.term('a repeat');
  },
  nak: (delayMs) => {
    newer.nak(delayMs);
    older.nak(delayMs);
  },
  term: (reason) => {
    newer.term(reason);
    older.term(reason);
  },
});
