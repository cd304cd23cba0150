import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SEAT_WAIT_MS, SPREAD_WAIT_MS_MAX, standBackMs } from '../src/stand-back.ts';
import type { Contender } from '../src/stand-back.ts';

const contender = (instance: string, leases: number, weight = 1): Contender => ({ instance, leases, weight });
const anyContender = (instance: fc.Arbitrary<string>): fc.Arbitrary<Contender> =>
  fc.record({ instance, leases: fc.nat(300), weight: fc.double({ min: 0, max: 100, noNaN: true }) });
const anyOthers = fc.uniqueArray(anyContender(fc.constantFrom('b', 'c', 'd', 'e')), {
  selector: ({ instance }) => instance,
});
const anySelf = anyContender(fc.constant('a'));

describe('standBackMs', () => {
  it.each<[string, Contender, Contender[], string | undefined, number]>([
    ['nobody else is there', contender('a', 9), [], undefined, 0],
    ['the seat is its own, whatever it has', contender('a', 9), [contender('b', 0)], 'a', 0],
    ['the seat is of one that is there', contender('a', 0), [contender('b', 9)], 'b', SEAT_WAIT_MS],
    ['the seat is of one that is not there', contender('a', 0), [contender('b', 9)], 'c', 0],
    ['both have the same', contender('a', 2), [contender('b', 2)], undefined, 0],
    ['the other one has half', contender('a', 3), [contender('b', 1)], undefined, 200],
    ['the other one has less by its weight', contender('a', 3), [contender('b', 3, 2)], undefined, 200],
    ['the other one has much less', contender('a', 30), [contender('b', 0)], undefined, SPREAD_WAIT_MS_MAX],
    ['it has no weight', contender('a', 0, 0), [contender('b', 99)], undefined, SPREAD_WAIT_MS_MAX],
    ['nobody has weight', contender('a', 0, 0), [contender('b', 0, 0)], undefined, 0],
  ])('%s', (_case, self, others, seat, expected) => {
    expect(standBackMs(self, others, seat)).toBe(expected);
  });

  it('is bounded, and never leaves a lease to nobody: some contender takes it at once', () => {
    fc.assert(
      fc.property(anySelf, anyOthers, fc.constantFrom(undefined, 'a', 'b', 'z'), (self, others, seat) => {
        const all = [self, ...others];
        const waits = all.map((each) =>
          standBackMs(
            each,
            all.filter((other) => other !== each),
            seat,
          ),
        );
        expect(Math.min(...waits)).toBe(0);
        const isSeated = all.some(({ instance }) => instance === seat);
        for (const wait of waits) expect(wait).toBeLessThanOrEqual(isSeated ? SEAT_WAIT_MS : SPREAD_WAIT_MS_MAX);
      }),
    );
  });

  it('never shrinks when one takes another lease', () => {
    fc.assert(
      fc.property(anySelf, anyOthers, (self, others) => {
        const more = { ...self, leases: self.leases + 1 };
        expect(standBackMs(more, others, undefined)).toBeGreaterThanOrEqual(standBackMs(self, others, undefined));
      }),
    );
  });

  it('spreads leases by weight when each goes to one that does not stand back', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 4 });
    fc.assert(
      fc.property(weights, fc.integer({ min: 20, max: 60 }), (all, leases) => {
        const fleet = all.map((weight, index) => ({ instance: String(index), weight, leases: 0 }));
        for (let lease = 0; lease < leases; lease += 1) {
          const taker = fleet.find(
            (each) =>
              standBackMs(
                each,
                fleet.filter((other) => other !== each),
                undefined,
              ) === 0,
          );
          if (taker !== undefined) taker.leases += 1;
        }
        const total = all.reduce((sum, weight) => sum + weight, 0);
        for (const { leases: held, weight } of fleet)
          expect(Math.abs(held - (leases * weight) / total)).toBeLessThanOrEqual(fleet.length);
      }),
    );
  });
});
