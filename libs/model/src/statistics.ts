import type { DeadLetterEvent, DryRunEvent, FailedEvent, LoadedEvent, LutraEvent, WarningEvent } from './events.ts';

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

/** What dryRun would have done in the newest epoch that ran under it. */
export interface DryRunReport {
  readonly epoch: number;
  /** Times of the first and the newest report. */
  readonly since: string;
  readonly at: string;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly ddl: number;
  /** Of the newest report. */
  readonly sample: readonly string[];
}

/**
 * Delays by size class, [class, number of processes] ordered by class. A class is 1/16 of an octave wide, so that a
 * percentile read from it is at most 2.2 % off and a minute needs a few hundred numbers whatever the load.
 */
export type DelayHistogram = readonly (readonly [sizeClass: number, count: number])[];

/** One second or one minute: `slot` counts from 1970 in that unit. */
export interface StatisticSlot {
  readonly slot: number;
  readonly counts: StatisticCounts;
  readonly delays: DelayHistogram;
}

/** Which processes of an epoch are counted: all up to `upTo`, and those in `beyond` (ordered, few). */
interface CountedProcesses {
  readonly epoch: number;
  readonly upTo: number;
  readonly beyond: readonly number[];
}

/** The fold of one pipeline's events. Plain data: it is stored as JSON and taken up again after a restart. */
export interface StatisticState {
  readonly totals: StatisticCounts;
  /** The newest seconds that had events, oldest first. */
  readonly seconds: readonly StatisticSlot[];
  /** The newest minutes, oldest first; older ones no longer change. */
  readonly minutes: readonly StatisticSlot[];
  readonly counted: readonly CountedProcesses[];
  /** Keys of the newest events that have no number of their own: all but loaded. */
  readonly seen: readonly string[];
  /** Time of the newest event, ms since 1970; 0 = none yet. */
  readonly lastEventMs: number;
  /** Absent = there was no dry run. */
  readonly dryRun?: DryRunReport;
}

export interface StatisticReading {
  readonly totals: StatisticCounts;
  readonly rowsLoaded: number;
  readonly rowsPerSecond10: number;
  readonly rowsPerSecond60: number;
  /** Null when nothing was loaded in the last minute. */
  readonly delayMsP50: number | null;
  readonly delayMsP99: number | null;
}

const MS_PER_SECOND = 1_000;
const MS_PER_MINUTE = 60_000;
const DELAY_SECONDS = 60;
/** A minute of whole seconds, the running one, and one for clocks that differ. */
const SECONDS_KEPT = 62;
/** Events of one instance may come minutes late (its connection was gone), not more: older ones count in the totals only. */
const MINUTES_MAX = 5;
/** An old loader may still report while the new one works: its epoch stays open for a while. */
const EPOCHS_MAX = 4;
/** A loader reports in order; holes come from reports that were lost. More than this, and the oldest hole is given up. */
const BEYOND_MAX = 64;
/** More than the log holds of one pipeline's failures, dead letters and reports in the time that is read twice. */
const SEEN_MAX = 256;
const CLASSES_PER_OCTAVE = 16;

const NO_COUNTS: StatisticCounts = {
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

export const NO_STATISTICS: StatisticState = {
  totals: NO_COUNTS,
  seconds: [],
  minutes: [],
  counted: [],
  seen: [],
  lastEventMs: 0,
};

/**
 * Adds one event of the pipeline. Folding an event twice changes nothing: processes are known by (epoch, number), the
 * others by their content; so a reader may start again at any earlier point of the log. Order does not matter within
 * the limits above. Kinds that are not counted leave the state as it is.
 */
export function foldStatistics(state: StatisticState, event: LutraEvent): StatisticState {
  switch (event.kind) {
    case 'loaded':
      return foldLoaded(state, event);
    case 'failed':
    case 'warning':
      return foldNotice(state, event);
    case 'dead-letter':
      return foldDeadLetter(state, event);
    case 'dry-run':
      return foldDryRun(state, event);
    default:
      return state;
  }
}

/** What the state says at the moment `nowMs`: rates over the last 10 and 60 seconds, delays over the last minute. */
export function readStatistics(state: StatisticState, nowMs: number): StatisticReading {
  // The running second is not over: the rates are those of whole seconds before it.
  const second = Math.floor(nowMs / MS_PER_SECOND);
  const within = (count: number): readonly StatisticSlot[] =>
    state.seconds.filter(({ slot }) => slot < second && slot >= second - count);
  const rate = (count: number): number => within(count).reduce((sum, { counts }) => sum + rowsOf(counts), 0) / count;
  const delays = state.seconds
    .filter(({ slot }) => slot >= second - DELAY_SECONDS)
    .reduce<DelayHistogram>((sum, slot) => addHistograms(sum, slot.delays), []);
  return {
    totals: addCounts(state.totals, NO_COUNTS),
    rowsLoaded: rowsOf(state.totals),
    rowsPerSecond10: rate(10),
    rowsPerSecond60: rate(60),
    delayMsP50: delayPercentile(delays, 0.5),
    delayMsP99: delayPercentile(delays, 0.99),
  };
}

/** The delay that the given share of processes did not exceed, ms; null when the histogram is empty. */
export function delayPercentile(delays: DelayHistogram, share: number): number | null {
  const total = delays.reduce((sum, [, count]) => sum + count, 0);
  const wanted = Math.ceil(total * share);
  let reached = 0;
  for (const [sizeClass, count] of delays) {
    reached += count;
    if (reached >= wanted) return delayOfClass(sizeClass);
  }
  return null;
}

const rowsOf = ({ inserted, updated, deleted }: StatisticCounts): number => inserted + updated + deleted;

function foldLoaded(state: StatisticState, event: LoadedEvent): StatisticState {
  if (event.epoch === null || event.process === null) return state;
  const counted = countProcess(state.counted, event.epoch, event.process);
  if (counted === null) return state;
  const counts: StatisticCounts = {
    ...NO_COUNTS,
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
  // The oldest transaction of the process waited longest: the delay that is shown is the worst that a change had.
  // Empty processes (they only move the cursor) have none.
  const delays: DelayHistogram =
    event.firstCommitMs === 0 ? [] : [[classOfDelay(Date.parse(event.at) - event.firstCommitMs), 1]];
  return { ...add(state, event.at, counts, delays), counted };
}

function foldNotice(state: StatisticState, event: FailedEvent | WarningEvent): StatisticState {
  const what = event.kind === 'failed' ? event.failure.code : event.code;
  return addOnce(state, event, { what, counts: event.kind === 'failed' ? { failures: 1 } : { warnings: 1 } });
}

function foldDeadLetter(state: StatisticState, event: DeadLetterEvent): StatisticState {
  const { change, count, table, code } = event;
  return addOnce(state, event, { what: `${change} ${table} ${code}`, counts: { [COUNT_OF_CHANGE[change]]: count } });
}

const COUNT_OF_CHANGE: Readonly<Record<DeadLetterEvent['change'], keyof StatisticCounts>> = {
  added: 'deadLetters',
  retried: 'deadLettersRetried',
  discarded: 'deadLettersDiscarded',
  'retry-failed': 'deadLetterRetriesFailed',
};

function foldDryRun(state: StatisticState, event: DryRunEvent): StatisticState {
  const rows = event.inserted + event.updated + event.deleted;
  const added = addOnce(state, event, { what: '', counts: { dryRunRows: rows } });
  if (added === state) return state;
  const epoch = event.epoch ?? 0;
  const known = state.dryRun;
  if (known !== undefined && known.epoch > epoch) return added;
  const before = known?.epoch === epoch ? known : { ...NO_REPORT, epoch, since: event.at };
  const isNewer = event.at >= before.at;
  const dryRun: DryRunReport = {
    epoch,
    since: event.at < before.since ? event.at : before.since,
    at: isNewer ? event.at : before.at,
    inserted: before.inserted + event.inserted,
    updated: before.updated + event.updated,
    deleted: before.deleted + event.deleted,
    ddl: before.ddl + event.ddl,
    sample: isNewer ? event.sample : before.sample,
  };
  return { ...added, dryRun };
}

const NO_REPORT = { at: '', inserted: 0, updated: 0, deleted: 0, ddl: 0, sample: [] };

/** Counts an event that has no number, unless it was counted; `what` tells apart what one instance says at one time. */
function addOnce(
  state: StatisticState,
  { kind, at, who, epoch, process }: LutraEvent,
  { what, counts }: { readonly what: string; readonly counts: Partial<StatisticCounts> },
): StatisticState {
  const key = [kind, at, who, what, epoch, process].join(' ');
  if (state.seen.includes(key)) return state;
  return { ...add(state, at, { ...NO_COUNTS, ...counts }, []), seen: [...state.seen, key].slice(-SEEN_MAX) };
}

/** The processes with one more counted, or null when it was counted before. */
function countProcess(
  counted: readonly CountedProcesses[],
  epoch: number,
  process: number,
): readonly CountedProcesses[] | null {
  const known = counted.find((entry) => entry.epoch === epoch);
  if (known === undefined) {
    const oldest = counted[0];
    // An epoch below all that are remembered was counted long ago.
    if (counted.length === EPOCHS_MAX && oldest !== undefined && epoch < oldest.epoch) return null;
    // What the log no longer holds is not waited for: counting begins at the first process that is seen.
    const entry = { epoch, upTo: process - 1, beyond: [process] };
    const entries = [...counted, closeHoles(entry)].sort((a, b) => a.epoch - b.epoch);
    return entries.slice(-EPOCHS_MAX);
  }
  if (process <= known.upTo || known.beyond.includes(process)) return null;
  const beyond = [...known.beyond, process].sort((a, b) => a - b);
  return counted.map((entry) => (entry === known ? closeHoles({ ...known, beyond }) : entry));
}

function closeHoles({ epoch, upTo, beyond }: CountedProcesses): CountedProcesses {
  let reached = upTo;
  let taken = 0;
  for (const process of beyond) {
    if (process !== reached + 1 && beyond.length - taken <= BEYOND_MAX) break;
    reached = process;
    taken += 1;
  }
  return { epoch, upTo: reached, beyond: beyond.slice(taken) };
}

function add(state: StatisticState, at: string, counts: StatisticCounts, delays: DelayHistogram): StatisticState {
  const ms = Date.parse(at);
  return {
    ...state,
    totals: addCounts(state.totals, counts),
    seconds: addToSlot(state.seconds, { slot: Math.floor(ms / MS_PER_SECOND), counts, delays }, SECONDS_KEPT),
    minutes: addToSlot(state.minutes, { slot: Math.floor(ms / MS_PER_MINUTE), counts, delays }, MINUTES_MAX),
    lastEventMs: Math.max(state.lastEventMs, ms),
  };
}

function addToSlot(slots: readonly StatisticSlot[], added: StatisticSlot, slotsMax: number): readonly StatisticSlot[] {
  const newest = slots.at(-1)?.slot ?? added.slot;
  const oldestKept = Math.max(newest, added.slot) - slotsMax + 1;
  if (added.slot < oldestKept) return slots;
  const kept = slots.filter(({ slot }) => slot >= oldestKept);
  const place = kept.findIndex(({ slot }) => slot >= added.slot);
  const found = place === -1 ? undefined : kept[place];
  if (found === undefined) return [...kept, added];
  if (found.slot !== added.slot) return kept.toSpliced(place, 0, added);
  const { slot } = found;
  const counts = addCounts(found.counts, added.counts);
  return kept.with(place, { slot, counts, delays: addHistograms(found.delays, added.delays) });
}

const COUNT_NAMES = Object.keys(NO_COUNTS) as (keyof StatisticCounts)[];

function addCounts(a: StatisticCounts, b: StatisticCounts): StatisticCounts {
  return Object.fromEntries(
    COUNT_NAMES.map((name) => [name, countIn(a, name) + countIn(b, name)]),
  ) as unknown as StatisticCounts;
}

/** What an earlier version saved has not every count. */
const countIn = (counts: Partial<StatisticCounts>, name: keyof StatisticCounts): number => counts[name] ?? 0;

function addHistograms(a: DelayHistogram, b: DelayHistogram): DelayHistogram {
  const sums = new Map(a);
  for (const [sizeClass, count] of b) sums.set(sizeClass, (sums.get(sizeClass) ?? 0) + count);
  return [...sums].sort(([x], [y]) => x - y);
}

/** Below one millisecond is class 0; clocks that differ by a little give negative delays, which are none. */
function classOfDelay(delayMs: number): number {
  return delayMs < 1 ? 0 : 1 + Math.floor(Math.log2(delayMs) * CLASSES_PER_OCTAVE);
}

/** The middle of the class, in the sense of ratios. */
function delayOfClass(sizeClass: number): number {
  return sizeClass === 0 ? 0 : Math.round(2 ** ((sizeClass - 0.5) / CLASSES_PER_OCTAVE) * 100) / 100;
}
