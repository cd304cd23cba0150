import { describe, expect, it } from '@jest/globals';
import { readRange } from '../src/statistics/read-range.ts';
import type { RangeWish } from '../src/statistics/read-range.ts';

const NOW_MS = Date.parse('2026-03-01T12:00:30.000Z');
const before = (ms: number): string => new Date(NOW_MS - ms).toISOString();
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describe('readRange', () => {
  it.each<[string, RangeWish, string, number]>([
    ['the last hour by minutes when nothing is said', {}, '1m', 61],
    ['ten minutes by seconds', { from: before(600_000) }, '1s', 600],
    ['half a day by minutes', { from: before(12 * HOUR_MS) }, '1m', 721],
    ['a day by hours: minutes are too many', { from: before(DAY_MS) }, '1h', 25],
    [
      'an hour of last month by hours: minutes are gone',
      { from: before(30 * DAY_MS), to: before(30 * DAY_MS - HOUR_MS) },
      '1h',
      2,
    ],
    ['a year by days', { from: before(365 * DAY_MS) }, '1d', 366],
    ['sixty of a step that was asked for', { step: '1d' }, '1d', 61],
    ['a step that was asked for, finer than a screen', { step: '1m', from: before(DAY_MS) }, '1m', 1_441],
  ])('%s', (_what, wish, step, points) => {
    const { first, last, ...range } = readRange(wish, NOW_MS);
    expect([range.step, last - first + 1]).toEqual([step, points]);
  });

  it.each<[string, RangeWish, string, string]>([
    ['an empty time', { from: before(0), to: before(0) }, 'from', 'before to'],
    ['the wrong way round', { from: before(0), to: before(1_000) }, 'from', 'before to'],
    ['seconds of yesterday', { step: '1s', from: before(DAY_MS) }, 'from', 'choose step 1m'],
    ['ten years ago', { from: before(3_650 * DAY_MS) }, 'from', 'not kept'],
    ['too many points', { step: '1m', from: before(3 * DAY_MS) }, 'step', '2000'],
  ])('%s is refused naming the field', (_what, wish, field, words) => {
    const read = (): unknown => readRange(wish, NOW_MS);
    expect(read).toThrow(words);
    expect(read).toThrow(
      expect.objectContaining({
        code: 'REQUEST_INVALID',
        details: expect.objectContaining({ fields: [expect.objectContaining({ field })] }),
      }),
    );
  });

  it('seconds are none of the steps of tables', () => {
    expect(() => readRange({ step: '1s' }, NOW_MS, { steps: ['1m', '1h', '1d'] })).toThrow('1m, 1h, 1d');
  });
});
