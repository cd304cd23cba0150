export const SEVERITIES = ['urgent', 'important', 'normal'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Names under which an alarm began to fire. */
export interface FiredAs {
  readonly rule: string;
  readonly severity: Severity;
}

/** What a receiver is told: one change of one alarm. Plain data, kept in the outbox until it was sent. */
export interface Notification {
  /** Of the delivery: the same at each repeat of it, so that a receiver that gets it twice can tell. */
  readonly id: string;
  /** 'unknown': for a while now nobody can say whether the condition holds; 'resolved' follows when somebody can. */
  readonly change: 'firing' | 'repeat' | 'resolved' | 'unknown' | 'test';
  readonly alarmId: string;
  readonly rule: string;
  readonly kind: string;
  readonly severity: Severity;
  /** 'pipeline berlin-lisbon' */
  readonly subject: string;
  readonly subjectId: string;
  readonly value: number | null;
  readonly threshold: number | null;
  readonly unit: string;
  /** A sentence with names and numbers. */
  readonly message: string;
  /** ISO time at which the condition began. */
  readonly since: string;
  /** ISO time of the change. */
  readonly at: string;
  /** After so long the change is told again while the condition lasts; null = never. */
  readonly repeatMs: number | null;
  /** As rule and severity were when it began to fire: who keeps alerts by their names finds this one again. Absent before that. */
  readonly firedAs?: FiredAs;
}

/** What a test-send tells. */
export const sampleNotification = (id: string, at: Date): Notification => ({
  id,
  change: 'test',
  alarmId: id,
  rule: 'test',
  kind: 'test',
  severity: 'normal',
  subject: 'receiver',
  subjectId: '',
  value: 1,
  threshold: 1,
  unit: 'count',
  message: 'This is a test of Lutra: nothing has happened',
  since: at.toISOString(),
  at: at.toISOString(),
  repeatMs: null,
});

/** One line: the subject of a mail, the title of a chat message. Names are cut to one line. */
export function titleOf({ change, severity, rule, subject }: Notification): string {
  const what = change === 'resolved' ? 'resolved' : change === 'test' ? 'test' : severity;
  const doubt = change === 'unknown' ? ' cannot be judged' : '';
  return `[Lutra ${what}] ${rule}: ${subject}${doubt}`.replaceAll(/\s+/g, ' ');
}

/** Lines for people. */
export function linesOf(notification: Notification): string[] {
  const { change, message, value, threshold, unit, since, at, alarmId } = notification;
  const figures =
    value === null ? [] : [`Value: ${String(value)} ${unit}, threshold: ${String(threshold ?? '-')} ${unit}`];
  const times = [`Since: ${since}`, change === 'resolved' ? `Resolved: ${at}` : `Told: ${at}`];
  return [message, ...figures, ...times, `Alarm: ${alarmId}`];
}
