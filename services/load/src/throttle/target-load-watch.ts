import { SyncError } from '@lutra/model';
import type { Clock, PipelineParameters, WarningCode } from '@lutra/model';
import { readReplicaState, readTargetLoad, readTargetReplicas } from '@lutra/sql';
import type { ReplicaState, TargetReplica, TargetReplicas, TargetSession } from '@lutra/sql';
import type { PipelineSession } from '@lutra/service-kit';

const LOOK_EVERY_MS = 1_000;
/** Replicas come and go rarely. */
const REPLICAS_EVERY_MS = 30_000;
/** A reading that is older says nothing: load must not wait for ever because the target could not be asked. */
const READING_MAX_MS = 10_000;

/** What lets an account ask for a server's replicas, and a replica how far it is behind. */
const PRIVILEGES = {
  mariadb: { replicas: 'REPLICATION MASTER ADMIN', status: 'SLAVE MONITOR' },
  mysql: { replicas: 'REPLICATION SLAVE', status: 'REPLICATION CLIENT' },
} as const;

type Limits = Pick<PipelineParameters, 'targetRunningThreadsMax' | 'targetReplicaLagMaxMs' | 'targetHistoryListMax'>;
type Warn = (warning: { readonly code: WarningCode; readonly message: string }) => Promise<void>;

interface WatchParts {
  readonly clock: Clock;
  readonly pipeline: Pick<PipelineSession, 'latestDefinition' | 'log'>;
  readonly open: () => Promise<TargetSession>;
  /** A session at one of the target's replicas, with the target's account. */
  readonly openReplica: (replica: TargetReplica) => Promise<TargetSession>;
  readonly warn: Warn;
}

/**
 * Asks the target once a second how busy it is, while the pipeline has a limit for it, on a session of its own. What the
 * server does not tell is warned of once and limits nothing; a replica that has stopped is warned of each time and counts as
 * further behind than any limit. A helper: it never throws.
 */
export class TargetLoadWatch {
  private session: TargetSession | null = null;
  private listed: TargetReplicas | null = null;
  private replicasMs = Number.NEGATIVE_INFINITY;
  private readonly sessions = new Map<string, TargetSession>();
  private readonly warned = new Set<string>();
  /** Addresses of replicas that were found stopped, and not running since. */
  private readonly stopped = new Set<string>();
  private reading: { readonly overload: string | null; readonly atMs: number } | null = null;

  constructor(private readonly parts: WatchParts) {}

  /** What is above its limit, as the last look saw it; null = nothing, or nobody knows. */
  overload(): string | null {
    const { reading } = this;
    if (reading === null || this.parts.clock.monotonicMs() - reading.atMs > READING_MAX_MS) return null;
    return isLimited(this.limits) ? reading.overload : null;
  }

  /** Looks until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, pipeline } = this.parts;
    while (!signal.aborted) {
      try {
        if (isLimited(this.limits)) await this.look();
        else await this.close();
      } catch (error) {
        pipeline.log.debug({ err: error, code: SyncError.of(error).code }, "target's load not read");
      }
      await clock.sleep(LOOK_EVERY_MS, signal);
    }
    await this.close();
  }

  private get limits(): Limits {
    return this.parts.pipeline.latestDefinition().parameters;
  }

  private async look(): Promise<void> {
    const { clock } = this.parts;
    if (this.session?.isOpen !== true) this.session = await this.parts.open();
    const { session, limits } = this;
    const load = await readTargetLoad(session);
    const late = limits.targetReplicaLagMaxMs > 0 ? await this.lateReplica(session) : null;
    await session.rollback();
    const { targetRunningThreadsMax: threads, targetHistoryListMax: history } = limits;
    if (history > 0 && load.historyListLength === null)
      await this.warnOnce('The target does not tell the length of its history list: GRANT PROCESS to the account');
    const overload = [
      over(load.runningThreads, threads, (value) => `target runs ${value} threads, limit ${String(threads)}`),
      late,
      over(
        load.historyListLength,
        history,
        (value) => `the target's history list is ${value} long, limit ${String(history)}`,
      ),
    ].find((sentence) => sentence !== null);
    this.reading = { overload: overload ?? null, atMs: clock.monotonicMs() };
  }

  /** Says how far the replica that is furthest behind is, where that is above the limit; null = none is, or none tells. */
  private async lateReplica(session: TargetSession): Promise<string | null> {
    const { clock } = this.parts;
    let { listed } = this;
    if (listed === null || clock.monotonicMs() - this.replicasMs > REPLICAS_EVERY_MS) {
      this.listed = listed = await readTargetReplicas(session);
      const { unknown } = listed;
      this.replicasMs = clock.monotonicMs();
      if (unknown === null)
        await this.warnOnce(
          `The target does not tell its replicas: GRANT ${PRIVILEGES[session.info.kind].replicas} to the account`,
        );
      else if (unknown > 0)
        await this.warnOnce(
          `${String(unknown)} replicas of the target do not tell their address: set report_host at them`,
        );
    }
    const states = [];
    for (const replica of listed.replicas)
      states.push({ ...replica, ...(await this.stateOf(replica, listed.identity)) });
    const stopped = states.find(({ kind }) => kind === 'stopped');
    if (stopped !== undefined) return `the target's replica ${addressOf(stopped)} has stopped to replicate`;
    const lags = states.flatMap((state) => (state.kind === 'running' ? [state.lagMs] : []));
    const limit = this.limits.targetReplicaLagMaxMs;
    return over(
      lags.length === 0 ? null : Math.max(...lags),
      limit,
      (value) => `a replica of the target is ${value} ms behind, limit ${String(limit)}`,
    );
  }

  private async stateOf(replica: TargetReplica, target: TargetReplicas['identity']): Promise<ReplicaState> {
    const address = addressOf(replica);
    let problem: string;
    try {
      let session = this.sessions.get(address);
      if (session?.isOpen !== true) this.sessions.set(address, (session = await this.parts.openReplica(replica)));
      const state = await readReplicaState(session, target);
      if (state.kind === 'stopped') await this.noteStopped(address, state.errno);
      else if (state.kind !== 'unknown') this.stopped.delete(address);
      if (state.kind === 'stopped' || state.kind === 'running') return state;
      problem =
        state.kind === 'elsewhere'
          ? 'it reads from other servers only: set its report_host and report_port to its own address'
          : `its status is not told: GRANT ${PRIVILEGES[session.info.kind].status} to the account`;
    } catch (error) {
      problem = SyncError.of(error).message;
    }
    await this.warnOnce(`How far the target's replica ${address} is behind is not known: ${problem}`);
    return { kind: 'unknown' };
  }

  private async noteStopped(address: string, errno: number | null): Promise<void> {
    if (this.stopped.has(address)) return;
    this.stopped.add(address);
    const why = errno === null ? '' : ` by its error ${String(errno)}`;
    const message =
      `The target's replica ${address} has stopped to replicate${why}: load waits until it runs again, ` +
      'is no longer a replica, or targetReplicaLagMaxMs is 0';
    await this.parts.warn({ code: 'TARGET_REPLICA_STOPPED', message });
  }

  private async warnOnce(message: string): Promise<void> {
    if (this.warned.has(message)) return;
    this.warned.add(message);
    await this.parts.warn({ code: 'TARGET_LOAD_UNKNOWN', message });
  }

  private async close(): Promise<void> {
    const sessions = [...this.sessions.values(), ...(this.session === null ? [] : [this.session])];
    this.session = null;
    this.sessions.clear();
    this.stopped.clear();
    this.replicasMs = Number.NEGATIVE_INFINITY;
    this.reading = null;
    await Promise.all(sessions.map((session) => session.close()));
  }
}

const addressOf = ({ host, port }: TargetReplica): string => `${host}:${String(port)}`;

const isLimited = ({ targetRunningThreadsMax, targetReplicaLagMaxMs, targetHistoryListMax }: Limits): boolean =>
  targetRunningThreadsMax > 0 || targetReplicaLagMaxMs > 0 || targetHistoryListMax > 0;

const over = (value: number | null, limit: number, sentence: (value: string) => string): string | null =>
  limit > 0 && value !== null && value > limit ? sentence(String(value)) : null;
