/** Goal: a limit of rows per second holds over any time, is used up, and lets every passenger through in the end. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TokenBucket } from '../../src/throttle/token-bucket.ts';

interface Passage {
  readonly atMs: number;
  readonly rows: number;
}

/** Passengers that come one after the other, each waiting for its turn. */
function passages(rate: number, passengers: readonly { readonly rows: number; readonly idleMs: number }[]): Passage[] {
  let nowMs = 0;
  const bucket = new TokenBucket(nowMs);
  return passengers.map(({ rows, idleMs }) => {
    nowMs += idleMs;
    for (let waitMs = bucket.waitMs(rate, nowMs); waitMs > 0; waitMs = bucket.waitMs(rate, nowMs)) nowMs += waitMs;
    bucket.take(rows, rate, nowMs);
    return { atMs: nowMs, rows };
  });
}

const PASSENGERS = fc.array(fc.record({ rows: fc.integer({ min: 0, max: 5_000 }), idleMs: fc.nat(3_000) }), {
  minLength: 1,
  maxLength: 60,
});
const RATE = fc.integer({ min: 1, max: 50_000 });

describe('a bucket of rows', () => {
  it('never lets more pass in any time than the rate, its reserve and one passenger', () => {
    fc.assert(
      fc.property(RATE, PASSENGERS, (rate, passengers) => {
        const passed = passages(rate, passengers);
        for (const [first, { atMs }] of passed.entries()) {
          let rows = 0;
          for (const later of passed.slice(first)) {
            const allowed =
              (rate * (later.atMs - atMs)) / 1_000 + rate / 4 + Math.max(...passed.map((one) => one.rows));
            rows += later.rows;
            expect(rows).toBeLessThanOrEqual(allowed + 1e-6);
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('keeps nobody waiting for longer than it takes to pay for those before', () => {
    fc.assert(
      fc.property(RATE, PASSENGERS, (rate, passengers) => {
        const passed = passages(
          rate,
          passengers.map(({ rows }) => ({ rows, idleMs: 0 })),
        );
        const owed = passed.slice(0, -1).reduce((sum, { rows }) => sum + rows, 0);
        const last = passed.at(-1)?.atMs ?? 0;
        // A millisecond for each rounded wait.
        expect(last).toBeLessThanOrEqual((owed * 1_000) / rate + passed.length + 1);
      }),
      { numRuns: 1_000 },
    );
  });

  it('takes a new rate at once', () => {
    const bucket = new TokenBucket(0);
    bucket.take(1_000, 10, 0);
    expect(bucket.waitMs(10, 0)).toBe(100_000);
    expect(bucket.waitMs(1_000, 0)).toBe(1_000);
    bucket.reset(0);
    expect(bucket.waitMs(10, 0)).toBe(0);
  });
});
