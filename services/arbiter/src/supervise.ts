import { openProcesses } from '@lutra/model';
import type { Command, Permit, PipelineFold } from '@lutra/model';
import { RETRY_AUTHOR } from './decide.ts';

/** No retry is further away than this, whatever the clocks of two arbiters say (60 s and their jitter). */
const RETRY_WAIT_MS_MAX = 72_000;

/** Milliseconds until the arbiter restarts this pipeline by itself (0 = now); null when it does not. */
export function retryWaitMs(permit: Permit | null, now: Date): number | null {
  if (permit?.state !== 'PAUSED' || permit.nextAttemptAt === null) return null;
  return Math.min(Math.max(0, Date.parse(permit.nextAttemptAt) - now.getTime()), RETRY_WAIT_MS_MAX);
}

/** A person should hear of every tenth attempt: about five minutes after the first, then every ten. */
const ATTEMPTS_PER_WARNING = 10;

/** What to tell when a pipeline has been retried for long; null when this attempt is none to tell of. */
export function longRetries(permit: Permit): string | null {
  const attempt = permit.attempt + 1;
  if (attempt % ATTEMPTS_PER_WARNING !== 0) return null;
  const { failure } = permit;
  const why = failure === null ? permit.reason : `${failure.code}: ${failure.message}`;
  return `Attempt ${String(attempt)} in a row to bring the pipeline back after ${why}`;
}

/** The same retry has the same id whoever issues it, so that two arbiters (or one after a crash) give one command. */
export function retryCommand(pipelineId: string, permit: Permit, now: Date): Command {
  return {
    id: `${pipelineId}.${String(permit.epoch)}.retry`,
    kind: 'RESTART',
    pipelineId,
    aboutEpoch: permit.epoch,
    reason: `Attempt ${String(permit.attempt + 1)} after ${permit.failure?.code ?? 'a failure'}`,
    author: RETRY_AUTHOR,
    issuedAt: now.toISOString(),
  };
}

/**
 * The PAUSE, STOP or graceful RESTART that is not finished yet: its window drains, or a failure has paused the pipeline
 * while it drained for a STOP. The permit holds it, so that any arbiter finishes it.
 */
export function unfinishedHalt(pipelineId: string, permit: Permit | null): Command | null {
  if (permit?.draining === true && permit.pending !== undefined) return permit.pending;
  if (permit?.order === undefined) return null;
  const { commandId: id, kind, issuedAt } = permit.order;
  // An older arbiter wrote the permit when it drains and names nothing: the order is what it drains for.
  if (!permit.draining && !(kind === 'STOP' && permit.state === 'PAUSED')) return null;
  return { id, kind, pipelineId, aboutEpoch: null, reason: permit.reason, author: permit.by, issuedAt };
}

export interface OverdueProcess {
  readonly epoch: number;
  readonly process: number;
  readonly ageMs: number;
}

/**
 * The process that has been open for too long in the running epoch; null when there is none, or a RESTART was asked for
 * already: one per epoch, whoever noticed.
 */
export function overdueProcess(
  state: PipelineFold,
  now: { readonly pipelineId: string; readonly permit: Permit | null; readonly processAgeMaxMs: number },
): OverdueProcess | null {
  const { permit, pipelineId, processAgeMaxMs } = now;
  if (permit?.state !== 'RUNNING' || permit.draining) return null;
  // The permit of ZooKeeper is the truth; its event may be late.
  const found = openProcesses({ ...state, permit }).find(({ ageMs }) => ageMs > processAgeMaxMs);
  if (found === undefined) return null;
  if (state.commands.some(({ command: { id } }) => id === ageCommandId(pipelineId, permit.epoch))) return null;
  return { epoch: permit.epoch, process: found.process, ageMs: found.ageMs };
}

/** The running epoch has loaded something after a failure: its count of attempts may begin anew. */
export const hasProgress = (permit: Permit | null, { loaded }: PipelineFold): boolean =>
  permit !== null && permit.attempt > 0 && loaded?.epoch === permit.epoch;

/** One RESTART per epoch, whoever notices and however often. */
export function ageCommand(pipelineId: string, overdue: OverdueProcess, now: Date): Command {
  return {
    id: ageCommandId(pipelineId, overdue.epoch),
    kind: 'RESTART',
    pipelineId,
    aboutEpoch: overdue.epoch,
    reason: describeOverdue(overdue),
    author: RETRY_AUTHOR,
    issuedAt: now.toISOString(),
  };
}

const ageCommandId = (pipelineId: string, epoch: number): string => `${pipelineId}.${String(epoch)}.age`;

export const describeOverdue = (overdue: { readonly process: number; readonly ageMs: number }): string =>
  `Process ${String(overdue.process)} has been open for ${String(Math.round(overdue.ageMs / 1_000))} s`;

/**
 * Of the commands that the log knows as issued only: those that the permit says were carried out. Their arbiter ended between
 * writing and telling, after the queue had been told that they are done.
 */
export function untoldCommands(permit: Permit | null, open: readonly Command[]): readonly Command[] {
  if (permit === null) return [];
  const written = new Set([permit.commandId, ...(permit.orders ?? [])]);
  const unfinished = unfinishedHalt(open[0]?.pipelineId ?? '', permit);
  return open.filter(({ id }) => written.has(id) && id !== unfinished?.id);
}
