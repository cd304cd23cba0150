import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { must } from '@lutra/model';
import { ClockFields, SECONDS_MAX, SECONDS_MIN } from '../src/time/clock-fields.ts';
import { TimeZone } from '../src/time/time-zone.ts';

const zoneOf = (name: string): TimeZone => must(TimeZone.of(name), 'a zone');
const seconds = (text: string): number => Date.parse(`${text}Z`) / 1_000;

describe('ClockFields', () => {
  it('agrees with Date on every day of the calendar', () => {
    fc.assert(
      fc.property(fc.integer({ min: SECONDS_MIN, max: SECONDS_MAX }), (moment) => {
        const fields = new ClockFields();
        fields.seconds = moment;
        const date = new Date(moment * 1_000);
        const { year, month, day, hour, minute, second } = fields;
        expect([year, month, day, hour, minute, second]).toEqual([
          ...[date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()],
          ...[date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()],
        ]);
        expect(fields.seconds).toBe(moment);
        expect(fields.isDay).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    [2024, 2, 29, true],
    [2023, 2, 29, false],
    [1900, 2, 29, false],
    [2000, 2, 29, true],
    [0, 2, 29, true],
    [2024, 4, 31, false],
    [2024, 0, 1, false],
    [2024, 13, 1, false],
    [2024, 1, 0, false],
  ])('%d-%d-%d is a day: %p', (year, month, day, isDay) => {
    expect(Object.assign(new ClockFields(), { year, month, day }).isDay).toBe(isDay);
  });
});

describe('TimeZone', () => {
  it.each([
    ['Europe/Vienna', '2024-01-15T12:00:00', 3_600],
    ['Europe/Vienna', '2024-03-31T00:59:59', 3_600],
    ['Europe/Vienna', '2024-03-31T01:00:00', 7_200],
    ['Europe/Vienna', '2024-10-27T00:59:59', 7_200],
    ['Europe/Vienna', '2024-10-27T01:00:00', 3_600],
    ['America/New_York', '2024-07-01T00:00:00', -14_400],
    ['Asia/Kolkata', '2024-07-01T00:00:00', 19_800],
    ['Australia/Lord_Howe', '2024-01-01T00:00:00', 39_600],
    ['Pacific/Apia', '2011-12-30T09:59:59', -36_000],
    ['Pacific/Apia', '2011-12-30T10:00:00', 50_400],
    ['UTC', '2024-07-01T00:00:00', 0],
    ['+05:30', '2024-07-01T00:00:00', 19_800],
    ['-03:00', '1900-07-01T00:00:00', -10_800],
  ])('%s at %s is %d s east of UTC', (zone, utc, offset) => {
    expect(zoneOf(zone).offsetAt(seconds(utc))).toBe(offset);
  });

  it.each(['', 'Mars/Olympus', '+5', '+25:00', '+02:60', 'Europe/Vienna; x', '2024'])('knows no zone %j', (name) => {
    expect(TimeZone.of(name)).toBeNull();
  });

  it('takes the first of the two moments of a repeated hour', () => {
    expect(zoneOf('Europe/Vienna').toUtc(seconds('2024-10-27T02:30:00'))).toBe(seconds('2024-10-27T00:30:00'));
  });

  it.each([
    ['Europe/Vienna', '2024-03-31T02:00:00', '2024-03-31T01:00:00'],
    ['Europe/Vienna', '2024-03-31T02:59:59', '2024-03-31T01:00:00'],
    ['America/New_York', '2024-03-10T02:30:00', '2024-03-10T07:00:00'],
    ['Australia/Lord_Howe', '2024-10-06T02:15:00', '2024-10-05T15:30:00'],
    ['Pacific/Apia', '2011-12-30T12:00:00', '2011-12-30T10:00:00'],
  ])('%s skips %s, and is put forward at %s', (zone, local, change) => {
    expect(zoneOf(zone).toUtc(seconds(local))).toBeNaN();
    expect(zoneOf(zone).changeAt(seconds(local))).toBe(seconds(change));
  });

  it('comes back from local time in every zone, or to the first of two moments', () => {
    const zones = fc.constantFrom(...Intl.supportedValuesOf('timeZone'));
    const moments = fc.integer({ min: seconds('1900-01-01T00:00:00'), max: seconds('2100-01-01T00:00:00') });
    fc.assert(
      fc.property(zones, moments, (name, moment) => {
        const zone = zoneOf(name);
        const local = moment + zone.offsetAt(moment);
        const back = zone.toUtc(local);
        expect(back + zone.offsetAt(back)).toBe(local);
        expect(back).toBeLessThanOrEqual(moment);
        if (zone.offsetAt(moment - 100_000) === zone.offsetAt(moment + 100_000)) expect(back).toBe(moment);
      }),
      { numRuns: 1_000 },
    );
  });

  it('says what Intl says of every second', () => {
    const zones = fc.constantFrom(
      'Europe/Vienna',
      'America/St_Johns',
      'Africa/Casablanca',
      'Asia/Tehran',
      'Pacific/Apia',
    );
    fc.assert(
      fc.property(zones, fc.integer({ min: -3e9, max: 4e9 }), (name, moment) => {
        const parts = new Intl.DateTimeFormat('en-US', {
          ...{ timeZone: name, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric' },
          ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
        }).formatToParts(moment * 1_000);
        const part = (wanted: string): number => Number(parts.find(({ type }) => type === wanted)?.value);
        const local = Date.UTC(
          ...([part('year'), part('month') - 1, part('day')] as const),
          part('hour'),
          part('minute'),
          part('second'),
        );
        expect(zoneOf(name).offsetAt(moment)).toBe(local / 1_000 - moment);
      }),
      { numRuns: 1_000 },
    );
  });
});
