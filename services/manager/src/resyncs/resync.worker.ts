import assert from 'node:assert/strict';
import { In } from 'typeorm';
import { resolveStart } from '@lutra/binlog';
import type { SourceSession } from '@lutra/binlog';
import { readSourceTable } from '@lutra/binlog/schema';
import type { Coordinator } from '@lutra/coordination';
import type { Bus } from '@lutra/messaging';
import { coversDone, readStatistics, rejectedWishText, SyncError, whyNotGone } from '@lutra/model';
import type { Clock, DonePlace, PipelineDefinition, WarningCode } from '@lutra/model';
import { leadRole } from '@lutra/service-kit';
import type { Secrets, Worker } from '@lutra/service-kit';
import { copyRows, keyTexts, readKey, SourceAccess } from '@lutra/source-access';
import type { RowKey } from '@lutra/source-access';
import type { Logger } from 'pino';
import { DefinitionEntity } from '../publishing/definition.entity.ts';
import type { PipelineWatch } from '../statistics/pipeline-watch.ts';
import type { Store } from '../store/store.ts';
import { BufferQueue } from './buffer-queue.ts';
import { fulfilWishes } from './fulfil-wishes.ts';
import type { WishRejection } from './fulfil-wishes.ts';
import { findKeys } from './find-keys.ts';
import { ResyncEntity } from './resync.entity.ts';
import type { ResyncRejected } from './resync-wanted.ts';
import { takeWishes } from './take-wishes.ts';

const LOOK_MS = 500;
/** What failed in passing, or waits for the pipeline. */
const RETRY_MS = 2_000;
const ROWS_PER_STEP_MAX = 100;
/** What finds more of its own is mistaken as a whole: the job ends, and every key that it had in hand is answered. */
const REJECTED_MAX = 1_000;
/** A pipeline that is further behind gets no more to do. */
const DELAY_MS_MAX = 60_000;
const CAUSE_CHARS_MAX = 2_000;

interface Step {
  readonly session: SourceSession;
  readonly definition: PipelineDefinition;
  readonly signal: AbortSignal;
}

/** What a step changes of a job. */
type Progress = Partial<
  Pick<ResyncEntity, 'state' | 'keysDone' | 'lastKey' | 'sent' | 'gone' | 'rejected' | 'place' | 'cause'>
>;

/**
 * Copies the rows of jobs into the logs of their sources, a step of each after the other; one manager at a time does this. What a
 * step has done is saved behind it: one that was cut off is done again, which is harmless.
 */
export class ResyncWorker implements Worker {
  readonly name = 'resyncs';
  private readonly access: SourceAccess;
  private readonly queue: BufferQueue;
  /** When the next step of a job is due, by our own clock. */
  private readonly dueMs = new Map<string, number>();

  constructor(
    private readonly parts: {
      readonly store: Store;
      readonly bus: Bus;
      readonly coordinator: Coordinator;
      readonly watch: PipelineWatch;
      readonly secrets: Secrets;
      readonly clock: Clock;
      readonly log: Logger;
      readonly instance: string;
    },
  ) {
    const { clock, secrets } = parts;
    this.access = new SourceAccess({ clock, secretsOf: (source) => secrets.ofDataSource(source) });
    this.queue = new BufferQueue(parts);
  }

  async run(signal: AbortSignal): Promise<void> {
    const worker = {
      run: (ended: AbortSignal) =>
        leadRole(this.parts, { role: 'manager-resync', work: (leading) => this.both(leading) }, ended),
    };
    await this.access.runBeside(worker, signal);
  }

  private async both(leading: AbortSignal): Promise<void> {
    const reject = (pipelineId: string, rejections: readonly WishRejection[]): Promise<void> =>
      this.tellRejected(pipelineId, rejections);
    const stop = new AbortController();
    const signal = AbortSignal.any([leading, stop.signal]);
    const loops = [this.lead(signal), takeWishes({ ...this.parts, queue: this.queue, reject }, signal)];
    try {
      await Promise.all(loops);
    } finally {
      stop.abort();
      await Promise.allSettled(loops);
    }
  }

  private async lead(leading: AbortSignal): Promise<void> {
    const { store, clock } = this.parts;
    while (!leading.aborted) {
      const jobs = store.whyAway === '' ? await this.active() : [];
      for (const { id } of jobs) if (!this.dueMs.has(id)) this.dueMs.set(id, 0);
      for (const id of this.dueMs.keys()) if (!jobs.some((job) => job.id === id)) this.dueMs.delete(id);
      for (const job of jobs) if (!leading.aborted && this.isDue(job)) await this.stepOrWait(job, leading);
      const nextMs = Math.min(clock.monotonicMs() + LOOK_MS, ...this.dueMs.values());
      await clock.sleep(Math.max(1, nextMs - clock.monotonicMs()), leading);
    }
  }

  private active(): Promise<ResyncEntity[]> {
    return this.parts.store.read(ResyncEntity, (rows) =>
      rows.find({ where: { state: In(['running', 'applying']) }, order: { id: 'ASC' } }),
    );
  }

  private isDue({ id }: ResyncEntity): boolean {
    return (this.dueMs.get(id) ?? 0) <= this.parts.clock.monotonicMs();
  }

  private async stepOrWait(job: ResyncEntity, signal: AbortSignal): Promise<void> {
    const { clock } = this.parts;
    const beganMs = clock.monotonicMs();
    let waitMs = RETRY_MS;
    try {
      const rows = await this.step(job, signal);
      if (rows !== null) waitMs = (rows * 1_000) / job.rowsPerSecond - (clock.monotonicMs() - beganMs);
    } catch (error) {
      if (signal.aborted) return;
      await this.failed(job, SyncError.of(error));
    }
    this.dueMs.set(job.id, clock.monotonicMs() + Math.max(0, waitMs));
  }

  /** Rows that were handled; null when there is nothing to do for now. */
  private async step(job: ResyncEntity, signal: AbortSignal): Promise<number | null> {
    if (job.state === 'applying') return this.lookForEnd(job);
    const cause = await this.whyNot(job.pipelineId);
    if (cause !== '') {
      await this.save(job, { cause });
      return null;
    }
    const definition = await this.definitionOf(job.pipelineId);
    if (definition === null) return null;
    const done = await this.passed(job.pipelineId);
    const serverUuid = done?.kind === 'file' ? done.serverUuid : null;
    return this.access.use(definition.source, { serverUuid, signal }, (session) =>
      job.wanted.kind === 'buffer'
        ? this.fulfil(job, { session, definition, signal })
        : this.copy(job, { session, definition, signal }),
    );
  }

  private async copy(job: ResyncEntity, { session, definition: { mappings }, signal }: Step): Promise<number | null> {
    const { clock } = this.parts;
    const { schema, table: name, pipelineId } = job;
    const table = await readSourceTable(session, { schema, table: name });
    if (table === null || table.primaryKey.length === 0) {
      await this.save(job, { state: 'failed', cause: `The source has no table ${schema}.${name} with a primary key` });
      return null;
    }
    const { keys, rejected: unreadable, progress, isLast } = await this.next(job, session, table);
    const reason = whyNotGone(mappings, table);
    const how = { sends: reason === null ? 'all' : 'rows', whyNotGone: reason } as const;
    const copied =
      keys.length === 0
        ? { rows: 0, gone: 0, rejected: [] }
        : await copyRows(session, { pipelineId, job: job.id, table, keys, ...how }, { clock, signal });
    const refusals = copied.rejected
      // One that was found and is gone by now has been deleted: the log says so itself.
      .filter((refusal) => job.wanted.kind === 'keys' || refusal.reason !== reason)
      .map((refusal) => ({ key: keyTexts(refusal.key), reason: refusal.reason }));
    const rejected = [...job.rejected, ...unreadable, ...refusals];
    const counts = { sent: job.sent + copied.rows, gone: job.gone + copied.gone, rejected };
    // Those of a list were all asked for.
    const isTooMany = job.wanted.kind !== 'keys' && rejected.length > REJECTED_MAX;
    const ends = isTooMany || isLast;
    const place = ends ? (await resolveStart(session, { kind: 'latest' })).done : job.place;
    const cause = isTooMany ? `More than ${String(REJECTED_MAX)} keys were rejected` : '';
    const state = isTooMany ? 'failed' : isLast ? 'applying' : 'running';
    await this.save(job, { ...progress, ...counts, place, cause, state });
    return keys.length;
  }

  /** Some more of what was written into retl_buffer. */
  private async fulfil(job: ResyncEntity, { session, definition, signal }: Step): Promise<number | null> {
    const { clock } = this.parts;
    const portion = await this.queue.next(job.pipelineId);
    if (portion === null) {
      const { done: place } = await resolveStart(session, { kind: 'latest' });
      await this.save(job, { state: 'applying', place });
      return null;
    }
    const wishes = portion.wishes.slice(portion.done);
    const wanted = { definition, wishes, countMax: Math.min(ROWS_PER_STEP_MAX, job.rowsPerSecond) };
    const { taken, keys, rows, gone, rejected } = await fulfilWishes(session, wanted, { clock, signal });
    await this.tellRejected(job.pipelineId, rejected);
    const told = rejected.map(({ wish: { type, fullName, key }, reason }) => ({
      ...{ key, reason: `${type} ${fullName}: ${reason}` },
    }));
    const kept = [...job.rejected, ...told].slice(-REJECTED_MAX);
    await this.queue.settle(portion, taken);
    await this.save(job, { sent: job.sent + rows, gone: job.gone + gone, rejected: kept });
    return keys;
  }

  /** Among the events of the pipeline, where alarms look too. */
  private async tellRejected(pipelineId: string, rejections: readonly WishRejection[]): Promise<void> {
    for (const { wish, reason } of rejections)
      await this.warn(pipelineId, 'RESYNC_KEY_REJECTED' satisfies WarningCode, rejectedWishText(wish, reason));
  }

  private warn(pipelineId: string, code: string, message: string): Promise<void> {
    const { bus, clock, instance } = this.parts;
    return bus.publishEvent({
      ...{ v: 1, kind: 'warning', at: clock.now().toISOString(), who: instance, pipelineId, epoch: null },
      ...{ process: null, traceId: null, code, message },
    });
  }

  /** What comes next of the job, and where it stands behind that. */
  private async next(
    job: ResyncEntity,
    session: SourceSession,
    table: Parameters<typeof readKey>[0],
  ): Promise<{
    readonly keys: readonly RowKey[];
    readonly rejected: readonly ResyncRejected[];
    readonly progress: Progress;
    readonly isLast: boolean;
  }> {
    const { wanted, keysDone, lastKey } = job;
    // A second's worth at most, so that a slow job is slow and not rare.
    const countMax = Math.min(ROWS_PER_STEP_MAX, job.rowsPerSecond);
    if (wanted.kind === 'keys') {
      const texts = wanted.keys.slice(keysDone, keysDone + countMax);
      const keys: RowKey[] = [];
      const rejected: ResyncRejected[] = [];
      for (const text of texts) {
        const key = readKey(table, text);
        if (typeof key === 'string') rejected.push({ key: text, reason: key });
        else keys.push(key);
      }
      const progress = { keysDone: keysDone + texts.length };
      return { keys, rejected, progress, isLast: progress.keysDone >= wanted.keys.length };
    }
    assert(wanted.kind !== 'buffer', 'what retl_buffer wants is fulfilled by portions');
    const after = lastKey === null ? null : readKey(table, lastKey);
    if (typeof after === 'string') throw new SyncError('RESYNC_REFUSED', { problem: `The key has changed: ${after}` });
    const keys = await findKeys(session, { table, wanted, after, countMax });
    const last = keys.at(-1);
    return {
      keys,
      rejected: [],
      progress: last === undefined ? {} : { lastKey: keyTexts(last) },
      isLast: keys.length < countMax,
    };
  }

  private async lookForEnd(job: ResyncEntity): Promise<null> {
    const done = await this.passed(job.pipelineId);
    const { place } = job;
    // It may have come while the job was on its way here.
    if (job.wanted.kind === 'buffer' && (await this.queue.next(job.pipelineId)) !== null)
      await this.save(job, { state: 'running' });
    else if (done !== null && place?.kind === done.kind && coversDone(done, place))
      await this.save(job, { state: 'done' });
    return null;
  }

  /** What load has done; null = nobody knows. */
  private async passed(pipelineId: string): Promise<DonePlace | null> {
    const cursor = await this.parts.bus.cursor(pipelineId);
    return cursor !== null && 'place' in cursor ? cursor.place.done : null;
  }

  /** '' when the pipeline can take more. */
  private async whyNot(pipelineId: string): Promise<string> {
    const { coordinator, watch, clock } = this.parts;
    const permit = (await coordinator.permit(pipelineId))?.permit;
    if (permit?.state !== 'RUNNING') return 'The pipeline does not run';
    const { delayMsP50 } = readStatistics(watch.view(pipelineId).statistics, clock.now().getTime());
    if (delayMsP50 === null || delayMsP50 <= DELAY_MS_MAX) return '';
    return `The pipeline is ${String(Math.round(delayMsP50 / 1_000))} s behind`;
  }

  private definitionOf(pipelineId: string): Promise<PipelineDefinition | null> {
    return this.parts.store.read(
      DefinitionEntity,
      async (rows) => (await rows.findOneBy({ pipelineId, isRemoved: false }))?.body ?? null,
    );
  }

  /** What passes is tried again; what a person has to mend ends the job. */
  private async failed(job: ResyncEntity, error: SyncError): Promise<void> {
    const { log } = this.parts;
    const passes = error.class === 'retryable' || error.code === 'SOURCE_SCHEMA_MISMATCH';
    log.warn(
      { pipelineId: job.pipelineId, job: job.id, code: error.code, err: error },
      'rows cannot be sent once more',
    );
    // What was written into retl_buffer waits until it is mended: nobody would write it again.
    const isWaiting = passes || error.class === 'internal' || job.wanted.kind === 'buffer';
    const state = isWaiting ? 'running' : 'failed';
    const isNews = job.cause !== error.message.slice(0, CAUSE_CHARS_MAX);
    if (job.wanted.kind === 'buffer' && !passes && isNews)
      await this.warn(job.pipelineId, error.code, `Rows of retl_buffer wait: ${error.message}`);
    await this.save(job, { cause: error.message, ...(job.state === 'running' ? { state } : {}) });
  }

  /** Only a job that is as it was found: somebody may have stopped it. */
  private async save(job: ResyncEntity, progress: Progress): Promise<void> {
    const { store, clock } = this.parts;
    const cause = (progress.cause ?? '').slice(0, CAUSE_CHARS_MAX);
    if (Object.keys(progress).length === 1 && progress.cause === job.cause) return;
    await store.run((manager) =>
      manager.update(ResyncEntity, { id: job.id, state: job.state }, { ...progress, cause, updatedAt: clock.now() }),
    );
  }
}
