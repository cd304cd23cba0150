import type { Clock, Place, SyncError } from '@lutra/model';
import type { SourceReader } from './source-reader.ts';

const RECONNECT_MS_MIN = 250;
const RECONNECT_MS_MAX = 5_000;
/** A dump that ran for so long was not part of the trouble before it. */
const STABLE_MS = 10_000;
/** A server that is away for so long is not waited for any more when another one of its group can go on. */
const FAILOVER_MS = 5_000;
/** Breaks that are repaired inside the epoch. */
const RECONNECTABLE = new Set([
  'SOURCE_CONNECTION_LOST',
  'SOURCE_UNREACHABLE',
  // A login that was good for this server before is being changed, there and at Lutra, and not at the same moment.
  'SOURCE_ACCESS_DENIED',
  'SECRET_REFERENCE_MISSING',
]);

/** Decides when the dump breaks: the same server again, inside the epoch, or the end of the epoch. */
export class Reconnect {
  /** Monotonic ms; null = not now. */
  private lostSinceMs: number | null = null;
  private awaySinceMs: number | null = null;
  private openedMs: number | null = null;
  private pauseMs = RECONNECT_MS_MIN;

  constructor(
    private readonly options: {
      readonly clock: Clock;
      readonly reader: Pick<SourceReader, 'serverUuid' | 'findStandby'>;
      readonly retryInPlaceMs: () => number;
    },
  ) {}

  /** The dump is open. */
  opened(): void {
    this.openedMs = this.options.clock.monotonicMs();
    this.awaySinceMs = null;
  }

  /**
   * How long to wait before the dump is opened again at `place`, in ms. Throws the error when it ends the epoch: because
   * waiting does not heal it, because it lasted for `retryInPlaceMs`, or because the server has been away for 5 s and another
   * one of its group can go on at the place. One that cannot yet is asked again after each wait.
   */
  async pause(error: SyncError, place: Place): Promise<number> {
    const { clock, reader, retryInPlaceMs } = this.options;
    const nowMs = clock.monotonicMs();
    if (this.openedMs !== null && nowMs - this.openedMs > STABLE_MS) {
      this.lostSinceMs = null;
      this.pauseMs = RECONNECT_MS_MIN;
    }
    this.openedMs = null;
    this.lostSinceMs ??= nowMs;
    this.awaySinceMs ??= nowMs;
    const isOver = nowMs - this.lostSinceMs > retryInPlaceMs();
    const mayHeal = reader.serverUuid === null ? othersMayReturn(error) : RECONNECTABLE.has(error.code);
    if (isOver || !mayHeal || error.details['needsNewEpoch'] === true) throw error;
    const awayMs = nowMs - this.awaySinceMs;
    if (reader.serverUuid !== null && awayMs >= FAILOVER_MS && (await reader.findStandby(place)) !== null) throw error;
    const { pauseMs } = this;
    this.pauseMs = Math.min(pauseMs * 2, RECONNECT_MS_MAX);
    // Not past the moment at which a standby counts.
    return awayMs < FAILOVER_MS ? Math.min(pauseMs, FAILOVER_MS - awayMs) : pauseMs;
  }
}

/**
 * Before the first dump of an epoch nothing is held that a new epoch would give up, and people see the reason at once; but a
 * server that lacks transactions is not believed while another one of the group may come back.
 */
function othersMayReturn({ code, details }: SyncError): boolean {
  const unreachable = details['unreachable'];
  return code !== 'SOURCE_UNREACHABLE' && Array.isArray(unreachable) && unreachable.length > 0;
}
