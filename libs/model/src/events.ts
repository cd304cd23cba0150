import type { ConflictDecision, ConflictType } from './conflict.ts';
import type { Command, Permit } from './permit.ts';
import type { FailureReport } from './failure.ts';
import type { PipelineFold } from './pipeline-fold.ts';
import type { Place } from './place.ts';
import type { StageTime } from './process.ts';
import type { ResyncWish } from './resync-wish.ts';
import type { ServiceName, Stage } from './identity.ts';

export interface EventBase {
  /** Schema version of the event's fields. */
  readonly v: 1;
  /** ISO time. */
  readonly at: string;
  /** Instance that says so. */
  readonly who: string;
  readonly pipelineId: string | null;
  readonly epoch: number | null;
  readonly process: number | null;
  readonly traceId: string | null;
}

/** Rows of a process by target table, 'schema.table'; beyond a number of tables the rest is together under `*`. */
export type TableCount = readonly [table: string, inserted: number, updated: number, deleted: number, skipped: number];

/** One process is in the target. The only event per process; it carries the stage times of all stages. */
export interface LoadedEvent extends EventBase {
  readonly kind: 'loaded';
  readonly end: Place;
  readonly revision: number;
  readonly transactionCount: number;
  /** Rows written, by kind, after skipping what the place said is done. */
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly skipped: number;
  /**
   * Rows that were not at the target as the before image said and were settled by the conflict policy, each counted once as
   * it was written: what changes of one key became together is one row, as it is one record of `lutra.conflict`.
   */
  readonly conflicts: number;
  /** Where those rows went, the tables with most rows first; absent = no rows, or a load that does not tell. */
  readonly tables?: readonly TableCount[];
  /** Values of columns that the target lacks and that `missingColumn: ignore` has left out; absent = none. */
  readonly valuesLeftOut?: number;
  /** Schema statements of the source that were passed over: by policy, by decision, views, routines, …; absent = none. */
  readonly statementsSkipped?: number;
  readonly sourceBytes: number;
  readonly firstCommitMs: number;
  readonly lastCommitMs: number;
  readonly stages: readonly StageTime[];
}

/**
 * The rows of this process and of all before it are written into the target, those since the last `loaded` in a transaction
 * that is still open (applyMode transactional): they leave the window, the cursor stays. A `loaded` event follows when the
 * target has committed; an epoch that ends before has loaded none of them.
 */
export interface StagedEvent extends EventBase {
  readonly kind: 'staged';
  /** What the open target transaction holds so far. */
  readonly transaction: { readonly processes: number; readonly rows: number; readonly ageMs: number };
}

/** Select's view of itself, once a second while it holds the mainstem. */
export interface WindowEvent extends EventBase {
  readonly kind: 'window';
  readonly state: 'connecting' | 'seeking' | 'streaming' | 'idle' | 'catchingUp' | 'drained' | 'failed';
  readonly cause: string | null;
  /** The source's server that is read, 'host:port'. */
  readonly source?: string | null;
  /** Processes that are selected and not loaded: number, age in ms, bytes. */
  readonly open: readonly { readonly process: number; readonly ageMs: number; readonly bytes: number }[];
  /** Processes in load's open target transaction: they left the window and are not loaded. `ageMs`: since the oldest was published. */
  readonly staged?: { readonly processes: number; readonly ageMs: number };
  /** Source clock minus commit time of the newest transaction read; 0 when nothing waits at the source. */
  readonly lagMs: number;
  readonly eventsRead: number;
  readonly bytesRead: number;
}

export interface FailedEvent extends EventBase {
  readonly kind: 'failed';
  readonly failure: FailureReport;
}

export interface PermitEvent extends EventBase {
  readonly kind: 'permit-granted' | 'permit-revoked';
  readonly permit: Permit;
}

export interface CommandEvent extends EventBase {
  readonly kind: 'command-issued' | 'command-done' | 'rolled-back';
  readonly command: Command;
  /** What became of it: 'applied', 'void' (its epoch has passed), 'repeated' (its permit stood already). */
  readonly outcome: 'issued' | 'applied' | 'void' | 'repeated';
}

export interface InstanceEvent extends EventBase {
  readonly kind: 'instance-joined' | 'instance-lost';
  readonly service: ServiceName;
  readonly instance: string;
}

export interface ConfigEvent extends EventBase {
  readonly kind: 'config-applied';
  readonly revision: number;
}

/** Something a person should know; scheduling does not change. */
export interface WarningEvent extends EventBase {
  readonly kind: 'warning';
  /** A code of warnings.ts or an error's; another version may know more. */
  readonly code: string;
  readonly message: string;
}

/**
 * Rows at the target were not as the source's before image said. One event for each table, type and decision of a unit; the
 * rows themselves, with both images, are in `lutra.conflict` at the target.
 */
export interface ConflictEvent extends EventBase {
  readonly kind: 'conflict';
  readonly type: ConflictType;
  readonly table: string;
  /** Records of `lutra.conflict`: merged changes of one key count once. */
  readonly count: number;
  readonly decision: ConflictDecision;
}

/** A row could not be written and was put into `lutra.dead_letter` at the target, with what follows it for its key. */
export interface DeadLetterEvent extends EventBase {
  readonly kind: 'dead-letter';
  readonly table: string;
  readonly count: number;
  /** added: by poison, conflict or because its key waits already. The others: a person's decision was carried out. */
  readonly change: 'added' | 'retried' | 'discarded' | 'retry-failed';
  /** Why, when added: the error's code. */
  readonly code: string;
}

/** dryRun: what would have been written. Once a second while something comes. */
export interface DryRunEvent extends EventBase {
  readonly kind: 'dry-run';
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly ddl: number;
  /** Some of the statements, shortened, values left out. */
  readonly sample: readonly string[];
}

/** The arbiter asks the stages of a pipeline what they wait for: each answers with a `blocked` event, or none when it does not wait. */
export interface InquiryEvent extends EventBase {
  readonly kind: 'inquiry';
  readonly reason: string;
}

/** A stage says what it waits for; null = no longer. Told by itself when the wait is long, and in answer to an inquiry. */
export interface BlockedEvent extends EventBase {
  readonly kind: 'blocked';
  readonly stage: Stage;
  readonly blocker: Blocker | null;
}

export interface Blocker {
  readonly kind:
    | 'targetLock'
    | 'sourceWait'
    | 'targetWait'
    | 'window'
    | 'memory'
    | 'bus'
    | 'coordination'
    | 'definition'
    | 'throttle'
    | 'other';
  /** A sentence with the names: "load waits for lock held by connection 812 at target: ALTER TABLE …". */
  readonly message: string;
  /** ISO time. */
  readonly since: string;
  /** The connection at the source or target that is in the way. */
  readonly connectionId?: number;
}

/**
 * An alarm begins to fire, or has ended after it did. Each is told once; readers who must be certain tell two of them apart
 * by `alarmId`, which begins once and ends once.
 */
export interface AlarmEvent extends EventBase {
  readonly kind: 'alarm-raised' | 'alarm-cleared';
  readonly alarmId: string;
  /** Name of the rule. */
  readonly rule: string;
  /** What the rule watches, as the API names it: 'delay', 'disk', … */
  readonly about: string;
  readonly severity: string;
  /** 'pipeline berlin-lisbon' */
  readonly subject: string;
  readonly message: string;
  readonly value: number | null;
  readonly threshold: number;
}

/**
 * The state of a pipeline as its log tells it so far, written by the arbiter that leads it: what the log later forgets is not
 * forgotten. A fold takes it in like any other event.
 */
export interface SnapshotEvent extends EventBase {
  readonly kind: 'snapshot';
  /** Form of `state`; a reader passes over one that it does not know. */
  readonly form: 1;
  readonly state: PipelineFold;
}

/** What people have written into retl.retl_buffer at the source, a portion of it. The manager fulfils it at its own pace. */
export interface WishesEvent extends EventBase {
  readonly kind: 'wishes';
  readonly wishes: readonly ResyncWish[];
}

export type LutraEvent =
  | LoadedEvent
  | StagedEvent
  | WindowEvent
  | FailedEvent
  | PermitEvent
  | CommandEvent
  | InstanceEvent
  | ConfigEvent
  | WarningEvent
  | ConflictEvent
  | DeadLetterEvent
  | DryRunEvent
  | InquiryEvent
  | BlockedEvent
  | AlarmEvent
  | SnapshotEvent
  | WishesEvent;

/**
 * State of lutra_cursor for one pipeline. Load writes it at its claim and repeats it each second until a process of that
 * epoch arrives, then after loading. `origin-wanted` asks select to resolve the configured start; select answers in its
 * own key with `origin`.
 */
export type CursorState =
  | { readonly state: 'origin-wanted'; readonly epoch: number; readonly revision: number; readonly at: string }
  | {
      readonly state: 'place';
      readonly epoch: number;
      readonly revision: number;
      readonly place: Place;
      /** Last process of this epoch that is loaded; 0 at the claim. */
      readonly process: number;
      /** Last process that is written into the open target transaction; absent when none is open. */
      readonly staged?: number;
      /** Nothing of this is in the target: the place of a dry run. */
      readonly dryRun?: DryRunStart;
      readonly at: string;
    };

/** What a dry run began at. It goes on at its own place only while that is still the same. */
export interface DryRunStart {
  /** What the target's checkpoint, or without one the configured start, was; compared as text. */
  readonly origin: string;
  /** The target had no checkpoint: the first real start is still to come. */
  readonly isBeforeFirstStart: boolean;
}

/** Select's answer to `origin-wanted`, in the bucket's key `origin.<pipeline>`. */
export interface OriginState {
  readonly epoch: number;
  readonly place: Place;
  readonly at: string;
}
