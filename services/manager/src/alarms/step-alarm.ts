import { assertNever } from '@lutra/model';

/** What one look at one subject of a rule has shown. `gone` = nobody watches it any more: no such subject, no such rule. */
export type Sighting =
  | { readonly state: 'breached'; readonly value: number; readonly message: string }
  | { readonly state: 'ok'; readonly value: number | null; readonly message: string }
  | { readonly state: 'unknown' | 'gone'; readonly message: string };

export const ALARM_STATES = ['unknown', 'pending', 'firing', 'acknowledged', 'resolved'] as const;
/**
 * `unknown`: its input cannot be read, and nothing was wrong before. `pending`: the condition holds, not yet for long enough
 * or in a time in which the rule tells nothing. `resolved` is the end: the next breach is another alarm.
 */
export type AlarmState = (typeof ALARM_STATES)[number];

/** One alarm as far as its life is concerned. */
export interface AlarmLife {
  readonly state: AlarmState;
  /** When the condition, or the not knowing, began. */
  readonly sinceMs: number;
  readonly firedMs: number | null;
  /** When it was last told that the condition holds. */
  readonly toldMs: number | null;
  /** Changes that were told, the end included: numbers them. */
  readonly tellings: number;
  readonly resolvedMs: number | null;
  /** Of the newest look that could say. */
  readonly value: number | null;
  readonly message: string;
  /** Why the newest look could not say; null = it could. */
  readonly unknownReason: string | null;
  /** What the pipeline was ordered to do for it; null = nothing yet. */
  readonly lastOrder: 'RESTART' | 'STOP' | null;
}

/** When a rule tells what, at the moment of a look. */
export interface Timing {
  /** The condition must hold for so long. */
  readonly forMs: number;
  /** Told again after so long while nobody has acknowledged; null = once. */
  readonly repeatMs: number | null;
  /** Outside of the schedule, or paused: nothing begins, nothing is repeated; an end is told. */
  readonly isMuted: boolean;
  /** From which telling on the pipeline is restarted, from which stopped, each once; null = never. */
  readonly recovery: { readonly restartAt: number | null; readonly stopAt: number | null } | null;
  /** False while there is nothing to order: then it is done at the next telling that can. */
  readonly canOrder: boolean;
}

export interface Step {
  /** Null = there is no alarm (any more), and nobody was told of one. */
  readonly alarm: AlarmLife | null;
  /** What has to be told, numbered by the alarm's `tellings`. */
  readonly change: 'firing' | 'repeat' | 'resolved' | 'unknown' | null;
  readonly command: 'RESTART' | 'STOP' | null;
}

/**
 * The next moment in the life of an alarm. Pure. Laws: whoever was told of a beginning is told of exactly one end; nothing is
 * told that did not last; an alarm whose input cannot be read neither begins nor ends. That it cannot be read is told too, once,
 * when it lasts: silence would look like health.
 */
export function stepAlarm(alarm: AlarmLife | null, sighting: Sighting, now: Timing & { readonly nowMs: number }): Step {
  const open = alarm === null || alarm.state === 'resolved' ? null : alarm;
  switch (sighting.state) {
    case 'breached':
      return breach(open, sighting, now);
    case 'unknown':
      return notKnown(open, sighting.message, now);
    case 'ok':
    case 'gone':
      return end(open, sighting, now.nowMs);
    default:
      return assertNever(sighting);
  }
}

const still = (alarm: AlarmLife | null): Step => ({ alarm, change: null, command: null });

/** Somebody was told of it, and waits to hear of its end. */
const isTold = ({ tellings }: AlarmLife): boolean => tellings > 0;

function breach(
  open: AlarmLife | null,
  { value, message }: { readonly value: number; readonly message: string },
  { nowMs, forMs, repeatMs, isMuted, recovery, canOrder }: Timing & { readonly nowMs: number },
): Step {
  // Who was told that it cannot be judged hears that it can; what shows then is another alarm, from the next look on.
  if (open?.state === 'unknown' && isTold(open))
    return end(open, { value, message: `It can be judged again: ${message}` }, nowMs);
  const seen = { value, message, unknownReason: null };
  if (open?.state === 'firing' || open?.state === 'acknowledged') {
    const alarm = { ...open, ...seen };
    const isDue = repeatMs !== null && nowMs - (open.toldMs ?? nowMs) >= repeatMs;
    // Who has acknowledged knows it, and takes over: nothing is repeated, and nothing done for him.
    return isDue && !isMuted && open.state === 'firing'
      ? tell(alarm, 'repeat', { nowMs, recovery, canOrder })
      : still(alarm);
  }
  const pending: AlarmLife =
    open?.state === 'pending' ? { ...open, ...seen } : { ...NEW_ALARM, ...seen, state: 'pending', sinceMs: nowMs };
  if (isMuted || nowMs - pending.sinceMs < forMs) return still(pending);
  return tell({ ...pending, state: 'firing', firedMs: nowMs }, 'firing', { nowMs, recovery, canOrder });
}

const NEW_ALARM = { firedMs: null, toldMs: null, tellings: 0, resolvedMs: null, lastOrder: null };

function tell(
  alarm: AlarmLife,
  change: 'firing' | 'repeat',
  { nowMs, recovery, canOrder }: Pick<Timing, 'recovery' | 'canOrder'> & { readonly nowMs: number },
): Step {
  const tellings = alarm.tellings + 1;
  const command = canOrder ? orderAt(tellings, alarm.lastOrder, recovery) : null;
  return { alarm: { ...alarm, toldMs: nowMs, tellings, lastOrder: command ?? alarm.lastOrder }, change, command };
}

function orderAt(tellings: number, lastOrder: AlarmLife['lastOrder'], recovery: Timing['recovery']): Step['command'] {
  const { restartAt, stopAt } = recovery ?? { restartAt: null, stopAt: null };
  if (stopAt !== null && tellings >= stopAt) return lastOrder === 'STOP' ? null : 'STOP';
  return restartAt !== null && tellings >= restartAt && lastOrder === null ? 'RESTART' : null;
}

/** A server that restarts, or a leader that changes, is back before this. */
const UNKNOWN_MS_MIN = 60_000;

function notKnown(
  open: AlarmLife | null,
  reason: string,
  { nowMs, forMs, isMuted }: Pick<Timing, 'forMs' | 'isMuted'> & { readonly nowMs: number },
): Step {
  if (open === null)
    return still({
      ...{ ...NEW_ALARM, state: 'unknown', sinceMs: nowMs, value: null },
      ...{ message: reason, unknownReason: reason },
    });
  const alarm = open.unknownReason === reason ? open : { ...open, unknownReason: reason };
  // Of one that was told to fire there is nothing new to say: it fires until it is known that it does not.
  if (open.state !== 'unknown' || isTold(open) || isMuted) return still(alarm);
  if (nowMs - open.sinceMs < Math.max(forMs, UNKNOWN_MS_MIN)) return still(alarm);
  const message = `It cannot be judged: ${reason}`;
  return { alarm: { ...alarm, message, toldMs: nowMs, tellings: 1 }, change: 'unknown', command: null };
}

function end(
  open: AlarmLife | null,
  sighting: { readonly value?: number | null; readonly message: string },
  nowMs: number,
): Step {
  if (open === null || !isTold(open)) return still(null);
  const { value = open.value, message } = sighting;
  const tellings = open.tellings + 1;
  const alarm: AlarmLife = {
    ...open,
    state: 'resolved',
    resolvedMs: nowMs,
    tellings,
    value,
    message,
    unknownReason: null,
  };
  return { alarm, change: 'resolved', command: null };
}
