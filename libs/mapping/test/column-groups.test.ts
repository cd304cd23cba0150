import { describe, expect, it } from '@jest/globals';
import { compileMappings } from '@lutra/model';
import type { MappingDefinition, MappingRules, TableDefinition } from '@lutra/model';
import { columnGroups, neededColumns, TableMapping } from '@lutra/mapping';

const source: TableDefinition = {
  schema: 'shop',
  table: 'person',
  columns: ['id', 'street', 'city', 'zip', 'note'].map((name) => ({
    ...{ name, kind: 'text', declared: 'varchar(20)', nullable: true, charset: 'utf8mb4' },
  })),
  primaryKey: [0],
};

const mappingOf = (rules?: MappingRules): MappingDefinition => ({
  ...{ id: 'M', source: { schema: 'shop', table: { exact: 'person' } }, target: { schema: 'copy' } },
  ...{ columns: { mode: 'all' }, ...(rules === undefined ? {} : { rules }) },
});

function groupsOf(rules: MappingRules): readonly (readonly [string, number | undefined])[] {
  const matcher = compileMappings([mappingOf(rules)]);
  const [mapping] = TableMapping.all(matcher, { source, openKey: () => '' });
  return (mapping?.targets[0]?.columns ?? []).map(({ name, group }) => [name, group]);
}

describe('column groups', () => {
  it('are told by the columns of the target, computed ones included', () => {
    const address = {
      target: 'address',
      from: { kind: 'concat', columns: ['street', 'zip'], separator: ' ' },
    } as const;
    expect(groupsOf({ columns: [address], columnGroups: [['Street', 'city']] })).toEqual([
      ...[
        ['id', undefined],
        ['street', 0],
        ['city', 0],
        ['zip', undefined],
        ['note', undefined],
      ],
      ['address', 0],
    ]);
  });

  it('are one where they share a column', () => {
    const groups = groupsOf({
      columnGroups: [
        ['street', 'city'],
        ['zip', 'note'],
        ['city', 'zip'],
      ],
    });
    expect(groups.map(([, group]) => group)).toEqual([undefined, 0, 0, 0, 0]);
  });

  it('name columns of the source', () => {
    expect(columnGroups(mappingOf({ columnGroups: [['zip', 'STREET']] }), source)).toEqual([[3, 1]]);
    expect(() => groupsOf({ columnGroups: [['streets']] })).toThrow(/MAPPING_COLUMN_UNKNOWN/);
  });
});

describe('the columns that a mapping cannot do without', () => {
  it.each([
    ['nothing of one that takes them over', undefined, []],
    [
      'what is computed of',
      { columns: [{ target: 'z', from: { kind: 'concat', columns: ['zip'], separator: '' } }] },
      [3],
    ],
    [
      'what is taken through a step',
      {
        columns: [
          {
            target: 'x',
            from: { kind: 'column', column: 'note' },
            steps: [{ kind: 'default', value: '-', when: 'null' }],
          },
        ],
      },
      [4],
    ],
    [
      'what is masked, whose key nobody opens here',
      {
        columns: [{ target: 'h', from: { kind: 'column', column: 'note' }, steps: [{ kind: 'hash', key: 'sealed' }] }],
      },
      [4],
    ],
    ['all of a script', { script: { source: 'x', columns: [], timeMs: 1, memoryBytes: 1 } }, [0, 1, 2, 3, 4]],
  ] as const)('are %s', (_what, rules, expected) => {
    expect(neededColumns(mappingOf(rules as MappingRules | undefined), source)).toEqual(expected);
  });
});
