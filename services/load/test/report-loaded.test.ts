/**
 * Goal: a `loaded` event says where the rows of a process went, whatever parts it was written in, and stays small.
 * Method: rows are counted as the collector does, in parts; the event is made from their sum.
 */
import { describe, expect, it } from '@jest/globals';
import type { TableCount } from '@lutra/model';
import { addCounts, countRows, KIND_OF_CHANGE, noCounts, SKIPPED } from '../src/loaded-process.ts';
import type { LoadedProcess } from '../src/loaded-process.ts';
import { loadedEvent } from '../src/report-loaded.ts';

type Row = readonly [table: number, kind: number];
const { insert, update, delete: removal } = KIND_OF_CHANGE;

function tablesOf(tableCount: number, parts: readonly (readonly Row[])[]): readonly TableCount[] | undefined {
  const header = { pipelineId: 'p', epoch: 1, process: 1, end: {}, stages: [], transactionCount: 1, sourceBytes: 10 };
  const tables = Array.from({ length: tableCount }, (_, index) => ({ schema: 's', table: `t${String(index)}` }));
  const loaded = { delivery: { header, bodyBytes: 10 }, process: { tables }, counts: noCounts(), startMs: 1 };
  for (const rows of parts) {
    const counts = noCounts();
    for (const [table, kind] of rows) countRows(counts, table, kind);
    addCounts({ loaded: loaded as unknown as LoadedProcess, transactions: [], counts });
  }
  return loadedEvent('load-1', loaded as unknown as LoadedProcess, { traceId: '', endMs: 2 }).tables;
}

describe('rows by table in the loaded event', () => {
  it('are added up over the parts of a process, tables with most rows first', () => {
    const parts: readonly (readonly Row[])[] = [
      [
        [0, insert],
        [2, update],
      ],
      [],
      [
        [2, update],
        [2, removal],
        [3, SKIPPED],
        [3, SKIPPED],
      ],
    ];
    expect(tablesOf(4, parts)).toEqual([
      ['s.t2', 0, 2, 1, 0],
      ['s.t3', 0, 0, 0, 2],
      ['s.t0', 1, 0, 0, 0],
    ]);
  });

  it('an empty process names none', () => {
    expect(tablesOf(2, [[]])).toBeUndefined();
  });

  it('of many tables the small ones are together', () => {
    const rows = Array.from({ length: 40 }, (_, table) =>
      Array.from({ length: 40 - table }, (): Row => [table, insert]),
    );
    const tables = tablesOf(40, rows) ?? [];
    expect(tables).toHaveLength(32);
    expect(tables[0]).toEqual(['s.t0', 40, 0, 0, 0]);
    expect(tables.at(-1)).toEqual(['*', 45, 0, 0, 0]);
    expect(tables.reduce((sum, [, inserted]) => sum + inserted, 0)).toBe((40 * 41) / 2);
  });
});
