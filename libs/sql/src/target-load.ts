import { SyncError } from '@lutra/model';
import type { TargetSession } from './target-session.ts';

/** How busy a target is; null = the server does not tell. */
export interface TargetLoad {
  readonly runningThreads: number | null;
  /** Undo records that purge has not removed yet. */
  readonly historyListLength: number | null;
}

/** A replica that reads from the target, as far as the target knows its address. */
export interface TargetReplica {
  readonly host: string;
  readonly port: number;
}

/** Reads the load of the server; what the account may not see is null. */
export async function readTargetLoad(session: TargetSession): Promise<TargetLoad> {
  const [threads] = await session.query("SHOW GLOBAL STATUS LIKE 'Threads_running'");
  return { runningThreads: numberOf(threads?.['Value']), historyListLength: await historyListLength(session) };
}

async function historyListLength(session: TargetSession): Promise<number | null> {
  // MariaDB tells everybody, MySQL those with the PROCESS privilege.
  const [status] = await session.query("SHOW GLOBAL STATUS LIKE 'Innodb_history_list_length'");
  if (status !== undefined) return numberOf(status['Value']);
  const rows = await orNothing(() =>
    session.query("SELECT COUNT AS length FROM information_schema.INNODB_METRICS WHERE NAME = 'trx_rseg_history_len'"),
  );
  return numberOf(rows?.[0]?.['length']);
}

/**
 * The replicas that have told the target their address (report_host). `unknown`: those that read from it and have not, or
 * null when the account may not ask.
 */
export async function readTargetReplicas(
  session: TargetSession,
): Promise<{ readonly replicas: readonly TargetReplica[]; readonly unknown: number | null }> {
  const listed =
    (await orNothing(() => session.query('SHOW REPLICAS'))) ??
    (await orNothing(() => session.query('SHOW SLAVE HOSTS')));
  if (listed === null) return { replicas: [], unknown: null };
  const replicas = listed.flatMap((row) => {
    const [host, port] = [textOf(row['Host']), Number(row['Port'])];
    return host === '' || !(port > 0) ? [] : [{ host, port }];
  });
  const dumps = await orNothing(() =>
    session.query("SELECT COUNT(*) AS number FROM information_schema.PROCESSLIST WHERE COMMAND LIKE 'Binlog Dump%'"),
  );
  const readers = numberOf(dumps?.[0]?.['number']) ?? listed.length;
  return { replicas, unknown: Math.max(0, Math.max(readers, listed.length) - replicas.length) };
}

/** How far a replica is behind, in milliseconds, as it says itself; null = it does not know, or does not replicate. */
export async function readReplicaLagMs(replica: TargetSession): Promise<number | null> {
  const rows =
    (await orNothing(() => replica.query('SHOW REPLICA STATUS'))) ??
    (await orNothing(() => replica.query('SHOW SLAVE STATUS')));
  const lags = (rows ?? []).map((row) => numberOf(row['Seconds_Behind_Source'] ?? row['Seconds_Behind_Master']));
  const known = lags.filter((lag) => lag !== null);
  return known.length === 0 ? null : Math.max(...known) * 1_000;
}

/** Null when the server refuses the question: the account may not, or this server does not know the words. */
async function orNothing<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    const { code } = SyncError.of(error);
    if (code === 'TARGET_CONNECTION_LOST' || code === 'TARGET_UNREACHABLE') throw error;
    return null;
  }
}

function numberOf(value: unknown): number | null {
  const number = typeof value === 'string' || typeof value === 'number' ? Number(value) : Number.NaN;
  return Number.isFinite(number) ? number : null;
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
