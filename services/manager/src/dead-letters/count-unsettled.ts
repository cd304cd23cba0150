import { countDeadLetters, UNSETTLED_STATES } from '@lutra/sql';
import type { TargetSession } from '@lutra/sql';
import { inOwnTable } from '../targets/own-table.ts';

/** How many letters of a pipeline wait for a decision, or for load to carry it out. */
export const countUnsettled = (session: TargetSession, pipelineId: string): Promise<number> =>
  inOwnTable(session, { table: 'dead_letter', otherwise: 0 }, () =>
    countDeadLetters(session, { pipelineIds: [pipelineId], states: UNSETTLED_STATES }),
  );
