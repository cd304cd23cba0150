import { resolveStart } from '@lutra/binlog';
import { intersectPlaces, SyncError } from '@lutra/model';
import type { Clock, CursorState, Place } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import { readCheckpoint } from '@lutra/sql';
import type { CheckpointRow } from '@lutra/sql';
import type { Secrets } from '@lutra/service-kit';
import { DataSourceEntity } from '../data-sources/data-source.entity.ts';
import { findResource } from '../http/find-resource.ts';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import { compileDataSource } from '../publishing/compile-definition.ts';
import type { Store } from '../store/store.ts';
import { inOwnTable } from '../targets/own-table.ts';
import type { TargetDoor } from '../targets/target-door.ts';
import { atSource } from './at-source.ts';
import { distanceOf } from './distance.ts';
import type {
  PastPositionDto,
  PositionDto,
  PositionHistoryDto,
  PositionHistoryQuery,
  UnavailablePositionDto,
} from './position.dto.ts';
import { SavedPositionEntity } from './saved-position.entity.ts';

const WEEK_MS = 7 * 24 * 3_600_000;

/** Where pipelines stand, and where they stood. */
export class PositionService {
  constructor(
    private readonly parts: {
      readonly store: Store;
      readonly clock: Clock;
      readonly bus: Bus;
      readonly door: TargetDoor;
      readonly secrets: Secrets;
    },
  ) {}

  /** Target, bus and source are asked at the same time; one that does not answer is named. Throws RESOURCE_NOT_FOUND. */
  async view(pipelineId: string): Promise<PositionDto> {
    const { store, bus } = this.parts;
    const source = await store.run(async (manager) => {
      const { sourceId } = await findResource(manager, PipelineEntity, pipelineId);
      return findResource(manager, DataSourceEntity, sourceId);
    });
    const [lanes, cursor, end] = await Promise.all([
      ask('checkpoint', this.lanes(pipelineId)),
      ask('cursor', bus.cursor(pipelineId)),
      ask('source', this.sourceEnd(source)),
    ]);
    const rows = lanes.value ?? [];
    const place = rows.length === 0 ? null : intersectPlaces(rows.map((row) => row.place));
    const isKnown = place !== null && end.value !== null;
    return {
      pipelineId,
      version: versionOf(rows),
      place,
      lanes: rows.map(({ lane, epoch, step, place: own }) => ({ lane, epoch, step, place: own })),
      cursor: cursor.value === null ? null : cursorDtoOf(cursor.value),
      sourceEnd: end.value,
      distance: isKnown ? distanceOf(place.done, end.value.done) : null,
      unavailable: [lanes, cursor, end].flatMap(({ failure }) => (failure === null ? [] : [failure])),
    };
  }

  /** What the bus remembers and what was saved, newest first. Throws RESOURCE_NOT_FOUND. */
  async history(pipelineId: string, { from, to, limit }: PositionHistoryQuery): Promise<PositionHistoryDto> {
    const { store, bus, clock } = this.parts;
    await store.run((manager) => findResource(manager, PipelineEntity, pipelineId));
    const [fromMs, toMs] = [
      from === undefined ? clock.now().getTime() - WEEK_MS : Date.parse(from),
      to === undefined ? Infinity : Date.parse(to),
    ];
    const saved = await store.read(SavedPositionEntity, (rows) =>
      rows
        .createQueryBuilder('p')
        .where('p.pipelineId = :pipelineId AND p.at >= :from', { pipelineId, from: new Date(fromMs) })
        .andWhere(to === undefined ? '1 = 1' : 'p.at < :to', { to: new Date(Math.min(toMs, 8.64e15)) })
        .orderBy('p.at', 'DESC')
        .take(limit)
        .getMany(),
    );
    const past = (await bus.cursorHistory(pipelineId)).flatMap(pastOfCursor);
    const items = [...past, ...saved.map(pastOfSaved)]
      .filter(({ at }) => Date.parse(at) >= fromMs && Date.parse(at) < toMs)
      .sort((one, other) => Date.parse(other.at) - Date.parse(one.at))
      .slice(0, limit);
    return { items, total: items.length };
  }

  private lanes(pipelineId: string): Promise<readonly CheckpointRow[]> {
    return this.parts.door.ofPipeline(pipelineId, (session) =>
      inOwnTable(session, { table: 'checkpoint', otherwise: [] }, () =>
        readCheckpoint(session, pipelineId, { lock: false }),
      ),
    );
  }

  // Async, so that a data source that cannot be read at all is an answer too.
  private async sourceEnd(source: DataSourceEntity): Promise<Place> {
    return atSource(this.parts, compileDataSource(source), (session) => resolveStart(session, { kind: 'latest' }));
  }
}

/** Grows with each step of any lane. */
export const versionOf = (rows: readonly Pick<CheckpointRow, 'step'>[]): number =>
  rows.reduce((sum, { step }) => sum + step, 0);

async function ask<T>(
  part: UnavailablePositionDto['part'],
  asking: Promise<T | null>,
): Promise<{ readonly value: T | null; readonly failure: UnavailablePositionDto | null }> {
  try {
    return { value: await asking, failure: null };
  } catch (error) {
    const { code, sentence } = SyncError.of(error);
    return { value: null, failure: { part, code, detail: sentence } };
  }
}

function cursorDtoOf(cursor: CursorState): NonNullable<PositionDto['cursor']> {
  const { state, epoch, at } = cursor;
  const { process, place } = cursor.state === 'place' ? cursor : { process: null, place: null };
  return { state, epoch, at, process, place };
}

const pastOfCursor = (cursor: CursorState): PastPositionDto[] =>
  cursor.state === 'place'
    ? [{ at: cursor.at, origin: 'cursor', epoch: cursor.epoch, place: cursor.place, author: '', reason: '' }]
    : [];

const pastOfSaved = ({ at, kind, epoch, place, author, reason }: SavedPositionEntity): PastPositionDto => ({
  ...{ at: at.toISOString(), origin: kind, epoch, place, author, reason },
});
