import { describe, expect, it } from '@jest/globals';
import type { MappingDefinition, PipelineDefinition } from '@lutra/model';
import { sendsRowsAlike } from '../src/same-lanes.ts';

const ORDERS: MappingDefinition = {
  id: 'one',
  source: { schema: 'shop', table: { exact: 'orders' } },
  target: { schema: 'shop' },
  columns: { mode: 'all' },
};
const PEOPLE: MappingDefinition = { ...ORDERS, id: 'two', source: { schema: 'shop', table: { exact: 'people' } } };
const definition = (...mappings: readonly MappingDefinition[]) => ({ mappings }) as unknown as PipelineDefinition;

describe('rows of shop.orders go where they went before', () => {
  it.each<[string, PipelineDefinition, boolean]>([
    ['a policy is edited after a refused row', definition({ ...ORDERS, onConflict: { kind: 'ignore' } }, PEOPLE), true],
    ['a weight is edited', definition({ ...ORDERS, weight: 3 }, PEOPLE), true],
    ['another target', definition({ ...ORDERS, target: { schema: 'other' } }, PEOPLE), false],
    ['other rules', definition({ ...ORDERS, rules: { rows: { filter: 'id > 1' } } }, PEOPLE), false],
    ['other columns', definition({ ...ORDERS, columns: { mode: 'list', columns: [] } }, PEOPLE), false],
    [
      'another source',
      definition({ ...ORDERS, source: PEOPLE.source, target: { schema: 'shop', table: 'orders' } }),
      false,
    ],
    [
      'the mapping of another table',
      definition(ORDERS, { ...PEOPLE, target: { schema: 'shop', table: 'persons' } }),
      true,
    ],
    ['a second table into it', definition(ORDERS, { ...PEOPLE, target: { schema: 'shop', table: 'orders' } }), false],
    [
      'an expression that covers it',
      definition(ORDERS, { ...PEOPLE, source: { schema: 'old', table: { regex: 'o.*' } } }),
      false,
    ],
  ])('%s: %s', (_what, after, isAlike) => {
    const alike = sendsRowsAlike(definition(ORDERS, PEOPLE), after);
    expect(alike({ schema: 'shop', table: 'orders' })).toBe(isAlike);
    expect(alike({ schema: 'shop', table: 'orders' })).toBe(isAlike);
  });
});
