import { assertNever } from './assert.ts';
import type { DryRunEvent, LoadedEvent, LutraEvent } from './events.ts';
import {
  addCounts,
  addHistograms,
  countsOf,
  delayPercentile,
  delaysOf,
  isCounted,
  NO_COUNTS,
  rowsOf,
} from './figures.ts';
import type { CountedEvent, DelayHistogram, StatisticCounts } from './figures.ts';

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

/** One second; `slot` counts from 1970. */
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
  readonly counted: readonly CountedProcesses[];
  /** Ids of the newest events that have no number of their own: all but loaded. */
  readonly seen: readonly string[];
  /** Time of the newest event, ms since 1970; 0 = none yet. */
  readonly lastEventMs: number;
  /** Time of the newest process, ms since 1970; absent = none yet. */
  readonly lastLoadedMs?: number;
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
const DELAY_SECONDS = 60;
/** A minute of whole seconds, the running one, and one for clocks that differ. */
const SECONDS_KEPT = 62;
/** An old loader may still report while the new one works: its epoch stays open for a while. */
const EPOCHS_MAX = 4;
/** A loader reports in order; holes come from reports that were lost. More than this, and the oldest hole is given up. */
const BEYOND_MAX = 64;
/** More than the log holds of one pipeline's failures, dead letters and reports in the time that is read twice. */
const SEEN_MAX = 256;

export const NO_STATISTICS: StatisticState = {
  totals: NO_COUNTS,
  seconds: [],
  counted: [],
  seen: [],
  lastEventMs: 0,
};

/**
 * Adds one event of the pipeline. Folding an event twice changes nothing: processes are known by (epoch, number), the
 * others by `id`, or else by their content, which two events of one millisecond may share; so a reader may start again at
 * any earlier point of the log. Order does not matter within the limits above. Kinds that are not counted leave the state
 * as it is.
 */
export function foldStatistics(state: StatisticState, event: LutraEvent, id?: string): StatisticState {
  if (!isCounted(event)) return state;
  switch (event.kind) {
    case 'loaded':
      return foldLoaded(state, event);
    case 'dry-run':
      return foldDryRun(state, event, id);
    default:
      return addOnce(state, event, id);
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

function foldLoaded(state: StatisticState, event: LoadedEvent): StatisticState {
  if (event.epoch === null || event.process === null) return state;
  const counted = countProcess(state.counted, event.epoch, event.process);
  if (counted === null) return state;
  const lastLoadedMs = Math.max(state.lastLoadedMs ?? 0, Date.parse(event.at));
  return { ...add(state, event), counted, lastLoadedMs };
}

/** What tells apart what one instance says at one time. */
function contentOf(event: Exclude<CountedEvent, LoadedEvent>): string {
  switch (event.kind) {
    case 'failed':
      return event.failure.code;
    case 'warning':
      return event.code;
    case 'dead-letter':
      return `${event.change} ${event.table} ${event.code}`;
    case 'dry-run':
      return '';
    default:
      return assertNever(event);
  }
}

function foldDryRun(state: StatisticState, event: DryRunEvent, id: string | undefined): StatisticState {
  const added = addOnce(state, event, id);
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

/** Counts an event that has no number, unless it was counted. */
function addOnce(
  state: StatisticState,
  event: Exclude<CountedEvent, LoadedEvent>,
  id: string | undefined,
): StatisticState {
  const { kind, at, who, epoch, process } = event;
  const key = id ?? [kind, at, who, contentOf(event), epoch, process].join(' ');
  if (state.seen.includes(key)) return state;
  return { ...add(state, event), seen: [...state.seen, key].slice(-SEEN_MAX) };
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
    // What the log no longer holds is not waited for: counting begins a little before the first process that is seen, since
    // the reports of a batch overtake one another.
    const entry = { epoch, upTo: Math.max(0, process - 1 - BEYOND_MAX), beyond: [process] };
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

function add(state: StatisticState, event: CountedEvent): StatisticState {
  const ms = Date.parse(event.at);
  const counts = addCounts(countsOf(event), {});
  return {
    ...state,
    totals: addCounts(state.totals, counts),
    seconds: addToSlot(state.seconds, { slot: Math.floor(ms / MS_PER_SECOND), counts, delays: delaysOf(event) }),
    lastEventMs: Math.max(state.lastEventMs, ms),
  };
}

function addToSlot(slots: readonly StatisticSlot[], added: StatisticSlot): readonly StatisticSlot[] {
  const newest = slots.at(-1)?.slot ?? added.slot;
  const oldestKept = Math.max(newest, added.slot) - SECONDS_KEPT + 1;
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
