import { Bell } from '@lutra/model';
import type { ArbiterParts } from './arbiter-parts.ts';
import type { PipelineFeed } from './pipeline-feed.ts';

/** So long PAUSE and STOP let the window empty; what is still open then is read again after the next START. */
const DRAIN_LIMIT_MS = 30_000;
/** How often permit and holder are looked at; the `drained` event comes by itself. */
const LOOK_MS = 1_000;

/**
 * Waits until the window of a draining pipeline is empty: select says 'drained' for this epoch, or nobody holds the
 * mainstem, or another command has changed the permit, or 30 s have passed. Holds no lock meanwhile.
 */
export async function awaitDrained(
  parts: Pick<ArbiterParts, 'coordinator' | 'clock'> & { readonly feed: PipelineFeed },
  halt: { readonly pipelineId: string; readonly epoch: number; readonly commandId: string },
  signal: AbortSignal,
): Promise<void> {
  const { clock, coordinator, feed } = parts;
  const bell = new Bell(clock);
  let isDrained = false;
  const unsubscribe = feed.subscribe(halt.pipelineId, (event) => {
    if (event.kind !== 'window' || event.epoch !== halt.epoch || event.state !== 'drained') return;
    isDrained = true;
    bell.ring();
  });
  const startMs = clock.monotonicMs();
  try {
    while (!isDrained && !signal.aborted && clock.monotonicMs() - startMs < DRAIN_LIMIT_MS) {
      const standing = await coordinator.permit(halt.pipelineId);
      if (standing?.permit.draining !== true || standing.permit.commandId !== halt.commandId) return;
      if ((await coordinator.leaseHolder(halt.pipelineId, 'mainstem')) === null) return;
      await bell.wait(LOOK_MS, signal);
    }
  } finally {
    unsubscribe();
  }
}
