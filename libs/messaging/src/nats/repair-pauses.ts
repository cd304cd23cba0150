import type { Clock } from '@lutra/model';

/** A stream that was broken by an accident is made anew once: the second time may come as soon as it is seen. */
export const PAUSE_FIRST_MS = 2_000;
/** A disk that keeps losing files is not mended by new streams: once a minute shows whether somebody has mended it. */
export const PAUSE_MAX_MS = 60_000;
/** Not seen broken for so long, a stream is well again. Longer than any pause, in which it cannot be seen to be. */
export const WELL_AFTER_MS = 3 * PAUSE_MAX_MS;

interface Repairs {
  inRow: number;
  /** Of the newest repair. */
  pauseMs: number;
  repairedMs: number;
  seenBrokenMs: number;
}

/**
 * When a stream may be made anew. Law: between two repairs of a stream without {@link WELL_AFTER_MS} in which it was not seen
 * broken lies a pause that doubles from {@link PAUSE_FIRST_MS} to {@link PAUSE_MAX_MS}.
 */
export class RepairPauses {
  private readonly byStream = new Map<string, Repairs>();

  constructor(private readonly clock: Pick<Clock, 'monotonicMs'>) {}

  /** The stream was seen broken. True when it may be made anew now. */
  isOver(stream: string): boolean {
    const nowMs = this.clock.monotonicMs();
    const repairs = this.byStream.get(stream);
    if (repairs === undefined) return true;
    const isWell = nowMs - repairs.seenBrokenMs >= WELL_AFTER_MS;
    if (isWell) this.byStream.delete(stream);
    repairs.seenBrokenMs = nowMs;
    return isWell || nowMs - repairs.repairedMs >= repairs.pauseMs;
  }

  /** It is made anew now; the which time in a row. */
  begin(stream: string): number {
    const nowMs = this.clock.monotonicMs();
    const before = this.byStream.get(stream);
    const inRow = (before?.inRow ?? 0) + 1;
    const pauseMs = before === undefined ? PAUSE_FIRST_MS : Math.min(2 * before.pauseMs, PAUSE_MAX_MS);
    this.byStream.set(stream, { inRow, pauseMs, repairedMs: nowMs, seenBrokenMs: nowMs });
    return inRow;
  }
}
