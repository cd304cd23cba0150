import { linkSignals, reportFailure, SyncError } from '@lutra/model';
import type { FailureReport, PipelineDefinition, Seats, Stage } from '@lutra/model';
import type { Lease, LeaseKind } from '@lutra/coordination';
import type { Logger } from 'pino';
import type { Peers } from './peers.ts';
import { PermitFeed } from './permit-feed.ts';
import type { KnownPermit } from './permit-feed.ts';
import type { PipelineSession } from './pipeline-session.ts';
import { issueStageCommand, publishFailed } from './report-stage-failure.ts';
import type { ServiceContext } from './service-context.ts';
import { stageMeter } from './stage-meter.ts';
import type { StageMeter } from './stage-meter.ts';

const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 30_000;
/** A command that shows no effect for so long is issued anew: JetStream may have lost it. Doubles with each repeat. */
const INSIST_MS_MIN = 15_000;
const INSIST_MS_MAX = 120_000;
/** After a loader was fenced: time for the other loader's RESTART, which makes ours needless. */
const FENCED_WAIT_MS = 2_000;
/** How often a session that does not end is complained about. Nothing else may start before it has ended. */
const STUCK_MS = 30_000;

const STAGE_OF: Readonly<Record<LeaseKind, Stage>> = { mainstem: 'select', loader: 'load' };

export interface KeeperTask {
  readonly kind: LeaseKind;
  readonly runEpoch: (session: PipelineSession) => Promise<void>;
  readonly peers: Peers;
}

/**
 * Contends for the lease of one pipeline and runs its epochs while it holds it. An instance that a person has ordered to
 * drain or into maintenance contends for nothing. What it has it keeps in maintenance; draining, it gives the lease back as
 * soon as no epoch runs, or when the permit names another live instance as the one to sit here.
 */
export class PipelineKeeper {
  private lease: Lease | null = null;
  private readonly feed: PermitFeed;
  private readonly log: Logger;
  private readonly meter: StageMeter;

  constructor(
    private readonly context: ServiceContext,
    private readonly task: KeeperTask,
    private definition: PipelineDefinition,
  ) {
    this.log = context.log.child({ pipelineId: definition.id, lease: task.kind });
    this.feed = new PermitFeed(definition.id, context);
    this.meter = stageMeter(STAGE_OF[task.kind]);
  }

  get holdsLease(): boolean {
    return this.lease !== null;
  }

  /** Takes a newer revision; a running session sees it through `latestDefinition`. */
  adopt(definition: PipelineDefinition): void {
    this.definition = definition;
  }

  /** Keeps the pipeline until the signal aborts; whatever fails is logged and begun again with back-off. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const following = this.feed.run(signal);
    let waitMs = RETRY_MS_MIN;
    while (!signal.aborted) {
      try {
        await this.holdOnce(signal);
        waitMs = RETRY_MS_MIN;
      } catch (error) {
        if (signal.aborted) break;
        this.log.error({ err: error, code: SyncError.of(error).code, waitMs }, 'pipeline cannot be kept');
        await this.context.clock.sleep(waitMs, signal);
        waitMs = Math.min(waitMs * 2, RETRY_MS_MAX);
      }
    }
    await following;
  }

  /** One lease, from contending to giving it back. */
  private async holdOnce(signal: AbortSignal): Promise<void> {
    const { peers } = this.task;
    if (!(await this.feed.waitUntil(isWanted, signal))) return;
    if (!(await peers.waitUntil(() => peers.order.takesWork, signal))) return;
    const unwanted = this.feed.abortWhen((permit) => !isWanted(permit));
    const contending = AbortSignal.any([signal, unwanted.reached]);
    try {
      const lease = await this.acquire(contending);
      if (lease === null) return;
      this.lease = lease;
      this.log.info({ epoch: lease.holder.epoch }, 'lease won');
      try {
        await this.runWhileHeld(lease, contending);
      } finally {
        this.lease = null;
        await this.giveBack(lease);
      }
    } finally {
      unwanted.stop();
    }
  }

  /** Until the lease is lost, goes to another instance, or is no longer wanted. */
  private async runWhileHeld(lease: Lease, contending: AbortSignal): Promise<void> {
    const { peers } = this.task;
    // Nothing has to be rolled back when no epoch runs.
    const isIdleAndDraining = (): boolean =>
      this.feed.permit?.state === 'PAUSED' && peers.order.isDraining && peers.hasHeir;
    const paused = this.feed.abortWhen(isIdleAndDraining);
    const drained = peers.abortWhen(isIdleAndDraining);
    try {
      await this.runEpochs(
        lease.holder.epoch,
        AbortSignal.any([contending, lease.lost, paused.reached, drained.reached]),
      );
    } finally {
      paused.stop();
      drained.stop();
    }
  }

  /** Null when it is no longer wanted, or a person's order forbids it. */
  private async acquire(wanting: AbortSignal): Promise<Lease | null> {
    const { coordinator, identity } = this.context;
    const { kind, peers } = this.task;
    const pipelineId = this.definition.id;
    const barred = peers.abortWhen(() => !peers.order.takesWork);
    const signal = AbortSignal.any([wanting, barred.reached]);
    // A permit that is gone (ZooKeeper lost its data) does not take back what we have seen: somebody worked in that epoch.
    const epochSeen = async (): Promise<number> =>
      Math.max((await coordinator.permit(pipelineId))?.permit.epoch ?? 0, this.feed.permit?.epoch ?? 0);
    try {
      // Obeyed at each winning: a lease in hand stays on its session.
      const isFast = this.definition.parameters.failoverMode === 'fast';
      const manners = peers.manners(pipelineId, () => this.seat() ?? this.preferred());
      const wanted = { pipelineId, kind, instance: identity.instance, epochSeen, isFast, manners };
      return await coordinator.acquireLease(wanted, signal);
    } catch (error) {
      peers.forget(pipelineId);
      if (signal.aborted) return null;
      throw error;
    } finally {
      barred.stop();
    }
  }

  /** Who is to hold the lease by the word of a person or of the arbiter. */
  private seat(): string | undefined {
    return this.feed.permit?.seats?.[this.task.kind];
  }

  private preferred(): string | undefined {
    const { preferredLoad, preferredSelect } = this.definition.parameters;
    const instance = this.task.kind === 'mainstem' ? preferredSelect : preferredLoad;
    return instance === '' ? undefined : instance;
  }

  private async giveBack(lease: Lease): Promise<void> {
    this.task.peers.forget(this.definition.id);
    if (lease.lost.aborted) {
      this.log.warn('lease lost');
      return;
    }
    await lease.release();
    this.log.info('lease given back');
  }

  /** Runs each epoch above the one that was seen at winning, until the signal aborts. */
  private async runEpochs(epochSeen: number, signal: AbortSignal): Promise<void> {
    await this.feed.expectEpoch(epochSeen);
    let lastEpoch = epochSeen;
    let wish: Wish | null = this.wishOfWinner(epochSeen);
    for (;;) {
      const isNext = (permit: KnownPermit): boolean => permit?.state === 'RUNNING' && permit.epoch > lastEpoch;
      const isWished = (permit: KnownPermit): boolean => wish !== null && !isVoid(wish, permit);
      if (!(await this.feed.waitUntil((permit) => isNext(permit) || isWished(permit), signal))) return;
      const { permit } = this.feed;
      if (permit && isNext(permit)) {
        if (await this.isForAnother()) return;
        lastEpoch = permit.epoch;
        wish = await this.runEpoch(permit.epoch, signal);
      } else if (wish !== null) await this.insist(wish, signal);
    }
  }

  /** Who wins although the seat is another's has waited for that one in vain: the seat is free again. */
  private wishOfWinner(epoch: number): Wish {
    const { kind } = this.task;
    const seat = this.seat();
    const isFreed = seat !== undefined && seat !== this.context.identity.instance;
    const reason = `The ${kind} lease was won`;
    return { kind: 'RESTART', epoch, reason, ...(isFreed ? { seats: { [kind]: '' } } : {}) };
  }

  /** The permit wants another instance here, and that one is there to take the lease. */
  private async isForAnother(): Promise<boolean> {
    const seat = this.seat();
    if (seat === undefined || seat === this.context.identity.instance || !(await this.task.peers.takesWork(seat)))
      return false;
    this.log.info({ seat }, 'the lease is for another instance');
    return true;
  }

  /**
   * Issues a command until it has shown effect or is void. Leases that change hands must not start a pipeline that was
   * paused meanwhile, so nothing is issued about an epoch that does not run.
   */
  private async insist(wish: Wish, signal: AbortSignal): Promise<void> {
    const { clock } = this.context;
    const isOver = (permit: KnownPermit): boolean => isVoid(wish, permit);
    let waitMs = INSIST_MS_MIN;
    while (!signal.aborted && !isOver(this.feed.permit)) {
      try {
        await issueStageCommand(this.context, { ...wish, pipelineId: this.definition.id });
        this.log.info({ kind: wish.kind, epoch: wish.epoch, reason: wish.reason }, 'command issued');
      } catch (error) {
        this.log.warn({ err: error, code: SyncError.of(error).code, kind: wish.kind }, 'command not issued yet');
        await clock.sleep(RETRY_MS_MIN, signal);
        continue;
      }
      await this.waitAtMost(isOver, waitMs, signal);
      waitMs = Math.min(waitMs * 2, INSIST_MS_MAX);
    }
  }

  /**
   * The watch may lag behind the permit; an epoch that begins must not select under a revision older than the one that its
   * command was issued about.
   */
  private async adoptNewest(): Promise<void> {
    const newest = await this.context.bus.definition(this.definition.id);
    if (newest !== null && newest.revision > this.definition.revision) this.adopt(newest);
  }

  /** Returns what shall be asked of the arbiter after the epoch has ended, null = nothing. */
  private async runEpoch(epoch: number, signal: AbortSignal): Promise<Wish | null> {
    const log = this.log.child({ epoch });
    await this.adoptNewest();
    const over = this.feed.abortWhen((permit) => permit?.state !== 'RUNNING' || permit.epoch !== epoch);
    const drain = this.feed.abortWhen((permit) => permit?.epoch === epoch && permit.draining);
    const until = AbortSignal.any([signal, over.reached]);
    const session: PipelineSession = {
      pipelineId: this.definition.id,
      epoch,
      definition: this.definition,
      latestDefinition: () => this.definition,
      signal: until,
      draining: drain.reached,
      log,
    };
    log.info({ revision: session.definition.revision }, 'epoch begins');
    const ended = new AbortController();
    try {
      // The complaint loop ends with the session; it never rejects.
      void this.complainWhileStuck(until, ended.signal, log);
      await this.task.runEpoch(session);
      log.info('epoch ended');
      return null;
    } catch (error) {
      if (until.aborted) log.debug({ err: error }, 'epoch ended by its signal');
      return until.aborted ? null : await this.wishAfter(SyncError.of(error), { epoch, signal: until, log });
    } finally {
      ended.abort();
      over.stop();
      drain.stop();
    }
  }

  private async wishAfter(error: SyncError, end: EpochEnd): Promise<Wish | null> {
    const { context, task } = this;
    const { epoch, log, signal } = end;
    const { instance } = context.identity;
    const where = { stage: STAGE_OF[task.kind], instance, epoch, process: processOf(error), at: context.clock.now() };
    const failure = reportFailure(error, where);
    this.meter.recordFailure({ pipelineId: this.definition.id, code: error.code });
    if (error.code === 'CONFIG_DRY_RUN_CHANGED') {
      log.info({ reason: failure.message }, 'pipeline begins anew');
      return { kind: 'RESTART', epoch, reason: failure.message };
    }
    if (error.code === 'TARGET_FENCED') {
      log.warn({ err: error, code: error.code }, 'another loader has taken over');
      await context.clock.sleep(FENCED_WAIT_MS, signal);
      return signal.aborted ? null : { kind: 'RESTART', epoch, reason: failure.message };
    }
    log.error({ err: error, code: error.code }, 'epoch failed');
    await this.tell(failure);
    return { kind: 'ROLLBACK', epoch, reason: failure.message, failure };
  }

  /** The event is for people; when the bus does not take it, the failure still travels in the command. */
  private async tell(failure: FailureReport): Promise<void> {
    try {
      await publishFailed(this.context, this.definition.id, failure);
    } catch (error) {
      this.log.warn({ err: error, code: SyncError.of(error).code }, 'failure not in the event log');
    }
  }

  private async waitAtMost(claim: (permit: KnownPermit) => boolean, ms: number, signal: AbortSignal): Promise<void> {
    const done = new AbortController();
    const until = linkSignals(signal, done.signal);
    await Promise.race([this.feed.waitUntil(claim, until.signal), this.context.clock.sleep(ms, until.signal)]);
    done.abort();
    until.unlink();
  }

  private async complainWhileStuck(until: AbortSignal, ended: AbortSignal, log: Logger): Promise<void> {
    await this.feed.waitUntil(() => false, AbortSignal.any([until, ended]));
    for (;;) {
      await this.context.clock.sleep(STUCK_MS, ended);
      if (ended.aborted) return;
      log.error({ waitMs: STUCK_MS }, 'epoch does not end although its signal has aborted');
    }
  }
}

/** A command to the arbiter that is meant until it shows effect. */
interface Wish {
  readonly kind: 'RESTART' | 'ROLLBACK';
  readonly epoch: number;
  readonly reason: string;
  readonly failure?: FailureReport;
  readonly seats?: Seats;
}

interface EpochEnd {
  readonly epoch: number;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** No permit = not set up yet: nothing to hold a lease for. */
const isWanted = (permit: KnownPermit): boolean =>
  permit !== undefined && permit !== null && permit.state !== 'STOPPED';

/** A command about an epoch that has passed, or does not run, would be dropped by the arbiter or do harm. */
const isVoid = (wish: Wish, permit: KnownPermit): boolean => permit?.state !== 'RUNNING' || permit.epoch > wish.epoch;

const processOf = (error: SyncError): number | null => {
  const { process } = error.details;
  return typeof process === 'number' ? process : null;
};
