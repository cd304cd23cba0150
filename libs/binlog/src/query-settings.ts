import type { DatabaseKind } from '@lutra/model';
import { EVENT_HEADER_BYTES } from './event-types.ts';
import type { FramedEvent } from './framed-event.ts';

/** What a QUERY event tells of the session that ran the statement, as far as it changes what the statement means. */
export interface QuerySettings {
  /** Names of modes, joined by commas; null = not told. */
  readonly sqlMode: string | null;
  readonly foreignKeyChecks: boolean;
  /** Null = not told. */
  readonly explicitDefaultsForTimestamp: boolean | null;
  /** What the session took for now: seconds since 1970 with six decimals. The log tells the decimals where they were asked for. */
  readonly ranAt: string;
  /** The session's time zone; null = the statement did not depend on it. */
  readonly timeZone: string | null;
}

/** thread id 4, duration 4, schema length 1, error 2, length of the status variables 2. */
const FIXED_BYTES = 13;
/** Status variables (MySQL: libs/mysql/binlog/event/statement_events.h; MariaDB: KB "Query_event"): number → bytes behind it. */
const FLAGS = 0;
const SQL_MODE = 1;
const TIME_ZONE = 5;
const MYSQL_MICROSECONDS = 13;
const EXPLICIT_TIMESTAMP = 16;
const MARIADB_MICROSECONDS = 128;
const FIXED = new Map<number, number>([
  [FLAGS, 4],
  [SQL_MODE, 8],
  [3, 4],
  [4, 6],
  [7, 2],
  [8, 2],
  [9, 8],
  [10, 4],
  [MYSQL_MICROSECONDS, 3],
  [EXPLICIT_TIMESTAMP, 1],
  [17, 8],
  [18, 2],
  [19, 1],
  [20, 1],
  [MARIADB_MICROSECONDS, 3],
  [129, 8],
]);
const CATALOG_WITH_ZERO = 2;
const TEXTS = new Set([TIME_ZONE, 6]);
const INVOKER = 11;
const SCHEMAS_UPDATED = 12;
const SCHEMAS_UNTOLD = 254;
/** Bits of the flags variable: options of the session (OPTION_…). */
const NO_FOREIGN_KEY_CHECKS = 0x4000000;
const MARIADB_EXPLICIT_TIMESTAMP = 0x1000000;

/** Modes that change how a schema statement is read or what it makes; bits are the same in both families up to 2^30. */
const MODES: readonly (readonly [number, string])[] = [
  [0, 'REAL_AS_FLOAT'],
  [1, 'PIPES_AS_CONCAT'],
  [2, 'ANSI_QUOTES'],
  [3, 'IGNORE_SPACE'],
  [6, 'NO_UNSIGNED_SUBTRACTION'],
  [7, 'NO_DIR_IN_CREATE'],
  [19, 'NO_AUTO_VALUE_ON_ZERO'],
  [20, 'NO_BACKSLASH_ESCAPES'],
  [21, 'STRICT_TRANS_TABLES'],
  [22, 'STRICT_ALL_TABLES'],
  [23, 'NO_ZERO_IN_DATE'],
  [24, 'NO_ZERO_DATE'],
  [25, 'ALLOW_INVALID_DATES'],
  [26, 'ERROR_FOR_DIVISION_BY_ZERO'],
  [29, 'HIGH_NOT_PRECEDENCE'],
  [30, 'NO_ENGINE_SUBSTITUTION'],
];
const MARIADB_ORACLE = 9;

/** Reads them; a variable that is not known ends the reading, because its length is not known either. */
export function readQuerySettings(event: FramedEvent, kind: DatabaseKind): QuerySettings {
  const { buffer, end } = event;
  const at = event.start + EVENT_HEADER_BYTES;
  let settings: QuerySettings = {
    sqlMode: null,
    foreignKeyChecks: true,
    explicitDefaultsForTimestamp: null,
    ranAt: secondsOf(event, 0),
    timeZone: null,
  };
  if (end < at + FIXED_BYTES) return settings;
  const stop = Math.min(end, at + FIXED_BYTES + buffer.readUInt16LE(at + 11));
  for (let next = at + FIXED_BYTES; next < stop;) {
    const variable = buffer.readUInt8(next);
    const bytes = bytesOf(buffer, next + 1, variable);
    if (bytes === null || next + 1 + bytes > stop) break;
    settings = { ...settings, ...readVariable(event, { variable, at: next + 1, kind }) };
    next += 1 + bytes;
  }
  return settings;
}

const secondsOf = (event: FramedEvent, microseconds: number): string =>
  `${String(event.timestamp)}.${String(microseconds).padStart(6, '0')}`;

function readVariable(
  event: FramedEvent,
  { variable, at, kind }: { readonly variable: number; readonly at: number; readonly kind: DatabaseKind },
): Partial<QuerySettings> {
  const { buffer } = event;
  switch (variable) {
    case FLAGS: {
      const flags = buffer.readUInt32LE(at);
      const foreignKeyChecks = (flags & NO_FOREIGN_KEY_CHECKS) === 0;
      if (kind === 'mysql') return { foreignKeyChecks };
      return { foreignKeyChecks, explicitDefaultsForTimestamp: (flags & MARIADB_EXPLICIT_TIMESTAMP) !== 0 };
    }
    case SQL_MODE:
      return { sqlMode: modesOf(buffer.readUInt32LE(at), kind) };
    case TIME_ZONE:
      return { timeZone: buffer.toString('latin1', at + 1, at + 1 + buffer.readUInt8(at)) };
    case MYSQL_MICROSECONDS:
    case MARIADB_MICROSECONDS:
      return { ranAt: secondsOf(event, buffer.readUIntLE(at, 3)) };
    case EXPLICIT_TIMESTAMP:
      return kind === 'mysql' ? { explicitDefaultsForTimestamp: buffer.readUInt8(at) !== 0 } : {};
    default:
      return {};
  }
}

function modesOf(bits: number, kind: DatabaseKind): string {
  const names = MODES.filter(([bit]) => (bits >>> bit) % 2 === 1).map(([, name]) => name);
  if (kind === 'mariadb' && (bits >>> MARIADB_ORACLE) % 2 === 1) names.push('ORACLE');
  return names.join(',');
}

/** Bytes behind the variable's number; null = not known. */
function bytesOf(buffer: Buffer, at: number, variable: number): number | null {
  const fixed = FIXED.get(variable);
  if (fixed !== undefined) return fixed;
  const length = at < buffer.length ? buffer.readUInt8(at) : 0;
  if (TEXTS.has(variable)) return 1 + length;
  if (variable === CATALOG_WITH_ZERO) return 2 + length;
  if (variable === INVOKER) {
    const hostAt = at + 1 + length;
    return 2 + length + (hostAt < buffer.length ? buffer.readUInt8(hostAt) : 0);
  }
  if (variable !== SCHEMAS_UPDATED) return null;
  if (length === SCHEMAS_UNTOLD) return 1;
  let bytes = 1;
  for (let index = 0; index < length; index++) {
    const zero = buffer.indexOf(0, at + bytes);
    if (zero < 0) return null;
    bytes = zero + 1 - at;
  }
  return bytes;
}
