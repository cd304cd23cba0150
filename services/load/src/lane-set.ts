import { must, SyncError } from '@lutra/model';
import type { Place } from '@lutra/model';
import { questionOf, recordSession, relaneStatements } from '@lutra/sql';
import type { CheckpointClaim, CheckpointMove, CheckpointRow, TargetInfo, TargetSession } from '@lutra/sql';
import { failPoint } from '@lutra/service-kit';
import type { LaneWork } from './block-watch.ts';
import { commitInPlace } from './commit-in-place.ts';
import type { Written } from './commit-in-place.ts';
import { confirmed } from './confirm-shapes.ts';
import { Lane } from './lane.ts';
import type { ApplyOptions } from './lane.ts';
import { LaneRows } from './lane-rows.ts';
import { closeUnit } from './lane-unit.ts';
import type { LaneSegment, LaneUnit } from './lane-unit.ts';
import { StagedLanes } from './staged-lanes.ts';
import type { TargetAccess } from './target-access.ts';
import { expectFound, startWithMove } from './unit-start.ts';
import { writeUnit } from './write/write-unit.ts';
import type { Conflict } from './write/conflict.ts';

/**
 * The writers of a pipeline at the target. A segment is written whole before the next one begins: by one transaction of all
 * lanes, or by one of each lane at the same time, each of which moves its own row of the checkpoint. A unit that fails is
 * repeated by itself while the others finish; when one is given up the rest have committed, lanes are uneven, and only a new
 * epoch, which reads the rows again, makes that good.
 */
export class LaneSet {
  private readonly rows: LaneRows;
  /** By index. The first also writes what concerns all lanes. */
  private lanes: readonly Lane[];
  private readonly first: Lane;
  private readonly staged: StagedLanes;
  private committedApart: Conflict[] = [];
  readonly info: TargetInfo;
  /** What each lane had done at the claim. */
  readonly claimed: readonly Place[];
  /** The newest revision under which a lane was written before. */
  readonly claimedRevision: number;

  constructor(
    private readonly access: TargetAccess,
    private readonly claim: CheckpointClaim,
    claimed: { readonly session: TargetSession; readonly rows: readonly CheckpointRow[] },
  ) {
    this.rows = new LaneRows(claim, claimed.rows);
    this.info = claimed.session.info;
    this.claimed = claimed.rows.map(({ place }) => place);
    this.claimedRevision = Math.max(...claimed.rows.map(({ revision }) => revision));
    this.first = this.laneOf(0, claimed.session);
    this.lanes = [this.first, ...claimed.rows.slice(1).map((_, index) => this.laneOf(index + 1))];
    this.staged = new StagedLanes(this.first, {
      clock: access.clock,
      moveAll: (session, end, revision) => this.moveOf('all', session, { end, revision }),
      moved: (move) => {
        this.rows.moved(move);
      },
    });
  }

  get count(): number {
    return this.rows.count;
  }

  /** Whether all lanes stand at one place: otherwise everything has to be written by all of them together. */
  get isEven(): boolean {
    return this.rows.isEven;
  }

  /** What all lanes have done and the target has committed. */
  get reached(): Place {
    return this.rows.reached;
  }

  /** True while a target transaction is open: the next unit belongs to it. */
  get isStaged(): boolean {
    return this.staged.isOpen;
  }

  /**
   * Of a segment that was given up: the conflicts of those of its lanes that have committed. Their rows come again only to be
   * skipped, so they are told now or never.
   */
  get unreported(): readonly Conflict[] {
    return this.committedApart;
  }

  /** What the lanes are at. */
  get work(): readonly LaneWork[] {
    return this.lanes.map(({ work }) => work);
  }

  /**
   * Writes a segment; resolves when all its transactions have committed. Where a transaction is open the segment has one unit
   * of all lanes, which ends it. Throws the first failure, in lane order, after every unit has come to its end; in an open
   * transaction TARGET_TRANSACTION_LOST when slices that were staged before are gone.
   */
  async apply({ end, units }: LaneSegment, options: ApplyOptions): Promise<readonly Conflict[]> {
    this.staged.refuseIfLost();
    this.committedApart = [];
    const [only] = units;
    if (this.staged.isOpen && only !== undefined)
      return this.first.whileBusy(() => this.staged.finish(only.unit, end, options));
    let open = units.length;
    const committed = (): void => {
      open -= 1;
      if (open > 0) failPoint('between-lanes');
    };
    const named = units.map(({ lane }) => lane);
    const outcomes = await Promise.allSettled(
      units.map(({ lane, unit }, index) => {
        const indexes = index === 0 ? this.withIdle(named) : lane === 'all' ? [] : [lane];
        return this.commit({ lane: this.writerOf(lane), indexes, end, committed }, unit, options);
      }),
    );
    const conflicts: Conflict[] = [];
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') throw SyncError.of(outcome.reason);
      conflicts.push(...outcome.value);
    }
    this.committedApart = [];
    return conflicts;
  }

  /** Writes a slice into the open transaction, or begins one with it. Only {@link apply} makes it last. */
  stage(slice: LaneUnit, options: ApplyOptions): Promise<readonly Conflict[]> {
    return this.first.whileBusy(() => this.staged.stage(slice, options));
  }

  /** Rewrites the checkpoint for another number of lanes, all of which are even; nothing is open. */
  async relane(count: number, revision: number, options: ApplyOptions): Promise<void> {
    if (!this.isEven || this.isStaged) throw new Error('relane: lanes are not even');
    const write = async (session: TargetSession): Promise<Written<void>> => {
      const place = this.reached;
      const move = this.moveOf('all', session, { end: place, revision });
      const { statements, question, lanes } = relaneStatements(move, count);
      const [found] = await session.execute(statements.slice(0, 1));
      await expectFound(session, move, found ?? 0);
      await session.execute(statements.slice(1));
      return { result: undefined, question, committed: () => this.rows.relaned(lanes, place) };
    };
    await this.first.whileBusy(() => commitInPlace(this.first, write, options));
    for (const lane of this.lanes.slice(count)) await lane.close();
    this.lanes = Array.from({ length: count }, (_, index) => this.lanes[index] ?? this.laneOf(index));
  }

  /** Asks the target something, on the open transaction's session where there is one; leaves nothing behind. */
  ask<T>(question: (session: TargetSession) => Promise<T>, options: ApplyOptions): Promise<T> {
    if (this.isStaged) return this.staged.ask(question);
    return this.first.repeat(async (session) => {
      const answer = await question(session);
      await session.rollback();
      return answer;
    }, options);
  }

  /** Keeps silent sessions from being ended. Throws TARGET_TRANSACTION_LOST when an open transaction went with its session. */
  async keepAlive(): Promise<void> {
    await this.staged.keepAlive();
    for (const lane of this.lanes) if (!(lane === this.first && this.isStaged)) await lane.keepAlive();
  }

  async close(): Promise<void> {
    await Promise.all(this.lanes.map((lane) => lane.close()));
  }

  /** Ends all sessions at once: the statements in hand fail, and the server rolls back. */
  destroy(): void {
    for (const lane of this.lanes) lane.destroy();
  }

  /** The lane that writes the unit. */
  private writerOf(lane: number | 'all'): Lane {
    return lane === 'all' ? this.first : must(this.lanes[lane], 'units name lanes that there are');
  }

  /** The lanes that the first unit moves: its own and those without rows. */
  private withIdle(named: readonly (number | 'all')[]): readonly number[] {
    const others = new Set(named.slice(1));
    return this.lanes.map((_, index) => index).filter((index) => !others.has(index));
  }

  private async commit(
    to: {
      readonly lane: Lane;
      readonly indexes: readonly number[];
      readonly end: Place;
      readonly committed: () => void;
    },
    unit: LaneUnit,
    options: ApplyOptions,
  ): Promise<readonly Conflict[]> {
    const write = async (session: TargetSession): Promise<Written<readonly Conflict[]>> => {
      const planned = await unit.plan(session);
      const move = this.moveOf(to.indexes, session, { end: to.end, revision: unit.revision });
      const start = startWithMove(session, move);
      const result = await confirmed(session, { unit, planned }, () => writeUnit(session, start, planned, unit.how));
      await closeUnit(unit, session);
      const committed = (): void => {
        this.rows.moved(move);
        unit.committed?.();
        to.committed();
      };
      return { result, question: questionOf(move), committed };
    };
    const conflicts = await to.lane.whileBusy(() => commitInPlace(to.lane, write, options));
    this.committedApart.push(...conflicts);
    return conflicts;
  }

  private moveOf(
    indexes: readonly number[] | 'all',
    session: TargetSession,
    to: { readonly end: Place | null; readonly revision: number },
  ): CheckpointMove {
    const chosen = indexes === 'all' ? this.lanes.map((_, index) => index) : indexes;
    // A lane with a session of its own is named by that: it may hold the row's lock when another loader claims.
    const sessionOf = (index: number): number => this.lanes[index]?.sessionId ?? session.info.sessionId;
    return this.rows.moveOf(chosen, { ...to, sessionOf });
  }

  private laneOf(index: number, session: TargetSession | null = null): Lane {
    const { serverId } = this.info;
    const opened = async (own: TargetSession): Promise<void> => {
      const row = this.rows.steps()[index];
      if (row !== undefined) await recordSession(own, this.claim, row.lane);
    };
    return new Lane(this.access, { serverId, opened }, session);
  }
}
