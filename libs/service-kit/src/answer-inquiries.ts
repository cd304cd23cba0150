import { SyncError } from '@lutra/model';
import type { Stage } from '@lutra/model';
import type { ServiceContext } from './service-context.ts';
import type { WorkInHand } from './work-in-hand.ts';

const RETRY_MS = 1_000;

/**
 * Answers each inquiry of an arbiter about a pipeline that this instance has work of, with a `blocked` event that says what
 * its oldest piece waits for; says nothing otherwise. Until the signal aborts; never rejects.
 */
export async function answerInquiries(
  context: Pick<ServiceContext, 'bus' | 'clock' | 'identity' | 'log'>,
  own: { readonly stage: Stage; readonly works: WorkInHand },
  signal: AbortSignal,
): Promise<void> {
  const { bus, clock, identity, log } = context;
  while (!signal.aborted) {
    try {
      for await (const { pipelineId, epoch } of bus.followEvents({ kinds: ['inquiry'] }, signal)) {
        const found = pipelineId === null || epoch === null ? null : own.works.oldest(pipelineId, epoch);
        if (found === null) continue;
        await bus.publishEvent({
          v: 1,
          kind: 'blocked',
          at: clock.now().toISOString(),
          who: identity.instance,
          pipelineId,
          epoch,
          process: found.process,
          traceId: null,
          stage: own.stage,
          blocker: found.blocker,
        });
      }
    } catch (error) {
      if (signal.aborted) return;
      log.debug({ err: error, code: SyncError.of(error).code }, 'inquiries cannot be answered yet');
    }
    await clock.sleep(RETRY_MS, signal);
  }
}
