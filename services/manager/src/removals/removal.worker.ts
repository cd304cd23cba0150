import { IsNull, LessThan, LessThanOrEqual, Not } from 'typeorm';
import { SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import type { Coordinator } from '@lutra/coordination';
import { leadRole } from '@lutra/service-kit';
import type { Worker } from '@lutra/service-kit';
import { removePipelineRows } from '@lutra/sql';
import type { Logger } from 'pino';
import { DefinitionEntity } from '../publishing/definition.entity.ts';
import type { Store } from '../store/store.ts';
import { readSystemParameters } from '../system-parameters/system-parameters.ts';
import type { TargetDoor } from '../targets/target-door.ts';
import { RemovalEntity } from './removal.entity.ts';

const LOOK_MS = 1_000;
/** Cleaned at once: one that hangs holds up as many others as this at most. */
const TARGETS_MAX = 8;
const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 60_000;
const DAY_MS = 24 * 3_600_000;

/**
 * Takes away what removed pipelines left at their targets, as soon as the bus and ZooKeeper have forgotten them (which is the
 * publisher's part): nobody writes there any more by then. A target that is away is tried again for ever, and each
 * attempt that was in vain says why. One manager at a time does this.
 */
export class RemovalWorker implements Worker {
  readonly name = 'removals';
  private reported = '';
  /** Targets that are being cleaned. */
  private readonly busy = new Map<string, Promise<void>>();

  constructor(
    private readonly parts: {
      readonly store: Store;
      readonly coordinator: Coordinator;
      readonly door: TargetDoor;
      readonly clock: Clock;
      readonly log: Logger;
      readonly instance: string;
    },
  ) {}

  run(signal: AbortSignal): Promise<void> {
    return leadRole(this.parts, { role: 'manager-removals', work: (leading) => this.lead(leading) }, signal);
  }

  private async lead(leading: AbortSignal): Promise<void> {
    try {
      while (!leading.aborted) {
        await this.tryLook(leading);
        await this.parts.clock.sleep(LOOK_MS, leading);
      }
    } finally {
      // Nobody else begins while this one is still at it.
      await Promise.allSettled(this.busy.values());
    }
  }

  /** One line per change of the reason, not one per look. */
  private async tryLook(signal: AbortSignal): Promise<void> {
    if (this.parts.store.whyAway !== '') return;
    try {
      await this.look(signal);
      this.reported = '';
    } catch (error) {
      this.report(error);
    }
  }

  private report(error: unknown): void {
    const { code, message } = SyncError.of(error);
    if (this.reported !== message) this.parts.log.warn({ err: error, code }, 'removals cannot be looked after');
    this.reported = message;
  }

  private async look(signal: AbortSignal): Promise<void> {
    const { store, clock } = this.parts;
    const now = clock.now();
    const due = await store.read(RemovalEntity, (rows) =>
      rows.find({
        where: { doneAt: IsNull(), nextAttemptAt: LessThanOrEqual(now) },
        order: { nextAttemptAt: 'ASC', pipelineId: 'ASC' },
      }),
    );
    const byTarget = new Map<string, RemovalEntity[]>();
    for (const removal of due) byTarget.set(removal.targetId, [...(byTarget.get(removal.targetId) ?? []), removal]);
    for (const [targetId, removals] of byTarget) {
      if (this.busy.has(targetId) || this.busy.size >= TARGETS_MAX) continue;
      const working = this.workAt(removals, signal).finally(() => this.busy.delete(targetId));
      this.busy.set(targetId, working);
      // The next look finds what is left.
      working.catch((error: unknown) => {
        this.report(error);
      });
    }
    const { removalDays } = await store.run(readSystemParameters);
    const shown = new Date(now.getTime() - removalDays * DAY_MS);
    await store.read(RemovalEntity, (rows) => rows.delete({ doneAt: LessThan(shown) }));
  }

  /** One after the other at one target. Where it does not answer one is enough to know it: the others wait like that one. */
  private async workAt(removals: readonly RemovalEntity[], signal: AbortSignal): Promise<void> {
    const { store } = this.parts;
    let away: SyncError | null = null;
    for (const removal of removals) {
      if (signal.aborted) return;
      const { pipelineId } = removal;
      if (await store.read(DefinitionEntity, (rows) => rows.existsBy({ pipelineId }))) continue;
      if (away !== null && removal.target !== null) await this.postpone(removal, away);
      else away = await this.finish(removal);
    }
  }

  /** Returns why the target cannot be used at all, null when it can. */
  private async finish(removal: RemovalEntity): Promise<SyncError | null> {
    const { store, door, clock, log } = this.parts;
    const { pipelineId, target, targetId } = removal;
    try {
      const removed =
        target === null
          ? {}
          : await door.ofRemoved(targetId, target, (session) => removePipelineRows(session, pipelineId));
      const done = { target: null, problem: null, doneAt: clock.now() };
      await store.read(RemovalEntity, (rows) => rows.update({ pipelineId }, done));
      log.info({ pipelineId, removed }, 'pipeline removed');
      return null;
    } catch (error) {
      const failure = SyncError.of(error);
      await this.postpone(removal, failure);
      return failure.class === 'retryable' ? failure : null;
    }
  }

  private async postpone({ pipelineId, attempts }: RemovalEntity, failure: SyncError): Promise<void> {
    const { store, clock, log } = this.parts;
    const { code, sentence, workaround } = failure;
    const problem = { code, detail: sentence, workaround };
    const waitMs = Math.min(RETRY_MS_MIN * 2 ** Math.min(attempts, 10), RETRY_MS_MAX);
    const next = { attempts: attempts + 1, problem, nextAttemptAt: new Date(clock.now().getTime() + waitMs) };
    // Not where somebody has given the target up meanwhile.
    await store.run((manager) => manager.update(RemovalEntity, { pipelineId, target: Not(IsNull()) }, next));
    if (attempts === 0)
      log.warn({ pipelineId, code, err: failure }, 'rows of a removed pipeline stay at the target for now');
  }
}
