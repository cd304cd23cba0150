import { describe, expect, it } from '@jest/globals';
import { MappingEntity } from '../src/mappings/mapping.entity.ts';
import { resolveTable } from '../src/mappings/resolve-table.ts';

const mapping = (id: string, change: Partial<MappingEntity>): MappingEntity =>
  Object.assign(new MappingEntity(), {
    ...{ id, target: { schema: 'archive' }, columns: { mode: 'all' }, onConflict: null, weight: 0, rules: null },
    ...{ createdAt: new Date(0), updatedAt: new Date(0), ...change },
  });
const source = (
  table: MappingEntity['source']['table'],
  schema: MappingEntity['source']['schema'] = 'shop',
): Partial<MappingEntity> => ({
  source: { schema, table },
});
const CASE =
  'Names match case-sensitively, and this one differs in case: it is covered only where the source takes names in any case (lower_case_table_names)';
const MAPPINGS = [
  mapping('any', source({ regex: '\\w+_\\d{1,3}' })),
  mapping('literal', { ...source({ regex: 'order_(\\d+)' }), target: { schema: 'a', table: 'o$1' } }),
  mapping('range', source({ range: 'order_[1-9]' })),
  mapping('exact', {
    ...source({ exact: 'order_7' }),
    rules: {
      route: { expression: "'x'", tables: ['x', 'y'] },
      columns: [{ target: 'm', from: { kind: 'column', column: 'c' }, steps: [{ kind: 'token', key: 'sealed' }] }],
    },
  }),
];

describe('what would happen to a table', () => {
  it('is told by every mapping that covers it, the most specific first', () => {
    const { mappings, others } = resolveTable(MAPPINGS, { schema: 'shop', table: 'order_7' });
    expect(mappings.map(({ mappingId, by, targets }) => [mappingId, by, targets.map(({ table }) => table)])).toEqual([
      ['exact', 'exact', ['x', 'y']],
      ['range', 'range', ['order_7']],
      ['literal', 'regex', ['o7']],
      ['any', 'regex', ['order_7']],
    ]);
    expect(JSON.stringify(mappings[0]?.rules)).not.toContain('sealed');
    expect(others).toEqual([]);
  });

  it.each([
    ['shop', 'order_77', 'exact', 'It reads the table order_7 alone'],
    ['shop', 'order_77', 'range', 'The name is not in the range order_[1-9]'],
    ['shop', 'ORDER_7', 'literal', CASE],
    ['shop', 'ORDER_7', 'exact', CASE],
    ['shop', 'orders', 'any', 'The expression does not match the whole name'],
    ['Shop', 'order_7', 'any', 'It reads schema shop: names match case-sensitively'],
    ['other', 'order_7', 'any', 'It reads schema shop'],
  ])('%s.%s is not covered by %s: %s', (schema, table, mappingId, reason) => {
    expect(resolveTable(MAPPINGS, { schema, table }).others).toContainEqual(
      expect.objectContaining({ mappingId, reason }),
    );
  });

  it('is told of schemas as well: which matches, and where the rows go', () => {
    const shards = [
      mapping('regex', { ...source({ exact: 'orders' }, { regex: '(\\w+)_(\\d+)' }), target: { schema: '$s1_$s2' } }),
      mapping('range', {
        ...source({ exact: 'orders' }, { range: 'shop_[00-31]' }),
        target: { schema: 'all', table: 'o_$s1' },
      }),
      mapping('reserved', { ...source({ exact: 'orders' }, { regex: '(.*)_07' }), target: { schema: 'my$s1' } }),
    ];
    const { mappings } = resolveTable(shards, { schema: 'shop_07', table: 'orders' });
    expect(mappings.map(({ mappingId, schemaPattern, targets }) => [mappingId, schemaPattern, targets[0]])).toEqual([
      ['range', 'shop_[00-31]', { schema: 'all', table: 'o_07' }],
      ['reserved', '(.*)_07', { schema: 'myshop', table: 'orders' }],
      ['regex', '(\\w+)_(\\d+)', { schema: 'shop_07', table: 'orders' }],
    ]);
    expect(mappings[0]?.reason).toBe('the schema is in the range shop_[00-31], the table is orders');
    const { others } = resolveTable(shards, { schema: 'sql_07', table: 'orders' });
    expect(others.map(({ mappingId, reason }) => [mappingId, reason])).toEqual([
      ['range', 'It reads the schemas shop_[00-31]'],
      ['reserved', 'It reads the schemas (.*)_07, and what my$s1 gives for this one is no schema that may be written'],
    ]);
    expect(resolveTable(shards, { schema: 'sys', table: 'orders' }).others[0]?.reason).toContain('reserved schema');
  });

  it('is nothing for a table that an online schema change of a covered one makes', () => {
    const { mappings, others } = resolveTable([mapping('any', source({ regex: '.*' }))], {
      schema: 'shop',
      table: '_order_gho',
    });
    expect(mappings).toEqual([]);
    expect(others[0]?.reason).toContain('online schema change of order');
  });
});
