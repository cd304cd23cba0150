import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Severity } from '../receivers/notification.ts';
import { suspectJsonColumn, UnreadableJson } from '../store/json-column.ts';
import { StoredResource } from '../store/stored-resource.ts';
import type { AlarmKind } from './alarm-kind.ts';
import type { Schedule } from './schedule.ts';

/** Pipelines and channels by id; the pipelines of either count. */
export interface AlarmScope {
  readonly pipelineIds: readonly string[];
  readonly channelIds: readonly string[];
}

/** At which telling of one alarm the pipeline is restarted, and at which it is stopped; null = never. */
export interface Recovery {
  readonly restartAt: number | null;
  readonly stopAt: number | null;
}

@Entity({ name: 'alarm_rule' })
export class AlarmRuleEntity extends StoredResource {
  @Column({ type: 'varchar', length: 100 })
  name!: string;

  @Column({ type: 'varchar', length: 32 })
  kind!: AlarmKind;

  @Column({ type: 'varchar', length: 16 })
  severity!: Severity;

  @Column({ name: 'is_enabled', type: 'boolean' })
  enabled!: boolean;

  /** In the unit of the kind. */
  @Column({ type: 'double' })
  threshold!: number;

  /** Of errorKeyword; null for all other kinds. */
  @Column({ type: 'varchar', length: 200, nullable: true })
  keyword!: string | null;

  @Column({ name: 'for_ms', type: 'int', unsigned: true })
  forMs!: number;

  @Column({ name: 'repeat_ms', type: 'int', unsigned: true, nullable: true })
  repeatMs!: number | null;

  @Column({ name: 'pause_until', type: 'datetime', precision: 3, nullable: true })
  pauseUntil!: Date | null;

  /** Null = everything. */
  @Column({ type: 'longtext', nullable: true, transformer: suspectJsonColumn })
  scope!: AlarmScope | null;

  /** Null = always. */
  @Column({ type: 'longtext', nullable: true, transformer: suspectJsonColumn })
  schedule!: Schedule | null;

  @Column({ name: 'receiver_ids', type: 'longtext', transformer: suspectJsonColumn })
  receiverIds!: readonly string[];

  @Column({ type: 'longtext', nullable: true, transformer: suspectJsonColumn })
  recovery!: Recovery | null;
}

const JSON_FIELDS = ['scope', 'schedule', 'receiverIds', 'recovery'] as const;

/** Why the stored rule cannot be read; null = it can. Such a rule is broken until the field is written anew. */
export function unreadableField(rule: AlarmRuleEntity): { readonly field: string; readonly problem: string } | null {
  for (const field of JSON_FIELDS) {
    const value: unknown = rule[field];
    if (value instanceof UnreadableJson) return { field, problem: `${field} cannot be read: ${value.problem}` };
  }
  return null;
}

/** The rule with nothing in the place of fields that cannot be read: to show it, not to judge by it. */
export function readableRule(rule: AlarmRuleEntity): AlarmRuleEntity {
  const readable = Object.assign(new AlarmRuleEntity(), rule);
  for (const field of JSON_FIELDS) {
    const value: unknown = rule[field];
    if (value instanceof UnreadableJson) Object.assign(readable, { [field]: field === 'receiverIds' ? [] : null });
  }
  return readable;
}

/** A rule that cannot be evaluated, and why. Beside the rule: it comes and goes without a change of the rule. */
@Entity({ name: 'alarm_rule_fault' })
export class AlarmRuleFaultEntity {
  @PrimaryColumn({ name: 'rule_id', type: 'char', length: 26 })
  ruleId!: string;

  @Column({ type: 'datetime', precision: 3 })
  since!: Date;

  @Column({ type: 'varchar', length: 1000 })
  problem!: string;
}
