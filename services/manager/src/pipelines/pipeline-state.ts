import { conditionOf, readStatistics, SyncError } from '@lutra/model';
import type { Clock, CursorState, ErrorCode, FailedEvent, LeaseHolder, Permit, WindowEvent } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import type { Coordinator, VersionedPermit } from '@lutra/coordination';
import { commandDtoOf } from '../commands/command-reader.ts';
import type { CommandReader } from '../commands/command-reader.ts';
import type { CommandDto } from '../commands/command.dto.ts';
import type { OpenDeadLetters } from '../dead-letters/open-dead-letters.ts';
import type { Plain } from '../http/plain.ts';
import type { RunbookLinks } from '../runbook/runbook-links.ts';
import type { PipelineView, PipelineWatch } from '../statistics/pipeline-watch.ts';
import { loadedProcessDtoOf } from './loaded-process-dto.ts';
import type { BlockerDto, CursorDto, PipelineStateDto, UnavailableDto } from './pipeline-state.dto.ts';
import type { PipelineDetailDto } from './pipeline.dto.ts';
import type { ProcessDto, ProcessListDto } from './process.dto.ts';

/** A part that does not answer within this is named as unavailable; the rest of the answer does not wait for it. */
const ANSWER_MS_MAX = 3_000;
/** Select reports each second while it holds the mainstem. */
const WINDOW_AGE_MS_MAX = 10_000;
const LAST_FAILURE_AGE_MS_MAX = 60_000;
/** An order that nobody has decided for so long: the log that told of the decision is gone. */
const UNDECIDED_MS_MAX = 60_000;

/** What pipelines do: from ZooKeeper, from the bus, and from the events that were followed. */
export class PipelineStateReader {
  constructor(
    private readonly parts: {
      readonly watch: PipelineWatch;
      readonly coordinator: Coordinator;
      readonly bus: Bus;
      readonly clock: Clock;
      readonly commands: CommandReader;
      readonly links: RunbookLinks;
      readonly openLetters: OpenDeadLetters;
    },
  ) {}

  /** Adds the state to a definition. Never fails because a part cannot be asked: the answer names it. */
  async describe(pipeline: Plain<PipelineDetailDto>): Promise<PipelineStateDto> {
    const { watch, clock } = this.parts;
    const asked = await this.askAll(pipeline.id);
    const { permit, mainstem, loader, cursor, commands, openLetters } = asked;
    const view = watch.view(pipeline.id);
    const nowMs = clock.now().getTime();
    const reading = readStatistics(view.statistics, nowMs);
    const fresh = freshWindow(view.window, nowMs);
    const standing = permit.value?.permit ?? null;
    const blockers = blockersOf(view, standing);
    return {
      ...pipeline,
      ...(permit.failure === null ? ofPermit(standing) : UNKNOWN_STATE),
      ...this.explain(asked, { isBlocked: blockers.length > 0, fresh, nowMs }),
      ...this.failures(standing, view.lastFailed, nowMs),
      lastCommand: newerOf(view.lastCommand === null ? null : commandDtoOf(view.lastCommand), commands.value),
      lastOrder: commands.value,
      blockers,
      select: ofWindow(fresh),
      delayMsP50: reading.delayMsP50,
      delayMsP99: reading.delayMsP99,
      rowsPerSecond: reading.rowsPerSecond10,
      rowsLoaded: reading.rowsLoaded,
      deadLettersOpen: openLetters.value,
      deadLetters: reading.totals.deadLetters,
      conflicts: reading.totals.conflicts,
      dryRun: view.statistics.dryRun ?? null,
      cursor: ofCursor(cursor.value),
      mainstem: mainstem.value,
      loader: loader.value,
      open: [...(fresh?.open ?? [])],
      unavailable: [permit, mainstem, loader, cursor, commands, openLetters].flatMap(({ failure }) =>
        failure === null ? [] : [failure],
      ),
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
    const items = [...open, ...recent.map(loadedProcessDtoOf)];
    return { items, total: items.length };
  }

  private async askAll(id: string): Promise<AskedParts> {
    const { coordinator, bus, commands } = this.parts;
    const asking = this.ask('permit', () => coordinator.permit(id));
    const [permit, mainstem, loader, cursor, lastOrder, openLetters] = await Promise.all([
      asking,
      this.ask('mainstem', () => coordinator.leaseHolder(id, 'mainstem')),
      this.ask('loader', () => coordinator.leaseHolder(id, 'loader')),
      this.ask('cursor', () => bus.cursor(id)),
      this.ask('commands', () => commands.lastOrder(id)),
      this.ask('deadLetters', async () => this.openLetters(id, await asking)),
    ]);
    return { permit, mainstem, loader, cursor, commands: lastOrder, openLetters };
  }

  /** What never started has none, and its target need not be there yet. */
  private openLetters(id: string, { value, failure }: Asked<VersionedPermit>): Promise<number> | number {
    const isNew = failure === null && (value?.permit.epoch ?? 0) === 0;
    return isNew ? 0 : this.parts.openLetters.count(id);
  }

  /** The section of the runbook that helps first. */
  private explain(
    { permit, mainstem, loader, commands }: AskedParts,
    seen: { readonly isBlocked: boolean; readonly fresh: WindowEvent | null; readonly nowMs: number },
  ): Pick<PipelineStateDto, 'condition' | 'runbook'> {
    const { links } = this.parts;
    const standing = permit.value?.permit ?? null;
    const condition = conditionOf({
      permit: permit.failure === null ? standing : 'unknown',
      isOrderedToRun: isOrderedToRun(commands.value, seen.nowMs),
      hasMainstem: mainstem.failure === null ? mainstem.value !== null : null,
      hasLoader: loader.failure === null ? loader.value !== null : null,
      isBlocked: seen.isBlocked,
      selectState: seen.fresh?.state ?? null,
    });
    const isFailed = standing?.state === 'PAUSED' && standing.failure !== null;
    return {
      condition,
      runbook: isFailed ? links.ofFailure(standing.failure).runbook : links.ofCondition(condition),
    };
  }

  private failures(
    permit: Permit | null,
    lastFailed: FailedEvent | null,
    nowMs: number,
  ): Pick<PipelineStateDto, 'failure' | 'lastFailure'> {
    const { links } = this.parts;
    const isRecent = lastFailed !== null && nowMs - Date.parse(lastFailed.at) <= LAST_FAILURE_AGE_MS_MAX;
    const failure = permit?.failure ?? null;
    return {
      failure: failure === null ? null : links.ofFailure(failure),
      lastFailure: isRecent ? links.ofFailure(lastFailed.failure) : null,
    };
  }

  private async ask<T>(part: UnavailableDto['part'], question: () => Promise<T | null>): Promise<Asked<T>> {
    const timer = new AbortController();
    const tooLong = this.parts.clock.sleep(ANSWER_MS_MAX, timer.signal).then((): never => {
      throw new SyncError(SILENCE[part], {
        problem: `No answer within ${String(ANSWER_MS_MAX / 1000)} s`,
      });
    });
    // Aborted below when the answer was faster: the rejection then concerns nobody.
    tooLong.catch(() => undefined);
    try {
      return { value: await Promise.race([question(), tooLong]), failure: null };
    } catch (error) {
      const { code, sentence } = SyncError.of(error);
      return { value: null, failure: { part, code, detail: sentence } };
    } finally {
      timer.abort();
    }
  }
}

interface Asked<T> {
  readonly value: T | null;
  readonly failure: UnavailableDto | null;
}

interface AskedParts {
  readonly permit: Asked<VersionedPermit>;
  readonly mainstem: Asked<LeaseHolder>;
  readonly loader: Asked<LeaseHolder>;
  readonly cursor: Asked<CursorState>;
  readonly commands: Asked<CommandDto>;
  readonly openLetters: Asked<number>;
}

/** Who is silent when a part does not answer. */
const SILENCE: Readonly<Record<UnavailableDto['part'], ErrorCode>> = {
  permit: 'COORDINATION_UNREACHABLE',
  mainstem: 'COORDINATION_UNREACHABLE',
  loader: 'COORDINATION_UNREACHABLE',
  cursor: 'BUS_UNREACHABLE',
  commands: 'STORE_UNREACHABLE',
  deadLetters: 'TARGET_UNREACHABLE',
};

/** An operator's last word, as far as it was heard. */
function isOrderedToRun(order: CommandDto | null, nowMs: number): boolean {
  if (order === null || (order.kind !== 'START' && order.kind !== 'RESTART')) return false;
  return order.outcome !== 'issued' || nowMs - Date.parse(order.issuedAt) > UNDECIDED_MS_MAX;
}

const newerOf = (a: CommandDto | null, b: CommandDto | null): CommandDto | null =>
  a === null || (b !== null && b.issuedAt > a.issuedAt) ? b : a;

/** Only what concerns the epoch that runs, and no process that is loaded: an older lock is nobody's any more. */
export function blockersOf(
  { blocked, recent }: Pick<PipelineView, 'blocked' | 'recent'>,
  permit: Permit | null,
): BlockerDto[] {
  if (permit?.state !== 'RUNNING') return [];
  const loadedUpTo = Math.max(0, ...recent.map(({ epoch, process }) => (epoch === permit.epoch ? (process ?? 0) : 0)));
  return blocked.flatMap(({ epoch, process, stage, who, blocker }) =>
    blocker === null || (epoch !== null && epoch !== permit.epoch) || (process !== null && process <= loadedUpTo)
      ? []
      : [{ stage, instance: who, ...blocker }],
  );
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
  'state' | 'epoch' | 'draining' | 'drainingFor' | 'reason' | 'since' | 'by' | 'attempt' | 'nextAttemptAt' | 'seats'
>;

const NEVER_STARTED: PermitPart = {
  state: 'STOPPED',
  epoch: 0,
  draining: false,
  drainingFor: null,
  reason: null,
  since: null,
  by: null,
  attempt: 0,
  nextAttemptAt: null,
  seats: null,
};
const UNKNOWN_STATE: PermitPart = { ...NEVER_STARTED, state: 'UNKNOWN' };

function ofPermit(permit: Permit | null): PermitPart {
  if (permit === null) return NEVER_STARTED;
  const { state, epoch, draining, reason, since, by, attempt, nextAttemptAt, seats = null } = permit;
  const drainingFor = draining ? (permit.pending?.kind ?? permit.order?.kind ?? null) : null;
  return { state, epoch, draining, drainingFor, reason, since, by, attempt, nextAttemptAt, seats };
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
