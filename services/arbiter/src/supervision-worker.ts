import { SyncError } from '@lutra/model';
import type { PipelineDefinition } from '@lutra/model';
import type { Worker } from '@lutra/service-kit';
import type { Announcer } from './announcer.ts';
import type { ArbiterParts } from './arbiter-parts.ts';
import type { CommandDesk } from './command-desk.ts';
import { LeadershipShare } from './leadership-share.ts';
import type { PipelineFeed } from './pipeline-feed.ts';
import { PipelineSupervisor } from './pipeline-supervisor.ts';
import { SeatKeeper } from './seat-keeper.ts';
import { SeatMembers } from './seat-members.ts';

const RESTART_MS = 1_000;

interface Watched {
  definition: PipelineDefinition;
  readonly removed: AbortController;
  readonly task: Promise<void>;
}

/** Contends for the leadership of every configured pipeline, so that they spread over the arbiters, and supervises those that it leads. */
export class SupervisionWorker implements Worker {
  readonly name = 'supervision';
  private readonly watched = new Map<string, Watched>();
  private readonly share: LeadershipShare;
  private readonly seatMembers: SeatMembers;
  private led = 0;

  constructor(
    private readonly parts: ArbiterParts,
    private readonly announcer: Announcer,
    private readonly desk: CommandDesk,
    private readonly feed: PipelineFeed,
  ) {
    this.share = new LeadershipShare(parts);
    this.seatMembers = new SeatMembers(parts);
  }

  /** Pipelines that this arbiter leads. */
  tasks(): number {
    return this.led;
  }

  async run(stopping: AbortSignal): Promise<void> {
    const end = new AbortController();
    const signal = AbortSignal.any([stopping, end.signal]);
    await Promise.all(
      [this.share.follow(signal), this.seatMembers.follow(signal), this.superviseAll(signal)].map((part) =>
        part.finally(() => {
          end.abort();
        }),
      ),
    );
  }

  private async superviseAll(signal: AbortSignal): Promise<void> {
    try {
      for await (const { pipelineId, definition } of this.parts.bus.watchDefinitions(signal)) {
        if (definition === null) this.forget(pipelineId);
        else this.watch(pipelineId, definition);
      }
    } finally {
      const tasks = [...this.watched.values()].map(({ task }) => task);
      for (const pipelineId of [...this.watched.keys()]) this.forget(pipelineId);
      await Promise.all(tasks);
    }
  }

  private forget(pipelineId: string): void {
    this.watched.get(pipelineId)?.removed.abort();
    this.watched.delete(pipelineId);
  }

  private watch(pipelineId: string, definition: PipelineDefinition): void {
    const known = this.watched.get(pipelineId);
    if (known !== undefined) {
      known.definition = definition;
      return;
    }
    const removed = new AbortController();
    const entry: Watched = {
      definition,
      removed,
      task: this.supervise(pipelineId, () => entry.definition, removed.signal),
    };
    this.watched.set(pipelineId, entry);
  }

  private async supervise(
    pipelineId: string,
    definition: () => PipelineDefinition,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, log } = this.parts;
    while (!signal.aborted) {
      try {
        await this.lead(pipelineId, definition, signal);
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ err: error, code: SyncError.of(error).code, pipelineId }, 'supervision starts again soon');
        await clock.sleep(RESTART_MS, signal);
      }
    }
  }

  private async lead(pipelineId: string, definition: () => PipelineDefinition, signal: AbortSignal): Promise<void> {
    const { coordinator, identity } = this.parts;
    await this.share.standBack(pipelineId, signal);
    if (signal.aborted) return;
    const lease = await coordinator.acquireLeadership(`arbiter.${pipelineId}`, identity.instance, signal);
    const elsewhere = new AbortController();
    const over = AbortSignal.any([signal, lease.lost, elsewhere.signal]);
    this.led += 1;
    const moving = this.share.untilElsewhere(pipelineId, over).then(() => {
      elsewhere.abort();
    });
    const seats = new SeatKeeper(this.parts, this.announcer, this.seatMembers, { pipelineId, definition });
    const seating = seats.run(over);
    try {
      const supervisor = new PipelineSupervisor(this.parts, this.announcer, this.desk, this.feed, {
        pipelineId,
        definition,
      });
      await supervisor.run(over);
    } finally {
      this.led -= 1;
      elsewhere.abort();
      await Promise.all([moving, seating]);
      await lease.release();
    }
  }
}
