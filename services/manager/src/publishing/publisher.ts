import { LessThan, MoreThan } from 'typeorm';
import { Bell, SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import type { Coordinator } from '@lutra/coordination';
import type { Worker } from '@lutra/service-kit';
import type { Logger } from 'pino';
import { ownCaller } from '../access/caller.ts';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import type { Store } from '../store/store.ts';
import { DefinitionEntity } from './definition.entity.ts';
import { reviseDefinitions } from './revisions.ts';

/** What another manager wrote, or could not publish before it died, is found by looking this often. */
const POLL_MS = 1_000;
/** How often the bus is asked whether it still has everything: a bucket that was removed comes back within this time. */
const COMPARE_MS = 5_000;
/** Definitions that are published in one go. */
const BATCH_MAX = 100;

/**
 * Brings every revision from the outbox to the bus, in order, until the bus has it. One manager at a time does this, so that
 * an old revision never follows a new one; the comparison heals what a manager that lost its leadership may have mixed up.
 */
export class Publisher implements Worker {
  readonly name = 'publisher';
  private readonly bell: Bell;
  /** Last failure that was logged, by pipeline. */
  private readonly reported = new Map<string, string>();

  constructor(
    private readonly parts: {
      readonly store: Store;
      readonly bus: Bus;
      readonly coordinator: Coordinator;
      readonly clock: Clock;
      readonly log: Logger;
      readonly instance: string;
    },
  ) {
    this.bell = new Bell(parts.clock);
  }

  /** Something new is in the outbox. */
  wake(): void {
    this.bell.ring();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { coordinator, instance, log } = this.parts;
    while (!signal.aborted) {
      const lease = await coordinator.acquireLeadership('manager-publisher', instance, signal);
      try {
        await this.publishWhile(AbortSignal.any([signal, lease.lost]));
      } finally {
        await lease.release().catch((error: unknown) => {
          // The session is gone, and the lease with it.
          log.debug({ err: error }, 'leadership was lost before its release');
        });
      }
    }
  }

  private async publishWhile(signal: AbortSignal): Promise<void> {
    const { store, clock } = this.parts;
    let comparedMs = Number.NEGATIVE_INFINITY;
    while (!signal.aborted) {
      try {
        if (store.whyAway === '') {
          if (clock.monotonicMs() - comparedMs >= COMPARE_MS) {
            await this.compare(signal);
            comparedMs = clock.monotonicMs();
          }
          await this.publishPending(signal);
        }
      } catch (error) {
        this.report('', SyncError.of(error));
      }
      await this.bell.wait(POLL_MS, signal);
    }
  }

  /** One line per change of the reason, not one per attempt. */
  private report(pipelineId: string, failure: SyncError): void {
    if (this.reported.get(pipelineId) === failure.message) return;
    this.reported.set(pipelineId, failure.message);
    this.parts.log.warn({ pipelineId, code: failure.code, err: failure }, 'definition cannot be published yet');
  }

  /** Goes through all that is pending once; one that fails does not hold up the others. */
  private async publishPending(signal: AbortSignal): Promise<void> {
    const { store } = this.parts;
    for (let after = ''; !signal.aborted;) {
      const where = { isPublished: false, pipelineId: MoreThan(after) };
      const pending = await store.read(DefinitionEntity, (rows) =>
        rows.find({ where, order: { pipelineId: 'ASC' }, take: BATCH_MAX }),
      );
      for (const entry of pending) {
        if (signal.aborted) return;
        try {
          await (entry.isRemoved ? this.forget(entry) : this.publish(entry));
          this.reported.delete(entry.pipelineId);
        } catch (error) {
          this.report(entry.pipelineId, SyncError.of(error));
        }
        after = entry.pipelineId;
      }
      if (pending.length < BATCH_MAX) return;
    }
  }

  private async publish({ pipelineId, revision, body }: DefinitionEntity): Promise<void> {
    const { store, bus, log } = this.parts;
    await bus.putDefinition(body);
    // A newer revision that was written meanwhile stays pending.
    await store.read(DefinitionEntity, (rows) =>
      rows.update({ pipelineId, revision, isRemoved: false }, { isPublished: true }),
    );
    log.info({ pipelineId, revision }, 'definition published');
  }

  private async forget({ pipelineId }: DefinitionEntity): Promise<void> {
    const { store, bus, coordinator, log } = this.parts;
    await bus.removeDefinition(pipelineId);
    await coordinator.forgetPipeline(pipelineId);
    // What stayed in the queues has no reader any more, and would take the room of other pipelines for ever.
    await bus.forgetPipeline(pipelineId);
    await store.read(DefinitionEntity, (rows) => rows.delete({ pipelineId, isRemoved: true }));
    log.info({ pipelineId }, 'pipeline forgotten');
  }

  /** Puts back what the bus has lost or holds in another revision than the store. */
  private async compare(signal: AbortSignal): Promise<void> {
    const { store, bus, log } = this.parts;
    const current = await store.read(DefinitionEntity, (rows) =>
      rows.find({ where: { isPublished: true, isRemoved: false }, select: { pipelineId: true, revision: true } }),
    );
    for (const { pipelineId, revision } of current) {
      if (signal.aborted) return;
      const held = await bus.definition(pipelineId);
      if (held?.revision === revision) continue;
      log.warn({ pipelineId, revision, held: held?.revision ?? null }, 'bus has lost a definition');
      // A newer one than the store has: the store came back from a backup. No number may stand for two definitions.
      if (held !== null && held.revision > revision) await this.raise(pipelineId, held.revision);
      else await store.read(DefinitionEntity, (rows) => rows.update({ pipelineId, revision }, { isPublished: false }));
    }
  }

  private async raise(pipelineId: string, above: number): Promise<void> {
    const { store, clock } = this.parts;
    const caller = { ...ownCaller({ id: '', name: 'lutra' }), comment: 'As it stands in the restored store' };
    await store.change(async (manager) => {
      await manager.update(PipelineEntity, { id: pipelineId, revision: LessThan(above) }, { revision: above });
      await reviseDefinitions(manager, [pipelineId], { caller, at: clock.now() });
    });
  }
}
