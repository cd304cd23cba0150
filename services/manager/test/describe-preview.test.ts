/** Goal: of a row that becomes none the preview names every rule that may have taken it. */
import { expect, it } from '@jest/globals';
import { DEFAULT_PARAMETERS } from '@lutra/model';
import type { MappingDefinition, MappingRules, TableDefinition } from '@lutra/model';
import { describeRows } from '../src/preview/describe-preview.ts';
import type { SourceRow } from '../src/preview/source-row.ts';

const table: TableDefinition = {
  ...{ schema: 'shop', table: 'item', primaryKey: [0] },
  columns: [{ name: 'id', kind: 'integer', declared: 'int', nullable: false, bytes: 4 }],
};
const row: SourceRow = {
  ...{ table, gtid: 'g:1', commitMs: 0, event: 0, row: 0, kind: 'insert', before: null, after: [1] },
};

it.each<[string, MappingRules, string]>([
  ['processors', { processors: [{ name: 'x', settings: {} }] }, 'the processors drop it'],
  [
    'a filter and processors',
    { rows: { filter: 'id > 1' }, processors: [{ name: 'x', settings: {} }] },
    'rows.filter accepts none of its images, or the processors drop it',
  ],
  [
    'an aggregate',
    { aggregate: { groupBy: [{ expression: 'id', target: 'id' }], count: 'n', values: [] } },
    'it changes nothing that its group counts',
  ],
])('names %s', (_what, rules, reason) => {
  const mapping: MappingDefinition = {
    ...{ id: 'M', source: { schema: 'shop', table: { exact: 'item' } }, target: { schema: 'copy' } },
    ...{ columns: { mode: 'all' }, rules },
  };
  const fit = { mappingId: 'M', table: 0, targets: [table], error: null };
  const trial = { fits: [fit], results: [[{ mappingId: 'M', changes: [], error: null, console: [] }]] };
  const facts = { mappings: [mapping], rows: [row], trial, target: null, parameters: DEFAULT_PARAMETERS };
  expect(describeRows(facts)[0]?.results).toMatchObject([{ outcome: 'dropped', reason }]);
});
