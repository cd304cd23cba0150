import type { Clock } from '@lutra/model';

const TICK_MS = 1_000;

/**
 * Waits for something else than the target, whose open transaction must not end as idle meanwhile. Throws what `keepAlive`
 * throws. What it has begun at the target has ended when this does: its rollback of an idle session would otherwise hit the
 * unit that is written there next.
 */
export async function keepingAlive<T>(
  work: Promise<T>,
  { clock, keepAlive }: { readonly clock: Clock; readonly keepAlive: () => Promise<void> },
): Promise<T> {
  const over = new AbortController();
  const stay = async (): Promise<void> => {
    while (!over.signal.aborted) {
      await clock.sleep(TICK_MS, over.signal);
      if (!over.signal.aborted) await keepAlive();
    }
  };
  const staying = stay();
  try {
    return await Promise.race([work, staying.then(() => work)]);
  } finally {
    over.abort();
    await staying;
  }
}
