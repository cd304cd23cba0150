/**
 * Goal: the invariants of the cache, as LookupCache says them.
 * Method: a reader that counts and can be held up, under a clock that is turned by hand.
 */
import { describe, expect, it } from '@jest/globals';
import type { LookupAnswer, LookupKey } from '@lutra/mapping';
import type { Clock } from '@lutra/model';
import { systemClock } from '@lutra/model';
import { LookupCache } from '../../src/lookup/lookup-cache.ts';

const LIMITS = { ttlMs: 100, rowsMax: 3, keepsMissing: true };
const keysOf = (...texts: string[]): LookupKey[] => texts.map((text) => ({ text, values: [text] }));

function setUp(bytesMax?: number) {
  const time = { ms: 0 };
  const clock: Clock = { ...systemClock, monotonicMs: () => time.ms };
  const cache = new LookupCache(clock, bytesMax);
  const asked: string[][] = [];
  const answers = new Map<string, LookupAnswer>();
  const read = (keys: readonly LookupKey[]): Promise<readonly LookupAnswer[]> => {
    asked.push(keys.map(({ text }) => text));
    return Promise.resolve(keys.map(({ text }) => answers.get(text) ?? [text]));
  };
  const find = (texts: readonly string[], limits: Partial<typeof LIMITS> = {}, table = 't') =>
    cache.find(table, keysOf(...texts), { limits: { ...LIMITS, ...limits }, read });
  return { time, cache, asked, answers, read, find };
}

describe('the cache of look-ups', () => {
  it('answers in the order of the keys, and reads what it does not know', async () => {
    const { asked, find } = setUp();
    expect(await find(['a', 'b'])).toEqual([['a'], ['b']]);
    expect(await find(['c', 'a'])).toEqual([['c'], ['a']]);
    expect(asked).toEqual([['a', 'b'], ['c']]);
  });

  it('keeps nothing for longer than its time, counted from before it was read', async () => {
    const { time, asked, cache } = setUp();
    const slow = async (keys: readonly LookupKey[]): Promise<readonly LookupAnswer[]> => {
      asked.push(keys.map(({ text }) => text));
      time.ms += 60;
      return Promise.resolve(keys.map(() => ['x']));
    };
    const find = () => cache.find('t', keysOf('a'), { limits: LIMITS, read: slow });
    await find();
    time.ms = 99;
    await find();
    expect(asked).toEqual([['a']]);
    time.ms = 100;
    await find();
    expect(asked).toEqual([['a'], ['a']]);
  });

  it('keeps nothing at all without time or rows', async () => {
    const { asked, find } = setUp();
    for (const limits of [{ ttlMs: 0 }, { ttlMs: 0 }, { rowsMax: 0 }, { rowsMax: 0 }]) await find(['a'], limits);
    expect(asked.length).toBe(4);
  });

  it('lets the row go that was asked for longest ago', async () => {
    const { asked, find } = setUp();
    await find(['a', 'b', 'c']);
    await find(['a']);
    await find(['d']);
    await find(['a', 'c', 'd']);
    await find(['b']);
    expect(asked).toEqual([['a', 'b', 'c'], ['d'], ['b']]);
  });

  it('has one bound for the bytes of all look-ups', async () => {
    const { asked, find, answers } = setUp(40_000);
    for (const name of ['a', 'b', 'c', 'd']) answers.set(name, ['x'.repeat(6_000)]);
    await find(['a', 'b'], {}, 'first');
    await find(['c'], {}, 'second');
    await find(['b'], {}, 'first');
    await find(['d'], {}, 'first');
    asked.length = 0;
    await find(['b', 'd', 'a'], {}, 'first');
    await find(['c'], {}, 'second');
    expect(asked).toEqual([['c']]);
    answers.set('huge', ['x'.repeat(40_000)]);
    await find(['huge'], {}, 'first');
    await find(['huge', 'a'], {}, 'first');
    expect(asked).toEqual([['c'], ['huge'], ['huge']]);
  });

  it('keeps that there is no row where it may, and never what refuses a row', async () => {
    const { asked, find, answers } = setUp();
    answers.set('m', 'missing').set('s', 'several').set('l', 'tooLarge');
    await find(['m', 's', 'l']);
    await find(['m', 's', 'l']);
    expect(asked).toEqual([
      ['m', 's', 'l'],
      ['s', 'l'],
    ]);
    await find(['m'], { keepsMissing: false });
    await find(['m'], { keepsMissing: false });
    expect(asked.slice(2)).toEqual([['m'], ['m']]);
  });

  it('reads a key once, whoever asks', async () => {
    const { cache, asked, answers } = setUp();
    answers.set('a', 'missing');
    let go: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    const read = async (keys: readonly LookupKey[]): Promise<readonly LookupAnswer[]> => {
      asked.push(keys.map(({ text }) => text));
      await held;
      return keys.map(({ text }) => answers.get(text) ?? [text]);
    };
    const find = (keepsMissing: boolean, ...texts: string[]) =>
      cache.find('t', keysOf(...texts), { limits: { ...LIMITS, keepsMissing }, read });
    const finding = Promise.all([find(true, 'a', 'b'), find(true, 'b', 'a', 'c'), find(false, 'a')]);
    await Promise.resolve();
    expect(asked).toEqual([['a', 'b'], ['c']]);
    go();
    expect(await finding).toEqual([['missing', ['b']], [['b'], 'missing', ['c']], ['missing']]);
    // To whom it is no answer that there was no row, he has looked again.
    expect(asked).toEqual([['a', 'b'], ['c'], ['a']]);
  });

  it('lets who waits read by himself when the reading fails', async () => {
    const { cache, asked, find } = setUp();
    const failing = (): Promise<readonly LookupAnswer[]> => Promise.reject(new Error('away'));
    const first = cache.find('t', keysOf('a'), { limits: LIMITS, read: failing });
    const second = find(['a']);
    await expect(first).rejects.toThrow('away');
    expect(await second).toEqual([['a']]);
    expect(asked).toEqual([['a']]);
  });
});
