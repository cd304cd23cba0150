import { Bell } from '@lutra/model';
import type { LutraEvent, Permit, PipelineDefinition } from '@lutra/model';
import type { Announcer } from './announcer.ts';
import type { ArbiterParts } from './arbiter-parts.ts';
import { awaitDrained } from './await-drained.ts';
import type { CommandDesk } from './command-desk.ts';
import type { PipelineFeed } from './pipeline-feed.ts';
import { PipelineRecord } from './pipeline-record.ts';
import { StuckWatch } from './stuck/stuck-watch.ts';
import {
  ageCommand,
  describeOverdue,
  hasProgress,
  longRetries,
  overdueProcess,
  retryCommand,
  retryWaitMs,
  unfinishedHalt,
} from './supervise.ts';
import type { OverdueProcess } from './supervise.ts';

/** A due retry or a reset that has not shown in the permit is repeated after so long. */
const REPEAT_MS = 5_000;
const IDLE_MS = 60_000;
/** A running pipeline is looked at so often, in memory: silence rings no bell. */
const RUNNING_LOOK_MS = 2_000;

/**
 * Watches one pipeline while this arbiter leads it: finishes PAUSE and STOP, restarts it when a retry is due, resets the
 * count of attempts when it makes progress, and restarts it when a process grows too old or nothing arrives. What it knows
 * is in the permit and in the event log, so that the next leader knows it too.
 */
export class PipelineSupervisor {
  private permit: Permit | null = null;
  private readonly bell: Bell;
  private readonly record: PipelineRecord;
  private readonly stuck: StuckWatch;

  constructor(
    private readonly parts: ArbiterParts,
    private readonly announcer: Announcer,
    private readonly desk: CommandDesk,
    private readonly feed: PipelineFeed,
    private readonly pipeline: { readonly pipelineId: string; readonly definition: () => PipelineDefinition },
  ) {
    this.bell = new Bell(parts.clock);
    const { pipelineId, definition } = pipeline;
    this.record = new PipelineRecord(parts, announcer, pipelineId);
    this.stuck = new StuckWatch({ ...parts, announcer, pipelineId, parameters: () => definition().parameters });
  }

  /** Until the signal aborts. Throws when ZooKeeper or NATS fail for long: the caller starts it again. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const end = (): void => {
      stop.abort();
    };
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    const unsubscribe = this.feed.subscribe(this.pipeline.pipelineId, (event) => {
      this.onEvent(event);
    });
    const watching = this.follow(stop.signal).finally(end);
    watching.catch(() => undefined); // It is awaited below; until then its failure must not count as unhandled.
    try {
      while (!stop.signal.aborted) await this.bell.wait(await this.look(stop.signal), stop.signal);
    } finally {
      end();
      unsubscribe();
      signal.removeEventListener('abort', end);
      await watching;
    }
  }

  private async follow(signal: AbortSignal): Promise<void> {
    for await (const permit of this.parts.coordinator.watchPermit(this.pipeline.pipelineId, signal)) {
      this.permit = permit;
      this.bell.ring();
    }
  }

  /** Loaded events come by the hundred: nothing is looked at unless it says something new. */
  private onEvent(event: LutraEvent): void {
    this.record.add(event);
    this.stuck.onEvent(event);
    if (event.kind === 'loaded' && hasProgress(this.permit, this.record.state)) this.bell.ring();
    if (event.kind === 'window' && this.overdue() !== null) this.bell.ring();
  }

  private overdue(): OverdueProcess | null {
    if (this.stuck.isThrottled) return null;
    const { pipelineId, definition } = this.pipeline;
    const { processAgeMaxMs } = definition().parameters;
    return overdueProcess(this.record.state, { pipelineId, permit: this.permit, processAgeMaxMs });
  }

  /** Does what is due and returns after how many ms to look again. */
  private async look(signal: AbortSignal): Promise<number> {
    await this.record.keep(this.permit);
    const overdue = this.overdue();
    if (overdue !== null) await this.restartOverdue(overdue, signal);
    const command = await this.stuck.look(this.permit, signal);
    if (command !== null) await this.parts.bus.issueCommand(command);
    if (hasProgress(this.permit, this.record.state)) {
      await this.resetAttempts();
      return REPEAT_MS;
    }
    const { permit } = this;
    const { clock, bus } = this.parts;
    const { pipelineId } = this.pipeline;
    const halt = unfinishedHalt(pipelineId, permit);
    if (halt !== null && permit !== null) {
      await awaitDrained(
        { ...this.parts, feed: this.feed },
        { pipelineId, epoch: permit.epoch, commandId: halt.id },
        signal,
      );
      if (signal.aborted) return IDLE_MS;
      await this.desk.finishHalt(halt, signal);
      this.permit = (await this.parts.coordinator.permit(pipelineId))?.permit ?? null;
      return REPEAT_MS;
    }
    const waitMs = retryWaitMs(permit, clock.now());
    if (waitMs === null || permit === null) return permit?.state === 'RUNNING' ? RUNNING_LOOK_MS : IDLE_MS;
    if (waitMs > 0) return waitMs;
    await bus.issueCommand(retryCommand(pipelineId, permit, clock.now()));
    const message = longRetries(permit);
    if (message !== null)
      await this.announcer.warning(pipelineId, { code: 'RETRIES_IN_VAIN', message, epoch: permit.epoch });
    return REPEAT_MS;
  }

  private async restartOverdue(overdue: OverdueProcess, signal: AbortSignal): Promise<void> {
    const { pipelineId } = this.pipeline;
    const { epoch, process } = overdue;
    const message = `${describeOverdue(overdue)}: ${await this.stuck.blockerNow(epoch, process, signal)}`;
    await this.announcer.warning(pipelineId, { code: 'PROCESS_TOO_OLD', message, epoch, process });
    const command = ageCommand(pipelineId, overdue, this.parts.clock.now());
    await this.parts.bus.issueCommand(command);
    this.record.addIssued(command);
  }

  /** Same epoch, same state: the compare-and-set makes sure that nothing but the counter changes. */
  private async resetAttempts(): Promise<void> {
    const { coordinator, log } = this.parts;
    const { pipelineId } = this.pipeline;
    const standing = await coordinator.permit(pipelineId);
    if (standing === null || standing.permit.epoch !== this.permit?.epoch || standing.permit.attempt === 0) {
      this.permit = standing?.permit ?? null;
      return;
    }
    const reset = { ...standing.permit, attempt: 0 };
    if (!(await coordinator.writePermit(pipelineId, reset, standing.version))) return;
    this.permit = reset;
    log.info({ pipelineId, epoch: standing.permit.epoch }, 'pipeline makes progress again');
  }
}
