import { LessThan } from 'typeorm';
import { isSamePlace, SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import type { Coordinator } from '@lutra/coordination';
import { leadRole } from '@lutra/service-kit';
import type { Worker } from '@lutra/service-kit';
import type { Logger } from 'pino';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import type { Store } from '../store/store.ts';
import { SavedPositionEntity } from './saved-position.entity.ts';

/** Often enough for a rewind to what somebody remembers, seldom enough for a small table: a thousand rows a pipeline. */
const SAVE_MS = 600_000;
const LOOK_MS = 5_000;
const KEEP_MS = 7 * 24 * 3_600_000;

/** Saves where pipelines stand, every ten minutes, where they have moved. One manager at a time does this. */
export class PositionKeeper implements Worker {
  readonly name = 'positions';
  private reported = '';

  constructor(
    private readonly parts: {
      readonly store: Store;
      readonly bus: Bus;
      readonly coordinator: Coordinator;
      readonly clock: Clock;
      readonly log: Logger;
      readonly instance: string;
    },
  ) {}

  run(signal: AbortSignal): Promise<void> {
    return leadRole(this.parts, { role: 'manager-positions', work: (leading) => this.keep(leading) }, signal);
  }

  private async keep(leading: AbortSignal): Promise<void> {
    while (!leading.aborted) {
      await this.trySave(leading);
      await this.parts.clock.sleep(LOOK_MS, leading);
    }
  }

  /** One line per change of the reason, not one per look. */
  private async trySave(signal: AbortSignal): Promise<void> {
    if (this.parts.store.whyAway !== '') return;
    try {
      await this.saveDue(signal);
      this.reported = '';
    } catch (error) {
      const { code, message } = SyncError.of(error);
      if (this.reported !== message) this.parts.log.warn({ err: error, code }, 'positions cannot be saved');
      this.reported = message;
    }
  }

  /** Those that were saved ten minutes ago or never; a leader that has changed knows it from the rows. */
  private async saveDue(signal: AbortSignal): Promise<void> {
    const { store, bus, clock } = this.parts;
    const nowMs = clock.now().getTime();
    const pipelines = await store.read(PipelineEntity, (rows) => rows.find({ select: { id: true } }));
    const newest = await store.run((manager) =>
      manager.query<readonly { readonly id: string; readonly at: Date }[]>(
        'SELECT pipeline_id AS id, MAX(at) AS at FROM saved_position GROUP BY pipeline_id',
      ),
    );
    const savedMs = new Map(newest.map(({ id, at }) => [id, at.getTime()]));
    for (const { id } of pipelines) {
      if (signal.aborted) return;
      if (nowMs - (savedMs.get(id) ?? 0) < SAVE_MS) continue;
      const cursor = await bus.cursor(id);
      if (cursor?.state === 'place' && cursor.dryRun === undefined) await this.save(id, cursor);
    }
    await store.read(SavedPositionEntity, (rows) => rows.delete({ at: LessThan(new Date(nowMs - KEEP_MS)) }));
  }

  private async save(
    pipelineId: string,
    { epoch, place }: Pick<SavedPositionEntity, 'epoch' | 'place'>,
  ): Promise<void> {
    const at = this.parts.clock.now();
    await this.parts.store.read(SavedPositionEntity, async (rows) => {
      const last = await rows.findOne({ where: { pipelineId, kind: 'saved' }, order: { at: 'DESC' } });
      if (last !== null && isSamePlace(last.place, place)) return;
      await rows.insert({ pipelineId, at, kind: 'saved', epoch, place, author: '', reason: '' });
    });
  }
}
