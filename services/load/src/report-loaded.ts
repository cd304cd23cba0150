import type { Span } from '@opentelemetry/api';
import type { Bus, ProcessDelivery } from '@lutra/messaging';
import type { ConflictEvent, EventBase, LoadedEvent, LutraEvent } from '@lutra/model';
import { failPoint } from '@lutra/service-kit';
import type { PipelineSession } from '@lutra/service-kit';
import type { LoadedProcess } from './loaded-process.ts';
import type { Conflict } from './write-unit.ts';

type Logger = PipelineSession['log'];

// Below this size no stage wrote its body in parts (bodies up to 512 KiB travel inside the message).
const PARTS_BYTES_MIN = 262_144;

export interface LoadedUnit {
  readonly processes: readonly LoadedProcess[];
  readonly conflicts: readonly Conflict[];
  readonly span: Span;
  readonly endMs: number;
}

/** What is left to do for a unit that the target has committed. Holds no rows. */
export interface LoadedReport {
  readonly events: readonly LutraEvent[];
  readonly deliveries: readonly ProcessDelivery[];
}

export function loadedReport(instance: string, unit: LoadedUnit): LoadedReport {
  return {
    events: [
      ...unit.processes.map((process) => loadedEvent(instance, unit, process)),
      ...conflictEvents(instance, unit),
    ],
    deliveries: unit.processes.map(({ delivery }) => delivery),
  };
}

/**
 * After the commit: the event log, then the acknowledgements, then housekeeping. Never throws: the target already holds
 * everything, the cursor repeats it, and a message that is not acknowledged comes again and is dropped as a repeat.
 */
export async function sendReport(bus: Bus, report: LoadedReport, log: Logger): Promise<void> {
  try {
    for (const event of report.events) await bus.publishEvent(event);
  } catch (error) {
    log.warn({ err: error }, 'loaded processes not in the event log');
  }
  failPoint('before-acknowledge');
  for (const delivery of report.deliveries) {
    try {
      await delivery.ack();
    } catch (error) {
      log.warn({ err: error, processId: delivery.header.process }, 'process not acknowledged');
    }
    if (hasParts(delivery)) await bus.forgetBodies(delivery.header);
  }
}

function hasParts({ bodyBytes, header }: ProcessDelivery): boolean {
  return Math.max(bodyBytes, header.sourceBytes, ...header.stages.map(({ bytes }) => bytes)) >= PARTS_BYTES_MIN;
}

function loadedEvent(instance: string, unit: LoadedUnit, process: LoadedProcess): LoadedEvent {
  const { header } = process.delivery;
  const rowCount = process.counts.inserted + process.counts.updated + process.counts.deleted;
  const time = {
    stage: 'load' as const,
    instance,
    startMs: process.startMs,
    endMs: unit.endMs,
    rowCount,
    bytes: process.delivery.bodyBytes,
  };
  return {
    ...eventBase(instance, unit, process),
    kind: 'loaded',
    end: header.end,
    revision: header.revision,
    transactionCount: header.transactionCount,
    ...process.counts,
    conflicts: unit.conflicts
      .filter((conflict) => ownerOf(unit, conflict) === process)
      .reduce((sum, { count }) => sum + count, 0),
    sourceBytes: header.sourceBytes,
    firstCommitMs: header.firstCommitMs,
    lastCommitMs: header.lastCommitMs,
    stages: [...header.stages, time],
  };
}

/** One event for each table and decision: a unit may hold thousands of conflicts. */
function conflictEvents(instance: string, unit: LoadedUnit): readonly ConflictEvent[] {
  const merged = new Map<string, ConflictEvent>();
  for (const conflict of unit.conflicts) {
    const { table, decision, count } = conflict;
    const id = JSON.stringify([table, decision]);
    const known = merged.get(id);
    const base = known ?? {
      ...eventBase(instance, unit, ownerOf(unit, conflict)),
      kind: 'conflict' as const,
      type: 'target-row-missing' as const,
      table,
      decision,
      count: 0,
    };
    merged.set(id, { ...base, count: base.count + count });
  }
  return [...merged.values()];
}

function ownerOf({ processes }: LoadedUnit, { change }: Conflict): LoadedProcess | undefined {
  return processes.find(({ process }) => process.transactions.some(({ changes }) => changes.includes(change)));
}

function eventBase(instance: string, unit: LoadedUnit, process: LoadedProcess | undefined): EventBase {
  const header = process?.delivery.header;
  return {
    v: 1,
    at: new Date(unit.endMs).toISOString(),
    who: instance,
    pipelineId: header?.pipelineId ?? null,
    epoch: header?.epoch ?? null,
    process: header?.process ?? null,
    traceId: unit.span.spanContext().traceId,
  };
}
