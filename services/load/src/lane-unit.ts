import type { Place } from '@lutra/model';
import type { TargetSession, TargetStatement } from '@lutra/sql';
import type { PlannedStatement } from './plan/planned-statement.ts';
import type { WriteHow } from './write/write-how.ts';

/** Rows of one target transaction, or of a slice of one. */
export interface LaneUnit {
  readonly revision: number;
  /** The policies that its rows are written by. */
  readonly how: WriteHow;
  /** Gives the statements; asked again at each attempt, since the tables may have changed. */
  plan(session: TargetSession): Promise<readonly PlannedStatement[]>;
  /**
   * Asked when the rows are written, before the COMMIT, and when they were refused. Throws TARGET_SHAPE_CHANGED when the plan
   * was made for tables that have changed since.
   */
  confirm?(session: TargetSession, planned: readonly PlannedStatement[]): Promise<void>;
  /** Stand behind all rows, in the same transaction. */
  closing?(session: TargetSession): readonly TargetStatement[];
  /** The transaction is committed: what {@link closing} gave last stands at the target. */
  committed?(): void;
}

/** A run of whole processes: one unit of all lanes, or units of different lanes that do not depend on one another. */
export interface LaneSegment {
  /** Place of the source once the segment is in the target. */
  readonly end: Place;
  /** At least one. Lanes that none names are moved by the first. */
  readonly units: readonly { readonly lane: number | 'all'; readonly unit: LaneUnit }[];
}

export async function closeUnit(unit: LaneUnit, session: TargetSession): Promise<void> {
  const closing = unit.closing?.(session) ?? [];
  if (closing.length > 0) await session.execute(closing);
}
