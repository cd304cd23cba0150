import { In } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { must } from '@lutra/model';
import { AlarmRuleEntity, readableRule } from '../alarms/alarm-rule.entity.ts';
import { ChannelEntity } from '../channels/channel.entity.ts';
import { DataSourceEntity } from '../data-sources/data-source.entity.ts';
import { MappingEntity } from '../mappings/mapping.entity.ts';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import { ReceiverEntity } from '../receivers/receiver.entity.ts';
import { exactly } from '../store/exactly.ts';
import type { StoredRule } from './alarm-rule-document.ts';
import type { StoredChannel, StoredPipeline } from './channel-document.ts';

export const findChannel = async (manager: EntityManager, name: string): Promise<ChannelEntity | null> =>
  exactly(await manager.findOneBy(ChannelEntity, { name }), 'name', name);

/** A channel with all that belongs to it. */
export async function readChannel(manager: EntityManager, channel: ChannelEntity): Promise<StoredChannel> {
  const pipelines = await readPipelines(manager, channel);
  return { channel, pipelines, rules: await readRules(manager, channel, pipelines) };
}

async function readPipelines(manager: EntityManager, channel: ChannelEntity): Promise<StoredPipeline[]> {
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
    dataSources: names,
    mappings: mappings.filter(({ pipelineId }) => pipelineId === pipeline.id),
  }));
}

/**
 * The rules that are about this channel and no other. One that names pipelines of several channels, or is about the
 * installation, belongs to no channel. A pipeline that was removed meanwhile is nobody's.
 */
async function readRules(
  manager: EntityManager,
  channel: ChannelEntity,
  stored: readonly StoredPipeline[],
): Promise<StoredRule[]> {
  const own = new Map(stored.map(({ pipeline }) => [pipeline.id, pipeline.name]));
  const all = await manager.find(PipelineEntity, { select: { id: true } });
  const others = new Set(all.map(({ id }) => id).filter((id) => !own.has(id)));
  const receivers = await manager.find(ReceiverEntity, { select: { id: true, name: true } });
  const receiverNames = new Map(receivers.map(({ id, name }) => [id, name]));
  const rules = (await manager.find(AlarmRuleEntity, { order: { name: 'ASC' } })).map(readableRule);
  return rules.flatMap((rule) => {
    if (rule.scope === null) return [];
    const { channelIds, pipelineIds } = rule.scope;
    if (channelIds.some((id) => id !== channel.id) || pipelineIds.some((id) => others.has(id))) return [];
    const pipelines = channelIds.length > 0 ? null : namesOf(pipelineIds, own);
    return pipelines?.length === 0 ? [] : [{ rule, pipelines, receivers: namesOf(rule.receiverIds, receiverNames) }];
  });
}

const namesOf = (ids: readonly string[], names: ReadonlyMap<string, string>): string[] =>
  ids
    .map((id) => names.get(id))
    .filter((name) => name !== undefined)
    .sort();
