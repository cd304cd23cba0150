import { describe, expect, it } from '@jest/globals';
import { AnswerCache } from '../src/statistics/answer-cache.ts';

// Goal: an answer is made once for a state of the store, and what is kept stays below its limit.
// Method: answers say how often they were made.

function askedOf(cache: AnswerCache): (question: string, state?: string) => Promise<string> {
  let made = 0;
  return (question, state = 'first') =>
    cache.find({ question, state }, () => {
      made += 1;
      return Promise.resolve(`${question}${String(made)}`);
    });
}

describe('answers', () => {
  it('are made once for a state', async () => {
    const ask = askedOf(new AnswerCache());
    expect([
      await ask('a'),
      await ask('a'),
      await ask('b'),
      await ask('a', 'second'),
      await ask('a', 'second'),
    ]).toEqual(['a1', 'a1', 'b2', 'a3', 'a3']);
  });

  it('are made once for all who ask at the same time', async () => {
    const ask = askedOf(new AnswerCache());
    expect(await Promise.all([ask('a'), ask('a')])).toEqual(['a1', 'a1']);
  });

  it('that were used longest ago make room', async () => {
    const ask = askedOf(new AnswerCache(4));
    await ask('a');
    await ask('b');
    await ask('a');
    await ask('c');
    expect([await ask('a'), await ask('b')]).toEqual(['a1', 'b4']);
  });

  it('larger than all room are not kept', async () => {
    const ask = askedOf(new AnswerCache(1));
    expect([await ask('a'), await ask('a')]).toEqual(['a1', 'a2']);
  });

  it('that failed are made again', async () => {
    const cache = new AnswerCache();
    const question = { question: 'a', state: 'first' };
    await expect(cache.find(question, () => Promise.reject(new Error('away')))).rejects.toThrow('away');
    expect(await cache.find(question, () => Promise.resolve('here'))).toBe('here');
  });

  it('of an earlier state that come late replace nothing', async () => {
    const cache = new AnswerCache();
    const finish: ((text: string) => void)[] = [];
    const making = (): Promise<string> =>
      new Promise((resolve) => {
        finish.push(resolve);
      });
    const late = cache.find({ question: 'a', state: 'first' }, making);
    await cache.find({ question: 'a', state: 'second' }, () => Promise.resolve('new'));
    finish[0]?.('old');
    expect(await late).toBe('old');
    expect(await cache.find({ question: 'a', state: 'second' }, () => Promise.resolve('again'))).toBe('new');
  });
});
