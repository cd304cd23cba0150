import { must, SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import type { Logger } from 'pino';
import type { Store } from '../store/store.ts';
import type { BufferQueue } from './buffer-queue.ts';
import type { WishRejection } from './fulfil-wishes.ts';

/** What the log has kept for longer than this is not wanted any more. */
const AGE_MS_MAX = 7 * 24 * 3_600_000;
const RETRY_MS = 2_000;

interface Parts {
  readonly queue: BufferQueue;
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Logger;
  readonly reject: (pipelineId: string, rejections: readonly WishRejection[]) => Promise<void>;
}

/** Puts the wishes that the event log tells of into the queue, until the signal aborts. One manager at a time does. */
export async function takeWishes(parts: Parts, signal: AbortSignal): Promise<void> {
  const { store, clock, log } = parts;
  while (!signal.aborted) {
    try {
      if (store.whyAway === '') await follow(parts, signal);
    } catch (error) {
      if (signal.aborted) return;
      log.warn({ err: error, code: SyncError.of(error).code }, 'wishes of retl_buffer cannot be taken yet');
    }
    await clock.sleep(RETRY_MS, signal);
  }
}

async function follow({ queue, bus, clock, log, reject }: Parts, signal: AbortSignal): Promise<void> {
  const after = await queue.newestPlace();
  const since = new Date(clock.now().getTime() - AGE_MS_MAX);
  for await (const { event, place, isBehindHole } of bus.followLog({ kinds: ['wishes'], after, since }, signal)) {
    if (isBehindHole)
      log.warn(
        { from: event.at },
        'the event log has lost events before wishes of retl_buffer were taken: write those of that time again',
      );
    if (event.kind !== 'wishes' || event.wishes.length === 0 || (await queue.take(event, place))) continue;
    const more = event.wishes.length === 1 ? '' : ` (and of ${String(event.wishes.length - 1)} rows more)`;
    const reason = `Too many rows of retl_buffer wait already${more}`;
    if (event.pipelineId !== null)
      await reject(event.pipelineId, [{ wish: must(event.wishes[0], 'not none'), reason }]);
  }
}
