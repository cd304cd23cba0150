// Goal: schemas match by expression as tables do, and what is asked of the target agrees with what is written there.
// Method: a table of cases; then mappings and names made up by chance against both directions.
import fc from 'fast-check';
import { describe, expect, it } from '@jest/globals';
import type { MappingDefinition } from '../src/index.ts';
import { compileMappings, compileMappingsInto, compileTargetSchemas, keepsTablesApart } from '../src/index.ts';

type Source = MappingDefinition['source'];
const mapping = (
  schema: Source['schema'],
  table: Source['table'],
  target: MappingDefinition['target'],
): MappingDefinition => ({ id: 'm', source: { schema, table }, target, columns: { mode: 'all' } });

const targets = (one: MappingDefinition, schema: string, table: string, isCaseFolded = false): string[] =>
  compileMappings([one], { isCaseFolded })
    .targetsOf(schema, table)
    .map(({ targetSchema, targetTable }) => `${targetSchema}.${targetTable}`);

const shards = { regex: 'shop_(\\d+)' };
const orders = { exact: 'orders' };

describe('schemas of an expression', () => {
  it.each<[string, MappingDefinition, string, string, string[]]>([
    ['go into one', mapping(shards, orders, { schema: 'shop' }), 'shop_7', 'orders', ['shop.orders']],
    ['keep their names by $s0', mapping(shards, orders, { schema: '$s0' }), 'shop_7', 'orders', ['shop_7.orders']],
    ['give their groups', mapping(shards, orders, { schema: 'c_$s1' }), 'shop_7', 'orders', ['c_7.orders']],
    ['give them to tables', mapping(shards, orders, { schema: 's', table: 'o$s1' }), 'shop_7', 'orders', ['s.o7']],
    [
      'and tables keep their own',
      mapping(shards, { regex: '(\\w)_(\\d)' }, { schema: 's', table: '$1$2_$s1' }),
      'shop_7',
      'o_3',
      ['s.o3_7'],
    ],
    ['match as a whole', mapping({ regex: 'shop' }, orders, { schema: 's' }), 'shop_7', 'orders', []],
    ['are never reserved ones', mapping({ regex: '.*' }, orders, { schema: 's' }), 'MySQL', 'orders', []],
    ['never go into reserved ones', mapping({ regex: 'x_(.*)' }, orders, { schema: '$s1' }), 'x_lutra', 'orders', []],
    ['are told by their case', mapping(shards, orders, { schema: 's' }), 'SHOP_7', 'orders', []],
    ['leave $s1 as it is for a name', mapping('shop', orders, { schema: 'a$s1' }), 'shop', 'orders', ['a$s1.orders']],
    ['leave ghosts out', mapping(shards, { regex: '.*' }, { schema: 's' }), 'shop_7', '_orders_gho', []],
  ])('%s', (_what, one, schema, table, expected) => {
    expect(targets(one, schema, table)).toEqual(expected);
    expect(compileMappings([one]).schemasOf(schema).length > 0).toBe(expected.length > 0 || table.startsWith('_'));
  });

  it('keeps the order of the definition, names and expressions alike', () => {
    const many = [shards, 'shop_7', { regex: '.*' }].map((schema, index) =>
      mapping(schema, orders, { schema: `t${String(index)}` }),
    );
    const found = compileMappings(many).targetsOf('shop_7', 'orders');
    expect(found.map(({ targetSchema }) => targetSchema)).toEqual(['t0', 't1', 't2']);
  });

  it('takes names in any case where the source does, and calls the target as the mapping does', () => {
    expect(targets(mapping('Shop', { exact: 'Orders' }, { schema: 'S' }), 'shop', 'orders', true)).toEqual([
      'S.Orders',
    ]);
    expect(
      targets(
        mapping({ regex: 'Shop_(\\d)' }, { regex: 'O(.*)' }, { schema: 's', table: 'x$1' }),
        'shop_1',
        'orders',
        true,
      ),
    ).toEqual(['s.xrders']);
  });
});

const NAMES = ['shop', 'shop_1', 'shop_12', 'crm_1', 'a', 'a_1', 'b_1', 'A_1', 'mysql'];
const SCHEMAS: readonly Source['schema'][] = [
  'shop',
  'shop_1',
  { regex: 'shop_(\\d+)' },
  { regex: '(\\w+)_1' },
  { regex: '.*' },
];
const TABLES: readonly Source['table'][] = [
  { exact: 'a' },
  { exact: 'a_1' },
  { regex: '(a|b)_(\\d)' },
  { regex: '.*' },
];
const arbitrary = fc
  .tuple(
    fc.constantFrom(...SCHEMAS),
    fc.constantFrom(...TABLES),
    fc.constantFrom('t', '$s0', 't_$s1', 'mysql_$s1'),
    fc.constantFrom(undefined, 'x', 'x_$1', '$2_$1', 'x_$s1', '$s1_$1'),
  )
  .map(([schema, table, to, name]) =>
    mapping(schema, table, { schema: to, ...(name === undefined ? {} : { table: name }) }),
  );

describe('the way back from the target', () => {
  it('knows every mapping that writes a table, in each of its schemas', () => {
    fc.assert(
      fc.property(
        arbitrary,
        fc.constantFrom(...NAMES),
        fc.constantFrom(...NAMES),
        fc.boolean(),
        (one, schema, table, isCaseFolded) => {
          for (const { targetSchema, targetTable } of compileMappings([one]).targetsOf(schema, table)) {
            const [s, t] = isCaseFolded
              ? [targetSchema.toUpperCase(), targetTable.toUpperCase()]
              : [targetSchema, targetTable];
            expect(compileMappingsInto([one], { isCaseFolded })(s, t)).toEqual([one]);
            expect(compileTargetSchemas([one], { isCaseFolded }).has(s)).toBe(true);
          }
        },
      ),
    );
  });

  it('two source tables never meet where it is said that they are kept apart', () => {
    fc.assert(
      fc.property(arbitrary, (one) => {
        if (!keepsTablesApart(one)) return;
        const matcher = compileMappings([one]);
        const seen = new Map<string, string>();
        for (const schema of NAMES)
          for (const table of NAMES)
            for (const { targetSchema, targetTable } of matcher.targetsOf(schema, table)) {
              const target = `${targetSchema}.${targetTable}`;
              expect([target, seen.get(target) ?? `${schema}.${table}`]).toEqual([target, `${schema}.${table}`]);
              seen.set(target, `${schema}.${table}`);
            }
      }),
    );
  });
});
