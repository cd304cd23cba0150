import { SyncError } from '@lutra/model';
import type { Clock, ErrorCode } from '@lutra/model';

/** Failures that pass by themselves: while the lease is held the work is repeated without a new epoch. */
const PASSING = new Set(['TARGET_BUSY', 'TARGET_CONNECTION_LOST', 'TARGET_UNREACHABLE', 'TARGET_SHAPE_CHANGED']);
/**
 * A login that was good when the epoch began is being changed: at the server first, at Lutra a moment later, or the other
 * way round. It passes when both know it.
 */
export const LOGIN_CHANGES: readonly ErrorCode[] = ['TARGET_ACCESS_DENIED', 'SECRET_REFERENCE_MISSING'];
const WAIT_MS_MIN = 50;
const WAIT_MS_MAX = 2_000;

/** Repeats `work` with growing waits for `limitMs`; then, for any other failure, or once the signal has aborted, throws the last failure. */
export async function retryInPlace<T>(
  work: () => Promise<T>,
  options: {
    readonly clock: Clock;
    readonly limitMs: number;
    readonly signal: AbortSignal;
    /** Further failures that pass. */
    readonly passing?: readonly ErrorCode[];
  },
): Promise<T> {
  const { clock, signal, passing = [] } = options;
  const endMs = clock.monotonicMs() + options.limitMs;
  for (let waitMs = WAIT_MS_MIN; ; waitMs = Math.min(waitMs * 2, WAIT_MS_MAX)) {
    try {
      return await work();
    } catch (error) {
      const isOver = signal.aborted || clock.monotonicMs() + waitMs > endMs;
      const { code } = SyncError.of(error);
      if (isOver || !(PASSING.has(code) || passing.includes(code))) throw error;
      await clock.sleep(waitMs, signal);
      if (signal.aborted) throw error;
    }
  }
}
