import { linkSignals } from '@lutra/model';

/** Something known that changes: who depends on it asks to be woken when a claim about it holds. */
export class Watched {
  private readonly listeners = new Set<() => void>();

  /** Calls back after each change; listeners must not throw. Returns the function that stops it. */
  watch(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** To be called after each change. */
  tell(): void {
    for (const listener of [...this.listeners]) listener();
  }

  /** A signal that aborts as soon as the claim holds; `stop` ends the watching. */
  abortWhen(claim: () => boolean): { readonly reached: AbortSignal; readonly stop: () => void } {
    const controller = new AbortController();
    const look = (): void => {
      if (!claim()) return;
      stop();
      controller.abort();
    };
    const stop = this.watch(look);
    look();
    return { reached: controller.signal, stop };
  }

  /** Resolves true as soon as the claim holds, false when the signal aborts (also when it has before). */
  async waitUntil(claim: () => boolean, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    const { reached, stop } = this.abortWhen(claim);
    const either = linkSignals(reached, signal);
    if (!either.signal.aborted)
      await new Promise<void>((resolve) => {
        either.signal.addEventListener(
          'abort',
          () => {
            resolve();
          },
          { once: true },
        );
      });
    either.unlink();
    stop();
    return reached.aborted;
  }
}
