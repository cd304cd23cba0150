import { In, IsNull, Not } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { ulid } from 'ulid';
import { SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import { recordAudit } from '../audit/record-audit.ts';
import { assignGiven } from '../http/assign-given.ts';
import { findResource } from '../http/find-resource.ts';
import type { ListQuery, PageQuery } from '../http/list-query.dto.ts';
import { pageOf } from '../http/page-of.ts';
import type { Plain } from '../http/plain.ts';
import { fieldRefusal } from '../http/refuse-field.ts';
import { requireMatch } from '../http/require-match.ts';
import { resourceDtoOf } from '../http/resource.dto.ts';
import type { Caller } from '../http/token.guard.ts';
import type { RevisionDiffDto, RevisionListDto, SettingRevisionDto } from '../revisions/revision.dto.ts';
import { SettingRevisions } from '../revisions/setting-revisions.ts';
import type { Store } from '../store/store.ts';
import { ALARM_KINDS } from './alarm-kind.ts';
import type { AlarmKind } from './alarm-kind.ts';
import type { AlarmRuleCreateDto, AlarmRuleDto, AlarmRuleListDto, AlarmRulePatchDto } from './alarm-rule.dto.ts';
import { AlarmRuleEntity, AlarmRuleFaultEntity, readableRule, unreadableField } from './alarm-rule.entity.ts';
import { AlarmEntity } from './alarm.entity.ts';
import { checkRule, lostMembers } from './check-rule.ts';

/** Every look evaluates all of them. */
export const RULES_MAX = 1_000;

/** What is watched, and who is told. A change takes effect with the next look, within seconds. */
export class AlarmRuleService {
  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
  ) {}

  list(query: ListQuery): Promise<AlarmRuleListDto> {
    return this.store.run(async (manager) => {
      const { items, total } = await pageOf(manager, AlarmRuleEntity, query);
      return { items: await describe(manager, items), total };
    });
  }

  get(id: string): Promise<AlarmRuleDto> {
    return this.store.run(async (manager) => alarmRuleDtoOf(manager, await findResource(manager, AlarmRuleEntity, id)));
  }

  create(given: AlarmRuleCreateDto, caller: Caller): Promise<AlarmRuleDto> {
    const now = this.clock.now();
    return this.store.change(async (manager) => {
      await requireRoom(manager);
      const entity = Object.assign(new AlarmRuleEntity(), newRule(given.kind), { id: ulid(), createdAt: now });
      assignGiven(entity, columnsOf(given), now);
      await checkRule(manager, entity);
      const after = await alarmRuleDtoOf(manager, await manager.save(entity));
      await RULE_REVISIONS.keep(manager, entity, null, { caller, at: now });
      const write = { action: 'create', resource: 'alarm-rule', resourceId: after.id, before: null, after } as const;
      await recordAudit(manager, write, { caller, at: now });
      return after;
    });
  }

  change(
    id: string,
    given: AlarmRulePatchDto,
    by: { caller: Caller; ifMatch: string | undefined },
  ): Promise<AlarmRuleDto> {
    return this.set(id, by, () => Promise.resolve(columnsOf(given)));
  }

  /** Its revisions: one for each version. */
  revisions(id: string, query: PageQuery): Promise<RevisionListDto> {
    return this.ofRule(id, (manager, rule) => RULE_REVISIONS.list(manager, rule, query));
  }

  /** `number` as it stands in the address. Throws RESOURCE_NOT_FOUND. */
  revision(id: string, number: string): Promise<SettingRevisionDto> {
    return this.ofRule(id, (manager, rule) => RULE_REVISIONS.get(manager, rule, number));
  }

  diff(id: string, numbers: { readonly before: string; readonly after: string }): Promise<RevisionDiffDto> {
    return this.ofRule(id, (manager, rule) => RULE_REVISIONS.diff(manager, rule, numbers));
  }

  /** Makes a new version with the settings of an earlier one; a pause stays. What the rules refuse today is refused. */
  rollback(
    { id, number }: { readonly id: string; readonly number: string },
    { caller, ifMatch }: { caller: Caller; ifMatch: string | undefined },
  ): Promise<AlarmRuleDto> {
    const comment = caller.comment ?? `Back to revision ${number}`;
    return this.set(id, { caller: { ...caller, comment }, ifMatch }, async (manager, rule) => {
      const { settings } = await RULE_REVISIONS.find(manager, rule, number);
      return settings;
    });
  }

  private ofRule<T>(id: string, read: (manager: EntityManager, rule: AlarmRuleEntity) => Promise<T>): Promise<T> {
    return this.store.run(async (manager) => read(manager, await findResource(manager, AlarmRuleEntity, id)));
  }

  private set(
    id: string,
    { caller, ifMatch }: { readonly caller: Caller; readonly ifMatch: string | undefined },
    columns: (
      manager: EntityManager,
      rule: AlarmRuleEntity,
    ) => Promise<Partial<Record<keyof AlarmRuleEntity, unknown>>>,
  ): Promise<AlarmRuleDto> {
    const at = this.clock.now();
    return this.store.change(async (manager) => {
      const entity = await findResource(manager, AlarmRuleEntity, id);
      requireMatch(entity.version, ifMatch);
      const before = await alarmRuleDtoOf(manager, entity);
      // What cannot be read is nothing that a rollback could put back.
      const revised = unreadableField(entity) === null ? RULE_REVISIONS.of(entity) : null;
      assignGiven(entity, await columns(manager, entity), at);
      requireReadable(entity);
      await checkRule(manager, entity, before);
      const after = await alarmRuleDtoOf(manager, await manager.save(entity));
      await RULE_REVISIONS.keep(manager, entity, revised, { caller, at });
      const write = { action: 'update', resource: 'alarm-rule', resourceId: id, before, after } as const;
      await recordAudit(manager, write, { caller, at });
      return after;
    });
  }

  /** Its open alarms end with the next look, and whoever was told of them is told so. */
  async remove(id: string, by: { caller: Caller; ifMatch: string | undefined }): Promise<void> {
    await this.store.change(async (manager) => {
      const entity = await findResource(manager, AlarmRuleEntity, id);
      requireMatch(entity.version, by.ifMatch);
      const before = await alarmRuleDtoOf(manager, entity);
      await removeRule(manager, id);
      const write = { action: 'delete', resource: 'alarm-rule', resourceId: id, before, after: null } as const;
      await recordAudit(manager, write, { caller: by.caller, at: this.clock.now() });
    });
  }
}

/** Throws RESOURCE_CONFLICT when there are as many rules as one look can evaluate. */
export async function requireRoom(manager: EntityManager): Promise<void> {
  if ((await manager.count(AlarmRuleEntity)) < RULES_MAX) return;
  throw new SyncError('RESOURCE_CONFLICT', { problem: `There are ${String(RULES_MAX)} alarm rules already` });
}

/** Its open alarms end with the next look. */
export async function removeRule(manager: EntityManager, id: string): Promise<void> {
  await manager.delete(AlarmRuleEntity, { id });
  await manager.delete(AlarmRuleFaultEntity, { ruleId: id });
  await RULE_REVISIONS.forget(manager, id);
}

/** What a person sets of a rule; a pause is what an operator does tonight, and no configuration. */
export const RULE_REVISIONS = new SettingRevisions<AlarmRuleEntity>('alarm-rule', (rule) => {
  const { name, severity, enabled, threshold, keyword, forMs, repeatMs, scope, schedule, receiverIds, recovery } = rule;
  return { name, severity, enabled, threshold, keyword, forMs, repeatMs, scope, schedule, receiverIds, recovery };
});

/** What holds for a rule of which nothing else was said. */
export const newRule = (kind: AlarmKind): Partial<AlarmRuleEntity> => ({
  ...{ kind, severity: 'important', enabled: true, threshold: ALARM_KINDS[kind].defaultThreshold, keyword: null },
  ...{ forMs: 0, repeatMs: null, pauseUntil: null, scope: null, schedule: null, receiverIds: [], recovery: null },
});

function columnsOf({ pauseUntil, ...given }: AlarmRulePatchDto): Partial<Record<keyof AlarmRuleEntity, unknown>> {
  if (pauseUntil === undefined) return given;
  return { ...given, pauseUntil: pauseUntil === null ? null : new Date(pauseUntil) };
}

function requireReadable(rule: AlarmRuleEntity): void {
  const unreadable = unreadableField(rule);
  if (unreadable === null) return;
  const { field } = unreadable;
  throw fieldRefusal(field, `${unreadable.problem}: give it anew`);
}

export async function alarmRuleDtoOf(manager: EntityManager, rule: AlarmRuleEntity): Promise<Plain<AlarmRuleDto>> {
  const [described] = await describe(manager, [rule]);
  if (described === undefined) throw new Error('each rule has a description');
  return described;
}

async function describe(manager: EntityManager, rules: readonly AlarmRuleEntity[]): Promise<Plain<AlarmRuleDto>[]> {
  const ids = rules.map(({ id }) => id);
  const open = await manager.find(AlarmEntity, {
    select: { id: true, ruleId: true, state: true },
    where: { ruleId: In(ids), openKey: Not(IsNull()) },
  });
  const faults = await manager.find(AlarmRuleFaultEntity, { where: { ruleId: In(ids) } });
  const scopes = rules.map((rule) => readableRule(rule).scope);
  const lost = await lostMembers(manager, scopes);
  return rules.map((rule, index) => {
    const ofRule = open.filter(({ ruleId }) => ruleId === rule.id);
    const fault = faults.find(({ ruleId }) => ruleId === rule.id)?.problem ?? null;
    const problem = unreadableField(rule)?.problem ?? fault;
    const described = dtoOf(readableRule(rule), { open: ofRule, problem });
    return problem === null ? withLost(described, scopes[index] ?? null, lost) : described;
  });
}

/** A rule that watches what is left says so; one that nothing is left to is broken. */
function withLost(
  rule: Plain<AlarmRuleDto>,
  scope: AlarmRuleEntity['scope'],
  lost: ReadonlySet<string>,
): Plain<AlarmRuleDto> {
  const members = [...(scope?.pipelineIds ?? []), ...(scope?.channelIds ?? [])];
  const gone = members.filter((id) => lost.has(id));
  if (gone.length === 0) return rule;
  const problem = `scope names what is not there any more: ${gone.join(', ')}`;
  return { ...rule, problem, state: rule.enabled && gone.length === members.length ? 'broken' : rule.state };
}

function dtoOf(
  rule: AlarmRuleEntity,
  now: { readonly open: readonly Pick<AlarmEntity, 'state'>[]; readonly problem: string | null },
): Plain<AlarmRuleDto> {
  const { name, kind, severity, enabled, threshold, keyword, forMs, repeatMs, scope, schedule, receiverIds, recovery } =
    rule;
  const alarms: Record<string, number> = {};
  for (const { state } of now.open) alarms[state] = (alarms[state] ?? 0) + 1;
  return {
    ...resourceDtoOf(rule),
    ...{ name, kind, severity, enabled, threshold, unit: ALARM_KINDS[kind].unit, keyword, forMs, repeatMs },
    pauseUntil: rule.pauseUntil?.toISOString() ?? null,
    ...{ scope, schedule, receiverIds, recovery, alarms },
    state: stateOf(enabled, alarms, now.problem),
    problem: now.problem,
  };
}

function stateOf(
  enabled: boolean,
  alarms: Readonly<Record<string, number>>,
  problem: string | null,
): AlarmRuleDto['state'] {
  if (!enabled) return 'disabled';
  if (problem !== null) return 'broken';
  if ('firing' in alarms || 'acknowledged' in alarms) return 'firing';
  if ('unknown' in alarms) return 'unknown';
  return 'pending' in alarms ? 'pending' : 'ok';
}
