import { describe, expect, it } from '@jest/globals';
import { isTime } from '../src/http/is-time.decorator.ts';

describe('isTime', () => {
  it.each([
    '2026-03-01T12:00:00Z',
    '2026-03-01T12:00:00.5+02:00',
    '2024-02-29T23:59:59.123456789-10:00',
    '0001-01-01T00:00:00Z',
    '9999-12-31T23:59:59.999Z',
  ])('takes %s', (text) => {
    expect(isTime(text)).toBe(true);
  });

  it.each<[string, unknown]>([
    ['the basic form', '20240101T000000Z'],
    ['a day of the year', '2009-222'],
    ['a week', '2009-W01-1'],
    ['a comma', '2024-01-01T00:00:00,5Z'],
    ['a date', '2024-01-01'],
    ['a local time', '2024-01-01T00:00:00'],
    ['a day that is none', '2026-02-30T00:00:00Z'],
    ['the day of a leap year in another', '2026-02-29T00:00:00Z'],
    ['a month that is none', '2026-13-01T00:00:00Z'],
    ['a leap second', '2016-12-31T23:59:60Z'],
    ['midnight as 24', '2016-12-31T24:00:00Z'],
    ['an instant of the year 10000', '9999-12-31T23:59:59-10:00'],
    ['an instant before the year 1', '0001-01-01T00:00:00+10:00'],
    ['the year 0', '0000-06-01T00:00:00Z'],
    ['a year of six digits', '+012026-01-01T00:00:00Z'],
    ['an offset of a day', '2026-01-01T00:00:00+24:00'],
    ['a line behind it', '2026-03-01T12:00:00Z\n'],
    ['a number', 1_700_000_000_000],
    ['nothing', null],
  ])('refuses %s', (_what, value) => {
    expect(isTime(value)).toBe(false);
  });
});
