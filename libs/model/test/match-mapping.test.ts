import { describe, expect, it } from '@jest/globals';
import type { MappingDefinition, NamePattern } from '../src/index.ts';
import { compileMappings, compileTargetLookup } from '../src/index.ts';

function mapping(table: NamePattern, target?: string, schema = 'shop'): MappingDefinition {
  return {
    id: `m-${JSON.stringify(table)}`,
    source: { schema, table },
    target: { schema: 'copy', ...(target === undefined ? {} : { table: target }) },
    columns: { mode: 'all' },
  };
}

const targetNames = (mappings: readonly MappingDefinition[], schema: string, table: string): string[] =>
  compileMappings(mappings)
    .targetsOf(schema, table)
    .map(({ targetSchema, targetTable }) => `${targetSchema}.${targetTable}`);

describe('compileMappings', () => {
  it.each<[string, NamePattern, string | undefined, string, string[]]>([
    [
      'keeps the name of the source table without a target name',
      { exact: 'orders' },
      undefined,
      'orders',
      ['copy.orders'],
    ],
    ['uses the target name', { exact: 'orders' }, 'bills', 'orders', ['copy.bills']],
    ['matches names case-sensitively', { exact: 'orders' }, undefined, 'Orders', []],
    ['keeps $1 as it is for an exact name', { exact: 'orders' }, 'a$1', 'orders', ['copy.a$1']],
    ['fills groups of an expression', { regex: '(\\w+)_(\\d+)' }, '$2_$1', 'orders_17', ['copy.17_orders']],
    ['fills a group that took no part with nothing', { regex: 'orders(_old)?' }, 'bills$1', 'orders', ['copy.bills']],
    ['anchors an expression at both ends', { regex: 'order' }, undefined, 'orders', []],
    ['anchors every alternative of an expression', { regex: 'a|b' }, undefined, 'ab', []],
    ['takes an expression over names outside ASCII', { regex: '.{2}' }, undefined, 'ä😀', ['copy.ä😀']],
  ])('%s', (_sentence, pattern, target, table, expected) => {
    expect(targetNames([mapping(pattern, target)], 'shop', table)).toEqual(expected);
  });

  it('gives one target per mapping that covers the table, in the order of the definition', () => {
    const mappings = [mapping({ exact: 'orders' }, 'second'), mapping({ regex: 'o.*' }), mapping({ exact: 'items' })];
    expect(targetNames(mappings, 'shop', 'orders')).toEqual(['copy.second', 'copy.orders']);
  });

  it.each<[string, MappingDefinition]>([
    ['tables', mapping({ regex: 'Order_\\d+' })],
    [
      'schemas',
      {
        ...mapping({ exact: 'order_1' }),
        source: { schema: { regex: 'Copy' }, table: { exact: 'order_1' } },
        target: { schema: '$s0' },
      },
    ],
  ])('finds the mapping of what a source that folds names has brought: %s', (_what, of) => {
    const schema = typeof of.source.schema === 'string' ? of.source.schema : 'copy';
    expect(compileMappings([of], { isCaseFolded: true }).targetsOf(schema, 'order_1')).toMatchObject([
      { targetSchema: 'copy', targetTable: 'order_1' },
    ]);
    expect(compileTargetLookup([of])('copy', 'order_1')).toBe(of);
  });

  it('takes the mapping whose expression has the case of the table, where there is one', () => {
    const [upper, lower] = [mapping({ regex: 'Order_\\d+' }), mapping({ regex: 'order_\\d+' })];
    expect(compileTargetLookup([upper, lower])('copy', 'order_1')).toBe(lower);
    expect(compileTargetLookup([upper, lower])('copy', 'Order_1')).toBe(upper);
  });

  it('does not look at other schemas', () => {
    expect(targetNames([mapping({ regex: '.*' })], 'crm', 'orders')).toEqual([]);
  });

  it.each<[string, readonly NamePattern[], string, string | null, boolean]>([
    ['a ghost of gh-ost', [{ regex: '.*' }], '_orders_gho', 'orders', false],
    ['an ordinary table that is called like an old table', [{ regex: '.*' }], '_orders_old', 'orders', false],
    ['such a table beside the exact name of its table', [{ exact: 'orders' }], '_orders_old', null, false],
    ['such a table by its own exact name', [{ regex: '.*' }, { exact: '_orders_old' }], '_orders_old', null, true],
    ['such a name of a table that the expression does not cover', [{ regex: '_.*' }], '_orders_old', null, true],
    ['a name that the expression does not cover', [{ regex: 'orders' }], '_orders_old', null, false],
    ['any other table', [{ regex: '.*' }], 'orders_old', null, true],
  ])('says what is left out of an expression: %s', (_what, patterns, table, of, isMapped) => {
    const matcher = compileMappings(patterns.map((pattern) => mapping(pattern)));
    expect(matcher.leftOutOf('shop', table)).toBe(of);
    expect(matcher.targetsOf('shop', table).length > 0).toBe(isMapped);
    expect(matcher.leftOutOf('crm', table)).toBeNull();
  });

  it.each(['lutra', 'retl', 'mysql', 'sys', 'MySQL', 'information_schema'])('never matches schema %s', (schema) => {
    expect(targetNames([mapping({ regex: '.*' }, undefined, schema)], schema, 'anything')).toEqual([]);
  });

  it.each(['(', 'a)|(b', '[z-a]'])('refuses the expression %s', (regex) => {
    expect(() => compileMappings([mapping({ regex })])).toThrow(
      expect.objectContaining({ code: 'MAPPING_REGEX_INVALID' }),
    );
  });
});

describe('compileTargetLookup', () => {
  it.each<[string, NamePattern, string | undefined, string, boolean]>([
    ['an exact name', { exact: 'Orders' }, undefined, 'orders', true],
    [
      'names of an expression, whose classes mean what they mean',
      { regex: 'Orders\\D\\d+' },
      undefined,
      'orders_1',
      true,
    ],
    ['not what such a class leaves out', { regex: 'Orders\\D\\d+' }, undefined, 'orders11', false],
    ['names made of groups', { regex: '(\\w+)_(\\d+)' }, 'New$2.$1', 'new17.orders', true],
    ['no other name', { exact: 'Orders' }, undefined, 'order', false],
  ])('finds in any case, where the target folds names: %s', (_sentence, pattern, target, table, isFound) => {
    const [of] = [mapping(pattern, target)];
    expect(compileTargetLookup([of], { isCaseFolded: true })('Copy', table)).toBe(isFound ? of : null);
    expect(compileTargetLookup([of])('Copy', table)).toBeNull();
  });

  it.each<[string, NamePattern, string | undefined, string, boolean]>([
    ['an exact name', { exact: 'orders' }, undefined, 'orders', true],
    ['a renamed table', { exact: 'orders' }, 'bills', 'bills', true],
    ['not the source name of a renamed table', { exact: 'orders' }, 'bills', 'orders', false],
    ['names of an expression', { regex: 'o.*' }, undefined, 'orders', true],
    ['names made of groups', { regex: '(\\w+)_(\\d+)' }, '$2.$1', '17.orders', true],
    ['not what lacks the fixed parts', { regex: '(\\w+)_(\\d+)' }, '$2.$1', '17_orders', false],
  ])('finds %s', (_sentence, pattern, target, table, isFound) => {
    const [of] = [mapping(pattern, target)];
    expect(compileTargetLookup([of])('copy', table)).toBe(isFound ? of : null);
  });

  it('does not look at other schemas', () => {
    expect(compileTargetLookup([mapping({ regex: '.*' })])('shop', 'orders')).toBeNull();
  });

  it('finds every table of a route, and not the one that the mapping would have without it', () => {
    const route = { expression: "'x'", tables: ['Orders_eu', 'orders_us'] };
    const routed = { ...mapping({ exact: 'orders' }), rules: { route } };
    const namesIn = (isCaseFolded: boolean): string[] =>
      ['Orders_eu', 'ORDERS_US', 'orders'].filter(
        (table) => compileTargetLookup([routed], { isCaseFolded })('copy', table) !== null,
      );
    expect([namesIn(false), namesIn(true)]).toEqual([['Orders_eu'], ['Orders_eu', 'ORDERS_US']]);
    expect(targetNames([routed], 'shop', 'orders')).toEqual(['copy.Orders_eu', 'copy.orders_us']);
  });
});
