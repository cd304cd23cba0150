import type { Place } from '@lutra/model';
import type { TargetInfo, TargetSession } from '@lutra/sql';
import type { LaneWork } from '../block-watch.ts';
import { Lane } from '../lane.ts';
import type { ApplyOptions } from '../lane.ts';
import type { LaneSet } from '../lane-set.ts';
import type { LaneSegment, LaneUnit } from '../lane-unit.ts';
import type { TargetAccess } from '../target-access.ts';
import type { Conflict } from '../write/conflict.ts';
import type { DryRunReport } from './dry-run-report.ts';

/** What the rest of load needs of its lanes, whether they write or only say what they would. */
export type Lanes = Pick<LaneSet, keyof LaneSet>;

/**
 * Lanes of a dry run: they plan every unit for the tables as they stand, report its statements and leave the target as it is.
 * There is no checkpoint to move; the place is what the cursor's bucket keeps.
 */
export class DryLanes implements Lanes {
  private readonly lane: Lane;
  private laneCount: number;
  private place: Place;
  readonly info: TargetInfo;
  readonly claimed: readonly Place[];
  /** Asked where lanes are uneven only. */
  readonly claimedRevision = 0;
  readonly isEven = true;
  readonly isStaged = false;
  readonly unreported: readonly Conflict[] = [];

  constructor(
    access: TargetAccess,
    claimed: { readonly session: TargetSession; readonly place: Place; readonly lanes: number },
    private readonly report: DryRunReport,
  ) {
    this.info = claimed.session.info;
    this.place = claimed.place;
    this.claimed = [claimed.place];
    this.laneCount = claimed.lanes;
    this.lane = new Lane(access, { serverId: this.info.serverId, opened: () => Promise.resolve() }, claimed.session);
  }

  get count(): number {
    return this.laneCount;
  }

  get reached(): Place {
    return this.place;
  }

  get work(): readonly LaneWork[] {
    return [this.lane.work];
  }

  async apply({ end, units }: LaneSegment, options: ApplyOptions): Promise<readonly Conflict[]> {
    for (const { unit } of units) await this.stage(unit, options);
    this.place = end;
    return [];
  }

  async stage(slice: LaneUnit, options: ApplyOptions): Promise<readonly Conflict[]> {
    const plan = async (session: TargetSession): Promise<void> => {
      const planned = await slice.plan(session);
      await slice.confirm?.(session, planned);
      await session.rollback();
      this.report.add(planned);
    };
    await this.lane.whileBusy(() => this.lane.repeat(plan, options));
    return [];
  }

  relane(count: number): Promise<void> {
    this.laneCount = count;
    return Promise.resolve();
  }

  ask<T>(question: (session: TargetSession) => Promise<T>, options: ApplyOptions): Promise<T> {
    return this.lane.repeat(async (session) => {
      const answer = await question(session);
      await session.rollback();
      return answer;
    }, options);
  }

  keepAlive(): Promise<void> {
    return this.lane.keepAlive();
  }

  close(): Promise<void> {
    return this.lane.close();
  }

  destroy(): void {
    this.lane.destroy();
  }
}
