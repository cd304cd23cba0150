import { SyncError } from '@lutra/model';
import type { Clock, PipelineParameters, WarningCode } from '@lutra/model';
import { readReplicaLagMs, readTargetLoad, readTargetReplicas } from '@lutra/sql';
import type { TargetReplica, TargetSession } from '@lutra/sql';
import type { PipelineSession } from '@lutra/service-kit';

const LOOK_EVERY_MS = 1_000;
/** Replicas come and go rarely. */
const REPLICAS_EVERY_MS = 30_000;
/** A reading that is older says nothing: load must not wait for ever because the target could not be asked. */
const READING_MAX_MS = 10_000;

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
 * server does not tell is warned of once and limits nothing. A helper: it never throws.
 */
export class TargetLoadWatch {
  private session: TargetSession | null = null;
  private replicas: readonly TargetReplica[] = [];
  private replicasMs = Number.NEGATIVE_INFINITY;
  private readonly sessions = new Map<string, TargetSession>();
  private readonly warned = new Set<string>();
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
    const lagMs = limits.targetReplicaLagMaxMs > 0 ? await this.replicaLagMs(session) : null;
    await session.rollback();
    const { targetRunningThreadsMax: threads, targetHistoryListMax: history, targetReplicaLagMaxMs: lag } = limits;
    if (history > 0 && load.historyListLength === null)
      await this.warnOnce('The target does not tell the length of its history list: GRANT PROCESS to the account');
    const overload = [
      over(load.runningThreads, threads, (value) => `target runs ${value} threads, limit ${String(threads)}`),
      over(lagMs, lag, (value) => `a replica of the target is ${value} ms behind, limit ${String(lag)}`),
      over(
        load.historyListLength,
        history,
        (value) => `the target's history list is ${value} long, limit ${String(history)}`,
      ),
    ].find((sentence) => sentence !== null);
    this.reading = { overload: overload ?? null, atMs: clock.monotonicMs() };
  }

  /** The largest lag that a replica tells of; null = none tells. */
  private async replicaLagMs(session: TargetSession): Promise<number | null> {
    const { clock } = this.parts;
    if (clock.monotonicMs() - this.replicasMs > REPLICAS_EVERY_MS) {
      const { replicas, unknown } = await readTargetReplicas(session);
      this.replicas = replicas;
      this.replicasMs = clock.monotonicMs();
      if (unknown === null)
        await this.warnOnce('The target does not tell its replicas: GRANT REPLICATION SLAVE to the account');
      else if (unknown > 0)
        await this.warnOnce(
          `${String(unknown)} replicas of the target do not tell their address: set report_host at them`,
        );
    }
    const lags: number[] = [];
    for (const replica of this.replicas) {
      const lagMs = await this.lagOf(replica);
      if (lagMs !== null) lags.push(lagMs);
    }
    return lags.length === 0 ? null : Math.max(...lags);
  }

  private async lagOf(replica: TargetReplica): Promise<number | null> {
    const address = `${replica.host}:${String(replica.port)}`;
    let problem = 'its status is not told: GRANT REPLICATION CLIENT to the account';
    try {
      let session = this.sessions.get(address);
      if (session?.isOpen !== true) this.sessions.set(address, (session = await this.parts.openReplica(replica)));
      const lagMs = await readReplicaLagMs(session);
      if (lagMs !== null) return lagMs;
    } catch (error) {
      problem = SyncError.of(error).message;
    }
    await this.warnOnce(`How far the target's replica ${address} is behind is not known: ${problem}`);
    return null;
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
    this.replicasMs = Number.NEGATIVE_INFINITY;
    this.reading = null;
    await Promise.all(sessions.map((session) => session.close()));
  }
}

const isLimited = ({ targetRunningThreadsMax, targetReplicaLagMaxMs, targetHistoryListMax }: Limits): boolean =>
  targetRunningThreadsMax > 0 || targetReplicaLagMaxMs > 0 || targetHistoryListMax > 0;

const over = (value: number | null, limit: number, sentence: (value: string) => string): string | null =>
  limit > 0 && value !== null && value > limit ? sentence(String(value)) : null;
