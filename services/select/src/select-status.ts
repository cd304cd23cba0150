import type { WindowEvent } from '@lutra/model';

/** Behind the source by more than this while events are waiting: catching up, not streaming. */
const CATCHING_UP_MS = 5_000;
/** Nothing new for so long, with nothing waiting: idle. */
const IDLE_MS = 2_000;
/** The socket is empty for moments in a backlog too; for so long it is only at the end of the log. */
const CAUGHT_UP_MS = 200;
/** The server tells its position twice and has not moved: it has nothing for us, be it that no transaction ever came. */
const BEATS_AT_END = 2;

/**
 * What select says of itself. Lag is zero when everything that the source sent has been read, however old it is; else it is
 * the source's clock less the commit time of the transaction that was read last.
 */
export class SelectStatus {
  /** connecting: no dump. seeking: the dump runs, no transaction has come. reading: transactions come, or none are left. */
  phase: 'connecting' | 'seeking' | 'reading' | 'drained' | 'failed' = 'connecting';
  /** The source's server that is read, 'host:port'. */
  address: string | null = null;
  /** Why it is not the first one of its group. */
  addressReason: string | null = null;
  /** Why the window is full, while it is: load is slower than the source. */
  isWindowFull = false;
  eventsRead = 0;
  bytesRead = 0;
  /** Commit time of the newest transaction read, source clock, ms; 0 = none yet. */
  newestCommitMs = 0;
  /** Monotonic ms when it was read. */
  newestReadMs = 0;
  private trouble: string | null = null;
  /** Monotonic ms since which the source has sent nothing that was not taken; null = something waits. */
  private emptySinceMs: number | null = null;
  private newestSeq = 0;

  /** What stands in the way, for people; the window and the server that is read are told when nothing else is. */
  get cause(): string | null {
    if (this.trouble !== null) return this.trouble;
    return this.isWindowFull ? WINDOW_FULL : this.addressReason;
  }
  set cause(trouble: string | null) {
    this.trouble = trouble;
  }

  /** After each look at the socket. `isEmpty`: it was looked at, and there was nothing. */
  looked(isEmpty: boolean, nowMs: number): void {
    if (isEmpty) this.emptySinceMs ??= nowMs;
    else this.emptySinceMs = null;
  }

  /** Takes note of the newest transaction; one that is known already (heartbeats come in between) changes nothing. */
  sawTransaction(newest: { readonly seq: number; readonly commitMs: number }, nowMs: number): void {
    if (newest.seq === 0 || newest.seq === this.newestSeq) return;
    this.newestSeq = newest.seq;
    this.phase = 'reading';
    this.newestReadMs = nowMs;
    this.newestCommitMs = newest.commitMs;
  }

  /** `beatsAtOnePlace`: heartbeats in a row that told the same position. */
  sawHeartbeats(beatsAtOnePlace: number): void {
    if (this.phase === 'seeking' && beatsAtOnePlace >= BEATS_AT_END) this.phase = 'reading';
  }

  /** `sourceNowMs`: the source's wall clock. */
  lagMs(now: { readonly sourceNowMs: number; readonly monotonicMs: number }): number {
    if (this.isCaughtUp(now.monotonicMs) || this.newestCommitMs === 0) return 0;
    return Math.max(0, Math.round(now.sourceNowMs - this.newestCommitMs));
  }

  state(now: { readonly sourceNowMs: number; readonly monotonicMs: number }): WindowEvent['state'] {
    if (this.phase === 'failed' || this.phase === 'drained') return this.phase;
    // The dump may be closed while the window is full: it is load that is waited for, not the source.
    if (this.phase !== 'reading' && !this.isWindowFull) return this.phase;
    if (this.isCaughtUp(now.monotonicMs)) return now.monotonicMs - this.newestReadMs > IDLE_MS ? 'idle' : 'streaming';
    return this.lagMs(now) > CATCHING_UP_MS ? 'catchingUp' : 'streaming';
  }

  private isCaughtUp(nowMs: number): boolean {
    return !this.isWindowFull && this.emptySinceMs !== null && nowMs - this.emptySinceMs >= CAUGHT_UP_MS;
  }
}

const WINDOW_FULL = 'The window is full: the target is slower than the source, or load does not run';
