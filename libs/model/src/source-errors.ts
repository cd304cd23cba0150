import type { ErrorSpec } from './error-spec.ts';

/** Failures of a source: its server, its binary log, what the log holds. Part of the catalogue in errors.ts. */
export const SOURCE_ERRORS = {
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
    workaround:
      'Correct user and password of the data source, or its tls (MariaDB refuses so whoever comes without the TLS that it wants), then RESTART.',
  },
  SOURCE_TLS_REFUSED: {
    scope: 'source',
    class: 'configuration',
    summary: 'The source and Lutra do not agree on TLS',
    workaround:
      'Put the certificate of the authority that signed the certificate of {address} into tlsCa of the data source, connect by a name that the certificate holds, and set tls to what the server offers; then RESTART.',
  },
  SOURCE_COMPRESSION_UNSUPPORTED: {
    scope: 'source',
    class: 'configuration',
    summary: 'The source accepts only compression that Lutra does not know',
    workaround: "SET GLOBAL protocol_compression_algorithms = 'zlib,zstd,uncompressed' at the source, then RESTART.",
  },
  SOURCE_GRANT_MISSING: {
    scope: 'source',
    class: 'configuration',
    summary: 'The source user lacks grants',
    workaround: 'Run at the source, then RESTART: {statement}',
  },
  RESYNC_REFUSED: {
    scope: 'config',
    class: 'configuration',
    summary: 'It cannot be told which rows are to be sent once more',
    workaround:
      'Correct the request: a mapping of the pipeline covers the table, the table has a primary key, and the source takes the condition.',
  },
  SOURCE_RESYNC_UNAVAILABLE: {
    scope: 'source',
    class: 'configuration',
    summary: 'Rows cannot be sent once more: their images cannot be written at the source',
    workaround: 'Run at the source, then ask once more: {statement}',
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
      'Changes behind {place} are no longer in the log. Choose: restore the purged log files; or point the data source (or a standby of it) at a server that still has them; or copy the mapped tables anew and set the position of the copy; or start at latest, knowing that all changes in between are lost. Then RESTART.',
  },
  SOURCE_POSITION_UNKNOWN: {
    scope: 'source',
    class: 'configuration',
    summary: 'The source does not know the position of the pipeline',
    workaround:
      'The server is not the one that the position came from, or its log was reset. Choose: point the data source at the right server; or restore the log that held the position; or copy the mapped tables anew and set the position of the copy; or start at latest, knowing that all changes in between are lost. Then RESTART.',
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
      'File and offset are valid on server {serverUuid} only, and Lutra does not guess. Choose: point the data source (or a standby of it) at that server again; or set the position on the new server that matches, if you know it; or copy the mapped tables anew and set the position of the copy; or start at latest, knowing that all changes in between are lost. With GTID on, a change of the server needs none of this. Then RESTART.',
  },
  SOURCE_CONNECTION_LOST: {
    scope: 'source',
    class: 'retryable',
    summary: 'The connection to the source broke',
    workaround: 'Lutra reconnects and goes on at its place.',
  },
  SOURCE_LOOKUP_CHANGED: {
    scope: 'source',
    class: 'retryable',
    summary: 'The table of a look-up was altered or dropped while it was read',
    workaround:
      'Nothing: the look-up {lookup} goes on with {table} as it stands now at {address}. What no longer fits the mapping is told by MAPPING_LOOKUP_INVALID.',
  },
  SOURCE_COMMIT_PENDING: {
    scope: 'source',
    class: 'retryable',
    summary: 'A transaction of the log cannot be seen at the source yet',
    workaround:
      'Rows are read again at {address} once the transactions that changed them are visible there. If it repeats: a commit hangs at the source (a full disk, a semi-synchronous replica that does not answer), or {address} is a standby that is behind.',
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
    summary: 'A row or an event is larger than Lutra takes',
    workaround:
      'A row: take its table out of the mapping, or raise LUTRA_MAX_ROW_BYTES and the memory of extract, transform and load. Anything else: the log is damaged or comes from a server that is not one.',
  },
  SOURCE_INCIDENT: {
    scope: 'source',
    class: 'configuration',
    summary: 'The source says that its binary log has a gap',
    workaround:
      'Changes may be missing from the log at {place}. Either copy the mapped tables anew and set a position behind it; or, when the error log of the source shows that no mapped table is concerned, only set a position behind it (with GTID: the set with the GTID of the incident added). Then RESTART.',
  },
  SOURCE_DDL_STOPPED: {
    scope: 'source',
    class: 'configuration',
    summary: 'A schema change at the source concerns a mapped table',
    workaround:
      'Run the statement at the target if it shall hold there, then go on without it: PATCH pipelines/<id> with {"parameters":{"ddlDecisions":{"{transaction}":"skip"}}}, then RESTART. Or have such statements applied from now on: ddl = sync, or ddlByKind.',
  },
  SOURCE_XA_ROWS_LOST: {
    scope: 'source',
    class: 'configuration',
    summary: 'The rows of an XA transaction that was committed are no longer in the binary log',
    workaround:
      'The XA PREPARE is older than the oldest log file that is left. Bring older log files back, or copy the mapped tables anew and set a new position, or repair by hand what that XA transaction changed and set a position behind its commit.',
  },
  SOURCE_SCHEMA_MISMATCH: {
    scope: 'source',
    class: 'configuration',
    summary: 'Rows do not fit the known shape of their table',
    workaround:
      'Run at the source: SET GLOBAL binlog_row_metadata = FULL; rows that are logged from then on tell their shape. Rows that are in the log already do not: copy {table} and set a new position behind them, then RESTART.',
  },
} as const satisfies Record<string, ErrorSpec>;
