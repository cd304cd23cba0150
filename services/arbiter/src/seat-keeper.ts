import { Bell, SyncError } from '@lutra/model';
import type { Command, Permit, PipelineDefinition, Seats } from '@lutra/model';
import type { LeaseKind } from '@lutra/coordination';
import type { Announcer } from './announcer.ts';
import type { ArbiterParts } from './arbiter-parts.ts';
import { chooseSeat } from './choose-seat.ts';
import type { SeatWord } from './choose-seat.ts';
import { RETRY_AUTHOR } from './decide.ts';
import type { SeatMembers } from './seat-members.ts';

/** A seat that is named gets so long to take the lease, in peace. */
const MOVE_MS = 15_000;
/** One that did not take it is not named again for this long, doubled with each time. */
const REFUSED_MS_MIN = 30_000;
const REFUSED_MS_MAX = 600_000;
/** A command that has not shown in the permit for so long is issued again: JetStream may have lost it. */
const INSIST_MS = 15_000;
/** Definitions change without a word to this loop. */
const IDLE_MS = 15_000;
const RETRY_MS = 2_000;

const KINDS = ['mainstem', 'loader'] as const satisfies readonly LeaseKind[];

/**
 * Watches who holds the leases of one running pipeline while this arbiter leads it, and moves them by a graceful RESTART
 * that names the seats: away from an instance that a person has ordered to drain, and back to the preferred instance when
 * the pipeline wants that. Each move is one command; a new leader only forgets whom it has warned.
 */
export class SeatKeeper {
  private permit: Permit | null = null;
  private readonly bell: Bell;
  /** Instances that were named and did not come. */
  private readonly refusals = new Map<string, { readonly untilMs: number; readonly count: number }>();
  /** Seats that the permit was seen to name since the last move. */
  private readonly named = new Set<string>();
  private readonly warned = new Map<LeaseKind, string>();
  /** The last move that was asked for; `seats` only as far as nobody knows yet what became of it. */
  private asked: { readonly epoch: number; readonly seats: Map<LeaseKind, string>; readonly atMs: number } | null =
    null;
  /** When the standing epoch was first seen, monotonic. */
  private epochSinceMs = 0;

  constructor(
    private readonly parts: ArbiterParts,
    private readonly announcer: Announcer,
    private readonly members: SeatMembers,
    private readonly pipeline: { readonly pipelineId: string; readonly definition: () => PipelineDefinition },
  ) {
    this.bell = new Bell(parts.clock);
  }

  /** Until the signal aborts. What fails is tried again; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.parts;
    const { pipelineId } = this.pipeline;
    const forget = this.members.watch(this.bell.ring);
    const following = this.follow(signal);
    while (!signal.aborted) {
      try {
        await this.bell.wait(await this.look(), signal);
      } catch (error) {
        log.warn({ err: error, code: SyncError.of(error).code, pipelineId }, 'seats are looked at again soon');
        await clock.sleep(RETRY_MS, signal);
      }
    }
    forget();
    for (const kind of KINDS) this.members.note(pipelineId, kind, null);
    await following;
  }

  private async follow(signal: AbortSignal): Promise<void> {
    const { clock, coordinator, log } = this.parts;
    const { pipelineId } = this.pipeline;
    while (!signal.aborted) {
      try {
        for await (const permit of coordinator.watchPermit(pipelineId, signal)) {
          if (permit?.epoch !== this.permit?.epoch) this.epochSinceMs = clock.monotonicMs();
          this.permit = permit;
          this.bell.ring();
        }
      } catch (error) {
        if (!signal.aborted) log.warn({ err: error, pipelineId }, 'permit cannot be watched');
      }
      await clock.sleep(RETRY_MS, signal);
    }
  }

  /** Does what is due and returns after how many ms to look again. */
  private async look(): Promise<number> {
    const { asked, permit } = this;
    if (permit?.state !== 'RUNNING' || permit.draining) return IDLE_MS;
    const waitedMs = this.parts.clock.monotonicMs() - (asked?.atMs ?? 0);
    if (asked?.epoch === permit.epoch && waitedMs < INSIST_MS) return INSIST_MS - waitedMs;
    const seats = new Map<LeaseKind, string>();
    const reasons: string[] = [];
    let lookAgainMs = IDLE_MS;
    for (const kind of KINDS) {
      const word = await this.wordAbout(kind, permit);
      if (word.word === 'move') {
        seats.set(kind, word.instance);
        reasons.push(word.reason);
      } else if (word.word === 'warn') await this.warn(kind, word, permit);
      else if (word.lookAgainMs !== undefined) lookAgainMs = Math.min(lookAgainMs, Math.max(word.lookAgainMs, 100));
    }
    if (reasons.length === 0) return lookAgainMs;
    await this.move(permit, seats, reasons.join('; '));
    return RETRY_MS;
  }

  private async wordAbout(kind: LeaseKind, permit: Permit): Promise<SeatWord> {
    const { clock, coordinator } = this.parts;
    const { pipelineId } = this.pipeline;
    if (!this.members.isKnown(kind)) return { word: 'stay', lookAgainMs: RETRY_MS };
    const holder = (await coordinator.leaseHolder(pipelineId, kind))?.instance ?? null;
    if (holder === null) return { word: 'stay', lookAgainMs: RETRY_MS };
    const working = this.members.working(kind);
    const nowMs = clock.monotonicMs();
    if (this.isOnItsWay(kind, { holder, seat: permit.seats?.[kind] })) return { word: 'stay', lookAgainMs: RETRY_MS };
    this.settle(kind, holder, permit.epoch);
    const isLeaving = this.members.isLeaving(kind, holder);
    const isDraining = isLeaving && ((await coordinator.instanceOrder(holder))?.draining ?? false);
    // One that stops by itself gives its leases back in the same moment.
    if (isLeaving && !isDraining) return { word: 'stay', lookAgainMs: RETRY_MS };
    const { failback, preferredLoad, preferredSelect } = this.pipeline.definition().parameters;
    const preferred = kind === 'mainstem' ? preferredSelect : preferredLoad;
    const candidates = working.map((each) => ({
      ...each,
      refusedMs: (this.refusals.get(`${kind} ${each.instance}`)?.untilMs ?? nowMs) - nowMs,
    }));
    const word = chooseSeat({ kind, holder, isDraining, preferred, failback }, candidates);
    if (word.word === 'stay') this.warned.delete(kind);
    return word;
  }

  /** The permit names another instance that lives, and that one has not had its time yet. */
  private isOnItsWay(kind: LeaseKind, now: { readonly holder: string; readonly seat: string | undefined }): boolean {
    const { holder, seat } = now;
    if (seat === undefined || seat === holder) return false;
    this.named.add(`${kind} ${seat}`);
    if (!this.members.working(kind).some(({ instance }) => instance === seat)) return false;
    return this.parts.clock.monotonicMs() - this.epochSinceMs < MOVE_MS;
  }

  /** The lease is where it is: whoever was asked to take it and has not is not asked again soon. */
  private settle(kind: LeaseKind, holder: string, epoch: number): void {
    this.members.note(this.pipeline.pipelineId, kind, holder);
    this.refusals.delete(`${kind} ${holder}`);
    const named = this.asked?.seats.get(kind);
    if (this.asked === null || named === undefined || this.asked.epoch >= epoch) return;
    // A command that was void asked nobody.
    if (named !== holder && this.named.has(`${kind} ${named}`)) this.refuse(`${kind} ${named}`);
    this.asked.seats.delete(kind);
    this.named.clear();
  }

  private refuse(key: string): void {
    const count = (this.refusals.get(key)?.count ?? 0) + 1;
    const waitMs = Math.min(REFUSED_MS_MIN * 2 ** (count - 1), REFUSED_MS_MAX);
    this.refusals.set(key, { untilMs: this.parts.clock.monotonicMs() + waitMs, count });
  }

  private async move(permit: Permit, seats: Map<LeaseKind, string>, reason: string): Promise<void> {
    const { bus, clock, log } = this.parts;
    const { pipelineId } = this.pipeline;
    const named: Seats = Object.fromEntries(seats);
    await bus.issueCommand(seatCommand(pipelineId, { permit, seats: named, reason }, clock.now()));
    log.info({ pipelineId, epoch: permit.epoch, ...named, reason }, 'leases are moved');
    this.asked = { epoch: permit.epoch, seats, atMs: clock.monotonicMs() };
    for (const [kind, instance] of seats) this.members.note(pipelineId, kind, instance);
  }

  /** Once for as long as it stays so. */
  private async warn(kind: LeaseKind, word: SeatWord & { readonly word: 'warn' }, permit: Permit): Promise<void> {
    if (this.warned.get(kind) === word.message) return;
    const { pipelineId } = this.pipeline;
    const message = word.message.replace('{id}', pipelineId);
    await this.announcer.warning(pipelineId, { code: word.code, message, epoch: permit.epoch });
    this.warned.set(kind, word.message);
  }
}

/** One move per epoch, whoever notices and however often. */
function seatCommand(
  pipelineId: string,
  move: { readonly permit: Permit; readonly seats: Seats; readonly reason: string },
  now: Date,
): Command {
  return {
    id: `${pipelineId}.${String(move.permit.epoch)}.seats`,
    kind: 'RESTART',
    pipelineId,
    aboutEpoch: move.permit.epoch,
    reason: move.reason,
    author: RETRY_AUTHOR,
    issuedAt: now.toISOString(),
    isGraceful: true,
    seats: move.seats,
  };
}
