import { SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import type { Logger } from 'pino';
import type { Worker } from './worker.ts';

const RESTART_MS_MIN = 1_000;
const RESTART_MS_MAX = 30_000;
/** A worker that ran for so long has recovered: its next failure starts with the short wait again. */
const STEADY_MS = 60_000;
/** A worker that has failed again and again for so long makes the service not live: perhaps a new process helps. */
const CRASHING_MS_MAX = 300_000;

interface Track {
  readonly worker: Worker;
  state: 'running' | 'waiting' | 'stopped';
  /** When the row of failures began, null while the worker is steady. */
  failingSinceMs: number | null;
  lastFailure: string;
}

/** Starts workers, starts them again when they fail, and stops them in order. */
export class WorkerRunner {
  private readonly abort = new AbortController();
  private readonly tracks: readonly Track[];
  private running: Promise<unknown> = Promise.resolve();
  private isDraining = false;

  constructor(
    workers: readonly Worker[],
    private readonly parts: { readonly clock: Clock; readonly log: Logger },
  ) {
    this.tracks = workers.map((worker) => ({ worker, state: 'stopped', failingSinceMs: null, lastFailure: '' }));
  }

  /** Before the instance joins. What fails is logged: the worker makes up for it when it runs. Never rejects. */
  async prepare(): Promise<void> {
    for (const { worker } of this.tracks) {
      try {
        await worker.prepare?.();
      } catch (error) {
        const { code } = SyncError.of(error);
        this.parts.log.warn({ err: error, code, worker: worker.name }, 'worker could not prepare');
      }
    }
  }

  start(): void {
    this.running = Promise.all(this.tracks.map((track) => this.supervise(track)));
  }

  /** What all workers have in hand. */
  tasks(): number {
    return this.tracks.reduce((sum, { worker }) => sum + (worker.tasks?.() ?? 0), 0);
  }

  /** Why the service is not ready; '' when every worker runs. */
  whyNotReady(): string {
    return this.tracks
      .map(({ worker, state, lastFailure }) =>
        state === 'running'
          ? (worker.whyNotReady?.() ?? '')
          : `worker ${worker.name} does not run${lastFailure && `: ${lastFailure}`}`,
      )
      .filter((reason) => reason !== '')
      .join('; ');
  }

  /** Why a restart of the process may help; '' unless a worker has kept failing for minutes. */
  whyNotLive(): string {
    const now = this.parts.clock.monotonicMs();
    const crashing = this.tracks.filter(
      ({ failingSinceMs, state }) =>
        state === 'waiting' && failingSinceMs !== null && now - failingSinceMs > CRASHING_MS_MAX,
    );
    return crashing.map(({ worker, lastFailure }) => `worker ${worker.name} keeps failing: ${lastFailure}`).join('; ');
  }

  /** Lets workers finish or release what they hold, within the deadline. Never rejects. */
  async drain(deadlineMs: number): Promise<void> {
    this.isDraining = true;
    const drains = this.tracks.map(async ({ worker }) => {
      try {
        await worker.drain?.(deadlineMs);
      } catch (error) {
        this.parts.log.error({ err: error, worker: worker.name }, 'worker could not drain');
      }
    });
    await this.atMost(deadlineMs, Promise.all(drains), 'workers did not drain in time');
  }

  /** Aborts the workers and waits for them, at most `limitMs`. Never rejects. */
  async stop(limitMs: number): Promise<void> {
    this.abort.abort();
    await this.atMost(limitMs, this.running, 'workers did not stop in time');
  }

  private async atMost(limitMs: number, work: Promise<unknown>, complaint: string): Promise<void> {
    const timer = new AbortController();
    const isDone = await Promise.race([
      work.then(() => true),
      this.parts.clock.sleep(limitMs, timer.signal).then(() => false),
    ]);
    timer.abort();
    if (!isDone) this.parts.log.warn({ limitMs }, complaint);
  }

  private async supervise(track: Track): Promise<void> {
    const { clock, log } = this.parts;
    const { signal } = this.abort;
    let waitMs = RESTART_MS_MIN;
    while (!signal.aborted && !this.isDraining) {
      const startedMs = clock.monotonicMs();
      await this.runOnce(track);
      if (signal.aborted || this.isDraining) break;
      if (clock.monotonicMs() - startedMs >= STEADY_MS) {
        waitMs = RESTART_MS_MIN;
        track.failingSinceMs = null;
      }
      track.failingSinceMs ??= clock.monotonicMs();
      track.state = 'waiting';
      log.info({ worker: track.worker.name, waitMs }, 'worker starts again soon');
      await clock.sleep(waitMs, signal);
      waitMs = Math.min(waitMs * 2, RESTART_MS_MAX);
    }
    track.state = 'stopped';
  }

  private async runOnce(track: Track): Promise<void> {
    const { worker } = track;
    track.state = 'running';
    try {
      await worker.run(this.abort.signal);
      if (!this.abort.signal.aborted && !this.isDraining) track.lastFailure = 'ended without being asked to';
    } catch (error) {
      if (this.abort.signal.aborted) return;
      const failure = SyncError.of(error);
      track.lastFailure = failure.message;
      this.parts.log.error({ err: error, code: failure.code, worker: worker.name }, 'worker failed');
    }
  }
}
