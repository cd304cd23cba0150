import { plannedAlone, planStatements } from '../plan/plan-statements.ts';
import type { PlannedStatement, WritableRow } from '../plan/planned-statement.ts';

const LIMITS = { rowsMax: 500, charactersMax: 262_144 };

/** The same rows as the source wrote them: unmerged, one after the other. Null when the statements have them so already. */
export function inSourceOrder(planned: readonly PlannedStatement[]): readonly PlannedStatement[] | null {
  // What replaces a row stands in two statements, with the same sources.
  const sources = new Set(planned.flatMap(({ rows }) => rows.flatMap((row) => row.sources)));
  const given = [...sources];
  const ordered = [...sources].sort(bySource);
  const isMerged = planned.some(({ rows }) => rows.some((row) => row.sources.length !== 1));
  if (!isMerged && ordered.every((row, index) => row === given[index])) return null;
  return planStatements(
    ordered.map((row) => plannedAlone(row)),
    LIMITS,
  );
}

function bySource(one: WritableRow, other: WritableRow): number {
  const [left, right] = [placeOf(one), placeOf(other)];
  for (const [index, number] of left.entries()) if (number !== right[index]) return number - (right[index] ?? 0);
  return 0;
}

const placeOf = ({ origin, change }: WritableRow): readonly number[] => [
  origin.transaction.seq,
  change.event,
  change.row,
  change.part,
];
