import { Bell } from '@lutra/model';
import type { BlockedEvent, Command, LutraEvent, Permit, PipelineParameters, Stage, WindowEvent } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import type { Coordinator } from '@lutra/coordination';
import type { Announcer } from '../announcer.ts';
import type { ArbiterParts } from '../arbiter-parts.ts';
import { RETRY_AUTHOR } from '../decide.ts';
import { blockerOf, nameBlocker } from './name-blocker.ts';
import type { Findings, StuckVerdict } from './name-blocker.ts';
import { isSourceAhead, suspect } from './suspect.ts';
import type { EpochSigns, Suspicion } from './suspect.ts';

/** Stages answer from memory: whoever has something to say has said it after so long. */
const ANSWER_MS = 1_500;
/** How often one pipeline is looked into while it stays suspect. */
const INQUIRY_EVERY_MS = 10_000;
/** Load says so often that it is throttled (throttle.ts): what it said earlier no longer counts. */
const THROTTLED_MAX_MS = 30_000;
const AFTER_THROTTLE_MS = 10_000;
/** The same warning is repeated after so long. */
const REPEAT_MS = 60_000;

interface Parts extends Pick<ArbiterParts, 'clock' | 'log'> {
  readonly bus: Pick<Bus, 'queuedProcesses'>;
  readonly coordinator: Pick<Coordinator, 'leaseHolder'>;
  readonly announcer: Pick<Announcer, 'inquiry' | 'warning'>;
  readonly pipelineId: string;
  readonly parameters: () => PipelineParameters;
}

/**
 * Notices that a pipeline does not get on, asks the stages what they wait for, and tells by a warning that names it. Only
 * where nothing arrives although the source goes on does it ask for a RESTART, once per epoch. What it knows is of one
 * leader's time: another leader begins to count anew.
 */
export class StuckWatch {
  private epoch = 0;
  private sinceMs = 0;
  private progressMs = 0;
  private window: WindowEvent | null = null;
  private windowMs = 0;
  private readonly blocked = new Map<Stage, BlockedEvent>();
  private throttledMs = Number.NEGATIVE_INFINITY;
  private askedMs = Number.NEGATIVE_INFINITY;
  private readonly told = new Map<string, number>();
  private restartedEpoch = 0;
  private readonly answers: Bell;

  constructor(private readonly parts: Parts) {
    this.answers = new Bell(parts.clock);
  }

  /** Takes `window`, `loaded`, `staged` and `blocked` events of the pipeline. Cheap: it is called for every process. */
  onEvent(event: LutraEvent): void {
    if (event.epoch !== null && event.epoch > this.epoch) this.begin(event.epoch);
    if (event.epoch !== this.epoch) return;
    const nowMs = this.parts.clock.monotonicMs();
    switch (event.kind) {
      case 'loaded':
        this.progressMs = nowMs;
        this.forgetUpTo(event.process ?? 0);
        break;
      case 'staged':
        this.progressMs = nowMs;
        break;
      case 'window':
        this.window = event;
        this.windowMs = nowMs;
        // Nothing to load: the time of an idle night must not be held against the first row of the morning.
        if (!isSourceAhead(event)) this.progressMs = nowMs;
        break;
      case 'blocked':
        this.hear(event);
        this.answers.ring();
        break;
      default:
    }
  }

  private hear(event: BlockedEvent): void {
    if (event.stage === 'load') this.hearThrottle(event);
    if (event.blocker !== null) this.blocked.set(event.stage, event);
    else if (this.blocked.get(event.stage)?.who === event.who) this.blocked.delete(event.stage);
  }

  /** What grew old while load was throttled has a moment to get through when it no longer is. */
  private hearThrottle({ blocker }: BlockedEvent): void {
    const nowMs = this.parts.clock.monotonicMs();
    if (blocker?.kind === 'throttle') this.throttledMs = nowMs;
    else if (this.isThrottled)
      this.throttledMs = Math.min(this.throttledMs, nowMs - THROTTLED_MAX_MS + AFTER_THROTTLE_MS);
  }

  /** Who answers about one process says nothing when it is through with it. */
  private forgetUpTo(process: number): void {
    for (const [stage, known] of this.blocked)
      if (known.process !== null && known.process <= process) this.blocked.delete(stage);
  }

  /** Looks once; returns a command to issue, or null. Throws what the bus or ZooKeeper throw. */
  async look(permit: Permit | null, signal: AbortSignal): Promise<Command | null> {
    const { clock, parameters } = this.parts;
    if (permit !== null && permit.epoch > this.epoch) this.begin(permit.epoch);
    const nowMs = clock.monotonicMs();
    if (this.isThrottled) {
      this.progressMs = nowMs;
      return null;
    }
    const suspicion = suspect(permit, this.signs(), parameters(), nowMs);
    if (suspicion === null || permit === null || nowMs - this.askedMs < INQUIRY_EVERY_MS) return null;
    this.askedMs = nowMs;
    const findings = await this.inquire(permit.epoch, suspicion, signal);
    if (signal.aborted) return null;
    // Events that were late (NATS was away, this arbiter stood still) have come meanwhile.
    const confirmed = suspect(permit, this.signs(), parameters(), clock.monotonicMs());
    if (confirmed?.kind !== suspicion.kind) return null;
    const verdict = nameBlocker(confirmed, findings, parameters());
    if (verdict === null) return null;
    await this.tell(verdict, permit.epoch);
    const isHelpless = verdict.code === 'MAINSTEM_VACANT' || verdict.code === 'LOADER_VACANT';
    if (suspicion.kind === 'slow' || isHelpless || this.restartedEpoch >= permit.epoch) return null;
    this.restartedEpoch = permit.epoch;
    return this.restart(permit.epoch, verdict.message);
  }

  /** Load waits because it was told to: processes grow old, and a restart would only make them older. */
  get isThrottled(): boolean {
    return this.parts.clock.monotonicMs() - this.throttledMs < THROTTLED_MAX_MS;
  }

  /** What is in the way of a process that somebody else finds too old. */
  async blockerNow(epoch: number, process: number, signal: AbortSignal): Promise<string> {
    return blockerOf(await this.inquire(epoch, { kind: 'slow', process, ageMs: 0 }, signal));
  }

  private signs(): EpochSigns {
    const { sinceMs, window, windowMs, progressMs } = this;
    return { sinceMs, window, windowMs, progressMs };
  }

  private begin(epoch: number): void {
    const nowMs = this.parts.clock.monotonicMs();
    this.epoch = epoch;
    this.sinceMs = nowMs;
    this.progressMs = nowMs;
    this.window = null;
    this.windowMs = nowMs;
    this.blocked.clear();
    this.throttledMs = Number.NEGATIVE_INFINITY;
    this.told.clear();
    this.askedMs = Number.NEGATIVE_INFINITY;
  }

  private async inquire(epoch: number, suspicion: Suspicion, signal: AbortSignal): Promise<Findings> {
    const { announcer, bus, clock, coordinator, pipelineId } = this.parts;
    await announcer.inquiry(pipelineId, epoch, describeSuspicion(suspicion));
    const untilMs = clock.monotonicMs() + ANSWER_MS;
    for (let leftMs = ANSWER_MS; leftMs > 0 && !signal.aborted; leftMs = untilMs - clock.monotonicMs())
      await this.answers.wait(leftMs, signal);
    const [queued, mainstem, loader] = await Promise.all([
      bus.queuedProcesses(pipelineId, epoch),
      coordinator.leaseHolder(pipelineId, 'mainstem'),
      coordinator.leaseHolder(pipelineId, 'loader'),
    ]);
    return {
      queued,
      blocked: this.blocked,
      window: this.window,
      hasMainstem: mainstem !== null,
      hasLoader: loader !== null,
    };
  }

  private async tell(verdict: StuckVerdict, epoch: number): Promise<void> {
    const { announcer, clock, log, pipelineId } = this.parts;
    const { code, stage, message, process } = verdict;
    const key = `${code} ${stage}`;
    const nowMs = clock.monotonicMs();
    if (nowMs - (this.told.get(key) ?? Number.NEGATIVE_INFINITY) < REPEAT_MS) return;
    this.told.set(key, nowMs);
    log.warn({ pipelineId, epoch, code, stage }, 'pipeline does not get on');
    await announcer.warning(pipelineId, { code, message, epoch, ...(process === null ? {} : { process }) });
  }

  private restart(epoch: number, reason: string): Command {
    const { clock, pipelineId } = this.parts;
    return {
      id: `${pipelineId}.${String(epoch)}.stuck`,
      kind: 'RESTART',
      pipelineId,
      aboutEpoch: epoch,
      reason,
      author: RETRY_AUTHOR,
      issuedAt: clock.now().toISOString(),
    };
  }
}

function describeSuspicion(suspicion: Suspicion): string {
  switch (suspicion.kind) {
    case 'slow':
      return `Process ${String(suspicion.process)} takes long`;
    case 'noProgress':
      return 'Nothing is loaded although the source is ahead';
    case 'silent':
      return 'Select says nothing';
  }
}
