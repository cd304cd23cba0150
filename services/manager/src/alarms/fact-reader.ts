import type { TargetSession } from '@lutra/sql';
import type { Clock, CursorState, Permit } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import type { Coordinator } from '@lutra/coordination';
import { DataSourceEntity } from '../data-sources/data-source.entity.ts';
import { countUnsettled } from '../dead-letters/count-unsettled.ts';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import type { PipelineWatch } from '../statistics/pipeline-watch.ts';
import type { Store } from '../store/store.ts';
import type { TargetDoor } from '../targets/target-door.ts';
import type { AlarmFacts, Asked, PipelineFacts, RetentionUse } from './alarm-facts.ts';
import type { AlarmKind } from './alarm-kind.ts';
import { askRetention } from './ask-retention.ts';
import { answerOf, DatabaseSurvey } from './database-survey.ts';
import type { SurveyedPipeline } from './database-survey.ts';
import { readMemory } from './fact-memory.ts';
import type { FactMemory, MemoryChange, PlaceMemory } from './fact-memory.ts';
import { InstanceWatch } from './instance-watch.ts';
import { NoticeWatch } from './notice-watch.ts';
import { PlaceWatch } from './place-watch.ts';

/** Questions to ZooKeeper and NATS under way at once. */
const QUESTIONS_MAX = 50;
const NOT_ASKED = { failure: 'Not asked for' } as const;

interface Parts {
  readonly store: Store;
  readonly bus: Bus;
  readonly coordinator: Coordinator;
  readonly watch: PipelineWatch;
  readonly door: TargetDoor;
  readonly clock: Clock;
}

/** The facts, and what the next leader has to know of them. */
export interface Look {
  readonly facts: AlarmFacts;
  readonly change: MemoryChange;
}

interface SharedFacts {
  readonly lettersOf: (id: string) => Asked<number>;
  readonly retentionOf: (id: string) => Asked<RetentionUse>;
}

/** Reads what the rules of certain kinds are judged by. Whoever leads the cycle has one, for as long as it leads. */
export class FactReader {
  private readonly letters: DatabaseSurvey<number>;
  private readonly retention: DatabaseSurvey<RetentionUse>;
  private readonly instances: InstanceWatch;
  private readonly notices: NoticeWatch;
  private readonly places = new PlaceWatch();

  constructor(private readonly parts: Parts) {
    const { door, clock } = parts;
    this.letters = new DatabaseSurvey({ door, clock, ask: countUnsettled });
    this.retention = new DatabaseSurvey({ door, clock, ask: (session, id) => this.askRetention(session, id) });
    this.instances = new InstanceWatch(parts);
    this.notices = new NoticeWatch(parts);
  }

  /** Throws only what the store throws: everything else that cannot be read is a fact of its own. */
  async read(kinds: ReadonlySet<AlarmKind>): Promise<Look> {
    const { bus, store, clock, watch } = this.parts;
    // Before any view is taken.
    const isLogRead = watch.isFilled;
    const memory = await readMemory(store);
    this.places.begin(memory.places);
    const [pipelines, dataSources] = await store.run(async (manager) => [
      await manager.find(PipelineEntity, { order: { id: 'ASC' } }),
      new Map((await manager.find(DataSourceEntity)).map((entity) => [entity.id, entity])),
    ]);
    const permits = await eachOf(pipelines, ({ id }) => this.permitOf(id));
    const started = pipelines.filter((_, index) => wasStarted(permits[index]));
    const atEnd = (idOf: (pipeline: PipelineEntity) => string): SurveyedPipeline[] =>
      started.flatMap((pipeline) => {
        const at = dataSources.get(idOf(pipeline));
        return at === undefined ? [] : [{ pipelineId: pipeline.id, at }];
      });
    const isWanted = (kind: AlarmKind): boolean => kinds.has(kind);
    const isPlaceWanted = isWanted('positionNotMoving') || isWanted('binlogRetentionRisk');
    const places = isPlaceWanted ? await eachOf(pipelines, ({ id }) => this.ofBus(() => this.readPlace(id))) : [];
    const [lettersOf, retentionOf, notices, lostInstances, storage] = await Promise.all([
      isWanted('deadLetters') ? this.letters.read(atEnd(({ targetId }) => targetId)) : () => NOT_ASKED,
      isWanted('binlogRetentionRisk') ? this.retention.read(atEnd(({ sourceId }) => sourceId)) : () => NOT_ASKED,
      isWanted('errorKeyword') ? this.ofBus(() => this.notices.read()) : NOT_ASKED,
      isWanted('instanceLost') ? this.ofBus(() => this.instances.read(memory.instances)) : NOT_ASKED,
      isWanted('disk') ? this.ofBus(() => bus.storageUse()) : NOT_ASKED,
    ]);
    const shared = { lettersOf, retentionOf };
    const described = pipelines.map((pipeline, index) => {
      const [permit, place] = [permits[index] ?? NOT_ASKED, places[index] ?? NOT_ASKED];
      return { pipeline, permit, place };
    });
    const facts = await eachOf(described, (described) => this.describe({ ...described, shared, isWanted }));
    const nowMs = clock.now().getTime();
    return {
      facts: { nowMs, isLogRead, pipelines: facts, notices, lostInstances, storage },
      change: this.changeOf(memory),
    };
  }

  private changeOf(memory: FactMemory): MemoryChange {
    return { places: this.places.changes(), ...this.instances.changes(memory.instances) };
  }

  private permitOf(id: string): Promise<Asked<Permit | null>> {
    const { coordinator } = this.parts;
    if (!coordinator.isHealthy()) return Promise.resolve({ failure: 'ZooKeeper does not answer' });
    return answerOf(coordinator.permit(id).then((versioned) => versioned?.permit ?? null));
  }

  private async describe(of: {
    readonly pipeline: PipelineEntity;
    readonly permit: Asked<Permit | null>;
    readonly place: Asked<PlaceMemory | null>;
    readonly shared: SharedFacts;
    readonly isWanted: (kind: AlarmKind) => boolean;
  }): Promise<PipelineFacts> {
    const { pipeline, permit, place, shared, isWanted } = of;
    const { id, name, channelId } = pipeline;
    const { watch } = this.parts;
    const isStarted = wasStarted(permit);
    return {
      ...{ id, name, channelId, permit, view: watch.view(id) },
      cursorMovedMs: 'failure' in place ? place : { value: place.value?.movedMs ?? null },
      queuedSinceMs: isWanted('queueAge') ? await this.ofBus(() => this.readQueued(id)) : NOT_ASKED,
      // What never started has no letters and needs no log, and its databases need not be there yet.
      openLetters: isStarted ? shared.lettersOf(id) : { value: 0 },
      retention: isStarted ? shared.retentionOf(id) : NEEDS_NOTHING,
    };
  }

  /** A call waits ten seconds for a bus that is away: hundreds of them are not begun. */
  private async ofBus<T>(ask: () => Promise<T>): Promise<Asked<T>> {
    return this.parts.bus.isHealthy() ? answerOf(ask()) : { failure: 'NATS does not answer' };
  }

  private async readQueued(id: string): Promise<number | null> {
    return (await this.parts.bus.oldestQueued(id))?.getTime() ?? null;
  }

  private async readPlace(id: string): Promise<PlaceMemory | null> {
    const { bus, watch } = this.parts;
    const committedMs = watch.view(id).recent[0]?.lastCommitMs ?? 0;
    return this.places.see(id, await bus.cursor(id), committedMs > 0 ? committedMs : null);
  }

  private async askRetention(session: TargetSession, pipelineId: string): Promise<RetentionUse> {
    const { bus, clock } = this.parts;
    const cursor: CursorState | null = await bus.cursor(pipelineId);
    if (cursor?.state !== 'place') return { percent: 0, message: 'The pipeline has no place yet' };
    const seen = this.places.of(pipelineId);
    const doneUntilMs = seen?.lastCommitMs ?? seen?.movedMs ?? Date.parse(cursor.at);
    return askRetention(session, { done: cursor.place.done, doneUntilMs }, clock.now().getTime());
  }
}

const NEEDS_NOTHING: Asked<RetentionUse> = { value: { percent: 0, message: 'The pipeline was never started' } };

/** Unknown counts as started: asking too much is no harm. */
const wasStarted = (permit: Asked<Permit | null> | undefined): boolean =>
  permit === undefined || 'failure' in permit || (permit.value?.epoch ?? 0) > 0;

/** In order, so many at once. */
async function eachOf<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let start = 0; start < items.length; start += QUESTIONS_MAX)
    results.push(...(await Promise.all(items.slice(start, start + QUESTIONS_MAX).map(work))));
  return results;
}
