import { SyncError } from '@lutra/model';
import type { ErrorCode } from '@lutra/model';
import { COMPRESSION_REFUSED } from './connect-source.ts';

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
const SECURE_TRANSPORT_REQUIRED = 3159;

const SAME_ID = /same server[_ ]?(id|uuid)/i;

/** What the two servers say with error 1236 (and MariaDB with numbers of its own), in the order in which it is looked for. */
const DUMP_REFUSALS: readonly (readonly [RegExp, ErrorCode])[] = [
  [/more gtids than the/i, 'SOURCE_LOST_TRANSACTIONS'],
  [/purged|could not find first log file|could not find gtid state/i, 'SOURCE_POSITION_PURGED'],
  [/max_allowed_packet/i, 'SOURCE_EVENT_TOO_LARGE'],
  [/crc|bogus data|truncated in the middle|corrupt/i, 'SOURCE_EVENT_CORRUPT'],
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
  const refusal = judgeHandshake(error, errno);
  if (refusal !== null) return { code: refusal.code, problem: `The source ${address} ${refusal.problem} (${message})` };
  // Both servers end the older of two readers with one id: MySQL with 1236, MariaDB with a number of its own.
  if (errno > 0 && SAME_ID.test(message))
    return {
      code: 'SOURCE_CONNECTION_LOST',
      problem: `Another reader came to the source ${address} with our server id, and the source ended this dump; the next one takes another id (${message})`,
    };
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

/** TLS and compression are agreed on before the server looks at the user. Null when they are not the reason. */
function judgeHandshake(error: unknown, errno: number): { readonly code: ErrorCode; readonly problem: string } | null {
  if (errno === COMPRESSION_REFUSED)
    return {
      code: 'SOURCE_COMPRESSION_UNSUPPORTED',
      problem: 'accepts neither uncompressed connections nor zlib: add one of them to protocol_compression_algorithms',
    };
  const problem = judgeTls(error, errno);
  return problem === null ? null : { code: 'SOURCE_TLS_REFUSED', problem };
}

function judgeTls(error: unknown, errno: number): string | null {
  if (errno === SECURE_TRANSPORT_REQUIRED) return 'accepts connections over TLS only: set tls of the data source';
  if (typeof error !== 'object' || error === null || !('code' in error) || !('message' in error)) return null;
  if (error.code === 'HANDSHAKE_NO_SSL_SUPPORT')
    return 'offers no TLS: switch it on at the server, or set tls of the data source to disabled';
  // A connection that broke meanwhile is no refusal.
  if (error.code !== 'HANDSHAKE_SSL_ERROR' || 'syscall' in error || /disconnected/.test(String(error.message)))
    return null;
  if ('cert' in error && 'host' in error)
    return 'shows a certificate for another name: connect by a name that it holds, or set tls to verifyCa';
  if (/certificate|issuer|signature/i.test(String(error.message)))
    return 'shows a certificate that cannot be trusted: put the certificate of its authority into tlsCa of the data source';
  return 'and Lutra found no TLS version and cipher that both accept';
}

/** Number of the server's error; socket errors carry negative ones, which count as none. */
function numberOf(error: unknown): number {
  if (!(error instanceof Error) || !('errno' in error) || typeof error.errno !== 'number') return 0;
  return Math.max(0, error.errno);
}

const placeOf = ({ place }: SourceAttempt): { readonly place?: string } => (place === undefined ? {} : { place });
