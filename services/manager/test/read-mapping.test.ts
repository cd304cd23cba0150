import { describe, expect, it } from '@jest/globals';
import { compileMappings } from '@lutra/model';
import type { ColumnSelection, ConflictPolicy } from '@lutra/model';
import type { ColumnSelectionDto } from '../src/mappings/mapping.dto.ts';
import { MappingEntity } from '../src/mappings/mapping.entity.ts';
import { requirePolicyColumns } from '../src/mappings/read-conflict-policy.ts';
import { columnsOf, requireFittingNames, sourceOf } from '../src/mappings/read-mapping.ts';
import { compileMapping } from '../src/publishing/compile-mapping.ts';

const ranged = (range: string, target?: string): MappingEntity =>
  Object.assign(new MappingEntity(), {
    id: 'm',
    source: { schema: 's', table: { range } },
    target: { schema: 't', ...(target === undefined ? {} : { table: target }) },
    columns: { mode: 'all' },
    onConflict: null,
    weight: 0,
  });

function targetsOf(entity: MappingEntity, tables: readonly string[]): readonly (string | null)[] {
  const matcher = compileMappings(compileMapping(entity));
  return tables.map((table) => matcher.targetsOf('s', table)[0]?.targetTable ?? null);
}

describe('a mapping of a range', () => {
  const tables = ['t_0', 't_1', 't_2', 't_3', 't_4'];

  it.each<[string, string | undefined, readonly (string | null)[]]>([
    ['under their own names', undefined, [null, 't_1', 't_2', 't_3', null]],
    ['under the number of the source', 'copy_$1', [null, 'copy_1', 'copy_2', 'copy_3', null]],
    ['under an equal range', 'copy[1-3]x', [null, 'copy1x', 'copy2x', 'copy3x', null]],
    ['one by one into a range that counts in another way', 'c[008-010]', [null, 'c008', 'c009', 'c010', null]],
  ])('goes %s', (_what, target, expected) => {
    expect(targetsOf(ranged('t_[1-3]', target), tables)).toEqual(expected);
  });

  it('is one mapping where an expression says it, and one for each table otherwise', () => {
    expect(compileMapping(ranged('t_[1-3]', 'c[1-3]')).map(({ id }) => id)).toEqual(['m']);
    expect(compileMapping(ranged('t_[1-3]', 'c[2-4]')).map(({ id }) => id)).toEqual(['m.0', 'm.1', 'm.2']);
  });

  it.each<[string, string, RegExp]>([
    ['t[1-3]', 'c[1-4]', /4 tables for 3/],
    ['t[1-2000]', 'c[2-2001]', /at most 1000 tables/],
  ])('%s does not go to %s', (range, target, problem) => {
    const { source, target: names } = ranged(range, target);
    expect(() => {
      requireFittingNames(source, names);
    }).toThrow(problem);
  });

  it.each([{}, { exact: 'a', regex: 'a' }, { exact: 'a', range: 'a[1-2]' }])('takes one kind of names: %p', (table) => {
    expect(() => sourceOf({ schema: 's', table })).toThrow('either exact, regex or range');
  });
});

describe('columns', () => {
  it('with exceptions', () => {
    const given: ColumnSelectionDto = { mode: 'except', names: ['a'], renames: [{ source: 'b', target: 'c' }] };
    expect(columnsOf(given)).toEqual(given);
    expect(columnsOf({ mode: 'except', names: ['a'] })).toEqual({ mode: 'except', names: ['a'], renames: [] });
  });

  it.each<[ColumnSelectionDto, RegExp]>([
    [{ mode: 'except' }, /names or columns.renames need/],
    [{ mode: 'except', names: ['a'], columns: [{ source: 'a', target: 'b' }] }, /columns belongs to mode list/],
    [{ mode: 'list', columns: [{ source: 'a', target: 'b' }], names: ['a'] }, /names belongs to mode except/],
    [{ mode: 'all', renames: [{ source: 'a', target: 'b' }] }, /renames belongs to mode except/],
    [
      {
        mode: 'except',
        renames: [
          { source: 'a', target: 'x' },
          { source: 'b', target: 'X' },
        ],
      },
      /target column x is written twice/,
    ],
    [
      {
        mode: 'except',
        renames: [
          { source: 'a', target: 'x' },
          { source: 'A', target: 'y' },
        ],
      },
      /source column a is there twice/,
    ],
  ])('refuses %j', (given, problem) => {
    expect(() => columnsOf(given)).toThrow(problem);
  });

  it.each<[string, string | null]>([
    ['left', 'onConflict.column left is not written'],
    ['old', 'onConflict.column old is not written'],
    ['New', null],
    ['other', null],
  ])('a policy that looks at %s', (column, problem) => {
    const policy: ConflictPolicy = { kind: 'latestWins', column };
    const selection: ColumnSelection = { mode: 'except', names: ['left'], renames: [{ source: 'old', target: 'new' }] };
    const check = (): void => {
      requirePolicyColumns(policy, selection);
    };
    if (problem === null) expect(check).not.toThrow();
    else expect(check).toThrow(problem);
  });
});
