/**
 * Goal: from the bytes of the log to those that load reads, a mapping that changes nothing changes nothing, for every kind of column.
 * Method: events of any table through extract; its rows once as they are, and once through mappings that have rules and
 * encoding again; both decoded. What the decoder refuses is not the mapping's.
 */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TableMapping } from '@lutra/mapping';
import type { RowFacts } from '@lutra/mapping';
import { decodeRowProcess, RowProcessEncoder } from '@lutra/messaging';
import { compileMappings, DEFAULT_PARAMETERS, SyncError } from '@lutra/model';
import type { MappingDefinition, PipelineDefinition, ProcessHeader, RawEvent, RowProcess } from '@lutra/model';
import { ExtractStage } from '../src/extract-stage.ts';
import { anyTable } from './any-table.ts';
import { Collected, rawBody } from './recorded-events.ts';

const header = {} as ProcessHeader;
const facts: RowFacts = { pipelineId: 'p', gtid: '0-1-9', commitMs: 1, event: 0, row: 0, kind: 'insert' };
const begin = { seq: 4, gtid: '0-1-9', firstEvent: 0, commitMs: 12.5, isLast: true };
/** Same names at the target, so that the tables can be compared too. */
const mapping = (given: Partial<MappingDefinition>): MappingDefinition => ({
  id: 'm',
  source: { schema: 'fx', table: { exact: 'item' } },
  target: { schema: 'fx' },
  columns: { mode: 'all' },
  ...given,
});

async function extracted(events: readonly RawEvent[]): Promise<RowProcess | null> {
  const definition = { id: 'p', revision: 1, mappings: [mapping({})], parameters: DEFAULT_PARAMETERS };
  const output = new Collected();
  const stage = new ExtractStage({ onDropped: () => undefined });
  try {
    const body = rawBody([{ ...begin, events }]);
    await stage.work(
      { definition: definition as unknown as PipelineDefinition, body, output },
      new AbortController().signal,
    );
  } catch (error) {
    if (SyncError.is(error)) return null;
    throw error;
  }
  return decodeRowProcess(header, output.bytes);
}

/** As transform does it with rows that it cannot copy. */
function mapped({ tables, transactions }: RowProcess, given: Partial<MappingDefinition>): RowProcess {
  const output = new Collected();
  const encoder = new RowProcessEncoder(output);
  const matcher = compileMappings([mapping(given)]);
  const compiled = tables.map((source) => TableMapping.all(matcher, { source, openKey: (key) => key }));
  for (const [own] of compiled) if (own !== undefined) own.targets.forEach((table) => encoder.defineTable(table));
  for (const { changes, ...head } of transactions) {
    encoder.beginTransaction(head);
    for (const change of changes)
      for (const own of compiled[change.table] ?? [])
        for (const one of own.map(change, { ...facts, kind: change.kind }))
          encoder.change({ ...change, ...one, table: change.table });
    encoder.endTransaction();
  }
  encoder.end();
  return decodeRowProcess(header, output.bytes);
}

describe('rows on their way from the log to load', () => {
  it.each<[string, Partial<MappingDefinition>]>([
    ['under rules that say nothing', { rules: {} }],
    ['without an exception', { columns: { mode: 'except', names: [], renames: [] } }],
    ['where nothing is kept out', { rules: { rows: { filter: 'true' } } }],
  ])('stay as they are %s', async (_what, given) => {
    let rows = 0;
    await fc.assert(
      fc.asyncProperty(anyTable(), async (events) => {
        const process = await extracted(events);
        if (process === null) return;
        rows += process.transactions.reduce((sum, { changes }) => sum + changes.length, 0);
        expect(mapped(process, given)).toStrictEqual(process);
      }),
      { numRuns: 200 },
    );
    // Most tables are sound.
    expect(rows).toBeGreaterThan(200);
  });
});
