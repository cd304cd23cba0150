import { afterEach, describe, expect, it } from '@jest/globals';
import { armFailPoints, failPoint } from '../src/fail-point.ts';

describe('failPoint', () => {
  const exits: number[] = [];
  afterEach(() => {
    armFailPoints('');
    exits.length = 0;
  });
  const arm = (text: string): void => {
    armFailPoints(text, (code) => exits.push(code));
  };

  it('does nothing unless armed', () => {
    arm('');
    failPoint('before-commit');
    expect(exits).toEqual([]);
  });

  it('ends the process like a kill, at the named point only', () => {
    arm('before-commit=exit');
    failPoint('after-commit');
    expect(exits).toEqual([]);
    failPoint('before-commit');
    expect(exits).toEqual([137]);
  });

  it('waits for the given hit', () => {
    arm('after-publish=exit@3,before-publish=exit');
    failPoint('after-publish');
    failPoint('after-publish');
    expect(exits).toEqual([]);
    failPoint('after-publish');
    expect(exits).toEqual([137]);
  });

  it('refuses a point that does not exist, because the test would prove nothing', () => {
    expect(() => {
      arm('before-lunch=exit');
    }).toThrow('before-lunch');
  });
});
