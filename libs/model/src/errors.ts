/**
 * retryable: the same work may succeed later (network, deadlock, failover): repeated with back-off, for ever.
 * poison: this row or message will fail again: policy decides. configuration: a person changes something, then restarts.
 * internal: a defect of Lutra or of what it was handed; stops and asks for attention.
 */
export type ErrorClass = 'retryable' | 'poison' | 'configuration' | 'internal';

export interface ErrorSpec {
  readonly scope: 'source' | 'target' | 'config' | 'bus' | 'internal';
  readonly class: ErrorClass;
  /** A sentence without the names of the case; those are in the details and in the message. */
  readonly summary: string;
  /** What to do about it. `{name}` is filled from the details. */
  readonly workaround: string;
}

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
  // Source
  SOURCE_UNREACHABLE: {
    scope: 'source',
    class: 'retryable',
    summary: 'The source database cannot be reached',
    workaround: 'Check that the server at {address} runs and that the network lets the select instances through.',
  },
  SOURCE_ACCESS_DENIED: {
    scope: 'source',
    class: 'configuration',
    summary: 'The source database refuses user or password',
    workaround: 'Correct user and password of the data source, then RESTART.',
  },
  SOURCE_GRANT_MISSING: {
    scope: 'source',
    class: 'configuration',
    summary: 'The source user lacks grants',
    workaround: 'Run at the source: {statement}',
  },
  SOURCE_BINLOG_OFF: {
    scope: 'source',
    class: 'configuration',
    summary: 'The source writes no binary log',
    workaround: 'Start the source with log_bin and a server_id, then RESTART.',
  },
  SOURCE_BINLOG_FORMAT: {
    scope: 'source',
    class: 'configuration',
    summary: 'The source does not log rows',
    workaround: 'SET GLOBAL binlog_format = ROW at the source, reconnect its clients, then RESTART.',
  },
  SOURCE_POSITION_PURGED: {
    scope: 'source',
    class: 'configuration',
    summary: 'The source no longer has the binary log that the pipeline needs',
    workaround:
      'Changes from {place} on are no longer in the log. Copy the mapped tables anew and set a new position, or restore the log files.',
  },
  SOURCE_POSITION_UNKNOWN: {
    scope: 'source',
    class: 'configuration',
    summary: 'The source does not know the position of the pipeline',
    workaround:
      'The server is not the one that the position came from, or it lost transactions. Point the data source at the right server, or set a new position.',
  },
  SOURCE_LOST_TRANSACTIONS: {
    scope: 'source',
    class: 'configuration',
    summary: 'The source lacks transactions that are already applied at the target',
    workaround:
      'The new source server never received {gtids}. Decide which side is right before going on; then set a new position.',
  },
  SOURCE_SERVER_CHANGED: {
    scope: 'source',
    class: 'configuration',
    summary: 'A position without GTID came from another server',
    workaround:
      'File and offset are valid on server {serverUuid} only. Switch GTID on, or set a new position on the new server.',
  },
  SOURCE_CONNECTION_LOST: {
    scope: 'source',
    class: 'retryable',
    summary: 'The connection to the source broke',
    workaround: 'Lutra reconnects and goes on at its place.',
  },
  SOURCE_EVENT_CORRUPT: {
    scope: 'source',
    class: 'retryable',
    summary: 'An event of the binary log is damaged',
    workaround: 'If it repeats at the same position, the log file is damaged: check the disk of the source.',
  },
  SOURCE_EVENT_UNSUPPORTED: {
    scope: 'source',
    class: 'configuration',
    summary: 'The binary log holds an event that Lutra cannot read',
    workaround: 'Switch off the feature that writes event type {type} at the source, or update Lutra.',
  },
  SOURCE_EVENT_TOO_LARGE: {
    scope: 'source',
    class: 'configuration',
    summary: 'A row is larger than maxRowBytes',
    workaround:
      'Take the table out of the mapping, or raise LUTRA_MAX_ROW_BYTES and the memory of extract, transform and load.',
  },
  SOURCE_DDL_STOPPED: {
    scope: 'source',
    class: 'configuration',
    summary: 'A schema change at the source concerns a mapped table',
    workaround:
      'Apply the statement at the target if it shall hold there, set the parameter ddl to skip, then RESTART.',
  },
  SOURCE_SCHEMA_MISMATCH: {
    scope: 'source',
    class: 'configuration',
    summary: 'Rows do not fit the known shape of their table',
    workaround: 'Set binlog_row_metadata = FULL at the source so that each row tells its shape, then RESTART.',
  },
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
    workaround: 'Run at the target: {statement}',
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
  TARGET_PACKET_TOO_SMALL: {
    scope: 'target',
    class: 'configuration',
    summary: 'max_allowed_packet of the target is too small for a row',
    workaround: 'Run at the target, then RESTART: {statement}',
  },
  // Bus
  BUS_UNREACHABLE: {
    scope: 'bus',
    class: 'retryable',
    summary: 'NATS cannot be reached',
    workaround: 'Check that the NATS server at {address} runs; Lutra waits and goes on.',
  },
  BUS_STREAM_FULL: {
    scope: 'bus',
    class: 'retryable',
    summary: 'A stream has reached its limit',
    workaround: 'A later stage does not keep up or stands still; select waits until there is room.',
  },
  BUS_BODY_MISSING: {
    scope: 'bus',
    class: 'retryable',
    summary: 'A part of a process body is no longer in LUTRA_BODIES',
    workaround: 'Nothing to do: the work is selected again from the binary log.',
  },
  BUS_PROCESS_GAP: {
    scope: 'bus',
    class: 'retryable',
    summary: 'A process has disappeared between select and load',
    workaround: 'Nothing to do: the work is selected again from the binary log.',
  },
  BUS_REDELIVERED_TOO_OFTEN: {
    scope: 'bus',
    class: 'poison',
    summary: 'A process was delivered more than three times without being finished',
    workaround: 'An instance dies or hangs over it: read the log of the stage, then RESTART.',
  },
  MESSAGING_UNKNOWN_SCHEMA: {
    scope: 'bus',
    class: 'internal',
    summary: 'A message has a schema version that this service does not know',
    workaround: 'Bring all services to the same version.',
  },
  MESSAGING_MALFORMED_BODY: {
    scope: 'bus',
    class: 'internal',
    summary: 'The body of a message cannot be decoded',
    workaround: 'RESTART selects the work again; if it repeats, report it.',
  },
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
  MAPPING_REGEX_INVALID: {
    scope: 'config',
    class: 'configuration',
    summary: 'A mapping has a regular expression that does not compile',
    workaround: 'Correct the expression {regex}.',
  },
  MAPPING_TARGET_COLLISION: {
    scope: 'config',
    class: 'configuration',
    summary: 'Two mappings write one target table and their keys would collide',
    workaround: 'Give each mapping its own target table.',
  },
  MAPPING_RESERVED_SCHEMA: {
    scope: 'config',
    class: 'configuration',
    summary: 'A mapping names a schema that Lutra or the server keeps for itself',
    workaround: 'Choose a schema other than lutra, retl, mysql, sys, information_schema and performance_schema.',
  },
  MAPPING_COLUMN_UNKNOWN: {
    scope: 'config',
    class: 'configuration',
    summary: 'A mapping names a source column that does not exist',
    workaround: 'Correct the column {column} of the mapping.',
  },
  MAPPING_LOOP: {
    scope: 'config',
    class: 'configuration',
    summary: 'Rows that a mapping writes would be read again by a mapping and go round for ever',
    workaround: 'Choose a target that no pipeline copies back to the source of this mapping.',
  },
  CONFIG_REVISION_MISSING: {
    scope: 'config',
    class: 'retryable',
    summary: 'The configuration revision of a process is not there',
    workaround: 'Check that the manager runs: it publishes all current revisions again.',
  },
  REQUEST_INVALID: {
    scope: 'config',
    class: 'configuration',
    summary: 'The request is not valid',
    workaround: 'Correct the fields that the message names.',
  },
  REQUEST_UNAUTHORIZED: {
    scope: 'config',
    class: 'configuration',
    summary: 'The request carries no valid API token',
    workaround:
      "Send the header 'Authorization: Bearer <token>' with the token that the manager printed at its first start.",
  },
  RESOURCE_NOT_FOUND: {
    scope: 'config',
    class: 'configuration',
    summary: 'The resource does not exist',
    workaround: 'Check the id.',
  },
  RESOURCE_CONFLICT: {
    scope: 'config',
    class: 'configuration',
    summary: 'The resource is in use, exists already, or was changed meanwhile',
    workaround: 'Read it again and repeat the request.',
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
