import { restate } from '../plan/plan-statements.ts';
import type { PlannedStatement } from '../plan/planned-statement.ts';
import type { DeadLetterBox } from './dead-letter-box.ts';

/** The statements without the rows that follow a dead letter or that a mapping has refused; those go into the box, in order. */
export function holdBack(planned: readonly PlannedStatement[], box: DeadLetterBox): readonly PlannedStatement[] {
  return planned.flatMap((statement) => {
    const free = statement.rows.filter((row) => !box.takeIfHeld(row) && !box.takeIfRefused(row));
    if (free.length === statement.rows.length) return [statement];
    return free.length === 0 ? [] : [restate(statement, free)];
  });
}
