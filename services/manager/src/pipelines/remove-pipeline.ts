import type { EntityManager } from 'typeorm';
import { SyncError } from '@lutra/model';
import type { Coordinator } from '@lutra/coordination';
import { recordAudit } from '../audit/record-audit.ts';
import type { Caller } from '../http/token.guard.ts';
import { MappingEntity } from '../mappings/mapping.entity.ts';
import { DefinitionEntity } from '../publishing/definition.entity.ts';
import type { RemovalDto } from '../removals/removal.dto.ts';
import { beginRemoval } from '../removals/removal.service.ts';
import { RevisionEntity } from '../revisions/revision.entity.ts';
import { PipelineEntity } from './pipeline.entity.ts';
import { pipelineDtoOf } from './describe-pipeline.ts';

/** Only a pipeline that stands still for good may go. True when it has ever run. Throws RESOURCE_CONFLICT. */
export async function requireStopped(coordinator: Coordinator, pipelineId: string): Promise<boolean> {
  const permit = (await coordinator.permit(pipelineId))?.permit ?? null;
  const state = permit?.state ?? 'STOPPED';
  if (state === 'STOPPED') return permit !== null;
  const problem = `The pipeline is ${state}: send it the command STOP and wait until it has stopped`;
  throw new SyncError('RESOURCE_CONFLICT', { problem, state, pipelineId });
}

/** Removes a pipeline's configuration in the caller's transaction, and notes what is left to do elsewhere. */
export async function removePipeline(
  manager: EntityManager,
  pipeline: PipelineEntity,
  by: { readonly caller: Caller; readonly at: Date; readonly hasRun: boolean },
): Promise<RemovalDto> {
  const { id } = pipeline;
  const removal = await beginRemoval(manager, pipeline, by);
  const before = pipelineDtoOf(pipeline);
  await manager.delete(MappingEntity, { pipelineId: id });
  await manager.delete(RevisionEntity, { pipelineId: id });
  await manager.delete(PipelineEntity, { id });
  await manager.update(DefinitionEntity, { pipelineId: id }, { isRemoved: true, isPublished: false });
  const write = { action: 'delete', resource: 'pipeline', resourceId: id, before, after: null } as const;
  await recordAudit(manager, write, by);
  return removal;
}
