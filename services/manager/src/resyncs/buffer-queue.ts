import { Not } from 'typeorm';
import type { FindOptionsWhere } from 'typeorm';
import { ulid } from 'ulid';
import { CONTROL_SCHEMA, CONTROL_TABLES } from '@lutra/model';
import type { Clock, ResyncWish, WishesEvent } from '@lutra/model';
import type { LogPlace } from '@lutra/messaging';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import type { Store } from '../store/store.ts';
import { ResyncEntity } from './resync.entity.ts';

/** Of each pipeline: what one process of extract held, some thousand wishes at most. More than that nobody writes on purpose. */
const PORTIONS_MAX = 10_000;
const ROWS_PER_SECOND = 1_000;

/** Wishes of a pipeline that came together. */
export interface WishPortion {
  readonly id: string;
  /** In the order of their names. */
  readonly wishes: readonly ResyncWish[];
  /** How many of the first of them are done. */
  readonly done: number;
}

/** The job of a pipeline that counts what became of everything that was written into retl_buffer. */
export const bufferJobOf = (pipelineId: string): FindOptionsWhere<ResyncEntity> => ({ id: pipelineId, pipelineId });

/** Those that wait. */
export const PORTIONS = { schema: CONTROL_SCHEMA, state: 'queued' } as const;

/**
 * What was written into retl_buffer and waits: portions in the order of their coming. Of each pipeline there is one job beside them,
 * which lasts; its id is the pipeline's.
 */
export class BufferQueue {
  constructor(private readonly parts: { readonly store: Store; readonly clock: Clock }) {}

  /** The place in the event log up to which wishes were taken; null = none were. */
  newestPlace(): Promise<LogPlace | null> {
    return this.parts.store.read(ResyncEntity, async (rows) => {
      const jobs = await rows.find({
        ...{ select: { id: true, lastKey: true } },
        where: { schema: CONTROL_SCHEMA, state: Not('queued') },
      });
      let newest: LogPlace | null = null;
      for (const job of jobs) {
        const place = placeOf(job);
        // The log that was made last.
        if (newest === null || (place !== null && isBehind(place, newest))) newest = place;
      }
      return newest;
    });
  }

  /** Once each, however often an event is read; false = there is no room. What is told of no pipeline is passed over. */
  take({ pipelineId, wishes }: Pick<WishesEvent, 'pipelineId' | 'wishes'>, place: LogPlace): Promise<boolean> {
    const { store, clock } = this.parts;
    const now = clock.now();
    return store.run((manager) =>
      manager.transaction(async (inside) => {
        if (pipelineId === null || !(await inside.existsBy(PipelineEntity, { id: pipelineId }))) return true;
        const known = await inside.findOne(ResyncEntity, {
          where: bufferJobOf(pipelineId),
          lock: { mode: 'pessimistic_write' },
        });
        const taken = known === null ? null : placeOf(known);
        if (taken?.log === place.log && taken.sequence >= place.sequence) return true;
        const isFull = (await inside.countBy(ResyncEntity, { ...PORTIONS, pipelineId })) >= PORTIONS_MAX;
        const base = {
          ...{ pipelineId, schema: CONTROL_SCHEMA, table: CONTROL_TABLES.buffer, rowsPerSecond: ROWS_PER_SECOND },
          ...{ keysDone: 0, sent: 0, gone: 0, rejected: [], place: null, cause: '', author: '' },
          ...{ createdAt: now, updatedAt: now },
        };
        const lastKey = [place.log, String(place.sequence)];
        if (known === null) {
          const wanted = { kind: 'buffer', wishes: [] } as const;
          await inside.insert(ResyncEntity, { ...base, id: pipelineId, state: 'running', wanted, lastKey });
        } else {
          const state = isFull ? {} : ({ state: 'running' } as const);
          await inside.update(ResyncEntity, { id: known.id }, { ...state, lastKey, updatedAt: now });
        }
        if (isFull) return false;
        // Those of one name are fulfilled together.
        const sorted = [...wishes].sort((one, other) =>
          one.fullName < other.fullName ? -1 : Number(one.fullName > other.fullName),
        );
        const wanted = { kind: 'buffer', wishes: sorted } as const;
        await inside.insert(ResyncEntity, { ...base, id: ulid(now.getTime()), state: 'queued', wanted, lastKey: null });
        return true;
      }),
    );
  }

  /** The oldest portion that is not done; null = nothing waits. */
  next(pipelineId: string): Promise<WishPortion | null> {
    return this.parts.store.read(ResyncEntity, async (rows) => {
      const found = await rows.findOne({ where: { ...PORTIONS, pipelineId }, order: { id: 'ASC' } });
      if (found?.wanted.kind !== 'buffer') return null;
      return { id: found.id, wishes: found.wanted.wishes, done: found.keysDone };
    });
  }

  /** Some more of a portion are done. */
  async settle({ id, wishes, done }: WishPortion, taken: number): Promise<void> {
    const keysDone = done + taken;
    await this.parts.store.read(ResyncEntity, (rows) =>
      keysDone < wishes.length ? rows.update({ id }, { keysDone }) : rows.delete({ id }),
    );
  }
}

function placeOf({ lastKey }: ResyncEntity): LogPlace | null {
  const [log, sequence] = lastKey ?? [];
  return log === undefined ? null : { log, sequence: Number(sequence) };
}

const isBehind = (one: LogPlace, other: LogPlace): boolean =>
  one.log === other.log ? one.sequence > other.sequence : one.log > other.log;
