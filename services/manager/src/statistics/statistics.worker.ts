import { SyncError } from '@lutra/model';
import type { Clock, LutraEvent, StatisticState } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import type { Coordinator } from '@lutra/coordination';
import type { Worker } from '@lutra/service-kit';
import type { Logger } from 'pino';
import type { Store } from '../store/store.ts';
import type { PipelineWatch } from './pipeline-watch.ts';
import type { StatisticStore } from './statistic-store.ts';

const SAVE_MS = 10_000;
/** The log is read again from so long before the newest event that was counted: clocks of instances differ. */
const OVERLAP_MS = 30_000;
/** With nothing saved (first start, or the store is away) this much of the log is read. */
const FIRST_LOOK_MS = 600_000;
const STORE_WAIT_MS = 250;
/** Figures without history are better than none: after this the log is followed although the store is away. */
const STORE_WAIT_MS_MAX = 5_000;
const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;

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
  readonly statistics: StatisticStore;
  readonly bus: Bus;
  readonly coordinator: Coordinator;
  readonly clock: Clock;
  readonly log: Logger;
  readonly instance: string;
  readonly keepDays: number;
}

/** Follows the event log of all pipelines and folds it into figures. Every manager does, for its own answers; one of them saves. */
export class StatisticsWorker implements Worker {
  readonly name = 'statistics';
  private readonly saved = new Map<string, StatisticState>();
  private isLeader = false;

  constructor(private readonly parts: Parts) {}

  async run(signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    const saving = this.saveWhile(both);
    try {
      await Promise.race([this.follow(both), saving]);
    } finally {
      stop.abort();
      await saving;
    }
  }

  /** A stop in order saves what was counted since the last time, so that the next manager has less of the log to read. */
  async drain(): Promise<void> {
    if (this.isLeader && this.parts.store.whyAway === '') await this.saveAll();
  }

  private async follow(signal: AbortSignal): Promise<void> {
    const { bus, watch } = this.parts;
    const since = await this.restore(signal);
    for await (const event of bus.followEvents({ kinds: FOLLOWED, since }, signal)) watch.fold(event);
  }

  /** Takes up what was saved, and says from when on the log has to be read. */
  private async restore(signal: AbortSignal): Promise<Date> {
    const { clock, watch, statistics, store, log } = this.parts;
    const startedMs = clock.monotonicMs();
    while (store.whyAway !== '' && clock.monotonicMs() - startedMs < STORE_WAIT_MS_MAX && !signal.aborted)
      await clock.sleep(STORE_WAIT_MS, signal);
    const nowMs = clock.now().getTime();
    try {
      const states = await statistics.states();
      for (const [pipelineId, state] of states) watch.restore(pipelineId, state);
      const newestMs = Math.max(0, ...[...states.values()].map(({ lastEventMs }) => lastEventMs));
      return new Date(newestMs === 0 ? nowMs - FIRST_LOOK_MS : Math.min(newestMs, nowMs) - OVERLAP_MS);
    } catch (error) {
      log.warn({ err: error, code: SyncError.of(error).code }, 'saved statistics cannot be read');
      return new Date(nowMs - FIRST_LOOK_MS);
    }
  }

  private async saveWhile(signal: AbortSignal): Promise<void> {
    const { coordinator, instance, log, clock } = this.parts;
    while (!signal.aborted) {
      try {
        const lease = await coordinator.acquireLeadership('manager-statistics', instance, signal);
        try {
          this.isLeader = true;
          await this.saveAsLeader(AbortSignal.any([signal, lease.lost]));
        } finally {
          this.isLeader = false;
          await lease.release();
        }
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ err: error, code: SyncError.of(error).code }, 'statistics cannot be saved yet');
        await clock.sleep(SAVE_MS, signal);
      }
    }
  }

  private async saveAsLeader(signal: AbortSignal): Promise<void> {
    const { clock, store } = this.parts;
    while (!signal.aborted) {
      await clock.sleep(SAVE_MS, signal);
      if (!signal.aborted && store.whyAway === '') await this.saveAll();
    }
  }

  private async saveAll(): Promise<void> {
    const { watch, statistics, clock, keepDays } = this.parts;
    const existing = await statistics.existing(watch.ids());
    for (const pipelineId of watch.ids()) {
      const state = watch.view(pipelineId).statistics;
      if (!existing.has(pipelineId)) {
        // Removed meanwhile: late events of it must not bring its figures back.
        watch.forget(pipelineId);
        if (this.saved.delete(pipelineId)) await statistics.forget(pipelineId);
      } else if (this.saved.get(pipelineId) !== state) {
        await statistics.save(pipelineId, state);
        this.saved.set(pipelineId, state);
      }
    }
    await statistics.removeBefore(Math.floor(clock.now().getTime() / MINUTE_MS) - keepDays * DAY_MINUTES);
  }
}
