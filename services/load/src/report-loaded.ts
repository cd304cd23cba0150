import type { Bus, ProcessDelivery } from '@lutra/messaging';
import type {
  ConflictEvent,
  DeadLetterEvent,
  EventBase,
  LoadedEvent,
  LutraEvent,
  TableCount,
  TableDefinition,
} from '@lutra/model';
import { failPoint } from '@lutra/service-kit';
import type { PipelineSession } from '@lutra/service-kit';
import { addCounts, ROW_KINDS } from './loaded-process.ts';
import type { LoadedProcess, ProcessPart } from './loaded-process.ts';
import type { Conflict } from './write/conflict.ts';

type Logger = PipelineSession['log'];

// Below this size no stage wrote its body in parts (bodies up to 512 KiB travel inside the message).
const PARTS_BYTES_MIN = 262_144;

/** An event names so many tables, those with most rows; it stays below a few KiB. */
const TABLES_MAX = 32;
const OTHER_TABLES = '*';

export interface WrittenParts {
  readonly parts: readonly ProcessPart[];
  readonly conflicts: readonly Conflict[];
  readonly traceId: string;
  readonly endMs: number;
}

/** What is left to do for processes that are written. Holds no rows. */
export interface LoadedReport {
  readonly events: readonly LutraEvent[];
  readonly deliveries: readonly ProcessDelivery[];
}

/** Adds what was written, conflicts included, to the counts of the parts' processes; the events of conflicts and dead letters. */
export function settleParts(instance: string, written: WrittenParts): readonly (ConflictEvent | DeadLetterEvent)[] {
  for (const conflict of written.conflicts) {
    const owner = conflict.type === null ? undefined : ownerOf(written, conflict);
    if (owner !== undefined) owner.counts.conflicts += conflict.count;
  }
  for (const part of written.parts) addCounts(part);
  return eventsOf(instance, written);
}

/** The events of conflicts and dead letters that are committed, without counting them to their processes. */
export const eventsOf = (instance: string, written: WrittenParts): readonly (ConflictEvent | DeadLetterEvent)[] => [
  ...conflictEvents(instance, written),
  ...deadLetterEvents(instance, written),
];

/**
 * After the commit, or after a slice was staged: the event log, then the acknowledgements, then housekeeping. Those of all
 * processes travel together: select opens its window by the events, and their order says nothing (decision 0012). Never throws:
 * the target already holds everything, the cursor repeats it, and a message that is not acknowledged comes again and is
 * dropped as a repeat.
 */
export async function sendReport(bus: Bus, report: LoadedReport, log: Logger): Promise<void> {
  const told = report.events.map(async (event) => {
    try {
      await bus.publishEvent(event);
    } catch (error) {
      log.warn({ err: error, processId: event.process }, 'written process not in the event log');
    }
  });
  await Promise.all(told);
  failPoint('before-acknowledge');
  await Promise.all(report.deliveries.map((delivery) => settle(bus, delivery, log)));
}

async function settle(bus: Bus, delivery: ProcessDelivery, log: Logger): Promise<void> {
  try {
    await delivery.ack();
  } catch (error) {
    log.warn({ err: error, processId: delivery.header.process }, 'process not acknowledged');
  }
  if (hasParts(delivery)) await bus.forgetBodies(delivery.header);
}

function hasParts({ bodyBytes, header }: ProcessDelivery): boolean {
  return Math.max(bodyBytes, header.sourceBytes, ...header.stages.map(({ bytes }) => bytes)) >= PARTS_BYTES_MIN;
}

/** The event of one process; its counts have to be complete. */
export function loadedEvent(
  instance: string,
  process: LoadedProcess,
  at: { readonly traceId: string; readonly endMs: number },
): LoadedEvent {
  const { header } = process.delivery;
  const { valuesLeftOut, statementsSkipped: decided, tables: rowsOfTables, ...counts } = process.counts;
  const tables = tableCounts(process.process.tables, rowsOfTables);
  const statementsSkipped = (header.statementsSkipped ?? 0) + decided;
  const rowCount = counts.inserted + counts.updated + counts.deleted;
  const time = {
    stage: 'load' as const,
    instance,
    startMs: process.startMs,
    endMs: at.endMs,
    rowCount,
    bytes: process.delivery.bodyBytes,
  };
  return {
    ...eventBase(instance, process, at),
    kind: 'loaded',
    end: header.end,
    revision: header.revision,
    transactionCount: header.transactionCount,
    ...counts,
    ...(tables.length > 0 ? { tables } : {}),
    ...(valuesLeftOut > 0 ? { valuesLeftOut } : {}),
    ...(statementsSkipped > 0 ? { statementsSkipped } : {}),
    sourceBytes: header.sourceBytes,
    firstCommitMs: header.firstCommitMs,
    lastCommitMs: header.lastCommitMs,
    stages: [...header.stages, time],
  };
}

/** Counts by table, most rows first; what is beyond the limit is added up under one name. */
function tableCounts(tables: readonly TableDefinition[], rows: readonly number[]): readonly TableCount[] {
  const counted: TableCount[] = [];
  for (const [index, { schema, table }] of tables.entries()) {
    const [inserted = 0, updated = 0, deleted = 0, skipped = 0] = rows.slice(
      index * ROW_KINDS,
      (index + 1) * ROW_KINDS,
    );
    if (inserted + updated + deleted + skipped > 0)
      counted.push([`${schema}.${table}`, inserted, updated, deleted, skipped]);
  }
  if (counted.length > 1) counted.sort((a, b) => sumOf(b) - sumOf(a));
  if (counted.length <= TABLES_MAX) return counted;
  const others = counted.slice(TABLES_MAX - 1);
  const sum = (kind: 1 | 2 | 3 | 4): number => others.reduce((all, count) => all + count[kind], 0);
  return [...counted.slice(0, TABLES_MAX - 1), [OTHER_TABLES, sum(1), sum(2), sum(3), sum(4)]];
}

const sumOf = ([, inserted, updated, deleted, skipped]: TableCount): number => inserted + updated + deleted + skipped;

/** An event that was kept until the commit, with the commit's time. */
export function atCommit<E extends LutraEvent>(event: E, endMs: number): E {
  const at = new Date(endMs).toISOString();
  if (event.kind !== 'loaded') return { ...event, at };
  const stages = event.stages.map((time) => (time.stage === 'load' ? { ...time, endMs } : time));
  return { ...event, at, stages };
}

/** One event for each table, type and decision: a unit may hold thousands of conflicts. */
function conflictEvents(instance: string, written: WrittenParts): readonly ConflictEvent[] {
  const merged = new Map<string, ConflictEvent>();
  for (const conflict of written.conflicts) {
    const { table, type, decision, count } = conflict;
    if (type === null) continue;
    const id = JSON.stringify([table, type, decision]);
    const known = merged.get(id);
    const base = known ?? {
      ...eventBase(instance, ownerOf(written, conflict)?.loaded, written),
      kind: 'conflict' as const,
      type,
      table,
      decision,
      count: 0,
    };
    merged.set(id, { ...base, count: base.count + count });
  }
  return [...merged.values()];
}

/** One event for each table and reason. */
function deadLetterEvents(instance: string, written: WrittenParts): readonly DeadLetterEvent[] {
  const merged = new Map<string, DeadLetterEvent>();
  for (const conflict of written.conflicts) {
    const { table, letter, count } = conflict;
    if (letter === undefined) continue;
    const id = JSON.stringify([table, letter.code]);
    const base = merged.get(id) ?? {
      ...eventBase(instance, ownerOf(written, conflict)?.loaded, written),
      kind: 'dead-letter' as const,
      table,
      change: 'added' as const,
      code: letter.code,
      count: 0,
    };
    merged.set(id, { ...base, count: base.count + count });
  }
  return [...merged.values()];
}

function ownerOf({ parts }: WrittenParts, { origin }: Conflict): ProcessPart | undefined {
  return parts.find(({ loaded }) => loaded.delivery.header.process === origin.process);
}

export function eventBase(
  instance: string,
  process: LoadedProcess | undefined,
  { traceId, endMs }: { readonly traceId: string; readonly endMs: number },
): EventBase {
  const header = process?.delivery.header;
  return {
    v: 1,
    at: new Date(endMs).toISOString(),
    who: instance,
    pipelineId: header?.pipelineId ?? null,
    epoch: header?.epoch ?? null,
    process: header?.process ?? null,
    traceId,
  };
}
