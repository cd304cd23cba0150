import type { WindowEvent } from '@lutra/model';

export interface WindowLimits {
  readonly parallelism: number;
  readonly maxBytes: number;
}

interface OpenProcess {
  readonly publishedMs: number;
  readonly bytes: number;
}

/** Weight of the newest process in the moving mean of publish → loaded: about the last ten count. */
const CYCLE_WEIGHT = 0.2;

/**
 * Processes that are published and not written yet. One that load has staged has left the window although it is not loaded:
 * a transaction that is larger than the window still goes through. Times are monotonic ms.
 */
export class ProcessWindow {
  private readonly open = new Map<number, OpenProcess>();
  private heldBytes = 0;
  private loaded = 0;
  private staged = 0;
  /** When the oldest process that is staged and not loaded was published; null = there is none. */
  private stagedSinceMs: number | null = null;
  /** Moving mean of publish → loaded, ms; 0 until the first one. */
  cycleMs = 0;

  get size(): number {
    return this.open.size;
  }

  /** True when load has committed everything that was published. */
  get isLoaded(): boolean {
    return this.open.size === 0 && this.stagedSinceMs === null;
  }

  /** Room for one more process of `bytes`. One that is larger than the whole window flies alone. */
  hasRoom(bytes: number, { parallelism, maxBytes }: WindowLimits): boolean {
    if (this.open.size === 0) return true;
    return this.open.size < parallelism && this.heldBytes + bytes <= parallelism * maxBytes;
  }

  /** A process may be loaded, or staged, before its publisher has heard that it is stored. */
  add(process: number, bytes: number, nowMs: number): void {
    if (process <= this.loaded) return;
    if (process <= this.staged) {
      this.stagedSinceMs ??= nowMs;
      return;
    }
    this.open.set(process, { publishedMs: nowMs, bytes });
    this.heldBytes += bytes;
  }

  /**
   * Everything up to `process` is loaded, and what was staged behind it is told of again. The same news may come twice, or
   * by the cursor only. True when it was new.
   */
  loadedUpTo(process: number, nowMs: number): boolean {
    this.loaded = Math.max(this.loaded, process);
    if (this.loaded >= this.staged) this.stagedSinceMs = null;
    return this.leave(process, nowMs);
  }

  /** Everything up to `process` is written into a transaction that is open, or loaded. As {@link loadedUpTo}. */
  stagedUpTo(process: number, nowMs: number): boolean {
    if (process <= this.staged || process <= this.loaded) return false;
    this.staged = process;
    let sinceMs = this.stagedSinceMs ?? nowMs;
    for (const [number, { publishedMs }] of this.open)
      if (number > this.loaded && number <= process) sinceMs = Math.min(sinceMs, publishedMs);
    this.stagedSinceMs = sinceMs;
    return this.leave(process, nowMs);
  }

  private leave(process: number, nowMs: number): boolean {
    let isNew = false;
    for (const [number, { publishedMs, bytes }] of this.open) {
      if (number > process) continue;
      this.open.delete(number);
      this.heldBytes -= bytes;
      const tookMs = nowMs - publishedMs;
      this.cycleMs = this.cycleMs === 0 ? tookMs : this.cycleMs + (tookMs - this.cycleMs) * CYCLE_WEIGHT;
      isNew = true;
    }
    return isNew;
  }

  /** What stands in load's open transaction; null = nothing. */
  describeStaged(nowMs: number): NonNullable<WindowEvent['staged']> | null {
    if (this.stagedSinceMs === null) return null;
    return { processes: this.staged - this.loaded, ageMs: Math.round(nowMs - this.stagedSinceMs) };
  }

  describe(nowMs: number): WindowEvent['open'] {
    return [...this.open].map(([process, { publishedMs, bytes }]) => ({
      process,
      ageMs: Math.round(nowMs - publishedMs),
      bytes,
    }));
  }
}

/**
 * How long the oldest row of the process that is being built may still wait before the process is published: not at all
 * when nothing is in flight; a share of the cycle while there is room, so that about `parallelism` processes are spread
 * over it; for ever (null) when the window is full, then only room counts.
 */
export function closeAfterMs(
  window: Pick<ProcessWindow, 'size' | 'cycleMs'>,
  parameters: { readonly parallelism: number; readonly maxDelayMs: number },
): number | null {
  if (window.size === 0) return 0;
  if (window.size >= parameters.parallelism) return null;
  return Math.min(Math.max(window.cycleMs / parameters.parallelism, 1), parameters.maxDelayMs);
}
