import { isCounted, NO_COUNTS, SyncError } from '@lutra/model';
import type { Clock, LutraEvent, StatisticSlot } from '@lutra/model';
import type { Bus, LogPlace } from '@lutra/messaging';
import type { Worker } from '@lutra/service-kit';
import type { Logger } from 'pino';
import type { Store } from '../store/store.ts';
import type { Counting, PipelineWatch } from './pipeline-watch.ts';
import { requireSense } from './require-sense.ts';
import { idOf } from './rollup-fold.ts';
import type { RollupStore } from './rollup-store.ts';

/** The log is read again from so long before the newest event that was counted: clocks of instances differ. */
const OVERLAP_MS = 30_000;
/** With nothing saved (first start, or the store is away) this much of the log is read. */
const FIRST_LOOK_MS = 600_000;
const STORE_WAIT_MS = 250;
/** Figures without history are better than none: after this the log is followed although the store is away. */
const STORE_WAIT_MS_MAX = 5_000;
const SECOND_MS = 1_000;
const FORGET_MS = 60_000;
/** Rates and delays are shown over the last minute. */
const SECONDS_SHOWN = 62;

/** What figures and states are folded from, beside windows, which stand in no log. */
const FOLLOWED: readonly LutraEvent['kind'][] = [
  'loaded',
  'dead-letter',
  'dry-run',
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

interface Beginning {
  readonly since: Date;
  readonly saved: LogPlace | null;
}

/** Follows the event log of all pipelines and folds it into what this manager shows as the present. Every manager does. */
export class StatisticsWorker implements Worker {
  readonly name = 'statistics';

  constructor(private readonly parts: Parts) {}

  async run(signal: AbortSignal): Promise<void> {
    // A failure of one ends the others: the runner begins anew with all.
    const over = new AbortController();
    const until = AbortSignal.any([signal, over.signal]);
    const forgetting = this.forgetRemoved(until);
    try {
      const { since, saved } = await this.restore(until);
      await Promise.all([forgetting, this.followLog({ since, saved }, until), this.followWindows(since, until)]);
    } finally {
      over.abort();
      await forgetting;
    }
  }

  private async followLog({ since, saved }: Beginning, signal: AbortSignal): Promise<void> {
    const onEnd = (): void => {
      this.parts.watch.isFilled = true;
    };
    const filter = { kinds: FOLLOWED, after: null, since, onEnd };
    for await (const { event, place } of this.parts.bus.followLog(filter, signal))
      this.fold(event, { id: idOf(place), isNew: place.log !== saved?.log || place.sequence > saved.sequence });
  }

  private async followWindows(since: Date, signal: AbortSignal): Promise<void> {
    for await (const event of this.parts.bus.followEvents({ kinds: ['window'], since }, signal))
      this.fold(event, { isNew: true });
  }

  /** One that makes no sense is left out; whoever saves the figures says so in the log. */
  private fold(event: LutraEvent, counting: Counting): void {
    try {
      if (isCounted(event)) requireSense(event);
      this.parts.watch.fold(event, counting);
    } catch (error) {
      this.parts.log.debug({ err: error, pipelineId: event.pipelineId }, 'event makes no sense');
    }
  }

  /** Views of pipelines that were removed go: whoever saves the figures says so only to itself. */
  private async forgetRemoved(signal: AbortSignal): Promise<void> {
    const { clock, watch, store, log } = this.parts;
    for (;;) {
      await clock.sleep(FORGET_MS, signal);
      if (signal.aborted) return;
      // Before the pipelines are read: one that is made meanwhile is not among them.
      const ids = watch.ids();
      try {
        const rows = await store.run((manager) => manager.query<readonly { id: string }[]>('SELECT id FROM pipeline'));
        const present = new Set(rows.map(({ id }) => id));
        for (const id of ids) if (!present.has(id)) watch.forget(id);
      } catch (error) {
        log.debug({ err: error }, 'removed pipelines are not forgotten yet');
      }
    }
  }

  /** Takes up what was saved, and says from when on the log has to be read, and up to where its events are counted already. */
  private async restore(signal: AbortSignal): Promise<Beginning> {
    const { clock, watch, rollups, store, log } = this.parts;
    const startedMs = clock.monotonicMs();
    while (store.whyAway !== '' && clock.monotonicMs() - startedMs < STORE_WAIT_MS_MAX && !signal.aborted)
      await clock.sleep(STORE_WAIT_MS, signal);
    const nowMs = clock.now().getTime();
    try {
      const seconds = await this.secondsOf(Math.floor(nowMs / SECOND_MS) - SECONDS_SHOWN);
      const { place, states } = await rollups.start();
      for (const [id, state] of states) watch.restore(id, { ...state, seconds: seconds.get(id) ?? [] });
      const newestMs = Math.max(0, ...[...states.values()].map(({ lastEventMs }) => lastEventMs));
      const since = newestMs === 0 ? nowMs - FIRST_LOOK_MS : Math.min(newestMs, nowMs) - OVERLAP_MS;
      return { since: new Date(since), saved: place };
    } catch (error) {
      log.warn({ err: error, code: SyncError.of(error).code }, 'saved statistics cannot be read');
      return { since: new Date(nowMs - FIRST_LOOK_MS), saved: null };
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
