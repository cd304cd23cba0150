import { readStatistics, SyncError } from '@lutra/model';
import type { Clock, CursorState, LoadedEvent, Permit, WindowEvent } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import type { Coordinator } from '@lutra/coordination';
import type { Plain } from '../http/plain.ts';
import type { PipelineWatch } from '../statistics/pipeline-watch.ts';
import type { CursorDto, PipelineStateDto, UnavailableDto } from './pipeline-state.dto.ts';
import type { PipelineDetailDto } from './pipeline.dto.ts';
import type { ProcessDto, ProcessListDto } from './process.dto.ts';

/** A part that does not answer within this is named as unavailable; the rest of the answer does not wait for it. */
const ANSWER_MS_MAX = 3_000;
/** Select reports each second while it holds the mainstem. */
const WINDOW_AGE_MS_MAX = 10_000;
const LAST_FAILURE_AGE_MS_MAX = 60_000;

/** What pipelines do: from ZooKeeper, from the bus, and from the events that were followed. */
export class PipelineStateReader {
  constructor(
    private readonly parts: {
      readonly watch: PipelineWatch;
      readonly coordinator: Coordinator;
      readonly bus: Bus;
      readonly clock: Clock;
    },
  ) {}

  /** Adds the state to a definition. Never fails because a part cannot be asked: the answer names it. */
  async describe(pipeline: Plain<PipelineDetailDto>): Promise<PipelineStateDto> {
    const { watch, coordinator, bus, clock } = this.parts;
    const { id } = pipeline;
    const [permit, mainstem, loader, cursor] = await Promise.all([
      this.ask('permit', () => coordinator.permit(id)),
      this.ask('mainstem', () => coordinator.leaseHolder(id, 'mainstem')),
      this.ask('loader', () => coordinator.leaseHolder(id, 'loader')),
      this.ask('cursor', () => bus.cursor(id)),
    ]);
    const { statistics, window, lastFailed } = watch.view(id);
    const nowMs = clock.now().getTime();
    const reading = readStatistics(statistics, nowMs);
    const isRecent = lastFailed !== null && nowMs - Date.parse(lastFailed.at) <= LAST_FAILURE_AGE_MS_MAX;
    const fresh = freshWindow(window, nowMs);
    return {
      ...pipeline,
      ...(permit.failure === null ? ofPermit(permit.value?.permit ?? null) : UNKNOWN_STATE),
      lastFailure: isRecent ? lastFailed.failure : null,
      select: ofWindow(fresh),
      delayMsP50: reading.delayMsP50,
      delayMsP99: reading.delayMsP99,
      rowsPerSecond: reading.rowsPerSecond10,
      rowsLoaded: reading.rowsLoaded,
      cursor: ofCursor(cursor.value),
      mainstem: mainstem.value,
      loader: loader.value,
      open: [...(fresh?.open ?? [])],
      unavailable: [permit, mainstem, loader, cursor].flatMap(({ failure }) => (failure === null ? [] : [failure])),
    };
  }

  /** Open processes (from select's newest report) and the ones that were loaded last, with the times of their stages. */
  processes(pipelineId: string): ProcessListDto {
    const { watch, clock } = this.parts;
    const { recent, window } = watch.view(pipelineId);
    const fresh = freshWindow(window, clock.now().getTime());
    const isLoaded = new Set(recent.map(({ epoch, process }) => `${String(epoch)}.${String(process)}`));
    const open = (fresh?.open ?? [])
      .filter(({ process }) => !isLoaded.has(`${String(fresh?.epoch)}.${String(process)}`))
      .map((entry) => ofOpen(entry, fresh?.epoch ?? 0));
    const items = [...open, ...recent.map(ofLoaded)];
    return { items, total: items.length };
  }

  private async ask<T>(
    part: UnavailableDto['part'],
    question: () => Promise<T | null>,
  ): Promise<{ readonly value: T | null; readonly failure: UnavailableDto | null }> {
    const timer = new AbortController();
    const tooLong = this.parts.clock.sleep(ANSWER_MS_MAX, timer.signal).then((): never => {
      throw new SyncError(part === 'cursor' ? 'BUS_UNREACHABLE' : 'COORDINATION_UNREACHABLE', {
        problem: `No answer within ${String(ANSWER_MS_MAX / 1000)} s`,
      });
    });
    // Aborted below when the answer was faster: the rejection then concerns nobody.
    tooLong.catch(() => undefined);
    try {
      return { value: await Promise.race([question(), tooLong]), failure: null };
    } catch (error) {
      const { code, message } = SyncError.of(error);
      return { value: null, failure: { part, code, detail: message.slice(code.length + 2) } };
    } finally {
      timer.abort();
    }
  }
}

const freshWindow = (window: WindowEvent | null, nowMs: number): WindowEvent | null =>
  window !== null && nowMs - Date.parse(window.at) <= WINDOW_AGE_MS_MAX ? window : null;

function ofWindow(window: WindowEvent | null): PipelineStateDto['select'] {
  if (window === null) return null;
  const { state, cause, source = null, lagMs } = window;
  return { state, cause, source, lagMs };
}

type PermitPart = Pick<
  PipelineStateDto,
  'state' | 'epoch' | 'draining' | 'reason' | 'failure' | 'since' | 'by' | 'attempt' | 'nextAttemptAt'
>;

const NEVER_STARTED: PermitPart = {
  state: 'STOPPED',
  epoch: 0,
  draining: false,
  reason: null,
  failure: null,
  since: null,
  by: null,
  attempt: 0,
  nextAttemptAt: null,
};
const UNKNOWN_STATE: PermitPart = { ...NEVER_STARTED, state: 'UNKNOWN' };

function ofPermit(permit: Permit | null): PermitPart {
  if (permit === null) return NEVER_STARTED;
  const { state, epoch, draining, reason, failure, since, by, attempt, nextAttemptAt } = permit;
  return { state, epoch, draining, reason, failure, since, by, attempt, nextAttemptAt };
}

function ofCursor(cursor: CursorState | null): CursorDto | null {
  if (cursor === null) return null;
  const { state, epoch, at } = cursor;
  return cursor.state === 'place'
    ? { state, epoch, at, process: cursor.process, place: cursor.place }
    : { state, epoch, at, process: null, place: null };
}

function ofOpen({ process, ageMs, bytes }: WindowEvent['open'][number], epoch: number): ProcessDto {
  const unknown = { rowCount: null, transactionCount: null, loadedAt: null, traceId: null, stages: [] };
  return { epoch, process, state: 'open', ageMs, bytes, ...unknown };
}

function ofLoaded(event: LoadedEvent): ProcessDto {
  const { epoch, process, at, traceId, sourceBytes, transactionCount, stages } = event;
  const startMs = Math.min(...stages.map((stage) => stage.startMs));
  const endMs = Math.max(...stages.map((stage) => stage.endMs));
  return {
    epoch: epoch ?? 0,
    process: process ?? 0,
    state: 'loaded',
    ageMs: stages.length === 0 ? 0 : endMs - startMs,
    rowCount: event.inserted + event.updated + event.deleted,
    transactionCount,
    bytes: sourceBytes,
    loadedAt: at,
    traceId,
    stages: stages.map((stage) => ({
      stage: stage.stage,
      instance: stage.instance,
      startedAt: new Date(stage.startMs).toISOString(),
      durationMs: stage.endMs - stage.startMs,
      rowCount: stage.rowCount,
      bytes: stage.bytes,
    })),
  };
}
