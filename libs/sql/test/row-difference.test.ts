import { describe, expect, it } from '@jest/globals';
import { WRITES_ALL } from '@lutra/model';
import { changedColumns } from '../src/row-difference.ts';
import type { TableWriter } from '../src/table-writer.ts';

/** id, street and city of one group, note. */
const GROUPS = [undefined, 0, 0, undefined];
const columns = GROUPS.map((group, position) => ({
  position,
  definition: { kind: 'text', ...(group === undefined ? {} : { group }) },
}));
const writer = { columns, hasGroups: true } as unknown as TableWriter;

const positions = (...update: Parameters<typeof changedColumns>): readonly number[] =>
  changedColumns(...update).map(({ position }) => position);

describe('the columns that an update writes', () => {
  it.each([
    ['those that changed', [1, 's', 'c', 'n'], [1, 's', 'c', 'm'], 0, [3]],
    ['with one of a group all of it', [1, 's', 'c', 'n'], [1, 't', 'c', 'n'], 0, [1, 2]],
    ['what the image carries of a group', [1, 's', 'c', 'n'], [1, 't', undefined, 'n'], 0, [1]],
    ['none of a group that has not changed', [1, 's', 'c', 'n'], [2, 's', 'c', 'n'], 0, [0]],
    ['all that the image carries', [1, 's', 'c', 'n'], [1, 's', 'c', undefined], WRITES_ALL, [0, 1, 2]],
  ] as const)('are %s', (_what, before, after, flags, expected) => {
    expect(positions(writer, { before, after, flags })).toEqual(expected);
  });
});
