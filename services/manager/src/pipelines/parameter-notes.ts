import type { PipelineParameters } from '@lutra/model';

/** From when a changed parameter counts. None needs a stop: a PATCH publishes a revision, and the stages follow it. */
type Effect = 'at once' | 'next process' | 'next epoch' | 'next lease' | 'at once, by a restart';

const note = (meaning: string, effect: Effect): string => `${meaning}. Takes effect: ${effect}`;

/** What each parameter does, in which unit, and from when: for the API page. */
export const PARAMETER_NOTES: Readonly<Record<keyof PipelineParameters, string>> = {
  parallelism: note('Window: processes that may be selected and not yet loaded', 'next process'),
  maxRows: note('Rows after which a process is closed', 'next process'),
  maxBytes: note('Bytes of the binary log after which a process is closed', 'next process'),
  maxDelayMs: note('Milliseconds after which a process that is not full is closed', 'next process'),
  loadBatchRows: note('Rows that one statement at the target may hold', 'next process'),
  cursorMaxAgeMs: note('Milliseconds after which the place is moved on although no mapped row came', 'next process'),
  heartbeatMs: note('Milliseconds of silence after which the source sends a sign of life', 'next epoch'),
  retryInPlaceMs: note(
    'Milliseconds for which select and load repeat what may pass, before the pipeline is paused',
    'next process',
  ),
  processAgeMaxMs: note('Milliseconds that a process may be open before a warning and a RESTART', 'at once'),
  ddl: note(
    'What schema statements about mapped tables do. sync: they are applied at the target, whose account needs CREATE, ALTER, DROP, INDEX and REFERENCES; pipelines of before it was the default keep fail; skip: passed over with a warning; fail: only what takes rows or tables away stops the pipeline (TRUNCATE, DROP, RENAME, CREATE OR REPLACE, partitions that are dropped, emptied or moved between tables); CREATE, ALTER and indexes do not stop it and are told by the warning SOURCE_DDL_SEEN. To stop at them too: ddlByKind {create: fail, alter: fail, index: fail}',
    'next process',
  ),
  ddlByKind: note(
    'Another policy for some kinds of statements, which holds literally: fail stops the pipeline before every statement of that kind about a mapped table. A PATCH replaces the whole map',
    'next process',
  ),
  ddlDecisions: note(
    "A person's word about single statements, by the transaction (GTID, or 'file:offset') that the error names. skip: it counts as done; apply: it is run although nobody can tell whether it was",
    'next epoch',
  ),
  applyMode: note(
    'merged: fastest, eventually consistent inside a process; transactional: source transactions stay whole and in order',
    'next process',
  ),
  extractPlacement: note('Which live instance of extract gets a process; any = whoever is free', 'next process'),
  transformPlacement: note('Which live instance of transform gets a process; any = whoever is free', 'next process'),
  priority: note('Who goes first where pipelines share an instance', 'next process'),
  failoverMode: note(
    'fast: leases end soon after their holder was last heard; balanced: after the session timeout; safe: as balanced, and load compares the last window first',
    'next lease',
  ),
  failback: note('When a preferred instance comes back: stay, return the lease to it, or ask by a warning', 'at once'),
  preferredSelect: note("Instance that should hold the mainstem; '' = the least loaded", 'next lease'),
  preferredLoad: note("Instance that should hold the loader; '' = the least loaded", 'next lease'),
  queueAgeMaxMs: note('Milliseconds that a process may wait in one queue before it is looked into', 'at once'),
  stageAgeMaxMs: note('Milliseconds that a stage may have a process in hand before it is looked into', 'at once'),
  noProgressMaxMs: note(
    'Milliseconds without a loaded process, while the source goes on, before it is looked into and restarted',
    'at once',
  ),
  lanes: note(
    'Ordered writers at the target, in merged mode; a key always belongs to the same one. A change travels as its own process',
    'next process',
  ),
  loadTransactionRows: note('Rows of one target transaction; one process may hold more', 'next process'),
  loadTransactionBytes: note('Bytes of processes that are joined to one target transaction', 'next process'),
  commitTargetMs: note('Milliseconds of a commit above which target transactions are made smaller', 'next process'),
  keepTransactions: note(
    'transactional: every source transaction stays a target transaction of its own, also when many wait',
    'next process',
  ),
  onPoison: note(
    'A row that the target refuses: the pipeline pauses, or the row becomes a dead letter and the pipeline goes on',
    'next process',
  ),
  poisonTries: note('Tries of a refused row before it counts as poison', 'next process'),
  noPrimaryKey: note(
    'Target tables without a key: rows are found by all their columns, one at a time, or the pipeline stops',
    'next process',
  ),
  missingColumn: note('A column that the target table does not have: stop, or leave it out', 'next process'),
  foreignKeys: note(
    'trust: checked at the source and not again (cascading tables are); verify: every row is checked, in source order',
    'next process',
  ),
  dryRun: note(
    'Nothing is written to the target, the checkpoint included; `dry-run` events tell what would have been. Switched off, work begins at the real checkpoint',
    'at once, by a restart',
  ),
  throttleRowsPerSecond: note('Rows per second that are written at most; 0 = no limit', 'at once'),
  targetRunningThreadsMax: note(
    'Load waits while the target runs more threads than this; 0 = not looked at',
    'at once',
  ),
  targetReplicaLagMaxMs: note(
    "Load waits while one of the target's replicas is further behind, in milliseconds, or has stopped to replicate; 0 = not looked at",
    'at once',
  ),
  targetHistoryListMax: note(
    "Load waits while the target's history list (undo not purged yet) is longer; 0 = not looked at",
    'at once',
  ),
};
