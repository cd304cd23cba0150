import { SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import type { TargetSession } from '@lutra/sql';
import type { DataSourceEntity } from '../data-sources/data-source.entity.ts';
import type { TargetDoor } from '../targets/target-door.ts';
import type { Asked } from './alarm-facts.ts';

/** Databases are asked this seldom: dead letters and log files do not change by the second. */
const EVERY_MS = 10_000;
/** An answer that is older says nothing any more. */
const AGE_MS_MAX = 60_000;

export interface SurveyedPipeline {
  readonly pipelineId: string;
  readonly at: DataSourceEntity;
}

interface Answers<T> {
  readonly byPipeline: ReadonlyMap<string, Asked<T>>;
  readonly atMs: number;
}

/**
 * Asks the databases of many pipelines the same question, in the background: one that hangs costs itself, not the alarms of
 * others. Each database is asked on one session at a time, and one that does not answer is not asked again in that round.
 */
export class DatabaseSurvey<T> {
  private answers: Answers<T> | null = null;
  private running: Promise<void> | null = null;

  constructor(
    private readonly parts: {
      readonly door: TargetDoor;
      readonly clock: Clock;
      readonly ask: (session: TargetSession, pipelineId: string) => Promise<T>;
    },
  ) {}

  /** What is known; the first call waits for the first round, which takes as long as the slowest database, ten seconds. */
  async read(pipelines: readonly SurveyedPipeline[]): Promise<(pipelineId: string) => Asked<T>> {
    const { clock } = this.parts;
    const isDue = this.answers === null || clock.monotonicMs() - this.answers.atMs >= EVERY_MS;
    if (isDue) this.running ??= this.run(pipelines).finally(() => (this.running = null));
    if (this.answers === null) await this.running;
    const { answers } = this;
    const isOld = answers === null || clock.monotonicMs() - answers.atMs > AGE_MS_MAX;
    return (pipelineId) =>
      (isOld ? undefined : answers.byPipeline.get(pipelineId)) ?? { failure: 'The database was not asked yet' };
  }

  /** Never rejects: what fails is an answer. */
  private async run(pipelines: readonly SurveyedPipeline[]): Promise<void> {
    const databases = new Map<string, SurveyedPipeline[]>();
    for (const pipeline of pipelines)
      databases.set(pipeline.at.id, [...(databases.get(pipeline.at.id) ?? []), pipeline]);
    const rounds = await Promise.all([...databases.values()].map((group) => this.askAll(group)));
    this.answers = { byPipeline: new Map(rounds.flat()), atMs: this.parts.clock.monotonicMs() };
  }

  private async askAll(group: readonly SurveyedPipeline[]): Promise<[string, Asked<T>][]> {
    const { door, ask } = this.parts;
    const found: [string, Asked<T>][] = [];
    let silence: Asked<T> | null = null;
    for (const { pipelineId, at } of group) {
      const answer: Asked<T> = silence ?? (await answerOf(door.at(at, (session) => ask(session, pipelineId))));
      if ('failure' in answer) silence = answer;
      found.push([pipelineId, answer]);
    }
    return found;
  }
}

/** The answer, or the failure's own words. */
export async function answerOf<T>(asking: Promise<T>): Promise<Asked<T>> {
  try {
    return { value: await asking };
  } catch (error) {
    const { code, message } = SyncError.of(error);
    return { failure: code === 'INTERNAL' ? 'An unexpected error: the log of the manager says more' : message };
  }
}
