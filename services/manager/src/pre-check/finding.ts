import type { TableName } from '@lutra/sql';

/** error: the pipeline would stop, so that START is refused. warning: it runs, and something may go wrong. info: worth knowing. */
export const SEVERITIES = ['error', 'warning', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

export const PLACES = ['source', 'target', 'bus'] as const;
export type Place = (typeof PLACES)[number];

/** What a look may find, in the order of docs/pre-check.md, which says what each means. Codes are stable for ever. */
export const FINDING_CODES = [
  'SERVER_UNREACHABLE',
  'SERVER_REFUSES',
  'SERVER_NOT_READ',
  'SERVER_OF_OTHER_KIND',
  'GRANT_MISSING',
  'BINLOG_OFF',
  'BINLOG_FORMAT',
  'ROW_IMAGE_PARTIAL',
  'ROW_METADATA_MINIMAL',
  'PARTIAL_JSON',
  'GTID_OFF',
  'GTID_NOT_STRICT',
  'SERVER_ID_ZERO',
  'SERVER_ID_SAME',
  'LOG_RETENTION_SHORT',
  'RESYNC_IMPOSSIBLE',
  'RESYNC_UNSAFE',
  'START_PURGED',
  'PACKET_TOO_SMALL',
  'TIME_ZONE_DIFFERS',
  'SQL_MODE_DIFFERS',
  'CLOCK_DIFFERS',
  'LETTER_CASE_DIFFERS',
  'TARGET_READ_ONLY',
  'AUTO_INCREMENT_COLLIDES',
  'PATTERN_MATCHES_NOTHING',
  'NAME_CASE_DIFFERS',
  'TABLES_NOT_LOOKED_AT',
  'MAPPING_COLUMN_UNKNOWN',
  'MAPPING_EXPRESSION_INVALID',
  'MAPPING_LOOKUP_INVALID',
  'MAPPING_NOT_FITTING',
  'TABLE_TAKEN_TWICE',
  'SHARDS_MAY_COLLIDE',
  'LOOKUP_NOT_READ',
  'LOOKUP_KEY_NOT_UNIQUE',
  'LOOKUP_DECIDES_ROWS',
  'GROUP_INDEX_MISSING',
  'ROWS_REFUSED',
  'ROWS_NOT_TRIED',
  'TARGET_TABLE_MISSING',
  'ENGINE_UNSAFE',
  'KEY_MISSING',
  'KEY_NOT_CARRIED',
  'KEY_DIFFERS',
  'KEY_EXTRA',
  'TRIGGER_FIRES',
  'FOREIGN_KEY_CHANGES_ROWS',
  'FOREIGN_KEY_OUTSIDE',
  'FOREIGN_KEY_ORPHANS',
  'COLUMN_MISSING',
  'COLUMN_UNFILLED',
  'COLUMN_COMPUTED',
  'TYPE_INCOMPATIBLE',
  'TYPE_NARROWER',
  'CHARSET_NARROWER',
  'COLLATION_DIFFERS',
  'BUS_WINDOWS_TOO_LARGE',
  'BUS_NEARLY_FULL',
  'BUS_UNREACHABLE',
] as const;
export type FindingCode = (typeof FINDING_CODES)[number];

/** What a finding is about. */
export interface FindingSubject extends Partial<TableName> {
  readonly place: Place;
  readonly column?: string;
  /** A mapping of the pipeline, a key, a trigger, a stream. */
  readonly name?: string;
}

/** A statement that mends what was found, ready to run: at `source` and `target` SQL, at `bus` a command of the nats tool. */
export interface MendingStatement {
  readonly at: Place;
  readonly sql: string;
}

export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly subject: FindingSubject;
  /** What is so, what comes of it and, where no statement mends it, what does. */
  readonly explanation: string;
  /** In their order; empty = no statement mends it. */
  readonly statements: readonly MendingStatement[];
}

export const atSource = (...statements: readonly string[]): MendingStatement[] =>
  statements.map((sql) => ({ at: 'source', sql }));
export const atTarget = (...statements: readonly string[]): MendingStatement[] =>
  statements.map((sql) => ({ at: 'target', sql }));
