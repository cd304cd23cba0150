import type { Place } from '@lutra/model';
import { placeLiterals, readCheckpoint } from './checkpoint.ts';
import type { CheckpointClaim, CheckpointRow } from './checkpoint.ts';
import { checkpointMissing, fenced } from './checkpoint-failure.ts';
import { quoteText } from './sql-text.ts';
import type { TargetSession } from './target-session.ts';

/**
 * Puts all lanes of a pipeline that does not run to one place, and gives the rows as they were; the caller commits. `claim`
 * names the epoch of the permit that stands: a loader of that epoch or of an older one is fenced by it, one of a later epoch
 * claims behind it and finds the place, or was faster and is not disturbed. Throws TARGET_FENCED then, and
 * TARGET_CHECKPOINT_MISSING for a pipeline without a place.
 */
export async function setPlace(
  session: TargetSession,
  claim: CheckpointClaim,
  place: Place,
): Promise<readonly CheckpointRow[]> {
  const { pipelineId, epoch, owner } = claim;
  const before = await readCheckpoint(session, pipelineId, { lock: true });
  if (before.length === 0) throw checkpointMissing(session, pipelineId);
  if (before.some((row) => row.epoch > epoch)) throw fenced(session, claim);
  const [done, inside] = placeLiterals(place);
  // No session writes under this claim: there is none that a later one would have to end.
  const sql =
    `UPDATE \`lutra\`.\`checkpoint\` SET epoch = ${String(epoch)}, owner = ${quoteText(owner)}, step = step + 1, ` +
    `done = ${done}, inside = ${inside}, session_id = 0, applied_at = UTC_TIMESTAMP(6) ` +
    `WHERE pipeline_id = ${quoteText(pipelineId)}`;
  await session.execute([{ sql }]);
  return before;
}
