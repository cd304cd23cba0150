import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isInSchedule, isTimeZone } from '../../src/alarms/schedule.ts';
import type { Schedule, Weekday } from '../../src/alarms/schedule.ts';

const ALL_DAYS: readonly Weekday[] = [1, 2, 3, 4, 5, 6, 7];
const schedule = (from: string, until: string, days = ALL_DAYS, timeZone = 'Europe/Berlin'): Schedule => ({
  timeZone,
  windows: [{ days, from, until }],
});

describe('a schedule', () => {
  // 2026-11-23 is a Monday; Berlin is at UTC+1 then.
  it.each<[string, Schedule, string, boolean]>([
    ['begins at its first minute', schedule('09:00', '17:00'), '2026-11-23T08:00:00Z', true],
    ['has not begun a millisecond before', schedule('09:00', '17:00'), '2026-11-23T07:59:59.999Z', false],
    ['is over at its last minute', schedule('09:00', '17:00'), '2026-11-23T16:00:00Z', false],
    ['holds on its days only', schedule('09:00', '17:00', [2, 3]), '2026-11-23T10:00:00Z', false],
    ['over midnight holds in the evening', schedule('22:00', '06:00', [1]), '2026-11-23T22:30:00Z', true],
    ['over midnight holds in the morning after', schedule('22:00', '06:00', [1]), '2026-11-24T04:59:00Z', true],
    ['over midnight belongs to the day it begins', schedule('22:00', '06:00', [1]), '2026-11-23T04:00:00Z', false],
    ['from Sunday night reaches into Monday', schedule('22:00', '06:00', [7]), '2026-11-23T04:00:00Z', true],
    ['with equal times lasts a day', schedule('12:00', '12:00', [1]), '2026-11-24T10:59:00Z', true],
    ['with equal times ends after a day', schedule('12:00', '12:00', [1]), '2026-11-24T11:00:00Z', false],
    [
      'asks the clock of its own zone',
      schedule('09:00', '10:00', ALL_DAYS, 'Asia/Kolkata'),
      '2026-11-23T03:30:00Z',
      true,
    ],
    // Clocks go from 02:00 to 03:00 on 2026-03-29, and from 03:00 back to 02:00 on 2026-10-25.
    ['does not hold in the hour that is skipped', schedule('02:00', '03:00'), '2026-03-29T01:00:00Z', false],
    ['holds in the hour that comes twice, first', schedule('02:00', '03:00'), '2026-10-25T00:30:00Z', true],
    ['holds in the hour that comes twice, again', schedule('02:00', '03:00'), '2026-10-25T01:30:00Z', true],
    ['goes on by the wall clock in summer', schedule('09:00', '17:00'), '2026-07-06T07:00:00Z', true],
  ])('%s', (_what, given, at, expected) => {
    expect(isInSchedule(given, Date.parse(at))).toBe(expected);
  });

  it('holds in exactly one of two windows that share a day', () => {
    const times = fc
      .tuple(fc.nat(23), fc.nat(59))
      .map(([h, m]) => `${String(h).padStart(2, '0')}:${String(m).padStart(2, '0')}`);
    const instants = fc.integer({ min: Date.parse('2020-01-01'), max: Date.parse('2036-01-01') });
    const zones = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'UTC');
    fc.assert(
      fc.property(times, times, instants, zones, (from, until, atMs, zone) => {
        fc.pre(from !== until);
        const isIn = isInSchedule(schedule(from, until, ALL_DAYS, zone), atMs);
        expect(isInSchedule(schedule(until, from, ALL_DAYS, zone), atMs)).toBe(!isIn);
      }),
    );
  });

  it.each([
    ['Europe/Berlin', true],
    ['UTC', true],
    ['Mars/Phobos', false],
    ['', false],
  ])('%p as a time zone: %p', (name, expected) => {
    expect(isTimeZone(name)).toBe(expected);
  });
});
