import { describe, expect, it } from '@jest/globals';
import type { LoadedProcess } from '../src/loaded-process.ts';
import { portionsOf } from '../src/portions.ts';

/** A process that ends inside the transaction, or at a border. */
const endingIn = (gtid: string | null): LoadedProcess =>
  ({ delivery: { header: { end: { inside: gtid === null ? null : { gtid } } } } }) as unknown as LoadedProcess;

describe('where something may be committed', () => {
  it.each([
    ['between any processes, as a rule', [null, 'a', 'a', null], [], [1, 1, 1, 1], false],
    ['not inside a transaction of which a row must not be written twice', ['a', 'a', null], [0], [3], false],
    ['before such a row, also inside its transaction', ['a', 'a', null, null], [1], [1, 2, 1], false],
    ['not where the processes end inside it', [null, 'a', 'a'], [1], [1, 2], true],
    ['again behind it, inside the next transaction', ['a', 'b', 'b'], [0], [2, 1], false],
  ] as const)('%s', (_what, ends, holding, sizes, isOpen) => {
    const processes = ends.map(endingIn);
    const holds = (process: LoadedProcess): boolean => holding.some((index: number) => processes[index] === process);
    expect(portionsOf(processes, holds)).toEqual({ sizes, isOpen });
  });
});
