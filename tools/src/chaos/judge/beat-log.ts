/** Milliseconds of `performance.now()`. */
interface SeenBeat {
  readonly beat: number;
  readonly seenMs: number;
}

/** Beats written in this time after a fault's begin are looked at: a fault may take a moment until it bites. */
export const BITE_MS = 1_500;
const REMEMBERED = 40_000;

/** When each heartbeat was written at the source and when the target showed it, or a later one. */
export class BeatLog {
  private readonly written: { readonly beat: number; readonly writtenMs: number }[] = [];
  private readonly seen: SeenBeat[] = [];

  /** `writtenMs`: just before the source was asked to write it. Only committed beats are noted. */
  noteWritten(beat: number, writtenMs: number): void {
    this.written.push({ beat, writtenMs });
    if (this.written.length > REMEMBERED) this.written.shift();
  }

  noteSeen(beat: number, seenMs: number): void {
    if (beat <= (this.seen.at(-1)?.beat ?? 0)) return;
    this.seen.push({ beat, seenMs });
    if (this.seen.length > REMEMBERED) this.seen.shift();
  }

  /**
   * How long a fault at `sinceMs` was felt: the longest way of a beat that was written in the 1.5 s after it, or of the first
   * one after it, counted from `sinceMs` where none could be written before. Null while such a beat is still on its way.
   */
  recoveryMs(sinceMs: number, nowMs: number): number | null {
    if (nowMs < sinceMs + BITE_MS) return null;
    const first = this.written.findIndex(({ writtenMs }) => writtenMs >= sinceMs);
    if (first === -1) return null;
    let worst = 0;
    for (const [index, { beat, writtenMs }] of this.written.slice(first).entries()) {
      if (index > 0 && writtenMs > sinceMs + BITE_MS) break;
      const seenMs = this.whenSeen(beat);
      if (seenMs === null) return null;
      // The first one waited for the source too.
      worst = Math.max(worst, seenMs - (index === 0 ? sinceMs : writtenMs));
    }
    return worst;
  }

  private whenSeen(beat: number): number | null {
    let [low, high] = [0, this.seen.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.seen[middle]?.beat ?? 0) < beat) low = middle + 1;
      else high = middle;
    }
    return this.seen[low]?.seenMs ?? null;
  }
}
