import { In } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { must } from '@lutra/model';
import { ChannelEntity } from '../channels/channel.entity.ts';
import { DataSourceEntity } from '../data-sources/data-source.entity.ts';
import { MappingEntity } from '../mappings/mapping.entity.ts';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import type { StoredPipeline } from './channel-document.ts';

export const findChannel = (manager: EntityManager, name: string): Promise<ChannelEntity | null> =>
  manager.findOneBy(ChannelEntity, { name });

/** All pipelines of a channel with what belongs to them. */
export async function readPipelines(manager: EntityManager, channel: ChannelEntity): Promise<StoredPipeline[]> {
  const pipelines = await manager.find(PipelineEntity, { where: { channelId: channel.id }, order: { name: 'ASC' } });
  const mappings = await manager.find(MappingEntity, {
    where: { pipelineId: In(pipelines.map(({ id }) => id)) },
    order: { id: 'ASC' },
  });
  const dataSources = await manager.find(DataSourceEntity, { select: { id: true, name: true } });
  const names = new Map(dataSources.map(({ id, name }) => [id, name]));
  return pipelines.map((pipeline) => ({
    pipeline,
    source: must(names.get(pipeline.sourceId), 'a foreign key holds it'),
    target: must(names.get(pipeline.targetId), 'a foreign key holds it'),
    mappings: mappings.filter(({ pipelineId }) => pipelineId === pipeline.id),
  }));
}
