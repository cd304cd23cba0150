import { describe, expect, it } from '@jest/globals';
import { decodeRowProcess } from '@lutra/messaging';
import { DEFAULT_PARAMETERS } from '@lutra/model';
import type { MappingDefinition, PipelineDefinition, ProcessHeader, RawEvent } from '@lutra/model';
import { ExtractStage } from '../src/extract-stage.ts';
import type { DroppedEvents } from '../src/extract-stage.ts';
import { Collected, rawBody, recordedEvents } from './recorded-events.ts';

const header = {} as ProcessHeader;
const begin = { seq: 4, gtid: '0-1-9', firstEvent: 0, commitMs: 12.5, isLast: true };

const mapping = (table: string): MappingDefinition => ({
  id: 'm1',
  source: { schema: 'fx', table: { exact: table } },
  target: { schema: 'copy' },
  columns: { mode: 'all' },
});

const definition = (mappings: readonly MappingDefinition[], revision = 1): PipelineDefinition => ({
  id: 'p1',
  name: 'p1',
  channelId: 'c1',
  revision,
  source: {} as PipelineDefinition['source'],
  target: {} as PipelineDefinition['target'],
  mappings,
  parameters: DEFAULT_PARAMETERS,
  start: { kind: 'latest' },
});

const recorded = recordedEvents();

function newStage(dropped: DroppedEvents[] = []): ExtractStage {
  return new ExtractStage({ onDropped: (events) => dropped.push(events) });
}

async function extract(
  body: Buffer,
  mappings = [mapping('item')],
  { stage = newStage(), revision = 1 }: { readonly stage?: ExtractStage; readonly revision?: number } = {},
) {
  const output = new Collected();
  const task = { definition: definition(mappings, revision), body, output };
  const { rowCount } = await stage.work(task, new AbortController().signal);
  return { rowCount, output, process: decodeRowProcess(header, output.bytes) };
}

describe('extract', () => {
  it('turns events into rows that keep their place, with each table once', async () => {
    const { process, rowCount } = await extract(rawBody([{ ...begin, events: recordedEvents() }]));
    expect(rowCount).toBe(5);
    expect(process.tables.map(({ schema, table }) => `${schema}.${table}`)).toEqual(['fx.item']);
    const [transaction] = process.transactions;
    expect(transaction).toMatchObject(begin);
    expect(
      transaction?.changes.map(({ kind, table, event, row, part, flags }) => [kind, table, event, row, part, flags]),
    ).toEqual([
      ['insert', 0, 0, 0, 0, 0],
      ['insert', 0, 0, 1, 0, 0],
      ['update', 0, 1, 0, 0, 0],
      ['update', 0, 2, 0, 0, 0],
      ['delete', 0, 3, 0, 0, 0],
    ]);
    const partial = transaction?.changes[3];
    expect(partial?.kind === 'update' && partial.after.slice(0, 3)).toEqual([undefined, undefined, '1.00']);
  });

  it('hands on what the session had switched off', async () => {
    const events = recordedEvents().map((event): RawEvent => {
      if (event.type === 'tableMap') return event;
      const bytes = Buffer.from(event.bytes);
      bytes.writeUInt16LE([0, 2, 4, 0x16][event.event] ?? 0, 25);
      return { ...event, bytes };
    });
    const { process } = await extract(rawBody([{ ...begin, events }]));
    expect(process.transactions[0]?.changes.map(({ flags }) => flags)).toEqual([0, 0, 1, 2, 7]);
  });

  it('neither decodes nor hands on tables that no mapping covers, and counts their events', async () => {
    const events = recordedEvents().map((event): RawEvent => {
      if (event.type === 'tableMap') return event;
      // Behind the table id nothing is readable any more.
      return { ...event, bytes: Buffer.from(event.bytes).fill(0xff, 25) };
    });
    const dropped: DroppedEvents[] = [];
    const body = rawBody([{ ...begin, events }]);
    const { process, rowCount } = await extract(body, [mapping('other')], { stage: newStage(dropped) });
    expect(process).toMatchObject({ tables: [], transactions: [{ seq: 4, changes: [] }] });
    expect([rowCount, dropped]).toEqual([0, [{ pipelineId: 'p1', events: 4, sequences: [] }]]);
    await expect(extract(body)).rejects.toMatchObject({ code: 'SOURCE_EVENT_CORRUPT' });
  });

  it('takes an id for the table that its last table map names', async () => {
    const [map, rows] = recordedEvents();
    const events = [map, rows].flatMap((event) => event ?? []);
    const ofOther = events.map((event): RawEvent => {
      if (event.type === 'rows') return event;
      return {
        ...event,
        bytes: Buffer.from(Buffer.from(event.bytes).toString('latin1').replace('item', 'meti'), 'latin1'),
      };
    });
    const dropped: DroppedEvents[] = [];
    const body = rawBody([{ ...begin, events: [...events, ...events, ...ofOther, ...events] }]);
    const { process, rowCount } = await extract(body, [mapping('item')], { stage: newStage(dropped) });
    expect([rowCount, process.tables.length, dropped]).toEqual([
      6,
      1,
      [{ pipelineId: 'p1', events: 1, sequences: [] }],
    ]);
    const both = await extract(body, [mapping('item'), mapping('meti')]);
    expect(both.process.transactions[0]?.changes.map(({ table }) => table)).toEqual([0, 0, 0, 0, 1, 1, 0, 0]);
  });

  it('follows the revision of each process', async () => {
    const stage = newStage();
    const body = rawBody([{ ...begin, events: recordedEvents() }]);
    expect((await extract(body, [mapping('item')], { stage, revision: 1 })).rowCount).toBe(5);
    expect((await extract(body, [mapping('other')], { stage, revision: 2 })).rowCount).toBe(0);
  });

  it('keeps transactions apart and says which one goes on in the next process', async () => {
    const [map, rows] = recordedEvents();
    const events = [map, rows].flatMap((event) => event ?? []);
    const slice = { ...begin, seq: 5, gtid: '0-1-10', firstEvent: 7, isLast: false, events: events.slice(1) };
    const { process } = await extract(rawBody([{ ...begin, events }, slice]));
    expect(
      process.transactions.map(({ seq, firstEvent, isLast, changes }) => [seq, firstEvent, isLast, changes.length]),
    ).toEqual([
      [4, 0, true, 2],
      [5, 7, false, 2],
    ]);
  });

  it('passes an empty process on', async () => {
    const { process, rowCount } = await extract(Buffer.alloc(0));
    expect([rowCount, process.tables, process.transactions]).toEqual([0, [], []]);
  });

  it('waits when the output is full', async () => {
    const transactions = Array.from({ length: 1_000 }, () => ({ ...begin, events: recorded }));
    const { output, rowCount } = await extract(rawBody(transactions));
    expect(rowCount).toBe(5_000);
    expect(output.drains).toBeGreaterThan(2);
  });
});
