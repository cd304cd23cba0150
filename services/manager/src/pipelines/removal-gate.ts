import { SyncError } from '@lutra/model';
import type { Coordinator } from '@lutra/coordination';
import type { CommandReader } from '../commands/command-reader.ts';
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
    private readonly commands: CommandReader,
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
    // What has never run has put nothing aside, and its target need not be there yet.
    if (!(await this.requireStopped(pipelineId))) return { hasRun: false, lettersDiscarded: 0 };
    return { hasRun: true, lettersDiscarded: await this.letters(pipelineId, discardDeadLetters) };
  }

  /**
   * One that is stopped, and that no START is on its way to. True when it may ever have run. To be asked again inside of the
   * transaction that removes it ({@link Store.change}): no command comes in between. Throws RESOURCE_CONFLICT.
   */
  async requireStopped(pipelineId: string): Promise<boolean> {
    const refuse = (problem: string, details: Readonly<Record<string, unknown>>): never => {
      throw new SyncError('RESOURCE_CONFLICT', { problem, ...details, pipelineId });
    };
    // First the commands: one that is decided between the two questions has left its permit by the second.
    const { undecided, hasStarted } = await this.commands.startsOf(pipelineId);
    const permit = (await this.coordinator.permit(pipelineId))?.permit ?? null;
    const state = permit?.state ?? 'STOPPED';
    if (state !== 'STOPPED')
      refuse(`The pipeline is ${state}: send it the command STOP and wait until it has stopped`, { state });
    if (undecided !== null) {
      const { id, kind } = undecided;
      refuse(`The arbiter has not decided ${kind} ${id} yet: wait until it has, or send STOP and wait for that`, {
        ...{ state, commandId: id },
      });
    }
    return permit !== null || hasStarted;
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
