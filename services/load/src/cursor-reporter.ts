import type { Clock, CursorState, DryRunStart, Place } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import type { PipelineSession } from '@lutra/service-kit';

const REPEAT_MS = 1_000;

/**
 * Keeps lutra_cursor in step with the checkpoint, at most once a second: from the claim until a process of the epoch has
 * arrived the place is repeated, since select waits for it; afterwards it is written when it has moved.
 */
export class CursorReporter {
  private reached: { readonly place: Place; readonly process: number; readonly revision: number };
  private stagedUpTo: number | null = null;
  private isWanted = true;
  private hasArrived = false;

  constructor(
    private readonly parts: {
      readonly bus: Bus;
      readonly clock: Clock;
      readonly pipeline: PipelineSession;
      /** Nothing of it is in the target. */
      readonly dryRun?: DryRunStart;
    },
    claimed: Place,
  ) {
    this.reached = { place: claimed, process: 0, revision: parts.pipeline.definition.revision };
  }

  /** Select works in this epoch: it has seen the place. */
  processArrived(): void {
    this.hasArrived = true;
  }

  /** The target has committed everything up to this process, and no transaction is open there. */
  loaded(reached: { readonly place: Place; readonly process: number; readonly revision: number }): void {
    this.reached = reached;
    this.stagedUpTo = null;
    this.isWanted = true;
  }

  /** Everything up to this process is written into the open transaction. The place stays. */
  staged(process: number): void {
    this.stagedUpTo = process;
    this.isWanted = true;
  }

  /** Runs until the signal aborts. A bus that does not answer only delays the news. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.report();
      await this.parts.clock.sleep(REPEAT_MS, signal);
    }
    await this.report();
  }

  private async report(): Promise<void> {
    if (!this.isWanted && this.hasArrived) return;
    const { bus, clock, dryRun, pipeline } = this.parts;
    const state: CursorState = {
      state: 'place',
      epoch: pipeline.epoch,
      ...this.reached,
      ...(this.stagedUpTo === null ? {} : { staged: this.stagedUpTo }),
      ...(dryRun === undefined ? {} : { dryRun }),
      at: clock.now().toISOString(),
    };
    this.isWanted = false;
    try {
      await bus.putCursor(pipeline.pipelineId, state);
    } catch (error) {
      this.isWanted = true;
      pipeline.log.warn({ err: error }, 'cursor not written yet');
    }
  }
}
