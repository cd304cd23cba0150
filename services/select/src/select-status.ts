import type { WindowEvent } from '@lutra/model';

/** Behind the source by more than this while events are waiting: catching up, not streaming. */
const CATCHING_UP_MS = 5_000;
/** Nothing new for so long, with nothing waiting: idle. */
const IDLE_MS = 2_000;

/** What select says of itself. Lag is zero when everything that the source sent has been read, however old it is. */
export class SelectStatus {
  /** connecting: no dump. seeking: the dump runs, no transaction has come. reading: transactions come. */
  phase: 'connecting' | 'seeking' | 'reading' | 'drained' = 'connecting';
  cause: string | null = null;
  /** True when the source has sent nothing that was not taken. */
  isCaughtUp = false;
  eventsRead = 0;
  bytesRead = 0;
  /** Commit time of the newest transaction read, source clock, ms; 0 = none yet. */
  newestCommitMs = 0;
  /** Monotonic ms when it was read. */
  newestReadMs = 0;
  private newestSeq = 0;

  /** Takes note of the newest transaction; one that is known already (heartbeats come in between) changes nothing. */
  sawTransaction(newest: { readonly seq: number; readonly commitMs: number }, nowMs: number): void {
    if (newest.seq === 0 || newest.seq === this.newestSeq) return;
    this.newestSeq = newest.seq;
    this.phase = 'reading';
    this.newestReadMs = nowMs;
    this.newestCommitMs = Math.max(this.newestCommitMs, newest.commitMs);
  }

  /** `sourceNowMs`: the source's wall clock. */
  lagMs(sourceNowMs: number): number {
    if (this.isCaughtUp || this.newestCommitMs === 0) return 0;
    return Math.max(0, Math.round(sourceNowMs - this.newestCommitMs));
  }

  state(now: { readonly sourceNowMs: number; readonly monotonicMs: number }): WindowEvent['state'] {
    if (this.phase !== 'reading') return this.phase;
    if (this.isCaughtUp) return now.monotonicMs - this.newestReadMs > IDLE_MS ? 'idle' : 'streaming';
    return this.lagMs(now.sourceNowMs) > CATCHING_UP_MS ? 'catchingUp' : 'streaming';
  }
}
