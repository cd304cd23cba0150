import type { BlockedEvent, CommandEvent, LoadedEvent, LutraEvent, WarningEvent, WindowEvent } from './events.ts';
import type { FailureReport } from './failure.ts';
import type { Stage } from './identity.ts';
import type { Command, Permit } from './permit.ts';

/**
 * What the event log tells of one pipeline. Plain data: it is stored in `snapshot` events as JSON.
 *
 * Every part is a maximum: the newest of something, or the newest few, by an order that needs nothing but the events
 * themselves. So events may come in any order and any number of times, whoever published them, and two states
 * that saw different parts of the log join into what one would be that saw both. That is why a fold may start from a
 * snapshot without knowing which of the events around it the snapshot has seen.
 */
export interface PipelineFold {
  /** Highest epoch first; in one epoch, draining comes after running. */
  readonly permit: Permit | null;
  /** The newest commands, oldest first. */
  readonly commands: readonly FoldedCommand[];
  /** Newest word of select about its window, of the highest epoch that select spoke of. */
  readonly window: WindowEvent | null;
  /** The highest process of the highest epoch that is loaded. */
  readonly loaded: LoadedEvent | null;
  /** Newest word of each stage's instance about what it waits for, oldest first. */
  readonly blocked: readonly BlockedEvent[];
  /** The newest, oldest first. */
  readonly warnings: readonly WarningEvent[];
  readonly failure: FailureReport | null;
}

export interface FoldedCommand {
  readonly command: Command;
  /** 'issued' until its end is told. 'applied' stays when repeats of it are told afterwards. */
  readonly outcome: CommandEvent['outcome'];
  /** ISO time, and the epoch that stood then; null while it is only issued. */
  readonly decidedAt: string | null;
  readonly epoch: number | null;
}

/** A process that is selected and not loaded. */
export interface OpenProcess {
  readonly process: number;
  readonly ageMs: number;
  readonly bytes: number;
  /** Where it is, if a stage has said that it holds it and waits. */
  readonly stage: Stage | null;
}

const COMMANDS_KEPT = 64;
const WARNINGS_KEPT = 20;
/** Instances that speak of one pipeline: more than these are not at work on it at once. */
const BLOCKED_KEPT = 32;

export const EMPTY_FOLD: PipelineFold = {
  permit: null,
  commands: [],
  window: null,
  loaded: null,
  blocked: [],
  warnings: [],
  failure: null,
};

/** Form of {@link PipelineFold} in snapshots: 1. A reader passes over snapshots of a form that it does not know. */
export const FOLD_FORM = 1;

/**
 * Adds one event of the pipeline. Events of a version or kind that is not known here, and kinds that tell nothing about the
 * state, leave it as it is (the same object).
 */
export function foldPipeline(state: PipelineFold, event: LutraEvent): PipelineFold {
  if ((event.v as number) !== 1) return state;
  switch (event.kind) {
    case 'permit-granted':
    case 'permit-revoked':
      return withPart(state, 'permit', newest(state.permit, event.permit, comparePermits));
    case 'command-issued':
    case 'command-done':
    case 'rolled-back':
      return { ...state, commands: addCommands(state.commands, [foldedCommand(event)]) };
    case 'window':
      return withPart(state, 'window', newest(state.window, event, compareWindows));
    case 'loaded':
      return withPart(state, 'loaded', newest(state.loaded, event, compareLoaded));
    case 'blocked':
      return { ...state, blocked: addBlocked(state.blocked, [event]) };
    case 'warning':
      return { ...state, warnings: addWarnings(state.warnings, [event]) };
    case 'failed':
      return withPart(state, 'failure', newest(state.failure, event.failure, compareByTime));
    case 'snapshot':
      return (event.form as number) === FOLD_FORM ? joinFolds(state, event.state) : state;
    default:
      return state;
  }
}

/** What one fold would be that has seen the events of both. */
export function joinFolds(one: PipelineFold, other: PipelineFold): PipelineFold {
  return {
    permit: newest(one.permit, other.permit, comparePermits),
    commands: addCommands(one.commands, other.commands),
    window: newest(one.window, other.window, compareWindows),
    loaded: newest(one.loaded, other.loaded, compareLoaded),
    blocked: addBlocked(one.blocked, other.blocked),
    warnings: addWarnings(one.warnings, other.warnings),
    failure: newest(one.failure, other.failure, compareByTime),
  };
}

/** Processes of the permit's epoch that are selected and not loaded, oldest first. */
export function openProcesses({ permit, window, loaded, blocked }: PipelineFold): readonly OpenProcess[] {
  if (window === null || permit?.state !== 'RUNNING' || window.epoch !== permit.epoch) return [];
  const loadedUpTo = loaded?.epoch === permit.epoch ? (loaded.process ?? 0) : 0;
  return window.open
    .filter(({ process }) => process > loadedUpTo)
    .map(({ process, ageMs, bytes }) => {
      const holder = blocked.findLast(
        (event) => event.blocker !== null && event.epoch === permit.epoch && event.process === process,
      );
      return { process, ageMs, bytes, stage: holder?.stage ?? null };
    });
}

/** What the stages of the running epoch wait for; what was said about a process is over when that one is loaded. */
export function blockersOf({ permit, blocked, loaded }: PipelineFold): readonly BlockedEvent[] {
  if (permit?.state !== 'RUNNING') return [];
  const loadedUpTo = loaded?.epoch === permit.epoch ? (loaded.process ?? 0) : 0;
  return blocked.filter(
    ({ blocker, epoch, process }) =>
      blocker !== null && (epoch === null || epoch === permit.epoch) && (process === null || process > loadedUpTo),
  );
}

/** The instances that were last heard as holders of the leases in the permit's epoch. */
export function holdersOf({ permit, window, loaded }: PipelineFold): {
  readonly mainstem: string | null;
  readonly loader: string | null;
} {
  const inEpoch = (event: WindowEvent | LoadedEvent | null): string | null =>
    event !== null && event.epoch === permit?.epoch ? event.who : null;
  return { mainstem: inEpoch(window), loader: inEpoch(loaded) };
}

type Compare<T> = (one: T, other: T) => number;

function newest<T>(one: T | null, other: T | null, compare: Compare<T>): T | null {
  return one === null || other === null ? (one ?? other) : later(one, other, compare);
}

function later<T>(one: T, other: T, compare: Compare<T>): T {
  return inTotalOrder(compare)(one, other) >= 0 ? one : other;
}

function withPart<K extends keyof PipelineFold>(state: PipelineFold, part: K, value: PipelineFold[K]): PipelineFold {
  return state[part] === value ? state : { ...state, [part]: value };
}

const compareNumbers = (one: number | null, other: number | null): number => (one ?? 0) - (other ?? 0);
const compareText = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
const compareByTime: Compare<{ readonly at: string }> = (one, other) => compareText(one.at, other.at);

const comparePermits: Compare<Permit> = (one, other) =>
  one.epoch - other.epoch ||
  Number(one.draining) - Number(other.draining) ||
  compareText(one.since, other.since) ||
  // Progress has reset the count without a change of anything else.
  other.attempt - one.attempt;

const compareWindows: Compare<WindowEvent> = (one, other) =>
  compareNumbers(one.epoch, other.epoch) || compareByTime(one, other);

const compareLoaded: Compare<LoadedEvent> = (one, other) =>
  compareNumbers(one.epoch, other.epoch) || compareNumbers(one.process, other.process) || compareByTime(one, other);

/** Whatever two things are called the same by: the rest decides, so that no order of arrival does. */
const inTotalOrder =
  <T>(compare: Compare<T>): Compare<T> =>
  (one, other) =>
    compare(one, other) || (one === other ? 0 : compareText(JSON.stringify(one), JSON.stringify(other)));

function foldedCommand(event: CommandEvent): FoldedCommand {
  const { command, outcome, at, epoch } = event;
  return outcome === 'issued'
    ? { command, outcome, decidedAt: null, epoch: null }
    : { command, outcome, decidedAt: at, epoch };
}

const OUTCOME_RANKS = { issued: 0, repeated: 1, void: 2, applied: 3 } as const;

/** Of several words about one command: what became of it first counts. */
const compareOutcomes: Compare<FoldedCommand> = (one, other) =>
  OUTCOME_RANKS[one.outcome] - OUTCOME_RANKS[other.outcome] || -compareText(one.decidedAt ?? '', other.decidedAt ?? '');

/** Two arbiters may give one command (a retry) with different dates: the later one counts, whichever was carried out. */
const joinCommands = (one: FoldedCommand, other: FoldedCommand): FoldedCommand => ({
  ...later(one, other, compareOutcomes),
  command: later(one.command, other.command, compareIssued),
});
const compareIssued: Compare<Command> = (one, other) => compareText(one.issuedAt, other.issuedAt);

const addCommands = newestOfEach<FoldedCommand>({
  keyOf: ({ command }) => command.id,
  join: joinCommands,
  compare: (one, other) => compareIssued(one.command, other.command) || compareText(one.command.id, other.command.id),
  kept: COMMANDS_KEPT,
});

const addBlocked = newestOfEach<BlockedEvent>({
  keyOf: ({ stage, who }) => `${stage} ${who}`,
  join: (one, other) => later(one, other, compareByTime),
  compare: compareByTime,
  kept: BLOCKED_KEPT,
});

const addWarnings = newestOfEach<WarningEvent>({
  keyOf: (event) => JSON.stringify(event),
  join: (one) => one,
  compare: compareByTime,
  kept: WARNINGS_KEPT,
});

/** Keeps the newest of each key, and of these the newest `kept`, in order. */
function newestOfEach<T>(rule: {
  readonly keyOf: (each: T) => string;
  /** What is known of a key after both. */
  readonly join: (one: T, other: T) => T;
  readonly compare: Compare<T>;
  readonly kept: number;
}): (one: readonly T[], other: readonly T[]) => readonly T[] {
  return (one, other) => {
    const found = new Map<string, T>();
    for (const each of [...one, ...other]) {
      const key = rule.keyOf(each);
      const known = found.get(key);
      found.set(key, known === undefined ? each : rule.join(known, each));
    }
    return [...found.values()].sort(inTotalOrder(rule.compare)).slice(-rule.kept);
  };
}
