/** How much faster than its rate a workload may go to make up for time that it could not write. */
const CATCH_UP = 1.6;
/** A pause of the event loop does not become a burst. */
const BURST_MS = 100;

/** Spreads turns evenly over time; after an outage they come faster until the average is reached again. */
export class Pace {
  private taken = 0;
  private nextMs: number;

  constructor(
    private readonly ratePerSecond: number,
    private readonly startMs: number,
  ) {
    this.nextMs = startMs;
  }

  /** Milliseconds to wait before the next turn. */
  take(nowMs: number): number {
    const due = ((nowMs - this.startMs) * this.ratePerSecond) / 1_000;
    const speed = this.taken < due - 1 ? this.ratePerSecond * CATCH_UP : this.ratePerSecond;
    this.taken += 1;
    const turnMs = Math.max(this.nextMs, nowMs - BURST_MS);
    this.nextMs = turnMs + 1_000 / speed;
    return Math.max(0, turnMs - nowMs);
  }
}
