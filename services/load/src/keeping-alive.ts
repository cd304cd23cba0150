import type { Clock } from '@lutra/model';

const TICK_MS = 1_000;

/** Waits for something else than the target, whose open transaction must not end as idle meanwhile. Throws what `keepAlive` throws. */
export async function keepingAlive<T>(
  work: Promise<T>,
  { clock, keepAlive }: { readonly clock: Clock; readonly keepAlive: () => Promise<void> },
): Promise<T> {
  const over = new AbortController();
  const alive = async (): Promise<T> => {
    while (!over.signal.aborted) {
      await clock.sleep(TICK_MS, over.signal);
      if (!over.signal.aborted) await keepAlive();
    }
    return work;
  };
  try {
    return await Promise.race([work, alive()]);
  } finally {
    over.abort();
  }
}
