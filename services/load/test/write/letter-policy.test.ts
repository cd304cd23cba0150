/** Goal: an edit of a dead letter settles it: what a person set is absolute, what nobody set is moved as at the source. */
import { describe, expect, it } from '@jest/globals';
import type { ConflictPolicy, RowImage } from '@lutra/model';
import { letterChange, letterPolicy } from '../../src/write/letter-policy.ts';

const columns = ['id', 'Stock', 'note'].map((name, position) => ({ name, position })) as never;
const MERGE: ConflictPolicy = { kind: 'merge', columns: ['note'], deltaColumns: ['stock'] };
const OVERWRITE = { kind: 'overwrite' };
const at = { table: 0, event: 0, row: 0, part: 0, flags: 0 };
const letter = (before: RowImage, after: RowImage, edited: RowImage | null) => ({
  ...{ change: { ...at, kind: 'update', before, after } as const, edited },
  state: 'retryWanted' as const,
});
const of = (before: RowImage, after: RowImage, edited: RowImage | null) =>
  letterPolicy(MERGE, { columns }, letter(before, after, edited));

describe('the policy of a dead letter under merge', () => {
  it.each<[string, RowImage, RowImage, RowImage | null, unknown]>([
    ['merges what nobody edited', [1, 10, 'a'], [1, 12, 'b'], null, MERGE],
    ['takes an amount that was set', [1, 10, 'a'], [1, 12, 'b'], [undefined, 50], OVERWRITE],
    ['takes one that was set to what the source had', [1, 10, 'a'], [1, 12, 'b'], [undefined, 12], OVERWRITE],
    ['takes one of which the image does not tell the change', [1], [1, 12], [undefined, 12], OVERWRITE],
    ['overwrites where no amount was moved', [1], [1, undefined, 'b'], [undefined, undefined, 'c'], OVERWRITE],
    [
      'moves an amount that the edit does not name, and takes all else',
      [1, 10, 'a'],
      [1, 12, 'b'],
      [undefined, undefined, 'c'],
      { ...MERGE, columns: ['id', 'note'], deltaColumns: ['Stock'] },
    ],
  ])('%s', (_what, before, after, edited, expected) => {
    expect(of(before, after, edited)).toEqual(expected);
  });

  it('is an edit also for a letter that follows: its repeats share the fate of the first', () => {
    const following = { ...letter([1], [1, 12], [undefined, 12]), state: 'open' as const };
    expect(letterPolicy(MERGE, { columns }, following)).toEqual(OVERWRITE);
    expect(letterPolicy({ kind: 'manual' }, { columns }, following)).toEqual({ kind: 'manual' });
  });
});

describe('the change of an edited dead letter', () => {
  const edited: RowImage = [1, 10, undefined];
  const updated = { ...letter([1, 10, 'a'], [1, 12, 'b'], edited), wantedImage: [1, 10, 'b'] };
  const key = [{ position: 0 }] as never;

  it('writes a column that was set back to what it was, and still finds the row by its key', () => {
    const { change } = updated;
    const expected = { ...change, before: [1, undefined, 'a'], after: [1, 10, 'b'] };
    expect(letterChange({ key }, updated)).toEqual(expected);
  });

  it('finds a row without a key by all that it was', () => {
    expect(letterChange({ key: [] }, updated)).toEqual({ ...updated.change, after: [1, 10, 'b'] });
  });
});
