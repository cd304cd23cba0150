import { describe, expect, it } from '@jest/globals';
import type { Clock } from '@lutra/model';
import { keepingAlive } from '../src/keeping-alive.ts';

const clock = { sleep: () => Promise.resolve() } as unknown as Clock;

function later<T>() {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}

describe('keeping sessions alive', () => {
  it('ends only when what it has begun at the target has ended', async () => {
    const [work, begun, atTarget] = [later<string>(), later<undefined>(), later<undefined>()];
    const order: string[] = [];
    const keepAlive = async (): Promise<void> => {
      begun.resolve(undefined);
      await atTarget.promise;
      order.push('rollback of an idle session');
    };
    const result = keepingAlive(work.promise, { clock, keepAlive }).then((value) => order.push(value));
    await begun.promise;
    work.resolve('next unit');
    // More turns than a promise that is settled already needs.
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    atTarget.resolve(undefined);
    await result;
    expect(order).toEqual(['rollback of an idle session', 'next unit']);
  });

  it('throws what the target answers, whatever the work does', async () => {
    const keepAlive = (): Promise<void> => Promise.reject(new Error('gone'));
    await expect(keepingAlive(later<string>().promise, { clock, keepAlive })).rejects.toThrow('gone');
  });
});
