import type { EntityManager } from 'typeorm';
import { recordAudit } from '../audit/record-audit.ts';
import type { Caller } from '../http/token.guard.ts';
import { MappingEntity } from '../mappings/mapping.entity.ts';
import { DefinitionEntity } from '../publishing/definition.entity.ts';
import type { RemovalDto } from '../removals/removal.dto.ts';
import { beginRemoval } from '../removals/removal.service.ts';
import { RevisionEntity } from '../revisions/revision.entity.ts';
import { PipelineEntity } from './pipeline.entity.ts';
import { pipelineDtoOf } from './describe-pipeline.ts';
import type { Removable } from './removal-gate.ts';

/**
 * Removes a pipeline's configuration in the caller's transaction, and notes what is left to do elsewhere. The audit entry tells
 * of dead letters that go with it.
 */
export async function removePipeline(
  manager: EntityManager,
  pipeline: PipelineEntity,
  by: { readonly caller: Caller; readonly at: Date; readonly removable: Removable },
): Promise<RemovalDto> {
  const { id } = pipeline;
  const { caller, at, removable } = by;
  const { hasRun, lettersDiscarded } = removable;
  const removal = await beginRemoval(manager, pipeline, { caller, at, hasRun });
  const before = { ...pipelineDtoOf(pipeline), ...(lettersDiscarded === 0 ? {} : { lettersDiscarded }) };
  await manager.delete(MappingEntity, { pipelineId: id });
  await manager.delete(RevisionEntity, { pipelineId: id });
  await manager.delete(PipelineEntity, { id });
  await manager.update(DefinitionEntity, { pipelineId: id }, { isRemoved: true, isPublished: false });
  const write = { action: 'delete', resource: 'pipeline', resourceId: id, before, after: null } as const;
  await recordAudit(manager, write, by);
  return removal;
}
