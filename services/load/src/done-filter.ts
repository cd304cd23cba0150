import { containsTransaction } from '@lutra/model';
import type { Place, ProcessHeader, RowChange, RowTransaction } from '@lutra/model';

/** Says which rows the place that was read at the claim already holds. */
export interface DoneFilter {
  /** The rows of the transaction that are still to be applied, in order. */
  remaining(header: Pick<ProcessHeader, 'serverUuid'>, transaction: RowTransaction): readonly RowChange[];
}

/**
 * A transaction that is a member of `done` is skipped whole. Of the transaction that the place stands in, the rows before
 * the place are skipped, but only when the same server sent it: another server cuts it into other events, so it is
 * replayed from its start.
 */
export function doneFilter({ done, inside }: Place): DoneFilter {
  return {
    remaining: ({ serverUuid }, transaction) => {
      const { gtid, changes } = transaction;
      if (containsTransaction(done, gtid)) return [];
      if (inside === null || inside.gtid !== gtid || inside.serverUuid !== serverUuid) return changes;
      return changes.filter(({ event, row }) => event > inside.event || (event === inside.event && row >= inside.row));
    },
  };
}
