import { SyncError, withNewestLogin } from '@lutra/model';
import { ensureLastWindowTable, openTarget, readLastWindow, rememberWindowStatement } from '@lutra/sql';
import type { CheckpointClaim, LastWindow, TargetSession, TargetStatement } from '@lutra/sql';
import { Secrets } from '@lutra/service-kit';
import type { PipelineSession, ServiceContext } from '@lutra/service-kit';
import { compareWindow } from './compare-window.ts';
import type { Lanes } from './dry-run/dry-lanes.ts';
import type { LoadEnv } from './load.env.ts';
import type { PlannedStatement } from './plan/planned-statement.ts';
import { RecentKeys } from './recent-keys.ts';
import type { TargetAccess } from './target-access.ts';

interface SafeParts {
  readonly context: ServiceContext<LoadEnv>;
  readonly pipeline: PipelineSession;
  readonly access: TargetAccess;
  readonly claim: CheckpointClaim;
  readonly warn: (warning: { readonly code: string; readonly message: string }) => Promise<void>;
}

/** Remembers what is written, in the transaction that writes it. */
export interface SafeWindow {
  add(planned: readonly PlannedStatement[]): void;
  closing(session: TargetSession): readonly TargetStatement[];
}

/**
 * failoverMode safe. Every unit remembers the keys of the rows that were written last, in its own transaction. When an epoch
 * begins with another loader instance or another target server than the one that wrote them, these rows are compared with
 * the source's (see {@link compareWindow} for what that can promise) while the window is applied again.
 */
export class SafeResume implements SafeWindow {
  private readonly keys = new RecentKeys();
  /** What has to be compared in this epoch; null = nothing. */
  private wanted: LastWindow | null = null;

  private constructor(private readonly parts: SafeParts) {}

  static async begin(parts: SafeParts, session: TargetSession): Promise<SafeResume> {
    const safe = new SafeResume(parts);
    await ensureLastWindowTable(session);
    const last = await readLastWindow(session, parts.claim.pipelineId);
    const isSame = last?.instance === parts.context.identity.instance && last.serverId === session.info.serverId;
    if (last !== null && last.rows.length > 0 && !isSame) safe.wanted = last;
    if (safe.wanted !== null) safe.keys.keep(safe.wanted.rows);
    return safe;
  }

  add(planned: readonly PlannedStatement[]): void {
    this.keys.add(planned);
  }

  /** Until the comparison is over the rows stay under the name of who wrote them: a later epoch then compares them again. */
  closing(session: TargetSession): readonly TargetStatement[] {
    const rows = this.keys.rows();
    if (rows.length === 0) return [];
    const { claim } = this.parts;
    const { wanted } = this;
    if (wanted === null) return [rememberWindowStatement(claim, { serverId: session.info.serverId, rows })];
    return [rememberWindowStatement({ ...claim, owner: `${wanted.instance}/` }, { serverId: wanted.serverId, rows })];
  }

  /** Compares once, beside the writing. Throws TARGET_DIVERGED; whatever else fails is a warning, and nothing is held up. */
  async run(lanes: Lanes, signal: AbortSignal): Promise<void> {
    const { wanted, parts } = this;
    if (wanted === null) return;
    const { log } = parts.pipeline;
    const sessions: TargetSession[] = [];
    try {
      if (lanes.reached.done.kind === 'file') throw new SyncError('INTERNAL', { problem: 'The source has no GTIDs' });
      const [source, target] = [await this.openSource(), await parts.access.open()];
      sessions.push(source, target);
      const { mappings } = parts.pipeline.definition;
      const { clock } = parts.context;
      const reached = () => lanes.reached.done;
      const result = await compareWindow({ source, target, mappings, reached, clock }, wanted.rows, signal);
      if (signal.aborted) return;
      this.wanted = null;
      log.info(result, 'last window compared with the source');
      if (result.uncompared > 0)
        await this.warn(`${String(result.uncompared)} of ${String(wanted.rows.length)} rows could not be compared`);
    } catch (error) {
      if (SyncError.of(error).code === 'TARGET_DIVERGED') throw error;
      if (signal.aborted) return;
      this.wanted = null;
      await this.warn(SyncError.of(error).message);
    } finally {
      for (const session of sessions) await session.close();
    }
  }

  private async openSource(): Promise<TargetSession> {
    const { context, pipeline } = this.parts;
    const source = withNewestLogin(pipeline.definition.source, pipeline.latestDefinition().source);
    const { clock, env, identity } = context;
    const session = await openTarget(source, new Secrets(env).ofDataSource(source), {
      clock,
      programName: identity.instance,
    });
    await session.query('SET SESSION TRANSACTION READ ONLY');
    return session;
  }

  private warn(why: string): Promise<void> {
    const message = `After a failover the last window was not compared in full: ${why}`;
    return this.parts.warn({ code: 'TARGET_NOT_COMPARED', message });
  }
}
