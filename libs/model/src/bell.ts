import { setMaxListeners } from 'node:events';
import type { Clock } from './clock.ts';

/** A reason of our own: without one, each ring makes an error with a stack. */
const RUNG = 'rung';

/**
 * Wakes one waiter: "look again". A ring that comes while nobody waits is kept, so that nothing falls between looking and
 * waiting; several rings count as one.
 */
export class Bell {
  private rung = new AbortController();

  constructor(private readonly clock: Clock) {}

  readonly ring = (): void => {
    this.rung.abort(RUNG);
  };

  /** Returns when the bell rings (or has rung), after `limitMs`, or when one of the signals aborts. */
  async wait(limitMs: number, ...signals: readonly AbortSignal[]): Promise<void> {
    if (signals.some((signal) => signal.aborted)) return;
    // One signal may stop hundreds of waiters (a service with as many pipelines): no leak that Node has to warn of.
    if (signals.length > 0) setMaxListeners(0, ...signals);
    for (const signal of signals) signal.addEventListener('abort', this.ring, { once: true });
    await this.clock.sleep(limitMs, this.rung.signal);
    for (const signal of signals) signal.removeEventListener('abort', this.ring);
    if (this.rung.signal.aborted) this.rung = new AbortController();
  }
}
