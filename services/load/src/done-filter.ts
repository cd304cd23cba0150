import { containsTransaction, isSamePlace } from '@lutra/model';
import type { Place, ProcessHeader, RowChange, RowTransaction } from '@lutra/model';

/** Gives the lane of a row by index; 'several' for one that is written by all lanes together. */
export type LaneOfChange = (change: RowChange) => number | 'several';

/** Says which rows the places that were read at the claim already hold. */
export interface DoneFilter {
  /** Whether nothing of the transaction is left for any lane. */
  isDone(gtid: string): boolean;
  /** The rows of the transaction that are still to be applied, in order. `laneOf` is asked only of rows that some lanes have, and others not. */
  remaining(
    header: Pick<ProcessHeader, 'serverUuid'>,
    transaction: RowTransaction,
    laneOf: LaneOfChange,
  ): readonly RowChange[];
}

/**
 * A row is skipped when the place that its own lane had at the claim holds it; a row that belongs to several lanes when every
 * place does. `claimed`: one place for each lane.
 *
 * A transaction that is a member of `done` is skipped whole. Of the transaction that the place stands in, the rows before
 * the place are skipped, but only when the same server sent it: another server cuts it into other events, so it is
 * replayed from its start.
 */
export function doneFilter(claimed: readonly Place[]): DoneFilter {
  const [first] = claimed;
  if (first === undefined) throw new Error('doneFilter: no lane');
  const isEven = claimed.every((place) => isSamePlace(place, first));
  return {
    isDone: (gtid) => (isEven ? [first] : claimed).every(({ done }) => containsTransaction(done, gtid)),
    remaining: ({ serverUuid }, transaction, laneOf) => {
      const { gtid, changes } = transaction;
      if (isEven) return remainingAt(first, serverUuid, transaction);
      const holds = claimed.map((place) => heldOf(place, gtid, serverUuid));
      if (holds.every((held) => held === 'nothing')) return changes;
      return changes.filter((change) => {
        const having = holds.filter((held) => isHeld(held, change)).length;
        if (having === 0 || having === holds.length) return having === 0;
        const lane = laneOf(change);
        return lane === 'several' || !isHeld(holds[lane] ?? 'nothing', change);
      });
    },
  };
}

/** What a place holds of one transaction: the rows before (event, row), or all, or nothing. */
type Held = 'all' | 'nothing' | { readonly event: number; readonly row: number };

function remainingAt(place: Place, serverUuid: string, { gtid, changes }: RowTransaction): readonly RowChange[] {
  const held = heldOf(place, gtid, serverUuid);
  if (held === 'all') return [];
  return held === 'nothing' ? changes : changes.filter((change) => !isHeld(held, change));
}

function heldOf({ done, inside }: Place, gtid: string, serverUuid: string): Held {
  if (containsTransaction(done, gtid)) return 'all';
  return inside === null || inside.gtid !== gtid || inside.serverUuid !== serverUuid ? 'nothing' : inside;
}

function isHeld(held: Held, { event, row }: RowChange): boolean {
  if (held === 'all' || held === 'nothing') return held === 'all';
  return event < held.event || (event === held.event && row < held.row);
}
