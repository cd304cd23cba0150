import { describe, expect, it } from '@jest/globals';
import { FadingMap } from '../src/nats/fading-map.ts';

function mapAt(): { readonly map: FadingMap<number>; at(ms: number): FadingMap<number> } {
  let nowMs = 0;
  const map = new FadingMap<number>({ monotonicMs: () => nowMs }, 1_000);
  const at = (ms: number): FadingMap<number> => {
    nowMs = ms;
    return map;
  };
  return { map, at };
}

describe('a fading map', () => {
  it('gives what was set once, and not later than its life', () => {
    const { map, at } = mapAt();
    map.set('a', 1);
    map.set('b', 2);
    expect([at(1_000).take('a'), map.take('a'), at(1_001).take('b')]).toEqual([1, undefined, undefined]);
  });

  it('keeps none of the keys that nobody asks for any more', () => {
    const { map, at } = mapAt();
    for (let index = 0; index < 1_000; index++) at(index * 500).set(`consumer-${String(index)}`, index);
    expect(map.size).toBe(3);
  });

  it('counts the life of a key from the last time that it was set', () => {
    const { at } = mapAt();
    at(0).set('a', 1);
    at(0).set('b', 1);
    at(900).set('a', 2);
    at(1_500).set('c', 3);
    expect(at(1_500).size).toBe(2);
    expect(at(1_500).take('a')).toBe(2);
  });
});
