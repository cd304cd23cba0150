import type { AlarmRuleEntity } from '../alarms/alarm-rule.entity.ts';

/** What a person sets of an alarm rule, with names for ids. A pause is of the day, and no part of it. */
export interface RuleContent extends Pick<AlarmRuleEntity, RuleSetting> {
  /** In order; null = all of the channel, also those to come. */
  readonly pipelines: readonly string[] | null;
  /** In order. What they are, and their secrets, stays where they are. */
  readonly receivers: readonly string[];
}

export const RULE_SETTINGS = [
  ...(['name', 'kind', 'severity', 'enabled', 'threshold', 'keyword'] as const),
  ...(['forMs', 'repeatMs', 'schedule', 'recovery'] as const),
] as const;
type RuleSetting = (typeof RULE_SETTINGS)[number];

export type AlarmRuleDocument = Partial<RuleContent> & Pick<RuleContent, 'name' | 'kind' | 'threshold' | 'severity'>;

/** The rows behind one rule of a channel. */
export interface StoredRule {
  readonly rule: AlarmRuleEntity;
  readonly pipelines: readonly string[] | null;
  readonly receivers: readonly string[];
}

/** Without what is the default, but for the defaults that are a matter of taste: threshold and severity are written down. */
export function alarmRuleDocumentOf(content: RuleContent): AlarmRuleDocument {
  const { name, kind, severity, threshold, enabled, forMs, receivers, ...rest } = content;
  const others = Object.entries(rest).filter(([, value]) => value !== null);
  return {
    ...{ name, kind, severity, threshold },
    ...(enabled ? {} : { enabled }),
    ...(forMs === 0 ? {} : { forMs }),
    ...(receivers.length === 0 ? {} : { receivers }),
    ...Object.fromEntries(others),
  };
}

export function storedRuleContentOf({ rule, pipelines, receivers }: StoredRule): RuleContent {
  const settings = Object.fromEntries(RULE_SETTINGS.map((name) => [name, rule[name]]));
  return { ...(settings as Pick<AlarmRuleEntity, RuleSetting>), pipelines, receivers };
}
