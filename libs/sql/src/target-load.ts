import { SyncError } from '@lutra/model';
import { showProcesses } from './show-processes.ts';
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

/** What the channels of a replica call the server that they read from; null = the server has no such name. */
export interface ReplicationIdentity {
  /** MySQL only. */
  readonly serverUuid: string | null;
  readonly serverId: number | null;
}

export interface TargetReplicas {
  readonly replicas: readonly TargetReplica[];
  /** Those that read from the target and have not told their address; null when the account may not ask. */
  readonly unknown: number | null;
  /** The target's own. */
  readonly identity: ReplicationIdentity;
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

/** The replicas that have told the target their address (report_host), and what they call the target. */
export async function readTargetReplicas(session: TargetSession): Promise<TargetReplicas> {
  const identity = await replicationIdentity(session);
  const listed =
    (await orNothing(() => session.query('SHOW REPLICAS'))) ??
    (await orNothing(() => session.query('SHOW SLAVE HOSTS')));
  if (listed === null) return { replicas: [], unknown: null, identity };
  const replicas = listed.flatMap((row) => {
    const [host, port] = [textOf(row['Host']), Number(row['Port'])];
    return host === '' || !(port > 0) ? [] : [{ host, port }];
  });
  const processes = await orNothing(() => showProcesses(session));
  const readers = processes?.filter(({ command }) => command.startsWith('Binlog Dump')).length ?? listed.length;
  return { replicas, unknown: Math.max(0, Math.max(readers, listed.length) - replicas.length), identity };
}

async function replicationIdentity(session: TargetSession): Promise<ReplicationIdentity> {
  const rows = await session.query("SHOW GLOBAL VARIABLES WHERE Variable_name IN ('server_uuid', 'server_id')");
  const byName = new Map(rows.map((row) => [textOf(row['Variable_name']), row['Value']]));
  return { serverUuid: textOf(byName.get('server_uuid')) || null, serverId: numberOf(byName.get('server_id')) };
}

/**
 * What a replica says of itself. stopped: it does not apply what comes, so its lag has no figure and grows; `errno` is that
 * of the error which stopped it. elsewhere: it reads from other servers only. unknown: the account may not ask, or the server
 * is nobody's replica.
 */
export type ReplicaState =
  | { readonly kind: 'running'; readonly lagMs: number }
  | { readonly kind: 'stopped'; readonly errno: number | null }
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'unknown' };

type StatusRow = Readonly<Record<string, unknown>>;

/**
 * How far a replica is behind the target, in milliseconds, as it says itself. Only its channels from the target count, of
 * several the one that is furthest behind: what it reads from other servers says nothing of the target, and load would wait
 * for ever for a channel that nobody starts. A channel that has not been connected since its source was set names no source.
 * Such ones count only when no channel is from the target: the replica is on the target's list, so one of them may be.
 * Columns: MySQL manual, SHOW REPLICA STATUS; MariaDB documentation, SHOW REPLICA STATUS.
 */
export async function readReplicaState(replica: TargetSession, target: ReplicationIdentity): Promise<ReplicaState> {
  const rows = await channelsOf(replica);
  if (rows.length === 0) return { kind: 'unknown' };
  const fromTarget = rows.filter((row) => readsFrom(row, target) === true);
  const judged = fromTarget.length > 0 ? fromTarget : rows.filter((row) => readsFrom(row, target) === null);
  const stopped = judged.find((row) => lagSeconds(row) === null);
  if (stopped !== undefined) {
    const errnos = [stopped['Last_SQL_Errno'], stopped['Last_IO_Errno']].map(numberOf);
    return { kind: 'stopped', errno: errnos.find((errno) => errno !== null && errno > 0) ?? null };
  }
  const lags = judged.map((row) => lagSeconds(row) ?? 0);
  return lags.length === 0 ? { kind: 'elsewhere' } : { kind: 'running', lagMs: Math.max(...lags) * 1_000 };
}

async function channelsOf(replica: TargetSession): Promise<readonly StatusRow[]> {
  // MariaDB shows only the channel without a name unless it is asked for all, MySQL all.
  const statements =
    replica.info.kind === 'mariadb' ? ['SHOW ALL SLAVES STATUS'] : ['SHOW REPLICA STATUS', 'SHOW SLAVE STATUS'];
  for (const statement of statements) {
    const rows = await orNothing(() => replica.query(statement));
    if (rows !== null) return rows;
  }
  return [];
}

/** Whether the channel's source is the target; null = it names no source. */
function readsFrom(channel: StatusRow, target: ReplicationIdentity): boolean | null {
  const uuid = textOf(channel['Source_UUID'] ?? channel['Master_UUID']);
  if (uuid !== '' && target.serverUuid !== null) return uuid === target.serverUuid;
  const id = numberOf(channel['Source_Server_Id'] ?? channel['Master_Server_Id']) ?? 0;
  return id === 0 || target.serverId === null ? null : id === target.serverId;
}

const lagSeconds = (channel: StatusRow): number | null =>
  numberOf(channel['Seconds_Behind_Source'] ?? channel['Seconds_Behind_Master']);

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
