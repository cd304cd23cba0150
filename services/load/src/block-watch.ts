import type { Clock } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import { describeWork, findBlocker } from '@lutra/sql';
import type { FoundBlocker, TargetSession } from '@lutra/sql';
import type { PipelineSession } from '@lutra/service-kit';
import type { TargetAccess } from './target-access.ts';

/** A wait below this is everyday life. */
const LOCK_AFTER_MS = 2_000;
/** A statement that runs, with no lock in its way, is told of only after this. */
const WORK_AFTER_MS = 10_000;
const LOOK_EVERY_MS = 1_000;

/** What a lane is at. */
export interface LaneWork {
  /** Monotonic ms since when it has been at one unit or slice; null = it has nothing to do. */
  readonly busySinceMs: number | null;
  readonly sessionId: number | null;
}

/**
 * Looks at the target while a unit takes long, on a session of its own, and tells by `blocked` events what is in the way, and
 * when it no longer is. A helper for people: it never throws and never stands in the way of writing.
 */
export class BlockWatch {
  private told: { readonly message: string; readonly since: string } | null = null;
  private helper: TargetSession | null = null;

  constructor(
    private readonly parts: {
      readonly bus: Bus;
      readonly clock: Clock;
      readonly access: TargetAccess;
      readonly pipeline: PipelineSession;
      readonly instance: string;
      /** What the lanes are at. */
      readonly work: () => readonly LaneWork[];
    },
  ) {}

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.parts;
    while (!signal.aborted) {
      await clock.sleep(LOOK_EVERY_MS, signal);
      if (!signal.aborted) await this.look();
    }
    await this.tell(null);
    await this.forgetHelper();
  }

  private async look(): Promise<void> {
    const slow = this.slowLanes();
    if (slow.length === 0) {
      await this.tell(null);
      await this.forgetHelper();
      return;
    }
    for (const { busyMs, sessionId } of slow) {
      const found = await this.find(sessionId, busyMs);
      // The unit may have ended while the target was asked.
      if (!this.slowLanes().some((lane) => lane.sessionId === sessionId)) continue;
      await this.tell(found);
      if (found !== null) return;
    }
  }

  /** Lanes that have been at one thing for long, the longest first. */
  private slowLanes(): readonly { readonly busyMs: number; readonly sessionId: number }[] {
    const { clock, work } = this.parts;
    const nowMs = clock.monotonicMs();
    return work()
      .flatMap(({ busySinceMs, sessionId }) =>
        busySinceMs === null || sessionId === null ? [] : [{ busyMs: nowMs - busySinceMs, sessionId }],
      )
      .filter(({ busyMs }) => busyMs >= LOCK_AFTER_MS)
      .sort((one, other) => other.busyMs - one.busyMs);
  }

  private async find(sessionId: number, busyMs: number): Promise<FoundBlocker | null> {
    try {
      if (this.helper?.isOpen !== true) this.helper = await this.parts.access.open();
      const blocker = await findBlocker(this.helper, sessionId);
      if (blocker !== null || busyMs < WORK_AFTER_MS) return blocker;
      return await describeWork(this.helper, sessionId);
    } catch (error) {
      this.parts.pipeline.log.debug({ err: error }, 'blocker not found out');
      return null;
    }
  }

  private async tell(blocker: FoundBlocker | null): Promise<void> {
    const { bus, clock, pipeline, instance } = this.parts;
    // How long a statement has been running changes all the time; that it runs is said once.
    const isKnown =
      blocker === null ? this.told === null : this.told !== null && sameBlocker(this.told.message, blocker);
    if (isKnown) return;
    const at = clock.now().toISOString();
    this.told = blocker === null ? null : { message: blocker.message, since: this.told?.since ?? at };
    pipeline.log.info({ blocker: blocker?.message ?? null }, blocker === null ? 'no longer blocked' : 'blocked');
    const base = {
      v: 1 as const,
      who: instance,
      pipelineId: pipeline.pipelineId,
      epoch: pipeline.epoch,
      traceId: null,
    };
    const said = blocker === null ? null : { ...blocker, since: this.told?.since ?? at };
    try {
      await bus.publishEvent({ ...base, at, process: null, kind: 'blocked', stage: 'load', blocker: said });
    } catch (error) {
      pipeline.log.debug({ err: error }, 'blocker not in the event log');
    }
  }

  private async forgetHelper(): Promise<void> {
    const { helper } = this;
    this.helper = null;
    await helper?.close();
  }
}

const sameBlocker = (message: string, { message: other }: FoundBlocker): boolean =>
  message.replaceAll(/\d+ s /g, '') === other.replaceAll(/\d+ s /g, '');
