/** Goal: whatever rows are refused, exactly those are found, all others are written, and order is kept. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bisect } from '../../src/write/bisect.ts';

describe('bisect', () => {
  it('writes or settles every row once, in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 200 }), async (refused) => {
        const rows = refused.map((isBad, index) => ({ isBad, index }));
        const done: { readonly index: number; readonly how: 'written' | 'settled' }[] = [];
        let tries = 0;
        await bisect(rows, {
          write: (part) => {
            tries += 1;
            expect(part.length).toBeGreaterThan(0);
            if (part.some(({ isBad }) => isBad)) return Promise.resolve(false);
            for (const { index } of part) done.push({ index, how: 'written' });
            return Promise.resolve(true);
          },
          settle: ({ index }) => {
            done.push({ index, how: 'settled' });
            return Promise.resolve();
          },
        });
        expect(done).toEqual(rows.map(({ isBad, index }) => ({ index, how: isBad ? 'settled' : 'written' })));
        const bad = refused.filter(Boolean).length;
        // Halves, not row by row: each bad row costs the depth of the tree, twice.
        const depth = Math.ceil(Math.log2(Math.max(2, rows.length))) + 1;
        expect(tries).toBeLessThanOrEqual(1 + 2 * depth * bad);
      }),
      { numRuns: 1_000 },
    );
  });

  it('settles a row for a reason that lies in its neighbours alone with them', async () => {
    const settled: number[] = [];
    // Together they are refused, each alone is taken.
    await bisect([1, 2, 3], {
      write: (part) => Promise.resolve(part.length === 1),
      settle: (row) => {
        settled.push(row);
        return Promise.resolve();
      },
    });
    expect(settled).toEqual([]);
  });

  it('passes on what else goes wrong', async () => {
    const broken = new Error('broken');
    const steps = { write: () => Promise.reject(broken), settle: () => Promise.resolve() };
    await expect(bisect([1, 2], steps)).rejects.toBe(broken);
  });
});
