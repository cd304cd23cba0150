import { describe, expect, it } from '@jest/globals';
import { systemClock } from '@lutra/model';
import { TokenCache } from '../src/access/token-cache.ts';

// Goal: a token is looked up once a second, and at once after a change.
// Method: a clock that is turned by hand, and a store of which only the number of changes is seen.

function cacheOf(found: object | null): {
  readonly use: (hash?: string) => Promise<object | null>;
  readonly reads: () => number;
  readonly at: { ms: number; changes: number };
} {
  const at = { ms: 0, changes: 0 };
  const cache = new TokenCache(
    {
      get changes() {
        return at.changes;
      },
    },
    { ...systemClock, monotonicMs: () => at.ms },
  );
  let reads = 0;
  const read = (): Promise<object | null> => {
    reads += 1;
    return Promise.resolve(found);
  };
  return { use: (hash = 'a') => cache.find(hash, read), reads: () => reads, at };
}

describe('what a token stands for', () => {
  it('is read once within a second', async () => {
    const { use, reads, at } = cacheOf({ role: 'viewer' });
    await use();
    at.ms = 999;
    expect(await use()).toEqual({ role: 'viewer' });
    expect(reads()).toBe(1);
    at.ms = 1_000;
    await use();
    expect(reads()).toBe(2);
  });

  it('is read again after any change', async () => {
    const { use, reads, at } = cacheOf({});
    await use();
    at.changes += 1;
    await use();
    expect(reads()).toBe(2);
  });

  it('is read again when a change came while it was read', async () => {
    const { use, reads, at } = cacheOf({});
    const reading = use();
    at.changes += 1;
    await reading;
    await use();
    expect(reads()).toBe(2);
  });

  it('is read once for all who ask at the same time', async () => {
    const { use, reads } = cacheOf({});
    await Promise.all([use(), use(), use()]);
    expect(reads()).toBe(1);
  });

  it('is read again when it could not be read', async () => {
    const cache = new TokenCache<object>({ changes: 0 }, systemClock);
    await expect(cache.find('a', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
    expect(await cache.find('a', () => Promise.resolve({}))).toEqual({});
  });

  it('is looked for each time when it is nothing', async () => {
    const { use, reads } = cacheOf(null);
    expect([await use(), await use(), reads()]).toEqual([null, null, 2]);
  });

  it('is its own, and forgotten when there are too many', async () => {
    const { use, reads } = cacheOf({});
    for (let n = 0; n < 1_000; n++) await use(String(n));
    await use('0');
    expect(reads()).toBe(1_000);
    await use('one more');
    await use('0');
    expect(reads()).toBe(1_002);
  });
});
