import type { EntityManager } from 'typeorm';
import { completeParameters } from '@lutra/model';
import type { Plain } from '../http/plain.ts';
import { resourceDtoOf } from '../http/resource.dto.ts';
import { MappingEntity } from '../mappings/mapping.entity.ts';
import { mappingDtoOf } from '../mappings/mapping.service.ts';
import type { PipelineDetailDto, PipelineDto } from './pipeline.dto.ts';
import type { PipelineEntity } from './pipeline.entity.ts';

/** A pipeline with its mappings. */
export async function pipelineDetailOf(
  manager: EntityManager,
  pipeline: PipelineEntity,
): Promise<Plain<PipelineDetailDto>> {
  const mappings = await manager.find(MappingEntity, { where: { pipelineId: pipeline.id }, order: { id: 'ASC' } });
  return { ...pipelineDtoOf(pipeline), mappings: mappings.map(mappingDtoOf) };
}

export const pipelineDtoOf = (entity: PipelineEntity): Plain<PipelineDto> => ({
  ...resourceDtoOf(entity),
  channelId: entity.channelId,
  name: entity.name,
  sourceId: entity.sourceId,
  targetId: entity.targetId,
  revision: entity.revision,
  parameters: completeParameters(entity.parameters),
  start: entity.start,
});
