import { SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import type { Worker } from '@lutra/service-kit';
import type { Logger } from 'pino';
import type { EntityManager } from 'typeorm';
import type { Store } from './store.ts';

const PING_MS = 2_000;
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 10_000;

/** Keeps the store open: tries until it is there, notices when it goes away, opens it again. Never gives up. */
export class StoreWorker implements Worker {
  readonly name = 'store';

  constructor(
    private readonly parts: {
      readonly store: Store;
      readonly clock: Clock;
      readonly log: Logger;
      /** Runs at each opening, after the migrations and under their lock. */
      readonly prepare: (manager: EntityManager) => Promise<void>;
    },
  ) {}

  whyNotReady(): string {
    return this.parts.store.whyAway;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { store, clock, log, prepare } = this.parts;
    let waitMs = RETRY_MS_MIN;
    let reported = '';
    while (!signal.aborted) {
      try {
        await store.open(prepare);
        log.info('store opened');
        waitMs = RETRY_MS_MIN;
        reported = '';
        await this.watch(signal);
      } catch (error) {
        const failure = SyncError.of(error);
        // An hour without store is one line, not hundreds.
        if (failure.message !== reported) log.warn({ code: failure.code, err: failure }, 'store is away');
        reported = failure.message;
        await store.close(failure.message);
        await clock.sleep(waitMs, signal);
        waitMs = Math.min(waitMs * 2, RETRY_MS_MAX);
      }
    }
    await store.close('the manager stops');
  }

  /** Rejects when the store no longer answers; returns when the signal aborts. */
  private async watch(signal: AbortSignal): Promise<void> {
    const { store, clock } = this.parts;
    while (!signal.aborted) {
      await clock.sleep(PING_MS, signal);
      if (!signal.aborted) await store.ping();
    }
  }
}
