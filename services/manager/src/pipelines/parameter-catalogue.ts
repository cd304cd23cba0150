import {
  APPLY_MODES,
  CONSISTENCIES,
  DDL_DECISIONS,
  DDL_KINDS,
  DDL_POLICIES,
  DEFAULT_PARAMETERS,
  FAILBACKS,
  FAILOVER_MODES,
  FOREIGN_KEY_MODES,
  LANES_MAX,
  MISSING_COLUMN_POLICIES,
  SCHEMA_EVOLUTION_POLICIES,
  NO_KEY_POLICIES,
  PARALLELISM_MAX,
  PLACEMENTS,
  POISON_POLICIES,
  PRIORITIES,
  SYNC_MODES,
} from '@lutra/model';
import type { PipelineParameters } from '@lutra/model';

const KIB = 1024;
const MIB = 1024 * KIB;
const HOUR_MS = 3_600_000;

/** From when a changed parameter counts. None needs a stop: a change publishes a revision, and the stages follow it. */
export const EFFECTS = ['at once', 'next process', 'next epoch', 'next lease', 'at once, by a restart'] as const;
export type Effect = (typeof EFFECTS)[number];

export type ParameterName = keyof PipelineParameters;

/** What values a parameter may have. */
export type ParameterRange =
  | { readonly type: 'integer'; readonly minimum: number; readonly maximum: number; readonly unit: string }
  | { readonly type: 'choice'; readonly values: readonly string[] }
  | { readonly type: 'flag' }
  /** Name of an instance; '' = none. */
  | { readonly type: 'instance' }
  /** A map to one of a few words; keys null = anything. */
  | { readonly type: 'words'; readonly keys: readonly string[] | null; readonly values: readonly string[] };

export type ParameterSpec = ParameterRange & { readonly meaning: string; readonly takesEffect: Effect };

const integer = (minimum: number, maximum: number, unit: string): ParameterRange & { readonly type: 'integer' } => ({
  ...{ type: 'integer', minimum, maximum, unit },
});
const choice = (values: readonly string[]): ParameterRange & { readonly type: 'choice' } => ({
  type: 'choice',
  values,
});
const words = (
  keys: readonly string[] | null,
  values: readonly string[],
): ParameterRange & { readonly type: 'words' } => ({ type: 'words', keys, values });
const FLAG = { type: 'flag' } as const;
const INSTANCE = { type: 'instance' } as const;

/**
 * What each parameter of a pipeline is: the values that it may have, what it does, and from when a change counts. What the
 * API checks, what its page says and what `GET /parameters` answers all come from here.
 */
export const PARAMETERS: Readonly<Record<ParameterName, ParameterSpec>> = {
  parallelism: {
    ...integer(1, PARALLELISM_MAX, 'processes'),
    meaning: 'Window: processes that may be selected and not yet loaded',
    takesEffect: 'next process',
  },
  maxRows: {
    ...integer(1, 1_000_000, 'rows'),
    meaning: 'Rows after which a process is closed',
    takesEffect: 'next process',
  },
  // Above, one process alone would fill the memory of a stage (256 MiB).
  maxBytes: {
    ...integer(16 * KIB, 64 * MIB, 'bytes'),
    meaning: 'Bytes of the binary log after which a process is closed',
    takesEffect: 'next process',
  },
  maxDelayMs: {
    ...integer(1, 10_000, 'ms'),
    meaning: 'Milliseconds after which a process that is not full is closed',
    takesEffect: 'next process',
  },
  loadBatchRows: {
    ...integer(1, 10_000, 'rows'),
    meaning: 'Rows that one statement at the target may hold',
    takesEffect: 'next process',
  },
  cursorMaxAgeMs: {
    ...integer(100, 600_000, 'ms'),
    meaning: 'Milliseconds after which the place is moved on although no mapped row came',
    takesEffect: 'next process',
  },
  heartbeatMs: {
    ...integer(100, 60_000, 'ms'),
    meaning: 'Milliseconds of silence after which the source sends a sign of life',
    takesEffect: 'next epoch',
  },
  retryInPlaceMs: {
    ...integer(0, HOUR_MS, 'ms'),
    meaning: 'Milliseconds for which select and load repeat what may pass, before the pipeline is paused',
    takesEffect: 'next process',
  },
  processAgeMaxMs: {
    ...integer(1_000, 24 * HOUR_MS, 'ms'),
    meaning: 'Milliseconds that a process may be open before a warning and a RESTART',
    takesEffect: 'at once',
  },
  ddl: {
    ...choice(DDL_POLICIES),
    meaning:
      'What schema statements about mapped tables do. sync: they are applied at the target, whose account needs CREATE, ALTER, DROP, INDEX and REFERENCES; pipelines of before it was the default keep fail; skip: passed over with a warning; fail: only what takes rows or tables away stops the pipeline (TRUNCATE, DROP, RENAME, CREATE OR REPLACE, partitions that are dropped, emptied or moved between tables); CREATE, ALTER and indexes do not stop it and are told by the warning SOURCE_DDL_SEEN. To stop at them too: ddlByKind {create: fail, alter: fail, index: fail}',
    takesEffect: 'next process',
  },
  ddlByKind: {
    ...words(DDL_KINDS, DDL_POLICIES),
    meaning:
      'Another policy for some kinds of statements, which holds literally: fail stops the pipeline before every statement of that kind about a mapped table. A PATCH replaces the whole map',
    takesEffect: 'next process',
  },
  ddlDecisions: {
    ...words(null, DDL_DECISIONS),
    meaning:
      "A person's word about single statements, by the transaction (GTID, or 'file:offset') that the error names. skip: it counts as done; apply: it is run although nobody can tell whether it was",
    takesEffect: 'next epoch',
  },
  applyMode: {
    ...choice(APPLY_MODES),
    meaning:
      'merged: fastest, eventually consistent inside a process; transactional: source transactions stay whole and in order',
    takesEffect: 'next process',
  },
  extractPlacement: {
    ...choice(PLACEMENTS),
    meaning: 'Which live instance of extract gets a process; any = whoever is free',
    takesEffect: 'next process',
  },
  transformPlacement: {
    ...choice(PLACEMENTS),
    meaning: 'Which live instance of transform gets a process; any = whoever is free',
    takesEffect: 'next process',
  },
  priority: {
    ...choice(PRIORITIES),
    meaning: 'Who goes first where pipelines share an instance',
    takesEffect: 'next process',
  },
  failoverMode: {
    ...choice(FAILOVER_MODES),
    meaning:
      'fast: leases end soon after their holder was last heard; balanced: after the session timeout; safe: as balanced, and load compares the last window first',
    takesEffect: 'next lease',
  },
  failback: {
    ...choice(FAILBACKS),
    meaning: 'When a preferred instance comes back: stay, return the lease to it, or ask by a warning',
    takesEffect: 'at once',
  },
  preferredSelect: {
    ...INSTANCE,
    meaning: "Instance that should hold the mainstem; '' = the least loaded",
    takesEffect: 'next lease',
  },
  preferredLoad: {
    ...INSTANCE,
    meaning: "Instance that should hold the loader; '' = the least loaded",
    takesEffect: 'next lease',
  },
  queueAgeMaxMs: {
    ...integer(1_000, 24 * HOUR_MS, 'ms'),
    meaning: 'Milliseconds that a process may wait in one queue before it is looked into',
    takesEffect: 'at once',
  },
  stageAgeMaxMs: {
    ...integer(1_000, 24 * HOUR_MS, 'ms'),
    meaning: 'Milliseconds that a stage may have a process in hand before it is looked into',
    takesEffect: 'at once',
  },
  noProgressMaxMs: {
    ...integer(1_000, 24 * HOUR_MS, 'ms'),
    meaning: 'Milliseconds without a loaded process, while the source goes on, before it is looked into and restarted',
    takesEffect: 'at once',
  },
  lanes: {
    ...integer(1, LANES_MAX, 'lanes'),
    meaning:
      'Ordered writers at the target, in merged mode; a key always belongs to the same one. A change travels as its own process',
    takesEffect: 'next process',
  },
  loadTransactionRows: {
    ...integer(1, 1_000_000, 'rows'),
    meaning: 'Rows of one target transaction; one process may hold more',
    takesEffect: 'next process',
  },
  loadTransactionBytes: {
    ...integer(16 * KIB, 64 * MIB, 'bytes'),
    meaning: 'Bytes of processes that are joined to one target transaction',
    takesEffect: 'next process',
  },
  commitTargetMs: {
    ...integer(1, 60_000, 'ms'),
    meaning: 'Milliseconds of a commit above which target transactions are made smaller',
    takesEffect: 'next process',
  },
  keepTransactions: {
    ...FLAG,
    meaning: 'transactional: every source transaction stays a target transaction of its own, also when many wait',
    takesEffect: 'next process',
  },
  onPoison: {
    ...choice(POISON_POLICIES),
    meaning:
      'A row that the target refuses: the pipeline pauses, or the row becomes a dead letter and the pipeline goes on',
    takesEffect: 'next process',
  },
  poisonTries: {
    ...integer(1, 100, 'tries'),
    meaning: 'Tries of a refused row before it counts as poison',
    takesEffect: 'next process',
  },
  noPrimaryKey: {
    ...choice(NO_KEY_POLICIES),
    meaning: 'Target tables without a key: rows are found by all their columns, one at a time, or the pipeline stops',
    takesEffect: 'next process',
  },
  missingColumn: {
    ...choice(MISSING_COLUMN_POLICIES),
    meaning: 'A column that the target table does not have: stop, or leave it out',
    takesEffect: 'next process',
  },
  schemaEvolution: {
    ...choice(SCHEMA_EVOLUTION_POLICIES),
    meaning:
      'A column that appears at the source, in a table of which a mapping takes all columns or all but some. add: as ddl says; ignore: it is not added at the target, and values of columns that the target lacks are left out; fail: the pipeline stops before the ALTER TABLE that would be applied',
    takesEffect: 'next process',
  },
  foreignKeys: {
    ...choice(FOREIGN_KEY_MODES),
    meaning:
      'trust: checked at the source and not again (cascading tables are); verify: every row is checked, in source order',
    takesEffect: 'next process',
  },
  dryRun: {
    ...FLAG,
    meaning:
      'Nothing is written to the target, the checkpoint included; `dry-run` events tell what would have been. Switched off, work begins at the real checkpoint',
    takesEffect: 'at once, by a restart',
  },
  throttleRowsPerSecond: {
    ...integer(0, 10_000_000, 'rows/s'),
    meaning: 'Rows per second that are written at most; 0 = no limit',
    takesEffect: 'at once',
  },
  targetRunningThreadsMax: {
    ...integer(0, 100_000, 'threads'),
    meaning: 'Load waits while the target runs more threads than this; 0 = not looked at',
    takesEffect: 'at once',
  },
  targetReplicaLagMaxMs: {
    ...integer(0, HOUR_MS, 'ms'),
    meaning:
      "Load waits while one of the target's replicas is further behind, in milliseconds, or has stopped to replicate; 0 = not looked at",
    takesEffect: 'at once',
  },
  targetHistoryListMax: {
    ...integer(0, 1_000_000_000, 'undo logs'),
    meaning: "Load waits while the target's history list (undo not purged yet) is longer; 0 = not looked at",
    takesEffect: 'at once',
  },
  syncMode: {
    ...choice(SYNC_MODES),
    meaning:
      'What an update writes. field: the columns whose values changed, and their column groups; row: all columns that the log carries',
    takesEffect: 'next process',
  },
  consistency: {
    ...choice(CONSISTENCIES),
    meaning:
      'base: rows as the log has them; media: rows that are inserted and updated are read again at the source, and written as they are there now',
    takesEffect: 'next process',
  },
  groupCheckMs: {
    ...integer(0, 7 * 24 * HOUR_MS, 'ms'),
    meaning:
      'Milliseconds between two comparisons of groups that mappings count with the source; what differs is the warning GROUPS_DIFFER; 0 = never',
    takesEffect: 'at once',
  },
  skipNoRow: {
    ...FLAG,
    meaning:
      'A row that is to be read again at the source and is no longer there: true = the change is left out, false = it is written as the log has it',
    takesEffect: 'next process',
  },
};

export const PARAMETER_NAMES = Object.keys(PARAMETERS) as ParameterName[];

/** Meaning, unit and effect in one text, for the API page. */
export function describeParameter(name: ParameterName): string {
  const spec = PARAMETERS[name];
  const unit = spec.type === 'integer' ? `. Unit: ${spec.unit}` : '';
  return `${spec.meaning}${unit}. Takes effect: ${spec.takesEffect}`;
}

/** True when a change waits for the next epoch or lease: a RESTART of the pipeline brings it at once. */
export const waitsForRestart = (effect: Effect): boolean => effect === 'next epoch' || effect === 'next lease';

/** The parameters whose values differ, in the catalogue's order. */
export const changedParameters = (before: PipelineParameters, after: PipelineParameters): ParameterName[] =>
  PARAMETER_NAMES.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));

export const defaultOf = (name: ParameterName): unknown => DEFAULT_PARAMETERS[name];
