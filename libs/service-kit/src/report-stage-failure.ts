import { randomUUID } from 'node:crypto';
import { trace } from '@opentelemetry/api';
import { reportFailure } from '@lutra/model';
import type { CommandKind, FailureReport, Seats, Stage, SyncError } from '@lutra/model';
import type { ServiceContext } from './service-context.ts';

export interface FailedWork {
  readonly pipelineId: string;
  readonly epoch: number;
  /** Number of the process when the failure belongs to one. */
  readonly process: number | null;
  readonly stage: Stage;
}

/**
 * Tells everybody about a failure: the event log first (people), then the arbiter (ROLLBACK about this epoch, void when it
 * has passed). Throws SyncError of the bus when it cannot; the caller tries again.
 */
export async function reportStageFailure(context: ServiceContext, work: FailedWork, error: SyncError): Promise<void> {
  const failure = reportFailure(error, { ...work, instance: context.identity.instance, at: context.clock.now() });
  await publishFailed(context, work.pipelineId, failure);
  const { pipelineId, epoch } = work;
  await issueStageCommand(context, { kind: 'ROLLBACK', pipelineId, epoch, reason: failure.message, failure });
}

/** Puts the failure into the event log. Throws SyncError of the bus. */
export async function publishFailed(
  context: ServiceContext,
  pipelineId: string,
  failure: FailureReport,
): Promise<void> {
  await context.bus.publishEvent({
    v: 1,
    kind: 'failed',
    at: failure.at,
    who: failure.instance,
    pipelineId,
    epoch: failure.epoch,
    process: failure.process,
    traceId: trace.getActiveSpan()?.spanContext().traceId ?? null,
    failure,
  });
}

/** Sends a command of this instance about one epoch. Throws SyncError of the bus. */
export async function issueStageCommand(
  context: ServiceContext,
  command: {
    readonly kind: CommandKind;
    readonly pipelineId: string;
    readonly epoch: number;
    readonly reason: string;
    readonly failure?: FailureReport;
    readonly seats?: Seats;
  },
): Promise<void> {
  await context.bus.issueCommand({
    id: randomUUID(),
    kind: command.kind,
    pipelineId: command.pipelineId,
    aboutEpoch: command.epoch,
    reason: command.reason,
    author: context.identity.instance,
    issuedAt: context.clock.now().toISOString(),
    ...(command.failure === undefined ? {} : { failure: command.failure }),
    ...(command.seats === undefined ? {} : { seats: command.seats }),
  });
}
