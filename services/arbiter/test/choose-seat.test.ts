import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { chooseSeat, STEADY_MS } from '../src/choose-seat.ts';
import type { Candidate, SeatView } from '../src/choose-seat.ts';

const view = (change: Partial<SeatView> = {}): SeatView => ({
  kind: 'loader',
  holder: 'a',
  isDraining: false,
  preferred: '',
  failback: 'stay',
  ...change,
});
const candidate = (instance: string, change: Partial<Candidate> = {}): Candidate => ({
  instance,
  weight: 1,
  leases: 0,
  steadyMs: 60_000,
  refusedMs: 0,
  ...change,
});

describe('chooseSeat', () => {
  it.each<[string, SeatView, Candidate[], object]>([
    ['leaves a lease where it is', view(), [candidate('a'), candidate('b')], { word: 'stay' }],
    [
      'moves away from a holder that drains, to the least loaded by weight',
      view({ isDraining: true }),
      [candidate('b', { leases: 2 }), candidate('c', { leases: 3, weight: 2 }), candidate('d', { leases: 4 })],
      { word: 'move', instance: 'c' },
    ],
    [
      'moves to the preferred one whatever it has',
      view({ isDraining: true, preferred: 'd' }),
      [candidate('b'), candidate('d', { leases: 40 })],
      { word: 'move', instance: 'd' },
    ],
    [
      'names the next one when the least loaded has not come',
      view({ isDraining: true }),
      [candidate('b', { refusedMs: 500 }), candidate('c', { leases: 9 })],
      { word: 'move', instance: 'c' },
    ],
    [
      'waits when nobody has come',
      view({ isDraining: true }),
      [candidate('b', { refusedMs: 500 }), candidate('c', { refusedMs: 400 })],
      { word: 'stay', lookAgainMs: 400 },
    ],
    [
      'warns when there is nobody else',
      view({ isDraining: true }),
      [],
      { word: 'warn', code: 'INSTANCE_CANNOT_DRAIN' },
    ],
    ['stays by default', view({ preferred: 'b' }), [candidate('b')], { word: 'stay' }],
    [
      'returns to a preferred one that is back',
      view({ preferred: 'b', failback: 'return' }),
      [candidate('b')],
      { word: 'move', instance: 'b' },
    ],
    [
      'waits until it is there for good',
      view({ preferred: 'b', failback: 'return' }),
      [candidate('b', { steadyMs: 4_000 })],
      { word: 'stay', lookAgainMs: STEADY_MS - 4_000 },
    ],
    [
      'does not name a preferred one again that has not come',
      view({ preferred: 'b', failback: 'return' }),
      [candidate('b', { refusedMs: 700 })],
      { word: 'stay', lookAgainMs: 700 },
    ],
    [
      'asks when it shall',
      view({ preferred: 'b', failback: 'ask' }),
      [candidate('b')],
      { word: 'warn', code: 'FAILBACK_POSSIBLE' },
    ],
    [
      'is content with the preferred one',
      view({ holder: 'b', preferred: 'b', failback: 'ask' }),
      [candidate('b')],
      { word: 'stay' },
    ],
    ['has nothing to return to', view({ preferred: 'b', failback: 'return' }), [candidate('c')], { word: 'stay' }],
  ])('%s', (_case, given, candidates, expected) => {
    expect(chooseSeat(given, candidates)).toMatchObject(expected);
  });

  it('never names the holder, nor anybody who is not there', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd');
    const someone = fc.record({
      instance: name,
      weight: fc.double({ min: 0, max: 10, noNaN: true }),
      leases: fc.nat(20),
      steadyMs: fc.nat(30_000),
      refusedMs: fc.integer({ min: -100, max: 1_000 }),
    });
    const someView = fc.record({
      kind: fc.constantFrom('mainstem' as const, 'loader' as const),
      holder: name,
      isDraining: fc.boolean(),
      preferred: fc.constantFrom('', 'a', 'b', 'z'),
      failback: fc.constantFrom('stay' as const, 'return' as const, 'ask' as const),
    });
    fc.assert(
      fc.property(someView, fc.uniqueArray(someone, { selector: ({ instance }) => instance }), (given, candidates) => {
        const word = chooseSeat(given, candidates);
        if (word.word !== 'move') return;
        const chosen = candidates.find(({ instance }) => instance === word.instance);
        expect(word.instance).not.toBe(given.holder);
        expect(chosen?.refusedMs).toBeLessThanOrEqual(0);
      }),
    );
  });
});
