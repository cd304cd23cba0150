import { BUS_ERRORS } from './bus-errors.ts';
import type { ErrorSpec } from './error-spec.ts';
import { MAPPING_ERRORS } from './mapping-errors.ts';
import { ROW_ERRORS } from './row-errors.ts';
import { SOURCE_ERRORS } from './source-errors.ts';

/**
 * Every failure that leaves a function of Lutra has a code from this table. Codes are stable for ever.
 * `docs/errors.md` is generated from it; a test keeps each code thrown somewhere.
 */
export const ERRORS = {
  // Configuration of processes
  CONFIG_ENV_INVALID: {
    scope: 'config',
    class: 'configuration',
    summary: 'The environment of the service is not valid',
    workaround: 'Correct the variables that the message names and start the service again.',
  },
  CONFIG_DRY_RUN_CHANGED: {
    scope: 'config',
    class: 'retryable',
    summary: 'dryRun was switched on or off',
    workaround:
      'The pipeline is restarted by itself: a dry run leaves no place behind, so it goes on from the checkpoint.',
  },
  ...SOURCE_ERRORS,
  // Target
  TARGET_UNREACHABLE: {
    scope: 'target',
    class: 'retryable',
    summary: 'The target database cannot be reached',
    workaround: 'Check that the server at {address} runs and that the network lets the load instances through.',
  },
  TARGET_ACCESS_DENIED: {
    scope: 'target',
    class: 'configuration',
    summary: 'The target database refuses user or password',
    workaround: 'Correct user and password of the data source, then RESTART.',
  },
  TARGET_GRANT_MISSING: {
    scope: 'target',
    class: 'configuration',
    summary: 'The target user lacks grants',
    workaround: 'Run at the target, then RESTART: {statement}',
  },
  TARGET_TABLE_MISSING: {
    scope: 'target',
    class: 'configuration',
    summary: 'A target table does not exist',
    workaround: 'Run at the target, then RESTART: {statement}',
  },
  TARGET_COLUMN_MISSING: {
    scope: 'target',
    class: 'configuration',
    summary: 'A target column does not exist',
    workaround: 'Run at the target, then RESTART: {statement}',
  },
  TARGET_COLUMN_UNFILLED: {
    scope: 'target',
    class: 'configuration',
    summary: 'A target column needs a value that the rows do not carry',
    workaround:
      'Give the column a default, map a source column to it, or run at the target: {statement}. Then RESTART.',
  },
  TARGET_SHAPE_CHANGED: {
    scope: 'target',
    class: 'retryable',
    summary: 'A target table was altered while rows for it were on their way',
    workaround: 'The rows are planned and written anew by themselves. Let the change of {table} come to its end.',
  },
  TARGET_ENGINE_UNSAFE: {
    scope: 'target',
    class: 'configuration',
    summary: 'A target table is kept by a storage engine without transactions',
    workaround: 'Rows and checkpoint could not be written together. Run at the target, then RESTART: {statement}',
  },
  TARGET_KEY_MISSING: {
    scope: 'target',
    class: 'configuration',
    summary: 'A target table has no primary key',
    workaround: 'Give the table a primary key, then RESTART: {statement}',
  },
  TARGET_KEY_INCOMPLETE: {
    scope: 'target',
    class: 'configuration',
    summary: 'A mapping does not carry every column of the target key',
    workaround: 'Add the columns {columns} to the mapping of {table}, then RESTART.',
  },
  TARGET_VALUE_REFUSED: {
    scope: 'target',
    class: 'poison',
    summary: 'A value does not fit its target column',
    workaround: 'Widen the column at the target, then RESTART: {statement}',
  },
  TARGET_ROW_REFUSED: {
    scope: 'target',
    class: 'poison',
    summary: 'The target refuses a row',
    workaround: 'Correct the constraint or the row that clashes at the target, then RESTART.',
  },
  TARGET_ROW_MISSING: {
    scope: 'target',
    class: 'poison',
    summary: 'An update with a partial image found no row at the target',
    workaround: 'Copy the row from the source, then RESTART; or set binlog_row_image = FULL at the source.',
  },
  TARGET_CONFLICT_UNDECIDED: {
    scope: 'target',
    class: 'poison',
    summary: 'A row at the target is not as the source says, and the policy of its table does not decide',
    workaround:
      'Make the row at the target as it should be, then RESTART; or choose another conflict policy for {table} (all but overwrite and latestWins need whole row images: binlog_row_image = FULL at the source). As a dead letter it waits for a person: retry writes the row of the source (under merge amounts are moved by as much as at the source; one whose change the image does not tell has to be edited first: PATCH dead-letters/<id> with what it is to be at the target), discard keeps that of the target.',
  },
  TARGET_ROW_HELD: {
    scope: 'target',
    class: 'poison',
    summary: 'A change waits behind a dead letter that touches the same key or unique value',
    workaround: 'Retry or discard the dead letter that it follows: it is then tried by itself.',
  },
  TARGET_QUARANTINE_FULL: {
    scope: 'target',
    class: 'configuration',
    summary: 'Too many dead letters are open to be remembered',
    workaround:
      'Nothing was skipped: the pipeline waits. Find what refuses the rows, mend it, retry or discard the dead letters of the pipeline, then RESTART.',
  },
  TARGET_RECORD_REFUSED: {
    scope: 'target',
    class: 'retryable',
    summary: 'A dead letter or a conflict could not be recorded at the target',
    workaround:
      'Without the record the row is not passed over: the work is repeated. Look at the tables dead_letter and conflict of the database lutra, at the grants there and at max_allowed_packet.',
  },
  TARGET_BUSY: {
    scope: 'target',
    class: 'retryable',
    summary: 'The target was busy: deadlock, lock wait, or read-only during a failover',
    workaround: 'Lutra repeats the work. If it lasts, look for long transactions at the target.',
  },
  TARGET_CONNECTION_LOST: {
    scope: 'target',
    class: 'retryable',
    summary: 'The connection to the target broke',
    workaround: 'Lutra reconnects and goes on at its checkpoint.',
  },
  TARGET_TRANSACTION_LOST: {
    scope: 'target',
    class: 'retryable',
    summary: 'The target rolled back a transaction of which a part had already been written',
    workaround:
      'Nothing to do: the transaction is read again from its start. If it lasts, look for what it clashes with.',
  },
  TARGET_DIVERGED: {
    scope: 'target',
    class: 'configuration',
    summary: 'After a failover the rows that were written last differ between source and target',
    workaround:
      'The target may have lost transactions that it had confirmed, or somebody else writes there. Copy the rows of {table} from the source, then RESTART; with failoverMode balanced nothing is compared.',
  },
  MAPPING_DDL_UNCLEAR: {
    scope: 'config',
    class: 'configuration',
    summary: 'A schema statement cannot be carried over to the target for certain',
    workaround:
      'Run at the target what the statement means there (it is in `statement`), then go on without it: PATCH pipelines/<id> with {"parameters":{"ddlDecisions":{"{transaction}":"skip"}}}, then RESTART.',
  },
  TARGET_DDL_REFUSED: {
    scope: 'target',
    class: 'configuration',
    summary: 'The target refused a schema statement',
    workaround:
      'Remove what is in its way and RESTART: it is tried again. Or run another statement at the target and go on without this one: PATCH pipelines/<id> with {"parameters":{"ddlDecisions":{"{transaction}":"skip"}}}, then RESTART.',
  },
  TARGET_DDL_UNDECIDED: {
    scope: 'target',
    class: 'configuration',
    summary: 'Nobody can tell whether a schema statement was done before the loader ended',
    workaround:
      'Look at the tables at the target. Done: PATCH pipelines/<id> with {"parameters":{"ddlDecisions":{"{transaction}":"skip"}}}. Not done: the same with "apply". Then RESTART.',
  },
  TARGET_DDL_LETTERS: {
    scope: 'target',
    class: 'configuration',
    summary: 'A schema statement would take rows away for which dead letters are unsettled',
    workaround:
      'Retry or discard the letters of {table} through /dead-letters, then RESTART: what was decided is carried out before the statement is tried again. Or go on without the statement: PATCH pipelines/<id> with {"parameters":{"ddlDecisions":{"{transaction}":"skip"}}}, then RESTART.',
  },
  TARGET_GHOST_WAITING: {
    scope: 'target',
    class: 'configuration',
    summary: 'A table is dropped or renamed while an online schema change of it waits to take its place',
    workaround:
      'Nothing was changed at the target. Where the ghost that the message names takes the place of {table} next (pt-online-schema-change with drop_swap), go on without the statement: PATCH pipelines/<id> with {"parameters":{"ddlDecisions":{"{transaction}":"skip"}}}; its RENAME then brings the change of {table}. Where the schema change was given up: the same with "apply" runs the statement. Then RESTART.',
  },
  TARGET_GHOST_UNKNOWN: {
    scope: 'target',
    class: 'configuration',
    summary: 'An online schema change ended whose beginning this pipeline has not seen',
    workaround:
      'Change {table} at the target to the definition that the table has at the source now, then go on without the statement: PATCH pipelines/<id> with {"parameters":{"ddlDecisions":{"{transaction}":"skip"}}}, then RESTART.',
  },
  TARGET_FENCED: {
    scope: 'target',
    class: 'retryable',
    summary: 'Another loader has taken over the checkpoint',
    workaround: 'Nothing to do: this loader wrote nothing and the other one goes on.',
  },
  TARGET_EPOCH_AHEAD: {
    scope: 'target',
    class: 'retryable',
    summary: 'The checkpoint at the target stands under a higher epoch than the permit',
    workaround: 'Nothing to do: the arbiter raises the permit above it.',
  },
  TARGET_CHECKPOINT_MISSING: {
    scope: 'target',
    class: 'configuration',
    summary: 'The checkpoint row of a running pipeline has disappeared',
    workaround: 'Somebody removed rows of lutra.checkpoint at the target. Restore them, or set a new position.',
  },
  TARGET_LANES_CHANGED: {
    scope: 'target',
    class: 'configuration',
    summary: 'Nobody can tell which rows of a target table are written, and none may be written twice',
    workaround:
      'Put back what has changed for {table} since the loader ended: its keys, collations or foreign keys at the target, its ' +
      'mapping, foreignKeys or noPrimaryKey, the release of Lutra. Then RESTART, and change it again once rows arrive. A ' +
      'table with a primary key and without deltaColumns needs none of this.',
  },
  TARGET_PACKET_TOO_SMALL: {
    scope: 'target',
    class: 'configuration',
    summary: 'max_allowed_packet of the target is too small for a row',
    workaround: 'Run at the target, then RESTART: {statement}',
  },
  ...BUS_ERRORS,

  COORDINATION_UNREACHABLE: {
    scope: 'internal',
    class: 'retryable',
    summary: 'ZooKeeper cannot be reached',
    workaround: 'Check that the ensemble at {address} runs; Lutra waits and goes on.',
  },
  COORDINATION_CONFLICT: {
    scope: 'internal',
    class: 'retryable',
    summary: 'A ZooKeeper node was changed by someone else meanwhile',
    workaround: 'Nothing to do: the change is decided anew.',
  },
  COORDINATION_ACCESS_DENIED: {
    scope: 'internal',
    class: 'configuration',
    summary: 'ZooKeeper refuses access to a node of Lutra',
    workaround:
      'Give all services the same LUTRA_ZOOKEEPER_AUTH as the one that created {path}, or remove the node and start again.',
  },
  // Configuration of pipelines (manager)
  ...MAPPING_ERRORS,
  ...ROW_ERRORS,
  PIPELINE_PRECHECK_FAILED: {
    scope: 'config',
    class: 'configuration',
    summary: 'The pre-check of a pipeline that is to start finds errors',
    workaround:
      'Run the statements of the findings, then START again; or START with "force": true, which is audited. docs/pre-check.md tells what each finding means.',
  },
  PIPELINE_SOURCE_UNSUPPORTED: {
    scope: 'config',
    class: 'configuration',
    summary: 'Lutra cannot read the log of a database of this kind',
    workaround: 'Choose a MySQL or MariaDB data source as the source.',
  },
  PIPELINE_TARGET_UNSUPPORTED: {
    scope: 'config',
    class: 'configuration',
    summary: 'Lutra cannot write to a database of this kind yet',
    workaround: 'Choose a MySQL or MariaDB data source as the target.',
  },
  DATA_SOURCE_UNSUPPORTED: {
    scope: 'config',
    class: 'configuration',
    summary: 'Lutra cannot do this with a data source of this kind yet',
    workaround: 'Use POST data-sources/<id>/check, which works with every kind.',
  },
  CONFIG_REVISION_MISSING: {
    scope: 'config',
    class: 'retryable',
    summary: 'The configuration revision of a process is not there',
    workaround: 'Check that the manager runs: it publishes all current revisions again.',
  },
  RECEIVER_REFUSED: {
    scope: 'config',
    class: 'configuration',
    summary: 'A receiver does not take what it is told',
    workaround: 'Correct the address, login or secret of the receiver, then send it a test.',
  },
  RECEIVER_UNREACHABLE: {
    scope: 'config',
    class: 'retryable',
    summary: 'A receiver cannot be reached',
    workaround: 'Check that the server at {address} runs and that the network lets the managers through.',
  },
  REQUEST_INVALID: {
    scope: 'config',
    class: 'configuration',
    summary: 'The request is not valid',
    workaround: 'Correct the fields that the message names.',
  },
  SECRET_REFERENCE_MISSING: {
    scope: 'config',
    class: 'configuration',
    summary: 'A password or key is given as a reference to something that is not there',
    workaround:
      'Set the variable or write the file that the message names wherever this service runs, or give the data source another password.',
  },
  SECRET_REFERENCE_REFUSED: {
    scope: 'config',
    class: 'configuration',
    summary: 'A password or key is given as a reference that is not allowed here',
    workaround:
      'Add its beginning to LUTRA_SECRET_REFERENCES of this service, or give the data source another password.',
  },
  REQUEST_UNAUTHORIZED: {
    scope: 'config',
    class: 'configuration',
    summary: 'The request carries no API key and no session that counts',
    workaround:
      "Send the header 'Authorization: Bearer <key>' with an API key that has not expired, or log in; the manager printed a key at its first start.",
  },
  REQUEST_FORBIDDEN: {
    scope: 'config',
    class: 'configuration',
    summary: 'The API key or user may not do this',
    workaround: 'Use one with the role and the channels that the message names; an administrator makes it.',
  },
  LOGIN_FAILED: {
    scope: 'config',
    class: 'configuration',
    summary: 'User name or password is wrong',
    workaround: 'Try again; an administrator sets another password.',
  },
  LOGIN_BLOCKED: {
    scope: 'config',
    class: 'configuration',
    summary: 'Too many attempts to log in',
    workaround: 'Wait as long as Retry-After says.',
  },
  RESOURCE_NOT_FOUND: {
    scope: 'config',
    class: 'configuration',
    summary: 'The resource does not exist',
    workaround: 'Check the id: the address without it lists what there is.',
  },
  RESOURCE_CONFLICT: {
    scope: 'config',
    class: 'configuration',
    summary: 'The resource is in use, exists already, or was changed meanwhile',
    workaround: 'Read it again and repeat the request.',
  },
  CONFIRMATION_MISSING: {
    scope: 'config',
    class: 'configuration',
    summary: 'The change has an effect that has to be confirmed',
    workaround: 'Read what will happen, then send the request again with the confirmation that the message names.',
  },
  INSTANCE_NOT_ELIGIBLE: {
    scope: 'config',
    class: 'configuration',
    summary: 'The instance cannot take the lease: it is not alive, of another service, draining or in maintenance',
    workaround:
      'Name a live instance of the stage, or resume the one that you named: GET /api/v1/instances lists them.',
  },
  // The manager's own database
  STORE_UNREACHABLE: {
    scope: 'internal',
    class: 'retryable',
    summary: "The manager's database cannot be reached",
    workaround:
      'Check that the server at {address} runs and that the network lets the manager through; it goes on by itself. Replication is not concerned.',
  },
  STORE_BUSY: {
    scope: 'internal',
    class: 'retryable',
    summary: "The manager's database was busy: deadlock or lock wait",
    workaround: 'Repeat the request.',
  },
  STORE_ACCESS_DENIED: {
    scope: 'internal',
    class: 'configuration',
    summary: "The manager's database refuses user, password or a statement",
    workaround: 'Correct MANAGER_DATABASE_USER and MANAGER_DATABASE_PASSWORD, or run at the server: {statement}',
  },
  INTERNAL: {
    scope: 'internal',
    class: 'internal',
    summary: 'An unexpected error',
    workaround: 'Read the log of the instance and report it.',
  },
} as const satisfies Record<string, ErrorSpec>;

export type ErrorCode = keyof typeof ERRORS;
