/** The reserve that an idle time may gather, as part of a second's rows: what comes after it is no flood. */
const RESERVE_MS = 250;

/**
 * Rows per second. Whoever wants to pass waits until nothing is owed any more, and then passes whatever its size: what is
 * larger than the reserve is paid off by those that come later. So in any time t at most rate × t rows pass, plus the
 * reserve, plus one passenger.
 */
export class TokenBucket {
  /** Rows that may pass; below zero = owed. */
  private level = 0;
  private atMs: number;

  constructor(nowMs: number) {
    this.atMs = nowMs;
  }

  /** Milliseconds until the next one may pass; 0 = now. */
  waitMs(rowsPerSecond: number, nowMs: number): number {
    this.refill(rowsPerSecond, nowMs);
    return this.level >= 0 ? 0 : Math.ceil((-this.level * 1_000) / rowsPerSecond);
  }

  /** They pass. */
  take(rows: number, rowsPerSecond: number, nowMs: number): void {
    this.refill(rowsPerSecond, nowMs);
    this.level -= rows;
  }

  /** There is no limit now: nothing is owed when there is one again. */
  reset(nowMs: number): void {
    this.level = 0;
    this.atMs = nowMs;
  }

  private refill(rowsPerSecond: number, nowMs: number): void {
    const gained = (Math.max(0, nowMs - this.atMs) * rowsPerSecond) / 1_000;
    this.level = Math.min(this.level + gained, (RESERVE_MS * rowsPerSecond) / 1_000);
    this.atMs = nowMs;
  }
}
