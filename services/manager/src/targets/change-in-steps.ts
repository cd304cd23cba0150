import type { TargetSession, TargetStatement } from '@lutra/sql';
import type { TargetChangeDto } from './target-list.dto.ts';

/** Rows of one statement, and statements of one request: load waits for none of them for long. */
export const STEP_ROWS_MAX = 1_000;
const STEPS_MAX = 10;

/**
 * Runs a statement that is limited to {@link STEP_ROWS_MAX} rows until nothing is left, or enough is done; each step is a
 * transaction of its own, audited before it is committed.
 */
export async function changeInSteps(
  session: TargetSession,
  next: TargetStatement,
  audit: (count: number) => Promise<void>,
): Promise<TargetChangeDto> {
  let count = 0;
  for (let done = 0; done < STEPS_MAX; done += 1) {
    const [found = 0] = await session.execute([next]);
    if (found > 0) await audit(found);
    await session.commit();
    count += found;
    if (found < STEP_ROWS_MAX) return { count, isMore: false };
  }
  return { count, isMore: true };
}
