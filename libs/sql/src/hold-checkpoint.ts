import { SyncError } from '@lutra/model';
import { readCheckpoint } from './checkpoint.ts';
import type { CheckpointClaim } from './checkpoint.ts';
import type { TargetSession } from './target-session.ts';

/**
 * The fence for a transaction that leaves the place where it is: locks the rows of all lanes, so that no unit is under way
 * and no other loader can claim until it ends. Throws TARGET_FENCED when the checkpoint is another's; rolls back then.
 */
export async function holdCheckpoint(session: TargetSession, claim: CheckpointClaim): Promise<void> {
  const { pipelineId, epoch, owner } = claim;
  const rows = await readCheckpoint(session, pipelineId, { lock: true });
  if (rows.length > 0 && rows.every((row) => row.epoch === epoch && row.owner === owner)) return;
  await session.rollback();
  const problem = `The checkpoint of ${pipelineId} at ${session.info.address} belongs to another loader than ${owner} in epoch ${String(epoch)}`;
  throw new SyncError('TARGET_FENCED', { problem, epoch });
}
