import { randomInt } from 'node:crypto';
import { SyncError } from '@lutra/model';
import type { Command, ErrorCode, Permit, WarningCode } from '@lutra/model';
import type { Announcer } from './announcer.ts';
import type { ArbiterParts } from './arbiter-parts.ts';
import { decide } from './decide.ts';
import type { Decision, DecisionContext, Outcome } from './decide.ts';

/** A compare-and-set fails only when the attempt counter was reset meanwhile, or a lock was lost: one more look is enough. */
const WRITE_TRIES = 5;
const JITTER_STEPS = 1_000;

type Asked = Pick<DecisionContext, 'isRedelivered' | 'isDrained'>;

/**
 * Carries commands out: decides and writes under the pipeline's lock, then tells. Whoever repeats a command after a crash
 * finds in the permit what is done and finishes the rest.
 */
export class CommandDesk {
  constructor(
    private readonly parts: ArbiterParts,
    private readonly announcer: Announcer,
    /** From -1 to 1: spreads retries. The simulation brings its own chance, so that a seed repeats a run. */
    private readonly jitter: () => number = () => randomInt(-JITTER_STEPS, JITTER_STEPS + 1) / JITTER_STEPS,
  ) {}

  /**
   * Resolves when the command may be acknowledged: nothing is left to do ('applied', 'void', 'repeated'), or the permit is
   * draining and says so itself, so that whoever leads the pipeline finishes it with {@link finishHalt}.
   */
  async carryOut(command: Command, isRedelivered: boolean, signal: AbortSignal): Promise<Outcome | 'drain'> {
    if (command.kind !== 'WARNING' && (await this.parts.bus.definition(command.pipelineId)) === null)
      return this.refuseUnknown(command);
    return this.settle(command, { isRedelivered, isDrained: false }, signal);
  }

  /** The second half of PAUSE, STOP and a graceful RESTART, when the window is empty or has had its time. */
  async finishHalt(halt: Command, signal: AbortSignal): Promise<void> {
    await this.settle(halt, { isRedelivered: true, isDrained: true }, signal);
  }

  private settle(command: Command, asked: Asked, signal: AbortSignal): Promise<Outcome | 'drain'> {
    return this.parts.coordinator.withPipelineLock(
      command.pipelineId,
      async () => {
        for (let attempt = 0; attempt < WRITE_TRIES; attempt += 1) {
          const result = await this.tryOnce(command, asked);
          if (result !== 'conflict') return result;
        }
        const problem = `The permit of ${command.pipelineId} keeps changing`;
        throw new SyncError('COORDINATION_CONFLICT', { problem, pipelineId: command.pipelineId });
      },
      signal,
    );
  }

  private async tryOnce(command: Command, asked: Asked): Promise<Outcome | 'drain' | 'conflict'> {
    const { clock, coordinator, log } = this.parts;
    const standing = await coordinator.permit(command.pipelineId);
    const context = { ...asked, now: clock.now(), jitter: this.jitter() };
    const decision = decide(
      standing?.permit ?? null,
      command,
      standing === null ? { ...context, loadedEpoch: await this.loadedEpoch(command.pipelineId) } : context,
    );
    const { permit } = decision;
    if (permit !== null && !(await coordinator.writePermit(command.pipelineId, permit, standing?.version ?? null)))
      return 'conflict';
    await this.tellOvertaken(standing?.permit ?? null, command, permit);
    const { pipelineId, kind, id: commandId } = command;
    if (decision.next === 'drain') {
      log.info({ pipelineId, kind, commandId }, 'pipeline is draining');
      if (permit !== null) await this.announcer.permit(pipelineId, permit);
      return 'drain';
    }
    const now = permit ?? standing?.permit ?? null;
    log.info(
      { pipelineId, kind, commandId, outcome: decision.outcome, why: decision.reason, epoch: now?.epoch },
      'command done',
    );
    await this.finish(command, decision, now);
    return decision.outcome;
  }

  /** Select would take the place and the number of a cursor of the same epoch for its own. */
  private async loadedEpoch(pipelineId: string): Promise<number> {
    return (await this.parts.bus.cursor(pipelineId))?.epoch ?? 0;
  }

  /** Who waited for the window to empty learns that a later command has taken the permit. */
  private async tellOvertaken(before: Permit | null, command: Command, permit: Permit | null): Promise<void> {
    const pending = before?.draining === true ? before.pending : undefined;
    if (permit === null || pending === undefined || pending.id === command.id) return;
    await this.announcer.command('command-done', pending, { outcome: 'void', epoch: permit.epoch });
  }

  /** The tail: may be repeated by another arbiter, and each step tolerates that. */
  private async finish(
    command: Command,
    decision: Decision & { readonly next: 'done' },
    permit: Permit | null,
  ): Promise<void> {
    const { outcome } = decision;
    const epoch = permit?.epoch ?? null;
    for (const step of decision.steps) {
      if (step.kind === 'warn') await this.announcer.warning(command.pipelineId, warningOf(command));
      if (permit === null) continue;
      if (step.kind === 'purge') await this.purge(command.pipelineId, permit.epoch);
      if (step.kind === 'announce-permit') await this.announcer.permit(command.pipelineId, permit);
      if (step.kind === 'announce-rollback') await this.announcer.command('rolled-back', command, { outcome, epoch });
    }
    await this.announcer.command('command-done', command, { outcome, epoch });
  }

  /** Housekeeping: readers drop older epochs anyway, so a failure fails nothing. */
  private async purge(pipelineId: string, below: number): Promise<void> {
    try {
      await this.parts.bus.purgeEpochs(pipelineId, { below });
    } catch (error) {
      this.parts.log.warn({ err: error, pipelineId, below }, 'older epochs could not be purged');
    }
  }

  private async refuseUnknown(command: Command): Promise<Outcome> {
    const message = `${command.kind} for a pipeline that has no definition`;
    await this.announcer.warning(command.pipelineId, { code: 'PIPELINE_UNKNOWN', message, epoch: command.aboutEpoch });
    await this.announcer.command('command-done', command, { outcome: 'void', epoch: command.aboutEpoch });
    return 'void';
  }
}

const warningOf = (command: Command): { code: WarningCode | ErrorCode; message: string; epoch: number | null } => ({
  code: command.failure?.code ?? 'WARNING',
  message: command.reason,
  epoch: command.aboutEpoch,
});
