/** 1 = Monday … 7 = Sunday. */
export type Weekday = 1 | 2 | 3 | 4 | 5 | 6 | 7;

/** On each of these days from `from` until `until` ('HH:MM'). Not later than `from`: until that time of the next day. */
export interface ScheduleWindow {
  readonly days: readonly Weekday[];
  readonly from: string;
  readonly until: string;
}

/** When a rule may tell: inside any of the windows, by the wall clock of the time zone. */
export interface Schedule {
  /** IANA name: 'Europe/Berlin'. */
  readonly timeZone: string;
  readonly windows: readonly ScheduleWindow[];
}

const MINUTES_PER_HOUR = 60;
const WEEKDAYS: Readonly<Record<string, Weekday>> = { Mon: 1, Tue: 2, Wed: 3, Thu: 4, Fri: 5, Sat: 6, Sun: 7 };

/**
 * True when the wall clock of the time zone is inside a window. What the clock skips in spring is no part of any window, what
 * it shows twice in autumn is part of it both times. Throws RangeError for a time zone that this Node does not know.
 */
export function isInSchedule({ timeZone, windows }: Schedule, nowMs: number): boolean {
  const { day, minute } = wallClock(timeZone, nowMs);
  const dayBefore = (day === 1 ? 7 : day - 1) as Weekday;
  return windows.some((window) => {
    const from = minuteOf(window.from);
    const until = minuteOf(window.until);
    const isToday = window.days.includes(day);
    if (until > from) return isToday && minute >= from && minute < until;
    return (isToday && minute >= from) || (window.days.includes(dayBefore) && minute < until);
  });
}

/** True when this Node knows the time zone. */
export function isTimeZone(name: string): boolean {
  try {
    wallClock(name, 0);
    return true;
  } catch {
    return false;
  }
}

function wallClock(timeZone: string, nowMs: number): { readonly day: Weekday; readonly minute: number } {
  const format = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  });
  const parts = new Map(format.formatToParts(nowMs).map(({ type, value }) => [type, value]));
  const minute = Number(parts.get('hour')) * MINUTES_PER_HOUR + Number(parts.get('minute'));
  return { day: WEEKDAYS[parts.get('weekday') ?? ''] ?? 1, minute };
}

function minuteOf(time: string): number {
  const [hours, minutes] = time.split(':');
  return Number(hours) * MINUTES_PER_HOUR + Number(minutes);
}
