import { SyncError } from '@lutra/model';
import type { CheckpointClaim } from './checkpoint.ts';
import type { TargetSession } from './target-session.ts';

export function fenced(session: TargetSession, { pipelineId, epoch, owner }: CheckpointClaim): SyncError {
  const problem = `The checkpoint of ${pipelineId} at ${session.info.address} belongs to another loader than ${owner} in epoch ${String(epoch)}`;
  return new SyncError('TARGET_FENCED', { problem, epoch });
}

export function checkpointMissing(session: TargetSession, pipelineId: string): SyncError {
  const problem = `A checkpoint row of ${pipelineId} has disappeared from lutra.checkpoint at ${session.info.address}`;
  return new SyncError('TARGET_CHECKPOINT_MISSING', { problem });
}
