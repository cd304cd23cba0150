import { expect, it } from '@jest/globals';
import { longRetries } from '../src/supervise.ts';
import { failure, permit } from './arbiter-fixture.ts';

it('tells of every tenth attempt, with the failure that they are about', () => {
  const told = Array.from({ length: 25 }, (_, attempt) =>
    longRetries(permit({ state: 'PAUSED', attempt, failure: failure() })),
  );
  expect(told.flatMap((message, attempt) => (message === null ? [] : [attempt + 1]))).toEqual([10, 20]);
  expect(told[9]).toBe('Attempt 10 in a row to bring the pipeline back after TARGET_UNREACHABLE: The target is gone');
});
