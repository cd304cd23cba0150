/** Goal: the size of target transactions follows the time that they take, within the configured limits, and recovers. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TransactionSizer } from '../src/transaction-sizer.ts';

const CONFIGURED = { rowsMax: 20_000, bytesMax: 8_388_608, commitTargetMs: 250 };

/** Transactions as large as they may be, at a target that takes so long per row. */
function settle(sizer: TransactionSizer, msPerRow: number, rounds: number): number {
  let rows = 0;
  for (let round = 0; round < rounds; round += 1) {
    rows = sizer.limits(CONFIGURED).rowsMax;
    sizer.observe({ rows, bytes: rows, durationMs: rows * msPerRow }, CONFIGURED);
  }
  return rows;
}

describe('the size of transactions', () => {
  it('stays within the configured limits, whatever is observed', () => {
    const observation = fc.record({
      rows: fc.nat(100_000),
      bytes: fc.nat(100_000_000),
      durationMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
    });
    const configured = fc.record({
      rowsMax: fc.integer({ min: 1, max: 1_000_000 }),
      bytesMax: fc.integer({ min: 16_384, max: 67_108_864 }),
      commitTargetMs: fc.integer({ min: 1, max: 60_000 }),
    });
    fc.assert(
      fc.property(fc.array(observation, { maxLength: 100 }), configured, (observations, limits) => {
        const sizer = new TransactionSizer();
        for (const one of observations) {
          sizer.observe(one, limits);
          const { rowsMax, bytesMax } = sizer.limits(limits);
          expect(rowsMax).toBeGreaterThanOrEqual(1);
          expect(rowsMax).toBeLessThanOrEqual(limits.rowsMax);
          expect(bytesMax).toBeGreaterThanOrEqual(1);
          expect(bytesMax).toBeLessThanOrEqual(limits.bytesMax);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('finds the size that takes about as long as wanted, and goes back when the target is fast again', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.02, max: 0.5, noNaN: true }), (msPerRow) => {
        const sizer = new TransactionSizer();
        const rows = settle(sizer, msPerRow, 60);
        // One step of growth above, one of shrinking below.
        expect(rows * msPerRow).toBeLessThanOrEqual(250 + (20_000 / 32) * msPerRow);
        expect(rows * msPerRow).toBeGreaterThanOrEqual(Math.min(250 * 0.65, (20_000 / 64) * msPerRow));
        expect(settle(sizer, 0.001, 40)).toBe(20_000);
      }),
      { numRuns: 1_000 },
    );
  });

  it('does not grow by transactions that were small because nothing more was there', () => {
    const sizer = new TransactionSizer();
    const small = settle(sizer, 1, 30);
    for (let round = 0; round < 100; round += 1) sizer.observe({ rows: 1, bytes: 100, durationMs: 1 }, CONFIGURED);
    expect(sizer.limits(CONFIGURED).rowsMax).toBeLessThanOrEqual(small);
  });

  it('shrinks at once', () => {
    const sizer = new TransactionSizer();
    sizer.observe({ rows: 20_000, bytes: 1, durationMs: 251 }, CONFIGURED);
    expect(sizer.limits(CONFIGURED).rowsMax).toBe(14_000);
  });
});
