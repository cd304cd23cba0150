import type { BlockedEvent, Clock, PipelineParameters } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import type { PipelineSession } from '@lutra/service-kit';
import { TokenBucket } from './token-bucket.ts';

/** How often a wait looks whether it still has to: limits and the target's load change meanwhile. */
const LOOK_MS = 200;
const KEEP_ALIVE_MS = 1_000;
/** A wait below this is everyday life. */
const TOLD_AFTER_MS = 1_000;
/** Batches pass between two waits: only after so long without any the pipeline counts as no longer throttled. */
const OVER_AFTER_MS = 5_000;
/** Said again so often: what the arbiter knows of it does not hold for ever. */
const REPEAT_MS = 10_000;

interface ThrottleParts {
  readonly bus: Pick<Bus, 'publishEvent'>;
  readonly clock: Clock;
  readonly pipeline: Pick<PipelineSession, 'pipelineId' | 'epoch' | 'latestDefinition' | 'log'>;
  readonly instance: string;
  /** What of the target's load is above its limit, as a sentence; null = nothing. */
  readonly overload: () => string | null;
  readonly countWait: (ms: number) => void;
}

/**
 * Makes load wait: for the pipeline's rows per second, and while the target is busier than it may be. Every wait looks at the
 * newest parameters, so that a change takes effect at once; a long one is told by `blocked` events.
 */
export class Throttle {
  private readonly bucket: TokenBucket;
  /** What is waited for, and since when; null = nothing was for a while. */
  private wait: { readonly sinceMs: number; readonly since: string; lastMs: number; message: string } | null = null;
  private told: { readonly message: string; readonly atMs: number } | null = null;

  constructor(private readonly parts: ThrottleParts) {
    this.bucket = new TokenBucket(parts.clock.monotonicMs());
  }

  /**
   * Resolves when the rows may be written, or the signal has aborted. `keepAlive` is called about once a second meanwhile;
   * what it throws ends the wait.
   */
  async pass(
    rows: number,
    signal: AbortSignal,
    keepAlive: () => Promise<void> = () => Promise.resolve(),
  ): Promise<void> {
    const { clock } = this.parts;
    let aliveMs = clock.monotonicMs();
    while (!signal.aborted) {
      const nowMs = clock.monotonicMs();
      const next = this.next(nowMs);
      if (next === null) {
        this.take(rows, nowMs);
        return;
      }
      this.note(next.message, nowMs);
      await clock.sleep(Math.min(next.waitMs, LOOK_MS), signal);
      const passedMs = clock.monotonicMs();
      this.parts.countWait(passedMs - nowMs);
      if (this.wait !== null) this.wait.lastMs = passedMs;
      if (passedMs - aliveMs < KEEP_ALIVE_MS) continue;
      aliveMs = passedMs;
      await keepAlive();
    }
  }

  /** Tells of long waits until the signal aborts. Never throws. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.parts;
    while (!signal.aborted) {
      await clock.sleep(KEEP_ALIVE_MS, signal);
      await this.tellChange(clock.monotonicMs());
    }
    this.wait = null;
    await this.tellChange(clock.monotonicMs());
  }

  private next(nowMs: number): { readonly waitMs: number; readonly message: string } | null {
    const overload = this.parts.overload();
    if (overload !== null) return { waitMs: LOOK_MS, message: `throttled: ${overload}` };
    const rate = this.parameters.throttleRowsPerSecond;
    if (rate <= 0) return null;
    const waitMs = this.bucket.waitMs(rate, nowMs);
    return waitMs === 0
      ? null
      : { waitMs, message: `throttled: the pipeline may write ${String(rate)} rows per second` };
  }

  private take(rows: number, nowMs: number): void {
    const rate = this.parameters.throttleRowsPerSecond;
    if (rate > 0) this.bucket.take(rows, rate, nowMs);
    else this.bucket.reset(nowMs);
  }

  private get parameters(): PipelineParameters {
    return this.parts.pipeline.latestDefinition().parameters;
  }

  private note(message: string, nowMs: number): void {
    if (this.wait === null)
      this.wait = { sinceMs: nowMs, since: this.parts.clock.now().toISOString(), lastMs: nowMs, message };
    else this.wait.message = message;
  }

  private async tellChange(nowMs: number): Promise<void> {
    if (this.wait !== null && nowMs - this.wait.lastMs > OVER_AFTER_MS) this.wait = null;
    const { wait, told } = this;
    if (wait === null) {
      this.told = null;
      if (told === null) return;
      this.parts.pipeline.log.info('no longer throttled');
      await this.tell(null);
      return;
    }
    if (nowMs - wait.sinceMs < TOLD_AFTER_MS) return;
    const isNews = told === null || withoutFigures(told.message) !== withoutFigures(wait.message);
    if (!isNews && nowMs - told.atMs < REPEAT_MS) return;
    if (isNews) this.parts.pipeline.log.info({ blocker: wait.message }, 'throttled');
    this.told = { message: wait.message, atMs: nowMs };
    await this.tell({ kind: 'throttle', message: wait.message, since: wait.since });
  }

  private async tell(blocker: BlockedEvent['blocker']): Promise<void> {
    const { bus, clock, instance, pipeline } = this.parts;
    const { epoch, log, pipelineId } = pipeline;
    const at = clock.now().toISOString();
    const base = { v: 1 as const, at, who: instance, pipelineId, epoch, process: null, traceId: null };
    try {
      await bus.publishEvent({ ...base, kind: 'blocked', stage: 'load', blocker });
    } catch (error) {
      log.debug({ err: error }, 'throttle not in the event log');
    }
  }
}

const withoutFigures = (message: string): string => message.replaceAll(/\d+/g, '');
