import type { Clock } from '@lutra/model';

/** A clock that moves only when it is told to; sleepers wake in the order of their time. */
export class FakeClock implements Clock {
  private ms = 0;
  private readonly sleepers = new Set<{ readonly atMs: number; readonly wake: () => void }>();

  now(): Date {
    return new Date(this.ms);
  }

  monotonicMs(): number {
    return this.ms;
  }

  get sleeping(): number {
    return this.sleepers.size;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return;
    await new Promise<void>((resolve) => {
      const cancel = this.callAfter(ms, resolve);
      const wake = (): void => {
        cancel();
        resolve();
      };
      signal?.addEventListener('abort', wake, { once: true });
    });
  }

  callAfter(ms: number, call: () => void): () => void {
    const sleeper = {
      atMs: this.ms + ms,
      wake: () => {
        this.sleepers.delete(sleeper);
        call();
      },
    };
    this.sleepers.add(sleeper);
    return () => this.sleepers.delete(sleeper);
  }

  /** Moves on, waking whoever is due on the way, and lets each of them go on before the next wakes. */
  async advance(ms: number): Promise<void> {
    const endMs = this.ms + ms;
    await settled();
    for (;;) {
      const [next] = [...this.sleepers].filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs);
      if (next === undefined) break;
      this.ms = next.atMs;
      next.wake();
      await settled();
    }
    this.ms = endMs;
  }
}

/** Lets everything run that is ready to. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
