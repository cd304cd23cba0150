import { ulid } from 'ulid';
import type { Notification } from '../receivers/notification.ts';
import { ALARM_KINDS } from './alarm-kind.ts';
import type { AlarmRuleEntity } from './alarm-rule.entity.ts';
import { AlarmEntity, EVENT_LOG } from './alarm.entity.ts';
import type { AlarmCommand, AlarmDeliveryEntity, AlarmNotice } from './alarm.entity.ts';
import type { Sight } from './evaluate-rule.ts';
import { stepAlarm } from './step-alarm.ts';
import type { AlarmLife, Step } from './step-alarm.ts';

/** What one step changes in the store. */
export interface StepOutcome {
  /** The row as it has to be; null = as it is, or removed. */
  readonly saved: AlarmEntity | null;
  readonly removedId: string | null;
  readonly deliveries: readonly NewDelivery[];
}

/** What is told; id and times are given as it is written. */
export type NewDelivery = Omit<AlarmDeliveryEntity, 'id' | 'createdAt' | 'nextAttemptAt'>;

const NOTHING: StepOutcome = { saved: null, removedId: null, deliveries: [] };
const MESSAGE_CHARS_MAX = 1_000;
const SUBJECT_CHARS_MAX = 255;
const SUBJECT_ID_CHARS_MAX = 128;

/** The step of one alarm, from rows to rows: {@link stepAlarm} decides, this writes it down. Null as `rule` = it was removed. */
export function takeStep(of: {
  readonly alarm: AlarmEntity | null;
  readonly rule: AlarmRuleEntity | null;
  readonly sight: Sight;
  readonly isMuted: boolean;
  readonly nowMs: number;
}): StepOutcome {
  const { alarm, rule, sight, isMuted, nowMs } = of;
  const before = alarm === null ? null : lifeOf(alarm);
  const { forMs = 0, repeatMs = null, recovery = null } = rule ?? {};
  const canOrder = sight.pipelineId !== null && sight.epoch !== null;
  const step = stepAlarm(before, sight.sighting, { forMs, repeatMs, recovery, canOrder, isMuted, nowMs });
  if (step.alarm === null) return alarm === null ? NOTHING : { ...NOTHING, removedId: alarm.id };
  if (before !== null && isSame(before, step.alarm)) return NOTHING;
  const row = alarm ?? (rule === null ? null : newRow(rule, sight));
  if (row === null) return NOTHING;
  const told = toldBy(step, { row, rule });
  const isFirst = step.change === 'firing' || step.change === 'unknown';
  const saved = Object.assign(new AlarmEntity(), row, columnsOf(step.alarm), {
    version: row.version + (row.state === step.alarm.state ? 0 : 1),
    openKey: step.alarm.state === 'resolved' ? null : row.openKey,
    toldReceiverIds: told.receiverIds,
    firedAs: isFirst && rule !== null ? { rule: rule.name, severity: rule.severity } : row.firedAs,
    // As it is now, until it has ended.
    ...(rule === null ? {} : { ruleName: rule.name, severity: rule.severity, threshold: rule.threshold }),
  });
  return { saved, removedId: null, deliveries: deliveriesOf({ step, saved, sight, rule, to: told.to, nowMs }) };
}

const lifeOf = (row: AlarmEntity): AlarmLife => ({
  state: row.state,
  sinceMs: row.since.getTime(),
  firedMs: row.firedAt?.getTime() ?? null,
  toldMs: row.toldAt?.getTime() ?? null,
  tellings: row.tellings,
  resolvedMs: row.resolvedAt?.getTime() ?? null,
  value: row.value,
  message: row.message,
  unknownReason: row.unknownReason,
  lastOrder: row.lastOrder,
});

const isSame = (one: AlarmLife, other: AlarmLife): boolean => JSON.stringify(one) === JSON.stringify(other);

function newRow(rule: AlarmRuleEntity, { subjectId, subject, pipelineId }: Sight): AlarmEntity {
  const id = subjectId.slice(0, SUBJECT_ID_CHARS_MAX);
  return Object.assign(new AlarmEntity(), {
    ...{ id: ulid(), version: 0, openKey: `${rule.id}:${id}`, ruleId: rule.id, kind: rule.kind },
    ...{ subjectId: id, subject: subject.slice(0, SUBJECT_CHARS_MAX), pipelineId },
    ...{ acknowledgedBy: null, acknowledgedAt: null, comment: null, toldReceiverIds: [], firedAs: null },
  });
}

const dateOf = (ms: number | null): Date | null => (ms === null ? null : new Date(ms));

const columnsOf = (life: AlarmLife) => ({
  state: life.state,
  since: new Date(life.sinceMs),
  firedAt: dateOf(life.firedMs),
  toldAt: dateOf(life.toldMs),
  tellings: life.tellings,
  resolvedAt: dateOf(life.resolvedMs),
  value: life.value,
  message: life.message.slice(0, MESSAGE_CHARS_MAX),
  unknownReason: life.unknownReason?.slice(0, MESSAGE_CHARS_MAX) ?? null,
  lastOrder: life.lastOrder,
});

/** The end is told to those who were told of the beginning, whatever the rule says now. */
function toldBy(
  { change }: Step,
  { row, rule }: { readonly row: AlarmEntity; readonly rule: AlarmRuleEntity | null },
): { readonly to: readonly string[]; readonly receiverIds: readonly string[] } {
  if (change === null) return { to: [], receiverIds: row.toldReceiverIds };
  if (change === 'resolved') return { to: row.toldReceiverIds, receiverIds: row.toldReceiverIds };
  const to = rule?.receiverIds ?? [];
  return { to, receiverIds: [...new Set([...row.toldReceiverIds, ...to])] };
}

function deliveriesOf(of: {
  readonly step: Step;
  readonly saved: AlarmEntity;
  readonly sight: Sight;
  readonly rule: AlarmRuleEntity | null;
  readonly to: readonly string[];
  readonly nowMs: number;
}): NewDelivery[] {
  const { step, saved, sight, rule, to, nowMs } = of;
  const { change, command } = step;
  if (change === null) return [];
  const at = new Date(nowMs);
  const base = {
    ...({ alarmId: saved.id, sequence: saved.tellings, state: 'waiting', attempts: 0 } as const),
    ...{ sentAt: null, failure: '' },
  };
  const body = notificationOf(saved, { change, repeatMs: rule?.repeatMs ?? null, at });
  const notice = noticeOf(saved, change, at);
  const told: NewDelivery[] = [
    ...to.map((receiverId) => ({ ...base, receiverId, body })),
    ...(notice === null ? [] : [{ ...base, receiverId: EVENT_LOG, body: notice }]),
  ];
  const { pipelineId, epoch } = sight;
  if (command === null || pipelineId === null || epoch === null) return told;
  const order: AlarmCommand = {
    ...{ kind: command, pipelineId, aboutEpoch: epoch, rule: saved.ruleName },
    reason: `Alarm rule ${saved.ruleName}, telling ${String(saved.tellings)}: ${saved.message}`.slice(0, 500),
  };
  return [...told, { ...base, receiverId: '', body: order }];
}

/** The event log hears of the beginning and of the end; of one that could only not be judged it hears neither. */
function noticeOf(alarm: AlarmEntity, change: Notification['change'], at: Date): AlarmNotice | null {
  if (alarm.firedAt === null || (change !== 'firing' && change !== 'resolved')) return null;
  const { id: alarmId, ruleName: rule, kind: about, severity, subject, message, value, threshold, pipelineId } = alarm;
  return {
    ...{ v: 1, at: at.toISOString(), pipelineId, epoch: null, process: null, traceId: null },
    kind: change === 'firing' ? 'alarm-raised' : 'alarm-cleared',
    ...{ alarmId, rule, about, severity, subject, message, value, threshold },
  };
}

function notificationOf(
  alarm: AlarmEntity,
  { change, repeatMs, at }: Pick<Notification, 'change' | 'repeatMs'> & { readonly at: Date },
): Notification {
  const { id: alarmId, ruleName: rule, kind, severity, subject, subjectId, value, threshold, message, since } = alarm;
  const { unit } = ALARM_KINDS[kind];
  const times = { since: since.toISOString(), at: at.toISOString() };
  // The id is the delivery's, which is made last.
  return {
    id: '',
    change,
    alarmId,
    rule,
    kind,
    severity,
    subject,
    subjectId,
    value,
    threshold,
    unit,
    message,
    ...times,
    repeatMs,
    ...(alarm.firedAs === null ? {} : { firedAs: alarm.firedAs }),
  };
}
