import { SyncError } from '@lutra/model';
import { killSessions } from '@lutra/sql';
import type { TargetSession } from '@lutra/sql';
import type { LaneWork } from './block-watch.ts';
import { LOGIN_CHANGES, retryInPlace } from './retry-in-place.ts';
import type { TargetAccess } from './target-access.ts';

export interface ApplyOptions {
  readonly retryMs: number;
  readonly signal: AbortSignal;
}

// Well below the session's wait_timeout of 60 s.
const KEEP_ALIVE_MS = 20_000;

/** One writer at the target: a session that is opened when it is first needed, and made good when it is lost. */
export class Lane {
  private session: TargetSession | null = null;
  /** Session that was lost and may still hold locks. */
  private lostSessionId: number | null = null;
  private lastUseMs: number;
  private busySinceMs: number | null = null;

  constructor(
    private readonly access: TargetAccess,
    private readonly options: {
      /** The server that this epoch began with. */
      readonly serverId: string;
      /** Called with each new session before it is used. */
      readonly opened: (session: TargetSession) => Promise<void>;
    },
    session: TargetSession | null = null,
  ) {
    this.session = session;
    this.lastUseMs = access.clock.monotonicMs();
  }

  get sessionId(): number | null {
    return this.session?.info.sessionId ?? null;
  }

  /** What it is at, for whoever looks why it takes long. */
  get work(): LaneWork {
    return { busySinceMs: this.busySinceMs, sessionId: this.sessionId };
  }

  async whileBusy<T>(work: () => Promise<T>): Promise<T> {
    this.busySinceMs = this.access.clock.monotonicMs();
    try {
      return await work();
    } finally {
      this.busySinceMs = null;
    }
  }

  /**
   * Does the work on the lane's session. What passes by itself (deadlock, failover, broken connection) is repeated for
   * `retryMs`, on a clean session, then thrown. After the signal has aborted nothing is begun anew.
   */
  repeat<T>(work: (session: TargetSession) => Promise<T>, { retryMs, signal }: ApplyOptions): Promise<T> {
    const once = async (): Promise<T> => {
      try {
        const session = await this.connected();
        this.used();
        return await work(session);
      } catch (error) {
        await this.afterFailure();
        throw error;
      }
    };
    return retryInPlace(once, { clock: this.access.clock, limitMs: retryMs, signal, passing: LOGIN_CHANGES });
  }

  /** The session has just been heard of. */
  used(): void {
    this.lastUseMs = this.access.clock.monotonicMs();
  }

  /** True when the session has been silent for long; from then on it counts as used. */
  takeKeepAlive(): boolean {
    const nowMs = this.access.clock.monotonicMs();
    if (this.session === null || nowMs - this.lastUseMs < KEEP_ALIVE_MS) return false;
    this.lastUseMs = nowMs;
    return true;
  }

  /** Says something to the target when it has been silent for long, so that the session stays. */
  async keepAlive(): Promise<void> {
    const { session } = this;
    if (session === null || this.busySinceMs !== null || !this.takeKeepAlive()) return;
    try {
      await session.query('SELECT 1 AS one');
    } catch {
      // The next unit opens another session.
    }
    await session.rollback();
  }

  /** Takes back what stands open; a session that cannot is given up. */
  async afterFailure(): Promise<void> {
    const { session } = this;
    if (session === null) return;
    await session.rollback();
    if (session.isOpen) return;
    this.lostSessionId = session.info.sessionId;
    this.session = null;
  }

  async close(): Promise<void> {
    await this.session?.close();
  }

  /** Ends the session at once: the statement in hand fails, and the server rolls back. */
  destroy(): void {
    this.session?.destroy();
  }

  private async connected(): Promise<TargetSession> {
    if (this.session !== null && !this.session.isOpen) await this.afterFailure();
    if (this.session !== null) return this.session;
    const session = await this.access.open();
    try {
      const { address, serverId } = session.info;
      if (serverId !== this.options.serverId) {
        // Another server may lack what this epoch has committed: only a new claim tells where it stands.
        const problem = `Another server answers at ${address} than the one that this epoch began with`;
        throw new SyncError('TARGET_FENCED', { problem, address });
      }
      if (this.lostSessionId !== null) await killSessions(session, [this.lostSessionId]);
      this.lostSessionId = null;
      await this.options.opened(session);
    } catch (error) {
      session.destroy();
      throw error;
    }
    this.session = session;
    return session;
  }
}
