import type { TargetSession } from '@lutra/sql';
import type { Clock, CursorState, FailedEvent, Permit, WarningEvent } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import type { Coordinator } from '@lutra/coordination';
import { DataSourceEntity } from '../data-sources/data-source.entity.ts';
import { countUnsettled } from '../dead-letters/count-unsettled.ts';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import type { PipelineWatch } from '../statistics/pipeline-watch.ts';
import type { Store } from '../store/store.ts';
import type { TargetDoor } from '../targets/target-door.ts';
import { NOTICE_MS } from './alarm-facts.ts';
import type { AlarmFacts, Asked, PipelineFacts, RetentionUse } from './alarm-facts.ts';
import type { AlarmKind } from './alarm-kind.ts';
import { askRetention } from './ask-retention.ts';
import { answerOf, DatabaseSurvey } from './database-survey.ts';
import type { SurveyedPipeline } from './database-survey.ts';
import { InstanceWatch } from './instance-watch.ts';

/** Questions to ZooKeeper and NATS under way at once. */
const QUESTIONS_MAX = 50;
/** The newest failures and warnings of five minutes; a flood has its keyword in them. */
const NOTICES_MAX = 500;
const NOT_ASKED = { failure: 'Not asked for' } as const;

interface Parts {
  readonly store: Store;
  readonly bus: Bus;
  readonly coordinator: Coordinator;
  readonly watch: PipelineWatch;
  readonly door: TargetDoor;
  readonly clock: Clock;
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
  private readonly cursors = new Map<string, { readonly place: string; readonly movedMs: number }>();

  constructor(private readonly parts: Parts) {
    const { door, clock } = parts;
    this.letters = new DatabaseSurvey({ door, clock, ask: countUnsettled });
    this.retention = new DatabaseSurvey({ door, clock, ask: (session, id) => this.askRetention(session, id) });
    this.instances = new InstanceWatch(parts);
  }

  /** Throws only what the store throws: everything else that cannot be read is a fact of its own. */
  async read(kinds: ReadonlySet<AlarmKind>): Promise<AlarmFacts> {
    const { bus, store } = this.parts;
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
    const [lettersOf, retentionOf, notices, lostInstances, storage] = await Promise.all([
      isWanted('deadLetters') ? this.letters.read(atEnd(({ targetId }) => targetId)) : () => NOT_ASKED,
      isWanted('binlogRetentionRisk') ? this.retention.read(atEnd(({ sourceId }) => sourceId)) : () => NOT_ASKED,
      isWanted('errorKeyword') ? this.ofBus(() => this.readNotices()) : NOT_ASKED,
      isWanted('instanceLost') ? this.ofBus(() => this.instances.read()) : NOT_ASKED,
      isWanted('disk') ? this.ofBus(() => bus.storageUse()) : NOT_ASKED,
    ]);
    const shared = { lettersOf, retentionOf };
    const described = pipelines.map((pipeline, index) => ({ pipeline, permit: permits[index] ?? NOT_ASKED }));
    const facts = await eachOf(described, (described) => this.describe({ ...described, shared, isWanted }));
    return { nowMs: this.parts.clock.now().getTime(), pipelines: facts, notices, lostInstances, storage };
  }

  private permitOf(id: string): Promise<Asked<Permit | null>> {
    const { coordinator } = this.parts;
    if (!coordinator.isHealthy()) return Promise.resolve({ failure: 'ZooKeeper does not answer' });
    return answerOf(coordinator.permit(id).then((versioned) => versioned?.permit ?? null));
  }

  private async describe(of: {
    readonly pipeline: PipelineEntity;
    readonly permit: Asked<Permit | null>;
    readonly shared: SharedFacts;
    readonly isWanted: (kind: AlarmKind) => boolean;
  }): Promise<PipelineFacts> {
    const { pipeline, permit, shared, isWanted } = of;
    const { id, name, channelId } = pipeline;
    const { watch } = this.parts;
    const isStarted = wasStarted(permit);
    return {
      ...{ id, name, channelId, permit, view: watch.view(id) },
      cursorMovedMs: isWanted('positionNotMoving') ? await this.ofBus(() => this.readCursor(id)) : NOT_ASKED,
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

  /** A manager that has just begun to look knows of no earlier move than the newest write, which may be a repeat of the same place. */
  private async readCursor(id: string): Promise<number | null> {
    const cursor = await this.parts.bus.cursor(id);
    if (cursor?.state !== 'place') return null;
    const place = JSON.stringify([cursor.place, cursor.dryRun ?? null]);
    const known = this.cursors.get(id);
    const movedMs = known?.place === place ? known.movedMs : Date.parse(cursor.at);
    this.cursors.set(id, { place, movedMs });
    return movedMs;
  }

  private async readNotices(): Promise<(FailedEvent | WarningEvent)[]> {
    const { bus, clock } = this.parts;
    const since = new Date(clock.now().getTime() - NOTICE_MS);
    const events = await bus.readEvents({ kinds: ['failed', 'warning'], since, limit: NOTICES_MAX });
    return events.flatMap((event) => (event.kind === 'failed' || event.kind === 'warning' ? [event] : []));
  }

  private async askRetention(session: TargetSession, pipelineId: string): Promise<RetentionUse> {
    const { bus, watch, clock } = this.parts;
    const cursor: CursorState | null = await bus.cursor(pipelineId);
    if (cursor?.state !== 'place') return { percent: 0, message: 'The pipeline has no place yet' };
    const newest = watch.view(pipelineId).recent[0]?.lastCommitMs ?? 0;
    const doneUntilMs = newest > 0 ? newest : Date.parse(cursor.at);
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
