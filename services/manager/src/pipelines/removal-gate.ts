import { SyncError } from '@lutra/model';
import type { Coordinator } from '@lutra/coordination';
import { countUnsettled } from '../dead-letters/count-unsettled.ts';
import type { TargetDoor } from '../targets/target-door.ts';

/** What is known of a pipeline that may be removed. */
export interface Removable {
  /** It has ever run: rows of it may be at the target. */
  readonly hasRun: boolean;
  /** Rows that nobody has decided about, and that go with it; null = the target does not tell. */
  readonly lettersDiscarded: number | null;
}

/** Says whether a pipeline may be removed: it stands still for good, and no row that was put aside is lost unasked. */
export class RemovalGate {
  constructor(
    private readonly coordinator: Coordinator,
    private readonly door: TargetDoor,
  ) {}

  /**
   * With `discardDeadLetters` the letters may go, and a target that is away is no hindrance. Throws RESOURCE_CONFLICT, also
   * for letters that cannot be counted.
   */
  async require(
    pipelineId: string,
    { discardDeadLetters }: { readonly discardDeadLetters: boolean },
  ): Promise<Removable> {
    const permit = (await this.coordinator.permit(pipelineId))?.permit ?? null;
    const state = permit?.state ?? 'STOPPED';
    if (state !== 'STOPPED') {
      const problem = `The pipeline is ${state}: send it the command STOP and wait until it has stopped`;
      throw new SyncError('RESOURCE_CONFLICT', { problem, state, pipelineId });
    }
    // What has never run has put nothing aside, and its target need not be there yet.
    if (permit === null) return { hasRun: false, lettersDiscarded: 0 };
    return { hasRun: true, lettersDiscarded: await this.letters(pipelineId, discardDeadLetters) };
  }

  private async letters(pipelineId: string, mayGo: boolean): Promise<number | null> {
    const counted = await this.door
      .ofPipeline(pipelineId, (session) => countUnsettled(session, pipelineId))
      .catch((error: unknown) => SyncError.of(error));
    if (typeof counted === 'number') {
      if (counted === 0 || mayGo) return counted;
      const problem = `${String(counted)} dead letters of the pipeline are not settled, and go with it: retry or discard them, or ask with discardDeadLetters=true`;
      throw new SyncError('RESOURCE_CONFLICT', { problem, pipelineId, deadLetters: counted });
    }
    if (mayGo) return null;
    const problem = `The target does not tell whether dead letters of the pipeline would be lost (${counted.code}): wait until it does, or ask with discardDeadLetters=true`;
    throw new SyncError('RESOURCE_CONFLICT', { problem, pipelineId, deadLetters: null }, { cause: counted });
  }
}
