import { SyncError } from '@lutra/model';
import type { ErrorCode } from '@lutra/model';

/** Where the failure came from, for the message. */
export interface SourceAttempt {
  /** 'host:port'. */
  readonly address: string;
  readonly user: string;
  /** False until the handshake is over: a broken connection then means that the server cannot be reached. */
  readonly isConnected: boolean;
  /** The place that was asked for, when a dump was. */
  readonly place?: string;
}

/** Refused by the network, or by a server that is full or on its way down. */
const UNREACHABLE = new Set([1040, 1053, 1129, 1152, 1159, 1161, 1203, 1226]);
const ACCESS_DENIED = new Set([1044, 1045, 1130, 1251, 1698, 1820, 1862, 3118, 4151]);
const GRANT_MISSING = new Set([1142, 1143, 1227, 1370]);
const CONNECTION_LOST = new Set([1184, 1317, 1927, 2006, 2013, 3169, 4031]);
const DUMP_REFUSED = 1236;

/** What the two servers say with error 1236 (and MariaDB with numbers of its own), in the order in which it is looked for. */
const DUMP_REFUSALS: readonly (readonly [RegExp, ErrorCode])[] = [
  [/more gtids than the/i, 'SOURCE_LOST_TRANSACTIONS'],
  [/purged|could not find first log file|could not find gtid state/i, 'SOURCE_POSITION_PURGED'],
  [/max_allowed_packet/i, 'SOURCE_EVENT_TOO_LARGE'],
  [/crc|bogus data|truncated in the middle|corrupt/i, 'SOURCE_EVENT_CORRUPT'],
  [/same server[_ ]?(id|uuid)/i, 'SOURCE_CONNECTION_LOST'],
  [
    /not in the master's binlog|missing the gtid|impossible position|> file size|diverged|position/i,
    'SOURCE_POSITION_UNKNOWN',
  ],
];

/** The one place where errors of the driver, of the socket and of the source server become Lutra's. */
export function translateSourceError(error: unknown, attempt: SourceAttempt): SyncError {
  if (SyncError.is(error)) return error;
  const { code, problem } = judge(error, attempt);
  const details = { problem, address: attempt.address, user: attempt.user, ...placeOf(attempt) };
  return new SyncError(code, details, { cause: error });
}

function judge(error: unknown, attempt: SourceAttempt): { readonly code: ErrorCode; readonly problem: string } {
  const { address, user, isConnected } = attempt;
  const message = error instanceof Error ? error.message : String(error);
  const errno = numberOf(error);
  if (errno === DUMP_REFUSED || (errno >= 1940 && errno <= 1960 && errno !== 1927)) {
    const code = DUMP_REFUSALS.find(([pattern]) => pattern.test(message))?.[1] ?? 'SOURCE_POSITION_UNKNOWN';
    return {
      code,
      problem: `The source ${address} refuses to send its log from ${attempt.place ?? 'there'}: ${message}`,
    };
  }
  if (ACCESS_DENIED.has(errno))
    return { code: 'SOURCE_ACCESS_DENIED', problem: `The source ${address} refuses user ${user}: ${message}` };
  if (GRANT_MISSING.has(errno))
    return { code: 'SOURCE_GRANT_MISSING', problem: `User ${user} lacks a grant at the source ${address}: ${message}` };
  if (!isConnected || UNREACHABLE.has(errno))
    return { code: 'SOURCE_UNREACHABLE', problem: `The source ${address} cannot be reached: ${message}` };
  if (errno === 0 || CONNECTION_LOST.has(errno))
    return { code: 'SOURCE_CONNECTION_LOST', problem: `The connection to the source ${address} broke: ${message}` };
  return { code: 'INTERNAL', problem: `The source ${address} answers with error ${String(errno)}: ${message}` };
}

/** Number of the server's error; socket errors carry negative ones, which count as none. */
function numberOf(error: unknown): number {
  if (!(error instanceof Error) || !('errno' in error) || typeof error.errno !== 'number') return 0;
  return Math.max(0, error.errno);
}

const placeOf = ({ place }: SourceAttempt): { readonly place?: string } => (place === undefined ? {} : { place });
