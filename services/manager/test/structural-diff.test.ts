import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { structuralDiff } from '../src/revisions/structural-diff.ts';

// Goal: two revisions are compared by path, and what differs in order of fields only is equal.
// Method: chosen values; and for any two JSON values that the difference is empty exactly when they are equal.

describe('structuralDiff', () => {
  it.each([
    ['a changed field', { a: { b: 1 } }, { a: { b: 2 } }, [{ path: '/a/b', kind: 'changed', before: 1, after: 2 }]],
    ['an added field', { a: 1 }, { a: 1, b: null }, [{ path: '/b', kind: 'added', after: null }]],
    ['a removed field', { a: 1, b: [] }, { a: 1 }, [{ path: '/b', kind: 'removed', before: [] }]],
    ['another order of fields', { a: 1, b: { c: 1, d: 2 } }, { b: { d: 2, c: 1 }, a: 1 }, []],
    [
      'a list of plain values',
      { a: [1, 2] },
      { a: [2, 1] },
      [{ path: '/a', kind: 'changed', before: [1, 2], after: [2, 1] }],
    ],
    [
      'things with ids, by their ids',
      {
        m: [
          { id: 'x', w: 1 },
          { id: 'y', w: 1 },
        ],
      },
      {
        m: [
          { id: 'z', w: 1 },
          { id: 'y', w: 2 },
        ],
      },
      [
        { path: '/m/x', kind: 'removed', before: { id: 'x', w: 1 } },
        { path: '/m/y/w', kind: 'changed', before: 1, after: 2 },
        { path: '/m/z', kind: 'added', after: { id: 'z', w: 1 } },
      ],
    ],
    ['names with a slash', { 'a/b~': 1 }, {}, [{ path: '/a~1b~0', kind: 'removed', before: 1 }]],
    ['another kind of value', { a: {} }, { a: 'x' }, [{ path: '/a', kind: 'changed', before: {}, after: 'x' }]],
  ])('%s', (_what, before, after, differences) => {
    expect(structuralDiff(before, after)).toEqual(differences);
  });

  it('is empty exactly for equal values', () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    fc.assert(
      fc.property(value, value, (one, other) => {
        expect(structuralDiff(one, structuredClone(one))).toEqual([]);
        const isSame = canonical(one) === canonical(other);
        expect(structuralDiff(one, other).length === 0).toBe(isSame);
      }),
    );
  });
});

/** Text that is equal for equal values: fields in order of their names. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_name, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );
