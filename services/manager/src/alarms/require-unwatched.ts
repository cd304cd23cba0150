import type { EntityManager } from 'typeorm';
import { SyncError } from '@lutra/model';
import type { Caller } from '../access/caller.ts';
import { AlarmRuleEntity, readableRule } from './alarm-rule.entity.ts';

/**
 * Throws RESOURCE_CONFLICT, listing the alarm rules that name one of the pipelines: none of them watches less than it says
 * because of a removal elsewhere. A caller that is limited to channels learns only how many rules there are.
 */
export async function requireUnwatched(
  manager: EntityManager,
  pipelines: readonly { readonly id: string; readonly name: string }[],
  caller: Caller,
): Promise<void> {
  if (pipelines.length === 0) return;
  const rules = await manager.find(AlarmRuleEntity, { order: { id: 'ASC' } });
  for (const { id, name } of pipelines) {
    const watching = rules.filter((rule) => readableRule(rule).scope?.pipelineIds.includes(id) === true);
    if (watching.length === 0) continue;
    throw new SyncError('RESOURCE_CONFLICT', {
      problem: `Pipeline ${name} is named by ${String(watching.length)} alarm rules: take it out of their scope, or remove them, first`,
      pipelineId: id,
      ...(caller.channelIds === null ? { alarmRules: watching.map((rule) => ({ id: rule.id, name: rule.name })) } : {}),
    });
  }
}
