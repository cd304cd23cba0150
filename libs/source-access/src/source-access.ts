import { SourceSession } from '@lutra/binlog';
import type { SourceOptions } from '@lutra/binlog';
import { ByteBudget, must, SyncError } from '@lutra/model';
import type { Clock, DataSourceDefinition, DataSourceSecrets } from '@lutra/model';

/** At one data source at once, of one instance. */
const SESSIONS_MAX = 4;
const IDLE_MS_MAX = 30_000;
const SWEEP_MS = 10_000;
/** A portion is a few MiB, or one row. */
const QUERY_TIMEOUT_MS = 60_000;

/** Everything that changes what a value looks like is set for the session and never inherited from the server. */
const SETUP: readonly string[] = [
  'SET NAMES utf8mb4',
  "SET SESSION time_zone = '+00:00', sql_mode = 'ALLOW_INVALID_DATES', innodb_lock_wait_timeout = 10, lock_wait_timeout = 10, wait_timeout = 120",
  // A snapshot is one of a whole transaction.
  'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ',
];

export interface SourceAccessParts {
  readonly clock: Clock;
  readonly secretsOf: (source: DataSourceDefinition) => DataSourceSecrets;
}

export interface ReadingOptions {
  readonly clock: Clock;
  readonly secrets: DataSourceSecrets;
  readonly serverUuid: string | null;
  /** Of each question. */
  readonly timeoutMs: number;
}

interface Pool {
  /** Not of bytes: one place for each session. */
  readonly places: ByteBudget;
  readonly idle: { readonly login: string; readonly session: SourceSession; readonly sinceMs: number }[];
}

/** Reading sessions at the sources, some for each; those that nobody uses are closed. */
export class SourceAccess {
  private readonly pools = new Map<string, Pool>();

  constructor(private readonly parts: SourceAccessParts) {}

  /**
   * Works with a session at the first server of the source's group that answers; one whose work has failed is closed.
   * `serverUuid`: where places hold on one server only, no other one will do; null = any. Ends with the signal. Throws what the work throws, and
   * SOURCE_UNREACHABLE, SOURCE_ACCESS_DENIED and the like.
   */
  async use<T>(
    source: DataSourceDefinition,
    { serverUuid, signal }: { readonly serverUuid: string | null; readonly signal: AbortSignal },
    work: (session: SourceSession) => Promise<T>,
  ): Promise<T> {
    const { clock, secretsOf } = this.parts;
    const pool = this.poolOf(source.id);
    const release = await pool.places.reserve(1, signal);
    try {
      const login = JSON.stringify(source);
      const session =
        this.takeIdle(pool, login, serverUuid) ??
        (await openReading(source, { clock, secrets: secretsOf(source), serverUuid, timeoutMs: QUERY_TIMEOUT_MS }));
      try {
        const result = await untilAborted(work(session), signal);
        pool.idle.push({ login, session, sinceMs: clock.monotonicMs() });
        return result;
      } catch (error) {
        session.close();
        throw error;
      }
    } finally {
      release();
    }
  }

  /** Closes what is idle, now and then, until the signal; then all. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.parts.clock.sleep(SWEEP_MS, signal);
      const oldestMs = this.parts.clock.monotonicMs() - (signal.aborted ? 0 : IDLE_MS_MAX);
      for (const [id, pool] of this.pools) {
        closeIdle(pool, ({ sinceMs }) => sinceMs <= oldestMs);
        if (pool.idle.length === 0 && pool.places.held === 0) this.pools.delete(id);
      }
    }
  }

  /** Runs a worker that uses the sessions; they are closed when it has ended. */
  async runBeside(worker: { run(signal: AbortSignal): Promise<void> }, signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const closing = this.run(ended.signal);
    try {
      await worker.run(signal);
    } finally {
      ended.abort();
      await closing;
    }
  }

  private poolOf(id: string): Pool {
    let pool = this.pools.get(id);
    if (pool === undefined) this.pools.set(id, (pool = { places: new ByteBudget(SESSIONS_MAX), idle: [] }));
    return pool;
  }

  /** Those of another login are of no use any more. */
  private takeIdle(pool: Pool, login: string, serverUuid: string | null): SourceSession | undefined {
    closeIdle(pool, (one) => one.login !== login);
    const at = pool.idle.findLastIndex(({ session }) => mayBeRead(session, serverUuid));
    return at === -1 ? undefined : pool.idle.splice(at, 1)[0]?.session;
  }
}

function closeIdle(pool: Pool, isClosed: (one: Pool['idle'][number]) => boolean): void {
  for (const one of pool.idle.filter(isClosed)) one.session.close();
  pool.idle.splice(0, pool.idle.length, ...pool.idle.filter((one) => !isClosed(one)));
}

/** A question that is on its way cannot be taken back: whoever asked stops waiting, and its session is closed. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let abort: () => void = () => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/**
 * A session at the first server of the source's group that answers; whoever opens it closes it. `serverUuid`: as in
 * {@link SourceAccess.use}. Throws SOURCE_UNREACHABLE, SOURCE_ACCESS_DENIED and the like.
 */
export async function openReading(
  source: DataSourceDefinition,
  { clock, secrets, serverUuid, timeoutMs }: ReadingOptions,
): Promise<SourceSession> {
  const failures: SyncError[] = [];
  for (const { host, port } of [source, ...(source.standbys ?? [])]) {
    const definition = { ...source, host, port };
    try {
      return await openAt({ definition, ...secrets, clock, timeoutMs }, serverUuid);
    } catch (error) {
      failures.push(SyncError.of(error));
    }
  }
  throw must(
    failures.find(({ code }) => code !== 'SOURCE_UNREACHABLE') ?? failures[0],
    'a source has at least one address',
  );
}

/** Without GTID nobody can tell what another server holds of the one that is asked for. */
const mayBeRead = ({ server: { placeKind, uuid } }: SourceSession, serverUuid: string | null): boolean =>
  serverUuid === null || placeKind !== 'file' || uuid === serverUuid;

async function openAt(options: SourceOptions, serverUuid: string | null): Promise<SourceSession> {
  const session = await SourceSession.open(options);
  try {
    for (const sql of SETUP) await session.query(sql);
    if (mayBeRead(session, serverUuid)) return session;
    const problem = `Rows of server ${String(serverUuid)} are to be read again, and ${session.address} is another one; without GTID nobody knows what it holds`;
    throw new SyncError('SOURCE_UNREACHABLE', { problem, address: session.address });
  } catch (error) {
    session.close();
    throw error;
  }
}
