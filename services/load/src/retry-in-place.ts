import { SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';

/** Failures that pass by themselves: while the lease is held the work is repeated without a new epoch. */
const PASSING = new Set(['TARGET_BUSY', 'TARGET_CONNECTION_LOST', 'TARGET_UNREACHABLE', 'TARGET_SHAPE_CHANGED']);
const WAIT_MS_MIN = 50;
const WAIT_MS_MAX = 2_000;

/** Repeats `work` with growing waits for `limitMs`; then, for any other failure, or once the signal has aborted, throws the last failure. */
export async function retryInPlace<T>(
  work: () => Promise<T>,
  options: { readonly clock: Clock; readonly limitMs: number; readonly signal: AbortSignal },
): Promise<T> {
  const { clock, signal } = options;
  const endMs = clock.monotonicMs() + options.limitMs;
  for (let waitMs = WAIT_MS_MIN; ; waitMs = Math.min(waitMs * 2, WAIT_MS_MAX)) {
    try {
      return await work();
    } catch (error) {
      const isOver = signal.aborted || clock.monotonicMs() + waitMs > endMs;
      if (isOver || !PASSING.has(SyncError.of(error).code)) throw error;
      await clock.sleep(waitMs, signal);
      if (signal.aborted) throw error;
    }
  }
}
