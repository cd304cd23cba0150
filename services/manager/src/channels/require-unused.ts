import type { EntityManager } from 'typeorm';
import { SyncError } from '@lutra/model';
import type { Caller } from '../access/caller.ts';
import { AlarmRuleEntity, readableRule } from '../alarms/alarm-rule.entity.ts';
import { ApiKeyEntity } from '../api-keys/api-key.entity.ts';
import { DataSourceEntity } from '../data-sources/data-source.entity.ts';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import { UserEntity } from '../users/user.entity.ts';
import type { ChannelEntity } from './channel.entity.ts';

interface Named {
  readonly id: string;
  readonly name: string;
}

/**
 * Throws RESOURCE_CONFLICT, listing who names the channel: its pipelines, the users and API keys that are limited to it, the
 * alarm rules that watch it, the data sources that are shared with it. Nobody's limits change by a removal elsewhere. A caller
 * that is limited to channels learns of all but the pipelines only how many there are.
 */
export async function requireUnused(manager: EntityManager, channel: ChannelEntity, caller: Caller): Promise<void> {
  const { id, name } = channel;
  const limitedTo = ({ channelIds }: { readonly channelIds: readonly string[] | null }): boolean =>
    channelIds?.includes(id) === true;
  const order = { id: 'ASC' } as const;
  const watches = (rule: AlarmRuleEntity): boolean => readableRule(rule).scope?.channelIds.includes(id) === true;
  const users = {
    pipelines: await manager.find(PipelineEntity, { where: { channelId: id }, order }),
    users: (await manager.find(UserEntity, { order })).filter(limitedTo),
    apiKeys: (await manager.find(ApiKeyEntity, { order })).filter(limitedTo),
    alarmRules: (await manager.find(AlarmRuleEntity, { order })).filter(watches),
    dataSources: (await manager.find(DataSourceEntity, { order })).filter(limitedTo),
  };
  const used = Object.entries<readonly Named[]>(users).filter(([, them]) => them.length > 0);
  if (used.length === 0) return;
  const counts = used.map(([kind, them]) => `${String(them.length)} ${WORDS[kind] ?? kind}`).join(', ');
  const shown = used.filter(([kind]) => kind === 'pipelines' || caller.channelIds === null);
  throw new SyncError('RESOURCE_CONFLICT', {
    problem: `Channel ${name} is named by ${counts}: change or remove them first`,
    ...Object.fromEntries(shown.map(([kind, them]) => [kind, them.map((one) => ({ id: one.id, name: one.name }))])),
  });
}

const WORDS: Readonly<Record<string, string>> = {
  pipelines: 'pipelines',
  users: 'users',
  apiKeys: 'API keys',
  alarmRules: 'alarm rules',
  dataSources: 'data sources',
};
