import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ByteBudget } from '../src/byte-budget.ts';
import type { Priority } from '../src/pipeline.ts';
import { SyncError } from '../src/sync-error.ts';

/** Lets everything run that is ready to. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('ByteBudget', () => {
  // Goal: memory never exceeds the limit, except for one reservation that is larger than all of it, and that one is alone.
  // Method: random reservations and releases in random order; what is granted is added up after each step.
  it('holds no more than the limit unless one alone is larger, and grants in the order of asking', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('reserve' as const), bytes: fc.integer({ min: 0, max: 30 }) }),
      fc.record({ kind: fc.constant('release' as const), which: fc.nat(10) }),
      fc.record({ kind: fc.constant('abort' as const), which: fc.nat(10) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const budget = new ByteBudget(20);
        const held = new Map<number, { bytes: number; release: () => void }>();
        const waiting = new Map<number, AbortController>();
        const granted: number[] = [];
        let asked = 0;
        const reserve = (bytes: number): void => {
          const number = asked++;
          const abort = new AbortController();
          waiting.set(number, abort);
          budget.reserve(bytes, abort.signal).then(
            (release) => {
              waiting.delete(number);
              held.set(number, { bytes, release });
              granted.push(number);
            },
            () => waiting.delete(number),
          );
        };
        for (const action of steps) {
          if (action.kind === 'reserve') reserve(action.bytes);
          if (action.kind === 'release') {
            const key = [...held.keys()].at(action.which % Math.max(1, held.size));
            if (key !== undefined) {
              held.get(key)?.release();
              held.delete(key);
            }
          }
          if (action.kind === 'abort') [...waiting.values()].at(action.which % Math.max(1, waiting.size))?.abort();
          await settled();
          const sizes = [...held.values()].map(({ bytes }) => bytes);
          const sum = sizes.reduce((total, bytes) => total + bytes, 0);
          expect(budget.held).toBe(sum);
          if (sum > 20) expect(sizes.filter((bytes) => bytes > 0)).toHaveLength(1);
        }
        expect(granted).toEqual([...granted].sort((a, b) => a - b));
        // Everything that waits gets its turn in the end: nothing is forgotten.
        for (let rounds = 0; held.size > 0 && rounds < 200; rounds++) {
          for (const { release } of held.values()) release();
          held.clear();
          await settled();
        }
        expect(waiting.size).toBe(0);
        expect(budget.held).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('lets a large reservation have its turn before small ones that asked later', async () => {
    const budget = new ByteBudget(10);
    const release = await budget.reserve(6);
    const order: string[] = [];
    const large = budget.reserve(9).then(() => order.push('large'));
    const small = budget.reserve(1).then(() => order.push('small'));
    await settled();
    expect(order).toEqual([]);
    release();
    await Promise.all([large, small]);
    expect(order).toEqual(['large', 'small']);
  });

  it('gives bytes back once, however often it is told to', async () => {
    const budget = new ByteBudget(10);
    const release = await budget.reserve(4);
    await budget.reserve(3);
    release();
    release();
    expect(budget.held).toBe(3);
  });

  it('lets those behind go on when one that waits gives up', async () => {
    const budget = new ByteBudget(10);
    await budget.reserve(6);
    const abort = new AbortController();
    const large = budget.reserve(9, abort.signal);
    const small = budget.reserve(2);
    abort.abort();
    await expect(large).rejects.toBeInstanceOf(SyncError);
    await small;
    expect(budget.held).toBe(8);
  });

  // Law: while all priorities wait, any 7 grants in a row are 4 high, 2 normal, 1 low, give or take one; each in its order.
  it('lets priorities that wait take turns 4 : 2 : 1, and each keeps its order', async () => {
    const priorities = fc.shuffledSubarray(
      [
        ...new Array<Priority>(40).fill('high'),
        ...new Array<Priority>(20).fill('normal'),
        ...new Array<Priority>(10).fill('low'),
      ],
      { minLength: 70 },
    );
    await fc.assert(
      fc.asyncProperty(priorities, async (asked) => {
        const budget = new ByteBudget(1);
        const granted: { readonly priority: Priority; readonly index: number }[] = [];
        let release = await budget.reserve(1);
        const waiting = asked.map(async (priority, index) => {
          const give = await budget.reserve(1, undefined, priority);
          granted.push({ priority, index });
          release = give;
        });
        for (let count = 1; count <= asked.length; count += 1) {
          release();
          await settled();
          expect(granted).toHaveLength(count);
        }
        await Promise.all(waiting);
        for (let start = 0; start + 7 <= 63; start += 1) {
          const seven = granted.slice(start, start + 7).map(({ priority }) => priority);
          const count = (wanted: Priority): number => seven.filter((priority) => priority === wanted).length;
          expect(Math.abs(count('high') - 4)).toBeLessThanOrEqual(1);
          expect(Math.abs(count('normal') - 2)).toBeLessThanOrEqual(1);
          expect(Math.abs(count('low') - 1)).toBeLessThanOrEqual(1);
        }
        for (const wanted of ['high', 'normal', 'low']) {
          const order = granted.filter(({ priority }) => priority === wanted).map(({ index }) => index);
          expect(order).toEqual([...order].sort((a, b) => a - b));
        }
      }),
      { numRuns: 20 },
    );
  });

  it('gives a priority that comes late no claim to the turns before', async () => {
    const budget = new ByteBudget(1);
    const granted: string[] = [];
    let release = await budget.reserve(1);
    const ask = (priority: Priority): void => {
      void budget.reserve(1, undefined, priority).then((give) => {
        granted.push(priority);
        release = give;
      });
    };
    const next = async (): Promise<void> => {
      release();
      await settled();
    };
    for (let count = 0; count < 20; count += 1) ask('high');
    for (let count = 0; count < 10; count += 1) await next();
    for (let count = 0; count < 5; count += 1) ask('low');
    for (let count = 0; count < 5; count += 1) await next();
    expect(granted.slice(10).filter((priority) => priority === 'low').length).toBeLessThanOrEqual(2);
    expect(granted.slice(10)).toContain('low');
  });
});
