import { describe, expect, it } from '@jest/globals';
import { Bell, systemClock } from '../src/index.ts';

const LONG_MS = 60_000;

/** A clock whose limits come when the test says so. */
function heldClock() {
  const calls = new Set<() => void>();
  const callAfter = (_ms: number, call: () => void) => {
    calls.add(call);
    return () => void calls.delete(call);
  };
  return { calls, clock: { ...systemClock, callAfter } };
}

describe('Bell', () => {
  it('keeps one ring that came while nobody waited', async () => {
    const { calls, clock } = heldClock();
    const bell = new Bell(clock);
    bell.ring();
    bell.ring();
    await bell.wait(LONG_MS);
    const second = bell.wait(LONG_MS);
    expect(calls.size).toBe(1);
    bell.ring();
    await second;
  });

  it('wakes everybody who waits, and leaves no timer', async () => {
    const { calls, clock } = heldClock();
    const bell = new Bell(clock);
    const waits = [bell.wait(LONG_MS), bell.wait(LONG_MS)];
    bell.ring();
    await Promise.all(waits);
    expect(calls.size).toBe(0);
  });

  it('ends a wait at its limit, and a later ring is kept', async () => {
    const { calls, clock } = heldClock();
    const bell = new Bell(clock);
    const wait = bell.wait(LONG_MS);
    for (const call of calls) call();
    await wait;
    bell.ring();
    await bell.wait(LONG_MS);
  });

  it('ends a wait when a signal aborts, and does not begin one behind that', async () => {
    const { calls, clock } = heldClock();
    const bell = new Bell(clock);
    const stop = new AbortController();
    const wait = bell.wait(LONG_MS, stop.signal);
    stop.abort();
    await wait;
    await bell.wait(LONG_MS, stop.signal);
    expect(calls.size).toBe(0);
  });
});
