import type { EntityManager } from 'typeorm';
import type { ServiceName } from '@lutra/model';
import type { Store } from '../store/store.ts';

/** Where the cursor of a pipeline stands, and since when. */
export interface PlaceMemory {
  readonly pipelineId: string;
  /** A hash: GTID sets are long. */
  readonly place: string;
  /** ms since 1970, as the next two. */
  readonly movedMs: number;
  /** Of the newest transaction in the target as the cursor stands here; null = not known. */
  readonly lastCommitMs: number | null;
}

/** An instance that was there. */
export interface InstanceMemory {
  readonly instance: string;
  readonly service: ServiceName;
  /** When it came; null = it was there when the first look was taken. */
  readonly joinedMs: number | null;
  /** Null = it is there. */
  readonly lostMs: number | null;
}

/** What has been seen before, whoever led then: a new leader judges by it as the one before would have. */
export interface FactMemory {
  readonly places: readonly PlaceMemory[];
  readonly instances: readonly InstanceMemory[];
}

/** What a look adds; written in the transaction of all that follows from the look. */
export interface MemoryChange extends FactMemory {
  readonly forgottenInstances: readonly string[];
}

const ROWS_PER_STATEMENT_MAX = 500;

export function readMemory(store: Store): Promise<FactMemory> {
  return store.run(async (manager) => {
    const places = await manager.query<readonly PlaceRow[]>(
      'SELECT pipeline_id AS pipelineId, place, moved_ms AS movedMs, last_commit_ms AS lastCommitMs FROM alarm_place',
    );
    const instances = await manager.query<readonly InstanceRow[]>(
      'SELECT instance, service, joined_ms AS joinedMs, lost_ms AS lostMs FROM alarm_instance',
    );
    return {
      places: places.map(({ pipelineId, place, movedMs, lastCommitMs }) => ({
        ...{ pipelineId, place, movedMs: Number(movedMs), lastCommitMs: numberOf(lastCommitMs) },
      })),
      instances: instances.map(({ instance, service, joinedMs, lostMs }) => ({
        ...{ instance, service, joinedMs: numberOf(joinedMs), lostMs: numberOf(lostMs) },
      })),
    };
  });
}

export async function writeMemory(manager: EntityManager, change: MemoryChange): Promise<void> {
  const places = change.places.map(({ pipelineId, place, movedMs, lastCommitMs }) => [
    ...[pipelineId, place, movedMs, lastCommitMs],
  ]);
  for (const part of partsOf(places))
    await manager.query('REPLACE INTO alarm_place (pipeline_id, place, moved_ms, last_commit_ms) VALUES ?', [part]);
  const instances = change.instances.map(({ instance, service, joinedMs, lostMs }) => [
    ...[instance, service, joinedMs, lostMs],
  ]);
  for (const part of partsOf(instances))
    await manager.query('REPLACE INTO alarm_instance (instance, service, joined_ms, lost_ms) VALUES ?', [part]);
  for (const part of partsOf(change.forgottenInstances))
    await manager.query('DELETE FROM alarm_instance WHERE instance IN (?)', [part]);
}

/** BIGINT comes as text. */
interface PlaceRow {
  readonly pipelineId: string;
  readonly place: string;
  readonly movedMs: string | number;
  readonly lastCommitMs: string | number | null;
}

interface InstanceRow {
  readonly instance: string;
  readonly service: ServiceName;
  readonly joinedMs: string | number | null;
  readonly lostMs: string | number | null;
}

const numberOf = (value: string | number | null): number | null => (value === null ? null : Number(value));

function* partsOf<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < rows.length; start += ROWS_PER_STATEMENT_MAX)
    yield rows.slice(start, start + ROWS_PER_STATEMENT_MAX);
}
