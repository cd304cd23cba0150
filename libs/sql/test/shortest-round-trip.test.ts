import { describe, expect, it } from '@jest/globals';
import { ShortestRoundTrips } from '../src/shortest-round-trip.ts';

describe('the shortest round trip', () => {
  it('is not what a busy machine makes of it, and follows a server that moves away', () => {
    const trips = new ShortestRoundTrips();
    expect(trips.observe('a', 4)).toBe(4);
    expect(trips.observe('a', 0.2)).toBe(0.2);
    expect(trips.observe('a', 5)).toBeCloseTo(0.3);
    expect(trips.observe('b', 5)).toBe(5);
    for (let session = 0; session < 10; session++) trips.observe('a', 5);
    expect(trips.observe('a', 5)).toBe(5);
  });
});
