import { assertNever } from './assert.ts';
import type { DeadLetterEvent, LoadedEvent, LutraEvent } from './events.ts';
import type { Stage } from './identity.ts';
import type { StageTime } from './process.ts';

/** What a pipeline did, as counts. */
export interface StatisticCounts {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly skipped: number;
  readonly conflicts: number;
  readonly transactions: number;
  readonly processes: number;
  readonly sourceBytes: number;
  readonly failures: number;
  readonly warnings: number;
  /** Rows put aside as dead letters, and what became of such rows. */
  readonly deadLetters: number;
  readonly deadLettersRetried: number;
  readonly deadLettersDiscarded: number;
  readonly deadLetterRetriesFailed: number;
  /** Rows that dryRun would have written. */
  readonly dryRunRows: number;
  /** Values of columns that the target lacks, left out by policy. */
  readonly valuesLeftOut: number;
  /** Schema statements of the source that were passed over. */
  readonly statementsSkipped: number;
}

/**
 * Delays by size class, [class, number of processes] ordered by class. A class is 1/16 of an octave wide, so that a
 * percentile read from it is at most 2.2 % off and a day needs a few hundred numbers whatever the load. Two histograms add up
 * to exactly the one that all their processes together would have made.
 */
export type DelayHistogram = readonly (readonly [sizeClass: number, count: number])[];

/** `process` is the way of a process from the first stage to the end of the last. */
export type TimedStage = Stage | 'process';

/** How long processes took in a stage, added up, and the longest, ms. */
export interface StageFigures {
  readonly ms: number;
  readonly msMax: number;
}

/** What happened in a time, in a form that adds up: counts of zero are left out. Plain data, stored as JSON. */
export interface Figures {
  readonly counts: Partial<StatisticCounts>;
  readonly delays: DelayHistogram;
  /** 0 when there was no delay. */
  readonly delayMsMax: number;
  readonly stages: Partial<Record<TimedStage, StageFigures>>;
}

const CLASSES_PER_OCTAVE = 16;

export const NO_COUNTS: StatisticCounts = {
  inserted: 0,
  updated: 0,
  deleted: 0,
  skipped: 0,
  conflicts: 0,
  transactions: 0,
  processes: 0,
  sourceBytes: 0,
  failures: 0,
  warnings: 0,
  deadLetters: 0,
  deadLettersRetried: 0,
  deadLettersDiscarded: 0,
  deadLetterRetriesFailed: 0,
  dryRunRows: 0,
  valuesLeftOut: 0,
  statementsSkipped: 0,
};

export const NO_FIGURES: Figures = { counts: {}, delays: [], delayMsMax: 0, stages: {} };

const COUNT_NAMES = Object.keys(NO_COUNTS) as (keyof StatisticCounts)[];

/** Kinds of events that have figures. */
export const COUNTED_KINDS = ['loaded', 'failed', 'warning', 'dead-letter', 'dry-run'] as const;
export type CountedEvent = LutraEvent & { readonly kind: (typeof COUNTED_KINDS)[number] };

export const isCounted = (event: LutraEvent): event is CountedEvent =>
  (COUNTED_KINDS as readonly string[]).includes(event.kind);

/** What one event adds to the counts. */
export function countsOf(event: CountedEvent): Partial<StatisticCounts> {
  switch (event.kind) {
    case 'loaded':
      return countsOfProcess(event);
    case 'failed':
      return { failures: 1 };
    case 'warning':
      return { warnings: 1 };
    case 'dead-letter':
      return { [COUNT_OF_CHANGE[event.change]]: event.count };
    case 'dry-run':
      return { dryRunRows: event.inserted + event.updated + event.deleted };
    default:
      return assertNever(event);
  }
}

/**
 * The delay of a process. Its oldest transaction waited longest: the delay that is shown is the worst that a change had.
 * Empty processes (they only move the cursor) have none.
 */
export function delaysOf(event: CountedEvent): DelayHistogram {
  const delayMs = delayMsOf(event);
  return delayMs === null ? [] : [[classOfDelay(delayMs), 1]];
}

/** All that one event adds. */
export function figuresOf(event: CountedEvent): Figures {
  const counts = Object.fromEntries(Object.entries(countsOf(event)).filter(([, count]) => count !== 0));
  const stages = event.kind === 'loaded' ? stagesOf(event.stages) : {};
  return { counts, delays: delaysOf(event), delayMsMax: delayMsOf(event) ?? 0, stages };
}

/** The figures of both together; order does not matter. */
export function addFigures(a: Figures, b: Figures): Figures {
  const counts: Partial<Record<keyof StatisticCounts, number>> = { ...a.counts };
  for (const name of COUNT_NAMES) {
    const count = b.counts[name];
    if (count !== undefined) counts[name] = (counts[name] ?? 0) + count;
  }
  const stages: Partial<Record<TimedStage, StageFigures>> = { ...a.stages };
  for (const stage of STAGES) {
    const added = b.stages[stage];
    if (added === undefined) continue;
    const known = stages[stage];
    stages[stage] =
      known === undefined ? added : { ms: known.ms + added.ms, msMax: Math.max(known.msMax, added.msMax) };
  }
  return {
    counts,
    delays: addHistograms(a.delays, b.delays),
    delayMsMax: Math.max(a.delayMsMax, b.delayMsMax),
    stages,
  };
}

/** All together: what adding them up one by one gives, without a sum for each step in between. */
export function sumFigures(all: readonly Figures[]): Figures {
  const counts: Partial<Record<keyof StatisticCounts, number>> = {};
  const stages: Partial<Record<TimedStage, { ms: number; msMax: number }>> = {};
  const sizes: number[] = [];
  let delayMsMax = 0;
  for (const one of all) {
    for (const name of COUNT_NAMES) {
      const count = one.counts[name];
      if (count !== undefined) counts[name] = (counts[name] ?? 0) + count;
    }
    for (const stage of STAGES) {
      const added = one.stages[stage];
      if (added === undefined) continue;
      const sum = (stages[stage] ??= { ms: 0, msMax: 0 });
      sum.ms += added.ms;
      sum.msMax = Math.max(sum.msMax, added.msMax);
    }
    for (const delay of one.delays) {
      // Without holes, which would make a slow array of it: classes are few hundred.
      while (sizes.length <= delay[0]) sizes.push(0);
      sizes[delay[0]] = (sizes[delay[0]] ?? 0) + delay[1];
    }
    delayMsMax = Math.max(delayMsMax, one.delayMsMax);
  }
  const delays = sizes.flatMap((count, sizeClass) => (count === 0 ? [] : [[sizeClass, count] as const]));
  return { counts, delays, delayMsMax, stages };
}

/** Both together, with every count; what an earlier version saved has not every one. */
export function addCounts(a: Partial<StatisticCounts>, b: Partial<StatisticCounts>): StatisticCounts {
  const sum: Record<keyof StatisticCounts, number> = { ...NO_COUNTS };
  for (const name of COUNT_NAMES) sum[name] = (a[name] ?? 0) + (b[name] ?? 0);
  return sum;
}

/** With the counts that are zero. Written out: one shape for all, which an answer of hundreds of points is made of. */
export function completeCounts(counts: Partial<StatisticCounts>): StatisticCounts {
  return {
    inserted: counts.inserted ?? 0,
    updated: counts.updated ?? 0,
    deleted: counts.deleted ?? 0,
    skipped: counts.skipped ?? 0,
    conflicts: counts.conflicts ?? 0,
    transactions: counts.transactions ?? 0,
    processes: counts.processes ?? 0,
    sourceBytes: counts.sourceBytes ?? 0,
    failures: counts.failures ?? 0,
    warnings: counts.warnings ?? 0,
    deadLetters: counts.deadLetters ?? 0,
    deadLettersRetried: counts.deadLettersRetried ?? 0,
    deadLettersDiscarded: counts.deadLettersDiscarded ?? 0,
    deadLetterRetriesFailed: counts.deadLetterRetriesFailed ?? 0,
    dryRunRows: counts.dryRunRows ?? 0,
    valuesLeftOut: counts.valuesLeftOut ?? 0,
    statementsSkipped: counts.statementsSkipped ?? 0,
  };
}

export function addHistograms(a: DelayHistogram, b: DelayHistogram): DelayHistogram {
  if (b.length === 0) return a;
  if (a.length === 0) return b;
  // Both are in order: a statistics answer adds up hundreds of them.
  const sum: (readonly [number, number])[] = [];
  let [i, j] = [0, 0];
  for (;;) {
    const [left, right] = [a[i], b[j]];
    if (left === undefined || right === undefined) break;
    if (left[0] === right[0]) sum.push([left[0], left[1] + right[1]]);
    else sum.push(left[0] < right[0] ? left : right);
    if (left[0] <= right[0]) i += 1;
    if (right[0] <= left[0]) j += 1;
  }
  return sum.concat(a.slice(i), b.slice(j));
}

/** The delay that the given share of processes did not exceed, ms; null when the histogram is empty. */
export function delayPercentile(delays: DelayHistogram, share: number): number | null {
  let total = 0;
  for (const delay of delays) total += delay[1];
  const wanted = Math.ceil(total * share);
  let reached = 0;
  for (const delay of delays) {
    reached += delay[1];
    if (reached >= wanted) return delayOfClass(delay[0]);
  }
  return null;
}

export const rowsOf = ({ inserted = 0, updated = 0, deleted = 0 }: Partial<StatisticCounts>): number =>
  inserted + updated + deleted;

function countsOfProcess(event: LoadedEvent): Partial<StatisticCounts> {
  return {
    inserted: event.inserted,
    updated: event.updated,
    deleted: event.deleted,
    skipped: event.skipped,
    conflicts: event.conflicts,
    transactions: event.transactionCount,
    processes: 1,
    sourceBytes: event.sourceBytes,
    valuesLeftOut: event.valuesLeftOut ?? 0,
    statementsSkipped: event.statementsSkipped ?? 0,
  };
}

const COUNT_OF_CHANGE: Readonly<Record<DeadLetterEvent['change'], keyof StatisticCounts>> = {
  added: 'deadLetters',
  retried: 'deadLettersRetried',
  discarded: 'deadLettersDiscarded',
  'retry-failed': 'deadLetterRetriesFailed',
};

/** Clocks that differ by a little give negative delays, which are none. */
const delayMsOf = (event: CountedEvent): number | null =>
  event.kind !== 'loaded' || event.firstCommitMs === 0 ? null : Math.max(0, Date.parse(event.at) - event.firstCommitMs);

const STAGES: readonly TimedStage[] = ['select', 'extract', 'transform', 'load', 'process'];

function stagesOf(times: readonly StageTime[]): Figures['stages'] {
  if (times.length === 0) return {};
  const stages: Partial<Record<TimedStage, StageFigures>> = {};
  let startMs = Infinity;
  let endMs = 0;
  for (const { stage, startMs: from, endMs: to } of times) {
    const ms = Math.max(0, to - from);
    const known = stages[stage];
    stages[stage] = { ms: (known?.ms ?? 0) + ms, msMax: Math.max(known?.msMax ?? 0, ms) };
    startMs = Math.min(startMs, from);
    endMs = Math.max(endMs, to);
  }
  const ms = Math.max(0, endMs - startMs);
  return { ...stages, process: { ms, msMax: ms } };
}

/** Below one millisecond is class 0. */
function classOfDelay(delayMs: number): number {
  return delayMs < 1 ? 0 : 1 + Math.floor(Math.log2(delayMs) * CLASSES_PER_OCTAVE);
}

/** The middle of the class, in the sense of ratios. */
function delayOfClass(sizeClass: number): number {
  return sizeClass === 0 ? 0 : Math.round(2 ** ((sizeClass - 0.5) / CLASSES_PER_OCTAVE) * 100) / 100;
}
