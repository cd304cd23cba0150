import { SyncError } from '@lutra/model';
import type { Clock, ProcessHeader } from '@lutra/model';
import type { ProcessWriter } from '@lutra/messaging';
import { isServerAway } from './is-server-away.ts';

const STREAM_FULL_WAIT_MS = 250;
const SERVER_AWAY_WAIT_MS = 1_000;

/**
 * A writer that waits where the one inside refuses: a full stream is back-pressure, and a server that is away comes back.
 * It waits until the signal aborts (the epoch has passed, or the service stops), then throws the signal's reason.
 */
export class PatientWriter implements ProcessWriter {
  private mayBeStored = false;

  constructor(
    private readonly inside: ProcessWriter,
    private readonly clock: Clock,
    private readonly signal: AbortSignal,
  ) {}

  get isFull(): boolean {
    return this.inside.isFull;
  }

  write(bytes: Uint8Array): void {
    this.inside.write(bytes);
  }

  drain(): Promise<void> {
    return this.patiently(() => this.inside.drain());
  }

  /** The same message is sent again when nobody answered: its id makes a repeat harmless. */
  finish(header: ProcessHeader, target?: string): Promise<void> {
    return this.finishAt(header, () => Promise.resolve(target));
  }

  /** As {@link finish}; each try asks anew for whom it is: who was chosen before the wait may be gone after it. */
  finishAt(header: ProcessHeader, target: () => Promise<string | undefined>): Promise<void> {
    return this.patiently(async () => {
      try {
        await this.inside.finish(header, await target());
      } catch (error) {
        this.mayBeStored ||= SyncError.of(error).code !== 'BUS_STREAM_FULL';
        throw error;
      }
    });
  }

  /** Leaves the parts alone when the queue message may have been stored without an answer: a reader would miss them. */
  async abort(): Promise<void> {
    if (!this.mayBeStored) await this.inside.abort();
  }

  private async patiently(attempt: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        await attempt();
        return;
      } catch (error) {
        const isFull = SyncError.of(error).code === 'BUS_STREAM_FULL';
        if (!isFull && !isServerAway(error)) throw error;
        await this.clock.sleep(isFull ? STREAM_FULL_WAIT_MS : SERVER_AWAY_WAIT_MS, this.signal);
        this.signal.throwIfAborted();
      }
    }
  }
}
