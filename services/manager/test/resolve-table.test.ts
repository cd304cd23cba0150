import { describe, expect, it } from '@jest/globals';
import { MappingEntity } from '../src/mappings/mapping.entity.ts';
import { resolveTable } from '../src/mappings/resolve-table.ts';

const mapping = (id: string, change: Partial<MappingEntity>): MappingEntity =>
  Object.assign(new MappingEntity(), {
    ...{ id, target: { schema: 'archive' }, columns: { mode: 'all' }, onConflict: null, weight: 0, rules: null },
    ...{ createdAt: new Date(0), updatedAt: new Date(0), ...change },
  });
const source = (table: MappingEntity['source']['table'], schema = 'shop'): Partial<MappingEntity> => ({
  source: { schema, table },
});
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
    ['shop', 'ORDER_7', 'literal', 'Names match case-sensitively, and this one differs in case'],
    ['shop', 'ORDER_7', 'exact', 'Names match case-sensitively, and this one differs in case'],
    ['shop', 'orders', 'any', 'The expression does not match the whole name'],
    ['Shop', 'order_7', 'any', 'It reads schema shop: names match case-sensitively'],
    ['other', 'order_7', 'any', 'It reads schema shop'],
  ])('%s.%s is not covered by %s: %s', (schema, table, mappingId, reason) => {
    expect(resolveTable(MAPPINGS, { schema, table }).others).toContainEqual(
      expect.objectContaining({ mappingId, reason }),
    );
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
