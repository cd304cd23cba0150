import { In } from 'typeorm';
import type { EntityManager, EntityTarget, FindOptionsWhere } from 'typeorm';
import { ChannelEntity } from '../channels/channel.entity.ts';
import { refuseField } from '../http/refuse-field.ts';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import { ReceiverEntity } from '../receivers/receiver.entity.ts';
import { ALARM_KINDS } from './alarm-kind.ts';
import type { AlarmRuleEntity } from './alarm-rule.entity.ts';
import { isTimeZone } from './schedule.ts';

type Named = Pick<AlarmRuleEntity, 'receiverIds' | 'scope'>;

/**
 * Throws REQUEST_INVALID, naming the field, for a rule that makes no sense as a whole or newly names what is not there. What
 * it named before (`before`) may have gone since: that is no reason against another threshold.
 */
export async function checkRule(
  manager: EntityManager,
  rule: AlarmRuleEntity,
  before: Named = { receiverIds: [], scope: null },
): Promise<void> {
  checkFields(rule);
  checkRecovery(rule);
  const { receiverIds, scope } = rule;
  const added = (ids: readonly string[] = [], known: readonly string[] = []): readonly string[] =>
    ids.filter((id) => !known.includes(id));
  const pipelineIds = added(scope?.pipelineIds, before.scope?.pipelineIds);
  const channelIds = added(scope?.channelIds, before.scope?.channelIds);
  await requireAll(manager, ReceiverEntity, { field: 'receiverIds', ids: added(receiverIds, before.receiverIds) });
  await requireAll(manager, PipelineEntity, { field: 'scope.pipelineIds', ids: pipelineIds });
  await requireAll(manager, ChannelEntity, { field: 'scope.channelIds', ids: channelIds });
}

/** What scopes name and is there no more, of pipelines and channels. */
export async function lostMembers(
  manager: EntityManager,
  scopes: readonly AlarmRuleEntity['scope'][],
): Promise<ReadonlySet<string>> {
  const pipelineIds = scopes.flatMap((scope) => scope?.pipelineIds ?? []);
  const channelIds = scopes.flatMap((scope) => scope?.channelIds ?? []);
  const lost = [
    ...(await missingOf(manager, PipelineEntity, pipelineIds)),
    ...(await missingOf(manager, ChannelEntity, channelIds)),
  ];
  return new Set(lost);
}

function checkFields({ kind, threshold, keyword, scope, schedule }: AlarmRuleEntity): void {
  const { unit, minThreshold, maxThreshold, isOfPipelines } = ALARM_KINDS[kind];
  if (threshold < minThreshold || threshold > maxThreshold)
    refuseField(
      'threshold',
      `threshold must be from ${String(minThreshold)} to ${String(maxThreshold)} ${unit} for ${kind}`,
    );
  if (kind === 'errorKeyword' && keyword === null) refuseField('keyword', 'keyword is needed for errorKeyword');
  if (kind !== 'errorKeyword' && keyword !== null)
    refuseField('keyword', `keyword belongs to errorKeyword: ${kind} has none`);
  if (!isOfPipelines && scope !== null)
    refuseField('scope', `scope belongs to pipelines: ${kind} is about the installation`);
  if (scope?.pipelineIds.length === 0 && scope.channelIds.length === 0)
    refuseField('scope', 'scope must name a pipeline or a channel, or be null for all');
  if (schedule !== null && !isTimeZone(schedule.timeZone))
    refuseField('schedule.timeZone', "schedule.timeZone must be an IANA name, such as 'Europe/Berlin'");
}

function checkRecovery({ kind, recovery, repeatMs }: AlarmRuleEntity): void {
  if (recovery === null) return;
  const { restartAt, stopAt } = recovery;
  if (!ALARM_KINDS[kind].isOfPipelines)
    refuseField('recovery', `recovery is about a pipeline: ${kind} is about the installation`);
  if (restartAt === null && stopAt === null)
    refuseField('recovery', 'recovery must have restartAt or stopAt, or be null');
  if (restartAt !== null && stopAt !== null && stopAt <= restartAt)
    refuseField('recovery.stopAt', 'recovery.stopAt must be greater than recovery.restartAt');
  if (repeatMs === null && Math.max(restartAt ?? 1, stopAt ?? 1) > 1)
    refuseField(
      'repeatMs',
      'repeatMs is needed: without it an alarm is told once, and recovery waits for a later telling',
    );
}

async function requireAll<E extends { id: string }>(
  manager: EntityManager,
  entity: EntityTarget<E>,
  { field, ids }: { readonly field: string; readonly ids: readonly string[] },
): Promise<void> {
  const missing = await missingOf(manager, entity, ids);
  if (missing.length > 0) refuseField(field, `${field} names what is not there: ${missing.join(', ')}`);
}

async function missingOf<E extends { id: string }>(
  manager: EntityManager,
  entity: EntityTarget<E>,
  ids: readonly string[],
): Promise<readonly string[]> {
  if (ids.length === 0) return [];
  const found = await manager.find(entity, { where: { id: In([...ids]) } as FindOptionsWhere<E> });
  const known = new Set(found.map(({ id }) => id));
  return ids.filter((id) => !known.has(id));
}
