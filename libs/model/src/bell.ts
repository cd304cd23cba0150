import { setMaxListeners } from 'node:events';
import type { Clock } from './clock.ts';

/**
 * Wakes who waits: "look again". A ring that comes while nobody waits is kept, so that nothing falls between looking and
 * waiting; several rings count as one.
 */
export class Bell {
  private isRung = false;
  private waiters: (() => void)[] = [];

  constructor(private readonly clock: Clock) {}

  readonly ring = (): void => {
    if (this.waiters.length === 0) {
      this.isRung = true;
      return;
    }
    const { waiters } = this;
    this.waiters = [];
    for (const wake of waiters) wake();
  };

  /** Returns when the bell rings (or has rung), after `limitMs`, or when one of the signals aborts. */
  async wait(limitMs: number, ...signals: readonly AbortSignal[]): Promise<void> {
    if (signals.some((signal) => signal.aborted)) return;
    if (this.isRung) {
      this.isRung = false;
      return;
    }
    // One signal may stop hundreds of waiters (a service with as many pipelines): no leak that Node has to warn of.
    if (signals.length > 0) setMaxListeners(0, ...signals);
    for (const signal of signals) signal.addEventListener('abort', this.ring, { once: true });
    await this.rungOrLate(limitMs);
    for (const signal of signals) signal.removeEventListener('abort', this.ring);
  }

  /** No AbortController, and no sleep to be aborted: readers wait for each chunk of the binary log. */
  private rungOrLate(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.clock.callAfter(limitMs, () => {
        this.waiters = this.waiters.filter((waiter) => waiter !== wake);
        resolve();
      });
      const wake = (): void => {
        cancel();
        resolve();
      };
      this.waiters.push(wake);
    });
  }
}
