import { describe, expect, it } from '@jest/globals';
import { SyncError } from '@lutra/model';
import type { TableDefinition } from '@lutra/model';
import { judgeFacts } from '../../src/pre-check/judge-facts.ts';
import type { PreCheckFacts } from '../../src/pre-check/pre-check-facts.ts';
import type { MappedResult } from '../../src/preview/map-rows.ts';
import type { SourceRow } from '../../src/preview/source-row.ts';
import { facts } from './pre-check-facts.ts';

// Goal: rows that would be refused are told by table, mapping and reason; what was not tried is told and never taken for good.

const tableNamed = (table: string): TableDefinition => ({ schema: 'shop', table, columns: [], primaryKey: [] });
const rowOf = (table: TableDefinition): SourceRow => ({
  ...{ table, gtid: '', commitMs: 0, event: 0, row: 0, kind: 'insert', before: null, after: [] },
});
const resultOf = (code: string | null): MappedResult => ({
  ...{ mappingId: 'M', changes: [], console: [] },
  error: code === null ? null : { code, detail: 'it does not fit', details: {} },
});

const findingsOf = (tried: PreCheckFacts['tried']): unknown[] =>
  judgeFacts(facts({ tried }))
    .findings.filter(({ code }) => code.startsWith('ROWS_'))
    .map(({ code, severity, subject, explanation }) => [code, severity, subject.table, explanation]);

function tried(rows: readonly (readonly [TableDefinition, string | null | undefined])[], isComplete = true) {
  const results = rows.map(([, code]) => (code === undefined ? undefined : [resultOf(code)]));
  return { value: { rows: rows.map(([table]) => rowOf(table)), isComplete, trial: { fits: [], results } } };
}

describe('the newest rows', () => {
  const [orders, items] = [tableNamed('orders'), tableNamed('items')];

  it('give no reason to say anything when all of them can be mapped, and when nobody tried them', () => {
    expect(findingsOf(tried([[orders, null]]))).toEqual([]);
    expect(findingsOf(tried([]))).toEqual([]);
    expect(findingsOf(null)).toEqual([]);
  });

  it('are counted by table and reason', () => {
    const found = findingsOf(
      tried([
        [orders, 'ROW_VALUE_LOST'],
        [orders, 'ROW_VALUE_LOST'],
        [orders, 'ROW_VALUE_INVALID'],
        [items, 'ROW_VALUE_LOST'],
        [items, null],
      ]),
    );
    const told = (table: string, rest: string): unknown[] => [
      ...['ROWS_REFUSED', 'warning', table],
      expect.stringContaining(rest),
    ];
    expect(found).toEqual([
      told(
        'orders',
        "5 newest rows in the source's log that are mapped, 2 of shop.orders would be refused (ROW_VALUE_LOST): it does not fit",
      ),
      told('orders', '1 of shop.orders would be refused (ROW_VALUE_INVALID)'),
      told('items', '1 of shop.items would be refused (ROW_VALUE_LOST)'),
    ]);
  });

  it('whose images lack columns are no reason: extract completes them', () => {
    expect(findingsOf(tried([[orders, 'ROW_IMAGE_PARTIAL']]))).toEqual([]);
  });

  it('that could not be tried are told', () => {
    const notTried = (rest: string): unknown[] => [
      ['ROWS_NOT_TRIED', 'info', undefined, expect.stringContaining(rest)],
    ];
    const failure = new SyncError('RESOURCE_CONFLICT', { problem: '2 previews run already' });
    expect(findingsOf({ failure })).toEqual(notTried('2 previews run already'));
    expect(
      findingsOf(
        tried([
          [orders, null],
          [orders, undefined],
        ]),
      ),
    ).toEqual(notTried('before 1 of the 2 newest rows'));
    expect(findingsOf(tried([], false))).toEqual(notTried('before a row of the mapped tables was found'));
    expect(findingsOf(tried([[orders, null]], false))).toEqual([]);
  });
});
