import { describe, expect, it } from '@jest/globals';
import type { MappingDefinition, PipelineDefinition, PipelineParameters } from '@lutra/model';
import { sendsRowsAlike } from '../src/same-lanes.ts';

const MAPPING: MappingDefinition = {
  id: 'one',
  source: { schema: 'shop', table: { exact: 'orders' } },
  target: { schema: 'shop' },
  columns: { mode: 'all' },
};
const definition = (mapping: Partial<MappingDefinition>, parameters: Partial<PipelineParameters> = {}) =>
  ({
    mappings: [{ ...MAPPING, ...mapping }],
    parameters: { foreignKeys: 'trust', missingColumn: 'fail', noPrimaryKey: 'reject', ...parameters },
  }) as unknown as PipelineDefinition;

describe('rows go where they went before', () => {
  it.each([
    ['a policy is edited after a refused row', definition({ onConflict: { kind: 'ignore' } }), true],
    ['a weight is edited', definition({ weight: 3 }), true],
    ['another target', definition({ target: { schema: 'other' } }), false],
    ['other columns', definition({ columns: { mode: 'list', columns: [] } }), false],
    ['tables tied by foreign keys become one lane', definition({}, { foreignKeys: 'verify' }), false],
    ['tables without a key are written', definition({}, { noPrimaryKey: 'matchAllColumns' }), false],
    ['parameters that no lane depends on', definition({}, { onPoison: 'deadLetter' }), true],
  ])('%s: %s', (_what, after, isAlike) => {
    expect(sendsRowsAlike(definition({}), after)).toBe(isAlike);
  });
});
