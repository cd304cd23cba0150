import { In } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { ulid } from 'ulid';
import { must, SyncError } from '@lutra/model';
import { requireInstallation } from '../access/access.ts';
import { AlarmRuleEntity } from '../alarms/alarm-rule.entity.ts';
import { alarmRuleDtoOf, newRule, removeRule, requireRoom, RULE_REVISIONS } from '../alarms/alarm-rule.service.ts';
import { checkRule } from '../alarms/check-rule.ts';
import type { AuditedWrite } from '../audit/record-audit.ts';
import { refuseField } from '../http/refuse-field.ts';
import type { Caller } from '../http/token.guard.ts';
import type { ChannelEntity } from '../channels/channel.entity.ts';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import { ReceiverEntity } from '../receivers/receiver.entity.ts';
import { structuralDiff } from '../revisions/structural-diff.ts';
import { alarmRuleDocumentOf, storedRuleContentOf } from './alarm-rule-document.ts';
import type { StoredRule } from './alarm-rule-document.ts';
import type { DocumentStepDto } from './document.dto.ts';
import { inside } from './read-document.ts';
import type { WantedRule } from './read-document.ts';

export interface RuleApplication {
  readonly manager: EntityManager;
  readonly channel: ChannelEntity;
  readonly at: Date;
  /** What the document does not name goes. */
  readonly isPruning: boolean;
  readonly caller: Caller;
  readonly step: (step: Pick<DocumentStepDto, 'action' | 'object' | 'name'> & Partial<DocumentStepDto>) => void;
  readonly audit: (write: AuditedWrite) => void;
}

/** The part of a document's application that is about alarm rules; after pipelines, which rules name. */
export async function applyAlarmRules(
  application: RuleApplication,
  stored: readonly StoredRule[],
  wanted: readonly WantedRule[],
): Promise<void> {
  const names = new Set(wanted.map(({ content }) => content.name));
  for (const one of stored) if (!names.has(one.rule.name)) await leave(application, one.rule);
  for (const rule of wanted) {
    const present = stored.find((one) => one.rule.name === rule.content.name);
    await (present === undefined ? create(application, rule) : change(application, present, rule));
  }
}

async function leave({ manager, isPruning, step, audit }: RuleApplication, rule: AlarmRuleEntity): Promise<void> {
  step({ action: 'delete', object: 'alarmRule', name: rule.name, isLeftOut: !isPruning });
  if (!isPruning) return;
  const before = await alarmRuleDtoOf(manager, rule);
  await removeRule(manager, rule.id);
  audit({ action: 'delete', resource: 'alarm-rule', resourceId: rule.id, before, after: null });
}

async function create(application: RuleApplication, wanted: WantedRule): Promise<void> {
  const { manager, at, step, audit } = application;
  // Before any look at what others have: names of theirs are not told either.
  requireInstallation(application.caller);
  const { name, kind } = wanted.content;
  if (await manager.existsBy(AlarmRuleEntity, { name })) {
    const problem = `${wanted.field}.name: there is an alarm rule ${name} that is not of this channel alone`;
    throw new SyncError('RESOURCE_CONFLICT', { problem });
  }
  await requireRoom(manager);
  const rule = Object.assign(new AlarmRuleEntity(), newRule(kind), { id: ulid(), createdAt: at });
  await set(application, rule, wanted);
  await RULE_REVISIONS.keep(manager, rule, null, application);
  step({ action: 'create', object: 'alarmRule', name });
  const after = await alarmRuleDtoOf(manager, rule);
  audit({ action: 'create', resource: 'alarm-rule', resourceId: rule.id, before: null, after });
}

async function change(application: RuleApplication, stored: StoredRule, wanted: WantedRule): Promise<void> {
  const { manager, step, audit } = application;
  const { rule } = stored;
  const now = storedRuleContentOf(stored);
  const differences = structuralDiff(alarmRuleDocumentOf(now), alarmRuleDocumentOf(wanted.content));
  if (differences.length === 0) return;
  requireInstallation(application.caller);
  if (now.kind !== wanted.content.kind)
    refuseField(
      `${wanted.field}.kind`,
      `${wanted.field}.kind: rule ${rule.name} stays ${now.kind}: another kind is another rule`,
    );
  const before = await alarmRuleDtoOf(manager, rule);
  const revised = RULE_REVISIONS.of(rule);
  await set(application, rule, wanted);
  await RULE_REVISIONS.keep(manager, rule, revised, application);
  step({ action: 'change', object: 'alarmRule', name: rule.name, differences });
  const after = await alarmRuleDtoOf(manager, rule);
  audit({ action: 'update', resource: 'alarm-rule', resourceId: rule.id, before, after });
}

async function set(
  { manager, channel, at }: RuleApplication,
  rule: AlarmRuleEntity,
  { field, content }: WantedRule,
): Promise<void> {
  const { pipelines, receivers, ...settings } = content;
  const channelId = channel.id;
  const ofChannel = await manager.find(PipelineEntity, { select: { id: true, name: true }, where: { channelId } });
  const all = await manager.find(ReceiverEntity, { select: { id: true, name: true }, where: { name: In(receivers) } });
  const idsOf = (part: string, names: readonly string[], known: readonly { id: string; name: string }[]): string[] => {
    const ids = new Map(known.map(({ id, name }) => [name, id]));
    const missing = names.filter((name) => !ids.has(name));
    if (missing.length > 0) refuseField(`${field}.${part}`, `${field}.${part}: there is no ${missing.join(', ')}`);
    return names.map((name) => must(ids.get(name), 'it was looked for above'));
  };
  const scope =
    pipelines === null
      ? { pipelineIds: [], channelIds: [channelId] }
      : { pipelineIds: idsOf('pipelines', pipelines, ofChannel), channelIds: [] };
  Object.assign(rule, settings, { scope, receiverIds: idsOf('receivers', receivers, all), updatedAt: at });
  await checkRule(manager, rule).catch((error: unknown) =>
    inside(field, () => {
      throw error;
    }),
  );
  await manager.save(rule);
}
