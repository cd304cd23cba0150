import { describe, expect, it } from '@jest/globals';
import { RowSizeEstimate } from '../src/row-size-estimate.ts';
import { closeAfterMs, ProcessWindow } from '../src/window.ts';

const LIMITS = { parallelism: 3, maxBytes: 100 };

describe('ProcessWindow', () => {
  it('has room for as many processes and bytes as it may hold', () => {
    const window = new ProcessWindow();
    window.add(1, 100, 0);
    window.add(2, 150, 0);
    expect(window.hasRoom(50, LIMITS)).toBe(true);
    expect(window.hasRoom(51, LIMITS)).toBe(false);
    window.add(3, 10, 0);
    expect(window.hasRoom(0, LIMITS)).toBe(false);
    expect(window.loadedUpTo(2, 0)).toBe(true);
    expect(window.hasRoom(290, LIMITS)).toBe(true);
    expect(window.describe(30)).toEqual([{ process: 3, ageMs: 30, bytes: 10 }]);
  });

  it('lets a process that is larger than the window fly alone', () => {
    const window = new ProcessWindow();
    expect(window.hasRoom(1_000_000, LIMITS)).toBe(true);
    window.add(1, 1_000_000, 0);
    expect(window.hasRoom(0, LIMITS)).toBe(false);
  });

  it('takes the same news twice, late and out of order', () => {
    const window = new ProcessWindow();
    for (const process of [1, 2, 3]) window.add(process, 1, 0);
    expect([2, 1, 2, 3].map((process) => window.loadedUpTo(process, 10))).toEqual([true, false, false, true]);
    expect(window.size).toBe(0);
  });

  it('does not hold a process that was loaded before its publish was answered', () => {
    const window = new ProcessWindow();
    window.loadedUpTo(2, 0);
    for (const process of [1, 2, 3]) window.add(process, 10, 0);
    expect(window.describe(0)).toEqual([{ process: 3, ageMs: 0, bytes: 10 }]);
    expect(window.hasRoom(290, LIMITS)).toBe(true);
  });
});

describe('what load has staged', () => {
  it('leaves the window and frees its bytes, and is not loaded', () => {
    const window = new ProcessWindow();
    for (const process of [1, 2, 3]) window.add(process, 100, process);
    expect(window.hasRoom(1, LIMITS)).toBe(false);
    expect(window.stagedUpTo(2, 10)).toBe(true);
    expect(window.hasRoom(200, LIMITS)).toBe(true);
    expect(window.describe(10)).toEqual([{ process: 3, ageMs: 7, bytes: 100 }]);
    expect(window.describeStaged(10)).toEqual({ processes: 2, ageMs: 9 });
    expect(window.stagedUpTo(3, 10)).toBe(true);
    expect([window.size, window.isLoaded]).toEqual([0, false]);
    expect(window.loadedUpTo(3, 20)).toBe(false);
    expect([window.isLoaded, window.describeStaged(20)]).toEqual([true, null]);
  });

  it('takes the same news twice, late and out of order', () => {
    const window = new ProcessWindow();
    window.stagedUpTo(2, 0);
    for (const process of [1, 2, 3]) window.add(process, 10, 0);
    expect(window.describe(0)).toEqual([{ process: 3, ageMs: 0, bytes: 10 }]);
    expect(window.isLoaded).toBe(false);
    expect(window.stagedUpTo(1, 0)).toBe(false);
    expect(window.loadedUpTo(3, 0)).toBe(true);
    expect(window.stagedUpTo(3, 0)).toBe(false);
    expect(window.isLoaded).toBe(true);
  });
});

describe('closeAfterMs', () => {
  const parameters = { parallelism: 5, maxDelayMs: 20 };
  it.each([
    ['at once when nothing is in flight', { size: 0, cycleMs: 50 }, 0],
    ['after a share of the cycle', { size: 2, cycleMs: 50 }, 10],
    ['after a millisecond at least', { size: 2, cycleMs: 0 }, 1],
    ['after maxDelayMs at most', { size: 4, cycleMs: 5000 }, 20],
    ['only when there is room', { size: 5, cycleMs: 50 }, null],
  ])('closes %s', (_, window, expected) => {
    expect(closeAfterMs(window, parameters)).toBe(expected);
  });
});

it('learns how large rows are', () => {
  const estimate = new RowSizeEstimate();
  for (let turn = 0; turn < 40; turn++) estimate.learn({ sourceBytes: 50_000, rows: 100 });
  expect(estimate.bytesPerRow).toBeCloseTo(500, 0);
  estimate.learn({ sourceBytes: 0, rows: 100 });
  estimate.learn({ sourceBytes: 10, rows: 0 });
  expect(estimate.bytesPerRow).toBeCloseTo(500, 0);
});
