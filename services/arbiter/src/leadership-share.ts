import { Bell } from '@lutra/model';
import type { ArbiterParts } from './arbiter-parts.ts';
import { homeArbiter } from './home-arbiter.ts';

/** An arbiter that is not a pipeline's home leaves it this long to the one that is. */
const STAND_BACK_MS = 2_000;
/** A leader keeps a pipeline at least this long before it hands it to its home: one that restarts again and again gets nothing. */
const HOLD_MS = 10_000;

/**
 * Spreads the leadership of pipelines over the arbiters that are alive and not draining. It is a matter of balance only:
 * whoever holds the leadership leads, and without a home that takes it anybody does.
 */
export class LeadershipShare {
  private arbiters: readonly string[];
  private readonly bells = new Set<Bell>();

  constructor(private readonly parts: ArbiterParts) {
    this.arbiters = [parts.identity.instance];
  }

  /** Follows who is there until the signal aborts. */
  async follow(signal: AbortSignal): Promise<void> {
    const own = this.parts.identity.instance;
    for await (const members of this.parts.coordinator.watchMembers('arbiter', signal)) {
      const others = members.filter(({ instance }) => instance !== own);
      const isDraining = members.some(({ instance, draining }) => instance === own && draining);
      const free = others.filter(({ draining }) => !draining).map(({ instance }) => instance);
      // Nobody else is there for a draining arbiter's pipelines: it keeps them.
      this.arbiters = isDraining && free.length > 0 ? free : [own, ...free];
      for (const bell of this.bells) bell.ring();
    }
  }

  /** Resolves when this arbiter may contend: at once when it is the pipeline's home, else a little later. */
  async standBack(pipelineId: string, signal: AbortSignal): Promise<void> {
    await this.waitWhile(() => !this.isHome(pipelineId), STAND_BACK_MS, signal);
  }

  /** Resolves when this leader should hand the pipeline to its home, which has been another arbiter for some time; or when the signal aborts. */
  async untilElsewhere(pipelineId: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.waitWhile(() => this.isHome(pipelineId), Number.POSITIVE_INFINITY, signal);
      await this.waitWhile(() => !this.isHome(pipelineId), HOLD_MS, signal);
      if (!this.isHome(pipelineId)) return;
    }
  }

  private isHome(pipelineId: string): boolean {
    return homeArbiter(pipelineId, this.arbiters) === this.parts.identity.instance;
  }

  private async waitWhile(claim: () => boolean, limitMs: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.parts;
    const bell = new Bell(clock);
    this.bells.add(bell);
    const startMs = clock.monotonicMs();
    try {
      while (!signal.aborted && claim()) {
        const remainingMs = startMs + limitMs - clock.monotonicMs();
        if (remainingMs <= 0) return;
        await bell.wait(Math.min(remainingMs, LOOK_MS), signal);
      }
    } finally {
      this.bells.delete(bell);
    }
  }
}

/** Timers take no more than 2^31 ms. */
const LOOK_MS = 60_000;
