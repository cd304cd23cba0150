import { NO_COUNTS, SyncError } from '@lutra/model';
import type { Clock, LutraEvent, StatisticSlot } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import type { Worker } from '@lutra/service-kit';
import type { Logger } from 'pino';
import type { Store } from '../store/store.ts';
import type { PipelineWatch } from './pipeline-watch.ts';
import type { RollupStore } from './rollup-store.ts';

/** The log is read again from so long before the newest event that was counted: clocks of instances differ. */
const OVERLAP_MS = 30_000;
/** With nothing saved (first start, or the store is away) this much of the log is read. */
const FIRST_LOOK_MS = 600_000;
const STORE_WAIT_MS = 250;
/** Figures without history are better than none: after this the log is followed although the store is away. */
const STORE_WAIT_MS_MAX = 5_000;
const SECOND_MS = 1_000;
/** Rates and delays are shown over the last minute. */
const SECONDS_SHOWN = 62;

/** What figures and states are folded from. */
const FOLLOWED: readonly LutraEvent['kind'][] = [
  'loaded',
  'dead-letter',
  'dry-run',
  'window',
  'failed',
  'warning',
  'blocked',
  'command-issued',
  'command-done',
];

interface Parts {
  readonly watch: PipelineWatch;
  readonly store: Store;
  readonly rollups: RollupStore;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Follows the event log of all pipelines and folds it into what this manager shows as the present. Every manager does. */
export class StatisticsWorker implements Worker {
  readonly name = 'statistics';

  constructor(private readonly parts: Parts) {}

  async run(signal: AbortSignal): Promise<void> {
    const { bus, watch } = this.parts;
    const since = await this.restore(signal);
    for await (const event of bus.followEvents({ kinds: FOLLOWED, since }, signal)) watch.fold(event);
  }

  /** Takes up what was saved, and says from when on the log has to be read. */
  private async restore(signal: AbortSignal): Promise<Date> {
    const { clock, watch, rollups, store, log } = this.parts;
    const startedMs = clock.monotonicMs();
    while (store.whyAway !== '' && clock.monotonicMs() - startedMs < STORE_WAIT_MS_MAX && !signal.aborted)
      await clock.sleep(STORE_WAIT_MS, signal);
    const nowMs = clock.now().getTime();
    try {
      const seconds = await this.secondsOf(Math.floor(nowMs / SECOND_MS) - SECONDS_SHOWN);
      const { states } = await rollups.start();
      for (const [id, state] of states) watch.restore(id, { ...state, seconds: seconds.get(id) ?? [] });
      const newestMs = Math.max(0, ...[...states.values()].map(({ lastEventMs }) => lastEventMs));
      return new Date(newestMs === 0 ? nowMs - FIRST_LOOK_MS : Math.min(newestMs, nowMs) - OVERLAP_MS);
    } catch (error) {
      log.warn({ err: error, code: SyncError.of(error).code }, 'saved statistics cannot be read');
      return new Date(nowMs - FIRST_LOOK_MS);
    }
  }

  private async secondsOf(since: number): Promise<ReadonlyMap<string, StatisticSlot[]>> {
    const seconds = new Map<string, StatisticSlot[]>();
    for (const { scope, slot, figures } of await this.parts.rollups.secondsSince(since)) {
      const slots = seconds.get(scope) ?? [];
      slots.push({ slot, counts: { ...NO_COUNTS, ...figures.counts }, delays: figures.delays });
      seconds.set(scope, slots);
    }
    return seconds;
  }
}
