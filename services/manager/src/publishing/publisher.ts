import { MoreThan } from 'typeorm';
import { Bell, SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import type { Coordinator } from '@lutra/coordination';
import { leadRole } from '@lutra/service-kit';
import type { Worker } from '@lutra/service-kit';
import type { Logger } from 'pino';
import { ownCaller } from '../access/caller.ts';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import { RemovalEntity } from '../removals/removal.entity.ts';
import type { Store } from '../store/store.ts';
import { DefinitionEntity } from './definition.entity.ts';
import { publishDefinition } from './publish-definition.ts';
import { reviseDefinitions } from './revisions.ts';

/** What another manager wrote, or could not publish before it died, is found by looking this often. */
const POLL_MS = 1_000;
/** How often the bus is asked whether it still has everything: a bucket that was removed comes back within this time. */
const COMPARE_MS = 5_000;
/** Definitions that are published in one go. */
const BATCH_MAX = 100;

/** How often what the store does not know is looked for: managers of before could put it back after its removal. */
const UNKNOWN_MS = 60_000;

/**
 * Brings every revision from the outbox to the bus until the bus has it. One manager at a time does this; that an old
 * revision never follows a new one does not depend on it (see {@link publishDefinition}): a manager may lose its leadership
 * without having noticed.
 */
export class Publisher implements Worker {
  readonly name = 'publisher';
  private readonly bell: Bell;
  /** Last failure that was logged, by pipeline. */
  private readonly reported = new Map<string, string>();
  /** Definitions of the bus that the store has never had, as far as they were logged. */
  private readonly strangers = new Set<string>();

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

  run(signal: AbortSignal): Promise<void> {
    return leadRole(this.parts, { role: 'manager-publisher', work: (leading) => this.publishWhile(leading) }, signal);
  }

  private async publishWhile(signal: AbortSignal): Promise<void> {
    const { store, clock } = this.parts;
    let comparedMs = Number.NEGATIVE_INFINITY;
    let soughtMs = Number.NEGATIVE_INFINITY;
    while (!signal.aborted) {
      try {
        if (store.whyAway === '') {
          if (clock.monotonicMs() - comparedMs >= COMPARE_MS) {
            await this.compare(signal);
            comparedMs = clock.monotonicMs();
          }
          await this.publishPending(signal);
          if (clock.monotonicMs() - soughtMs >= UNKNOWN_MS) {
            await this.seekUnknown(signal);
            soughtMs = clock.monotonicMs();
          }
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

  private async publish({ pipelineId }: DefinitionEntity): Promise<void> {
    const { store, bus, log } = this.parts;
    const which = { pipelineId, isRemoved: false };
    const outcome = await publishDefinition(
      {
        held: (id) => bus.heldDefinition(id),
        stored: async () => (await store.read(DefinitionEntity, (rows) => rows.findOneBy(which)))?.body ?? null,
        put: (definition, after) => bus.putDefinition(definition, after),
        raise: (id, above) => this.raise(id, above),
        note: async (_id, revision) => {
          await store.read(DefinitionEntity, (rows) => rows.update({ ...which, revision }, { isPublished: true }));
          log.info({ pipelineId, revision }, 'definition published');
        },
      },
      pipelineId,
    );
    // What stays pending is looked at again, by this manager or by the one that was faster.
    if (outcome !== 'published') log.info({ pipelineId, outcome }, 'definition not published yet');
  }

  private async forget({ pipelineId }: Pick<DefinitionEntity, 'pipelineId'>): Promise<void> {
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
      // A newer one is the same case: publishing tells a store that came back from a backup from a revision of this moment.
      log.warn({ pipelineId, revision, held: held?.revision ?? null }, 'bus has lost a definition');
      await store.read(DefinitionEntity, (rows) => rows.update({ pipelineId, revision }, { isPublished: false }));
    }
  }

  private async raise(pipelineId: string, above: number): Promise<void> {
    const { store, clock } = this.parts;
    const caller = { ...ownCaller({ id: '', name: 'lutra' }), comment: 'As it stands in the restored store' };
    await store.change(async (manager) => {
      const pipeline = await manager.findOneBy(PipelineEntity, { id: pipelineId });
      // A revision that was made meanwhile is above already.
      if (pipeline === null || pipeline.revision > above) return;
      // An equal number is passed over: only what differs from what is stored becomes a revision.
      const revision = pipeline.revision === above ? above + 1 : above;
      await manager.update(PipelineEntity, { id: pipelineId }, { revision });
      await reviseDefinitions(manager, [pipelineId], { caller, at: clock.now() });
    });
  }

  /**
   * Removes once more what this store has removed and the bus has all the same. What the store has never had stays: it may
   * have come back from a backup that is older than the pipeline, which goes on.
   */
  private async seekUnknown(signal: AbortSignal): Promise<void> {
    const { store, bus, log } = this.parts;
    const known = await store.read(DefinitionEntity, (rows) => rows.find({ select: { pipelineId: true } }));
    const ids = new Set(known.map(({ pipelineId }) => pipelineId));
    for (const pipelineId of await bus.definitionIds()) {
      if (signal.aborted) return;
      if (ids.has(pipelineId) || this.strangers.has(pipelineId)) continue;
      if ((await bus.definition(pipelineId)) === null) continue;
      // Made since the look at the store.
      if (await store.read(DefinitionEntity, (rows) => rows.existsBy({ pipelineId }))) continue;
      if (await store.read(RemovalEntity, (rows) => rows.existsBy({ pipelineId }))) {
        log.warn({ pipelineId }, 'bus has a definition of a removed pipeline');
        await this.forget({ pipelineId });
      } else {
        this.strangers.add(pipelineId);
        log.warn({ pipelineId }, 'bus has a definition that the store does not know');
      }
    }
  }
}
