import type { RunbookSection } from './pipeline-condition.ts';

/** What a warning says to a person: in the runbook beside the errors, under its code. */
export type WarningAdvice = Omit<RunbookSection, 'title'>;

const LOOK = 'GET pipelines/{id}';
const INSTANCES = 'GET instances';

/** Every code that a `warning` event may carry besides an error's. Scheduling does not change by a warning. */
export const WARNINGS = {
  WARNING: {
    meaning: 'An operator or a stage wanted it to be known; the message says what.',
    command: 'GET pipelines/{id}/events?kinds=warning',
    next: 'Nothing happens by itself.',
  },
  GROUPS_DIFFER: {
    meaning:
      'Groups that a mapping counts are not as the source says. The table was not filled, somebody has changed it, a dead letter of it was discarded, or the pipeline was rewound.',
    command: 'GET pipelines/{id}/mappings/{mapping}/group-check',
    next: 'The answer names the first groups with what both sides say. Fill the table anew as docs/aggregates.md tells, or correct the groups while the pipeline is stopped.',
  },
  PROCESS_TOO_OLD: {
    meaning:
      'A process has been under way for longer than `processAgeMaxMs`. The message names what is in the way. The arbiter restarts the pipeline once for it.',
    command: LOOK,
    next: 'The work is selected again in a new epoch; nothing is lost and nothing is applied twice. When it comes again the cause is still there: remove what the message names.',
  },
  STAGE_TOO_OLD: {
    meaning: 'One stage has had a process in hand for longer than `stageAgeMaxMs`. The message says what it waits for.',
    command: LOOK,
    next: 'It goes on as soon as the way is free. A lock at the target: look whether its connection is needed, else KILL it there. After `processAgeMaxMs` the arbiter restarts the pipeline.',
  },
  QUEUE_TOO_OLD: {
    meaning:
      'Processes wait in a queue for longer than `queueAgeMaxMs` and nobody has them. Instances of that stage are missing, in maintenance, or busy with others.',
    command: INSTANCES,
    next: 'Start an instance of the stage that the message names, or send `resume` to one that drains. It takes what waits at once.',
  },
  NO_PROGRESS: {
    meaning:
      'Nothing was loaded for `noProgressMaxMs` although the source is ahead. The message names the stage and what it waits for. The arbiter restarts the pipeline once for it.',
    command: LOOK,
    next: 'A new epoch begins at the checkpoint; nothing is lost and nothing is applied twice. When it comes again, remove what the message names.',
  },
  SELECT_SILENT: {
    meaning:
      'Select holds the pipeline and has said nothing for `noProgressMaxMs`: it hangs, or its way to NATS is cut. The arbiter restarts the pipeline once for it.',
    command: INSTANCES,
    next: 'When it stays silent, end the process that `mainstem` names: another instance takes the pipeline as soon as its session is over.',
  },
  MAINSTEM_VACANT: {
    meaning: 'The pipeline may run, and no select instance holds it. Nothing is read from the source.',
    command: INSTANCES,
    next: 'Start a select instance, or send `resume` to one. It takes the pipeline within seconds, in a new epoch.',
  },
  LOADER_VACANT: {
    meaning: 'The pipeline may run, and no load instance holds it. Nothing is written to the target.',
    command: INSTANCES,
    next: 'Start a load instance, or send `resume` to one. It takes the pipeline within seconds, in a new epoch.',
  },
  RECEIVER_FAILING: {
    meaning: 'A receiver of alarms could not be told of one. The message names it and says why.',
    command: 'GET receivers',
    next: 'The receiver whose `state` is failing is tried again with growing pauses, for a day. `POST receivers/{id}/test-send` tries at once.',
  },
  RETRIES_IN_VAIN: {
    meaning:
      'The pipeline has failed in the same way for ten attempts or more. Lutra goes on trying every minute, for ever; the cause does not seem to pass by itself.',
    command: LOOK,
    next: 'Read `failure.message` and the section of its code. Once the cause is gone the next attempt succeeds; RESTART tries at once.',
  },
  INSTANCE_CANNOT_DRAIN: {
    meaning:
      'An instance shall be emptied, and nobody else may take one of its leases. It keeps the lease and works on.',
    command: INSTANCES,
    next: 'Start another instance of the service, or send `resume` to one. The lease moves by itself then, without a rollback.',
  },
  INSTANCE_UNREAD: {
    meaning:
      'An instance is a member and takes nothing from its own queue: it hangs, or its way to NATS is cut. What was placed on it is given to the others.',
    command: INSTANCES,
    next: 'No pipeline is restarted for it. End the process when it stays so; a new one of the same name takes its queue again.',
  },
  FAILBACK_POSSIBLE: {
    meaning: 'The preferred instance of a pipeline is back, and `failback` is `ask`: a person decides.',
    command: 'POST pipelines/{id}/move {"stage":"load","instance":"{instance}","reason":"fail back"}',
    next: 'The window is emptied and the lease moves, without a rollback. Leaving it as it is costs nothing.',
  },
  PIPELINE_UNKNOWN: {
    meaning:
      'A command named a pipeline that has no definition: it was removed meanwhile, or its revision is not published.',
    command: 'GET pipelines',
    next: 'The command had no effect. Send it again when the pipeline is in the list.',
  },
  STATISTICS_HOLE: {
    meaning:
      'The event log has dropped events before a manager had read them: all managers, or their database, were away for longer than the log reaches back. Figures of that time are too low; rows are not concerned.',
    command: 'GET statistics',
    next: 'The answers name the time in `holes`. A larger log (`LUTRA_EVENTS_MIB`) bridges a longer absence.',
  },
  SOURCE_PURGE_NEAR: {
    meaning:
      'What the pipeline needs next comes near the end of what the source keeps of its binary log. Once it is purged the pipeline cannot go on.',
    command: 'SET GLOBAL binlog_expire_logs_seconds = 604800; -- at the source; older servers: expire_logs_days',
    next: 'Then find out why the pipeline is behind: `GET pipelines/{id}`. The warning ends when it has caught up.',
  },
  SOURCE_DDL_SKIPPED: {
    meaning:
      'A schema statement was passed over and counted: its policy is `skip`, a person decided so, or it is about views, routines, triggers, events or accounts, which are never carried over. The statistics of the pipeline hold the count (`statementsSkipped`), with those of SOURCE_DDL_SEEN that concern a mapped table.',
    command: 'GET pipelines/{id}/events?kinds=warning',
    next: 'The target is as it was. Run the statement there by hand when it shall follow.',
  },
  TRANSACTION_SKIPPED: {
    meaning:
      'Rows of a source transaction were left out because a person has decided so, after its content was shown. They count as skipped. Told again when the transaction is read again.',
    command: 'GET pipelines/{id}/skips',
    next: 'The list says who and why. DELETE takes a decision back for a transaction that is still to come; one that the checkpoint has passed comes again only by a rewind.',
  },
  SOURCE_GHOST_LEFT_OUT: {
    meaning:
      'Rows came of a table that an expression would map, and its name is one that gh-ost or pt-online-schema-change give to their tables (`_t_gho`, `_t_ghc`, `_t_del`, `_t_new`, `_t_old`): its rows are left out, for the rows of the table itself are taken. Told once for each table and epoch.',
    command: 'GET pipelines/{id}/events?kinds=warning',
    next: 'While a schema change runs this is as it should be. An ordinary table of such a name needs a mapping with its exact name; rows that were left out meanwhile have to be copied by hand.',
  },
  SOURCE_DDL_SEEN: {
    meaning: 'The source changed its schema beside or in a mapped table. Rows go on with the new shape.',
    command: 'GET pipelines/{id}/events?kinds=warning',
    next: 'Add new columns at the target, if they are mapped, before their first row comes; else the pipeline stops with TARGET_COLUMN_MISSING and goes on after a RESTART.',
  },
  DEAD_LETTER_UNFIT: {
    meaning:
      'The row of an unsettled dead letter does not fit the table at the target as it is now: what it touches there cannot be told. Later rows of the whole table wait behind it as dead letters; the message says what is missing.',
    command: 'GET dead-letters?pipelineId={id}&state=open',
    next: 'Discard the letter, or alter the table so that the row fits and retry it. What waits behind it goes on by itself then.',
  },
  TARGET_LOAD_UNKNOWN: {
    meaning:
      'The pipeline has a limit for the load of its target, and the target (or one of its replicas) does not tell that figure. The limit has no effect; the message says what is missing.',
    command: 'GET pipelines/{id}/events?kinds=warning',
    next: 'Give the account what the message names, or set the limit to 0. It is read anew within a second.',
  },
  TARGET_REPLICA_STOPPED: {
    meaning:
      'The pipeline has `targetReplicaLagMaxMs`, and a replica of its target no longer applies what the target sends: how far it is behind has no figure, and grows. It counts as further behind than any limit, so load waits. The message names the replica and the error that stopped it; it comes again each time that it stops.',
    command: 'GET pipelines/{id}/events?kinds=warning,blocked',
    next: 'Look at the replica (`SHOW REPLICA STATUS`) and start its replication: load goes on within a second. Or set `targetReplicaLagMaxMs` to 0. A replica that is no longer connected to the target is forgotten after half a minute.',
  },
  TARGET_COLUMN_IGNORED: {
    meaning:
      'The rows carry a column that the target table does not have, and `missingColumn` is `ignore`: it is left out.',
    command: 'GET pipelines/{id}/events?kinds=warning',
    next: 'Add the column at the target when it is wanted: it is written from the next transaction on. Rows that are there already keep what they have.',
  },
  TARGET_DDL_IN_EFFECT: {
    meaning:
      'A schema statement of the source asked for what the target had already: a table, column or index of that name. It counts as done; types are not compared.',
    command: 'GET pipelines/{id}/events?kinds=warning',
    next: 'Compare the definition at both sides when somebody else made it at the target.',
  },
  RESYNC_BUFFER_UNKNOWN: {
    meaning:
      'Rows were written into `retl.retl_buffer`, whose columns are not those of Otter, and the log of the source does not name columns (`binlog_row_metadata` is not FULL): nobody knows what they ask for, and they are passed over. Told once in an epoch.',
    command: 'SHOW CREATE TABLE retl.retl_buffer; -- at the source',
    next: 'Make the table as docs/resync.md has it and write the rows again, or set `binlog_row_metadata` to FULL.',
  },
  RESYNC_KEY_REJECTED: {
    meaning:
      'A row of `retl.retl_buffer` asks for a row to be sent once more, and that cannot be done. The message says why.',
    command: 'GET pipelines/{id}/resyncs/retl_buffer',
    next: 'Correct the row of `retl.retl_buffer` (an update of it counts as a new one), or send the row by POST pipelines/{id}/resync.',
  },
  TARGET_TRIGGER: {
    meaning: 'A mapped table at the target has a trigger. It fires for replicated rows too.',
    command: "SHOW TRIGGERS FROM `{schema}` LIKE '{table}'; -- at the target",
    next: 'Drop it at the target when the source has it as well: its work arrives as rows already.',
  },
} as const satisfies Readonly<Record<string, WarningAdvice>>;

export type WarningCode = keyof typeof WARNINGS;
