import type { Connection } from 'oracledb';
import type { Clock, ServerAddress } from '@lutra/model';
import { oracleFailure, oracleSilent } from './oracle-failure.ts';

/** Where an Oracle database is, and as whom to log in. */
export interface OracleAccess extends ServerAddress {
  /** What the listener knows the database by: a service, or the older SID. */
  readonly name: { readonly service: string } | { readonly sid: string };
  readonly user: string;
  readonly password: string;
}

/** What an Oracle database says of itself to the user. */
export interface OracleFacts {
  /** '19.3.0.0.0'. */
  readonly version: string;
  readonly account: string;
  /** Of the database: character sets and time zone, by lower-case name. */
  readonly variables: Readonly<Record<string, string>>;
  /** System privileges of the session. */
  readonly privileges: readonly string[];
  /** How far the server's clock is ahead of ours; Oracle's answer is exact to a second. */
  readonly clockAheadMs: number;
}

type Row = Readonly<Record<string, unknown>>;

/** A database that hangs behind its listener counts as away after so long, the questions included. */
const ANSWER_MS_MAX = 15_000;
const CONNECT_S_MAX = 5;

/** Logs in and asks; changes nothing. Throws TARGET_UNREACHABLE (also when there is no answer in time) or TARGET_ACCESS_DENIED. */
export async function probeOracle(access: OracleAccess, clock: Clock): Promise<OracleFacts> {
  const limit = new AbortController();
  const tooLong = clock.sleep(ANSWER_MS_MAX, limit.signal).then((): never => {
    throw oracleSilent(access, ANSWER_MS_MAX);
  });
  // Whichever is second, nobody waits for it any more.
  tooLong.catch(() => undefined);
  const probing = probe(access, clock);
  probing.catch(() => undefined);
  try {
    return await Promise.race([probing, tooLong]);
  } catch (error) {
    throw oracleFailure(error, access);
  } finally {
    limit.abort();
  }
}

async function probe(access: OracleAccess, clock: Clock): Promise<OracleFacts> {
  // Loaded here: half a second and 30 MB that only those pay who have an Oracle database.
  const { default: oracledb } = await import('oracledb');
  const { user, password } = access;
  const connection = await oracledb.getConnection({ user, password, connectString: descriptorOf(access) });
  try {
    connection.callTimeout = ANSWER_MS_MAX;
    const ask = async (sql: string): Promise<readonly Row[]> => {
      const { rows = [] } = await connection.execute<Row>(sql, [], { outFormat: oracledb.OUT_FORMAT_OBJECT });
      return rows;
    };
    return { version: connection.oracleServerVersionString, ...(await readFacts(ask, clock)) };
  } finally {
    await closeQuietly(connection);
  }
}

async function readFacts(
  ask: (sql: string) => Promise<readonly Row[]>,
  clock: Clock,
): Promise<Omit<OracleFacts, 'version'>> {
  const askedMs = clock.now().getTime();
  const [self] = await ask(
    'SELECT USER AS "account", DBTIMEZONE AS "zone", ' +
      `(CAST(SYS_EXTRACT_UTC(SYSTIMESTAMP) AS DATE) - DATE '1970-01-01') * 86400 AS "seconds" FROM DUAL`,
  );
  const clockAheadMs = Math.round(Number(self?.['seconds']) * 1_000 - (askedMs + clock.now().getTime()) / 2);
  const settings = await ask(
    `SELECT PARAMETER AS "name", VALUE AS "value" FROM NLS_DATABASE_PARAMETERS WHERE PARAMETER LIKE '%CHARACTERSET'`,
  );
  const privileges = await ask('SELECT PRIVILEGE AS "name" FROM SESSION_PRIVS ORDER BY PRIVILEGE');
  return {
    account: String(self?.['account']),
    variables: {
      ...Object.fromEntries(settings.map((row) => [String(row['name']).toLowerCase(), String(row['value'])])),
      dbtimezone: String(self?.['zone']),
    },
    privileges: privileges.map((row) => String(row['name'])),
    clockAheadMs,
  };
}

/** Names hold no brackets: whoever stores them has seen to it. */
function descriptorOf({ host, port, name }: OracleAccess): string {
  const data = 'service' in name ? `SERVICE_NAME=${name.service}` : `SID=${name.sid}`;
  const limits = `(CONNECT_TIMEOUT=${String(CONNECT_S_MAX)})(TRANSPORT_CONNECT_TIMEOUT=${String(CONNECT_S_MAX)})`;
  const address = `(ADDRESS=(PROTOCOL=TCP)(HOST=${host})(PORT=${String(port)}))`;
  return `(DESCRIPTION=${limits}${address}(CONNECT_DATA=(${data})))`;
}

/** What was asked for is known, or has failed with a reason of its own. */
async function closeQuietly(connection: Connection): Promise<void> {
  await connection.close().catch(() => undefined);
}
