// Goal: rows of tables with a processor of extract leave as it makes them, all others as they are, in the order of the log.
// Method: recorded events of a server, processors of a few lines.
import { describe, expect, it } from '@jest/globals';
import { Processors } from '@lutra/mapping';
import { decodeRowProcess } from '@lutra/messaging';
import { DEFAULT_PARAMETERS, REPAIRS, systemClock } from '@lutra/model';
import type {
  MappingDefinition,
  PipelineDefinition,
  ProcessHeader,
  ProcessorRule,
  RowChange,
  TableDefinition,
} from '@lutra/model';
import { ExtractStage } from '../src/extract-stage.ts';
import { ProcessedRows } from '../src/processors/processed-rows.ts';
import { Collected, rawBody, recordedEvents } from './recorded-events.ts';

type Row = Readonly<Record<string, unknown>>;
const begin = { seq: 4, gtid: '0-1-9', firstEvent: 0, commitMs: 12.5, isLast: true };
const said: string[] = [];

/** As a package would export it. */
const packageOf = (answer: (row: Row) => unknown, stage = 'extract'): unknown => ({
  ...{ interfaceVersion: 1, stage, settingsSchema: { type: 'object' } },
  columns: () => [{ name: 'note', type: 'varchar(20)' }],
  open: () => ({ process: (rows: readonly Row[]) => rows.map(answer), close: () => said.push('closed') }),
});

const noted = packageOf((row) => ({ kind: 'row', values: { note: `n${String(row['id'])}` } }));
const NOTED: ProcessorRule = { name: 'noted', settings: {} };

const mapping = (processors: readonly ProcessorRule[], more: Partial<MappingDefinition> = {}): MappingDefinition => ({
  ...{ id: 'm1', source: { schema: 'fx', table: { exact: 'item' } }, target: { schema: 'copy' } },
  ...{ columns: { mode: 'all' }, rules: { processors }, ...more },
});

async function extract(
  packages: Readonly<Record<string, unknown>>,
  mappings: readonly MappingDefinition[],
  bodies: readonly ReturnType<typeof recordedEvents>[] = [recordedEvents()],
) {
  const processors = new Processors({
    ...{ allowed: Object.keys(packages).join(','), timeoutMs: 60_000, clock: systemClock },
    importPackage: async (name) => ({ processor: packages[name] }),
  });
  const stage = new ExtractStage({ onDropped: () => undefined, processors });
  const output = new Collected();
  const definition = {
    ...{ id: 'p1', name: 'p1', channelId: 'c1', revision: 1, mappings, parameters: DEFAULT_PARAMETERS },
    start: { kind: 'latest' },
  } as unknown as PipelineDefinition;
  const body = rawBody(bodies.map((events, index) => ({ ...begin, seq: begin.seq + index, events })));
  const { rowCount } = await stage.work({ definition, body, output }, new AbortController().signal);
  await stage.close();
  return { rowCount, process: decodeRowProcess({} as ProcessHeader, output.bytes) };
}

const notes = (changes: readonly RowChange[]): readonly unknown[] =>
  changes.map((change) => [
    change.kind,
    change.event,
    change.row,
    (change.kind === 'delete' ? change.before : change.after).at(-1),
  ]);

describe('rows of a table with a processor', () => {
  it('leave as it makes them, with the column that it adds, in their places', async () => {
    said.length = 0;
    const { process, rowCount } = await extract({ noted }, [mapping([NOTED])], [recordedEvents(), recordedEvents()]);
    expect(rowCount).toBe(10);
    expect(process.tables.map(({ columns }) => columns.at(-1)?.name)).toEqual(['note']);
    expect(process.transactions.map(({ seq, changes }) => [seq, changes.length])).toEqual([
      [4, 5],
      [5, 5],
    ]);
    const [transaction] = process.transactions;
    expect(notes(transaction?.changes ?? []).map((one) => (one as unknown[]).slice(0, 3))).toEqual([
      ['insert', 0, 0],
      ['insert', 0, 1],
      ['update', 1, 0],
      ['update', 2, 0],
      ['delete', 3, 0],
    ]);
    expect(notes(transaction?.changes ?? [])[0]).toEqual(['insert', 0, 0, expect.stringMatching(/^n\d+$/)]);
    expect(said).toEqual(['closed']);
  });

  it('that it drops are not there', async () => {
    const none = packageOf(() => ({ kind: 'dropped' }));
    const { process, rowCount } = await extract({ none }, [mapping([{ name: 'none', settings: {} }])]);
    expect([rowCount, process.transactions.length, process.transactions[0]?.changes]).toEqual([0, 1, []]);
  });

  it('that it refuses go on as refused, without what it should have made', async () => {
    const never = packageOf(() => ({ kind: 'refused', reason: 'no' }));
    const { process } = await extract({ never }, [mapping([{ name: 'never', settings: {} }])]);
    const [first] = process.transactions[0]?.changes ?? [];
    const note = (process.tables[0]?.columns.length ?? 0) - 1;
    expect(first?.refusal).toMatchObject({ code: 'ROW_PROCESSOR_REFUSED', columns: [note] });
    expect(first?.kind === 'insert' && first.after[note]).toBeUndefined();
  });

  it('leave others alone', async () => {
    const plain = (
      await extract({ noted }, [mapping([NOTED], { source: { schema: 'fx', table: { exact: 'other' } } }), mapping([])])
    ).process;
    expect(plain.tables[0]?.columns.at(-1)?.name).not.toBe('note');
    expect(plain.transactions[0]?.changes).toHaveLength(5);
  });

  it('are as the log has them where the processor is one of transform', async () => {
    const later = packageOf(() => ({ kind: 'dropped' }), 'transform');
    const { rowCount } = await extract({ later }, [mapping([{ name: 'later', settings: {} }])]);
    expect(rowCount).toBe(5);
  });
});

it('mappings of one table have to agree', async () => {
  await expect(extract({ noted }, [mapping([NOTED]), mapping([], { id: 'm2' })])).rejects.toMatchObject({
    code: 'PROCESSOR_MAPPINGS_DIFFER',
  });
  const same = await extract({ noted }, [mapping([NOTED]), mapping([NOTED], { id: 'm2' })]);
  expect(same.rowCount).toBe(5);
});

it('a processor that is not allowed stops the process', async () => {
  await expect(extract({}, [mapping([NOTED])])).rejects.toMatchObject({ code: 'PROCESSOR_NOT_ALLOWED' });
});

it('a processor is not asked of a key without a row that is sent once more', async () => {
  const written: RowChange[] = [];
  const asked: unknown[] = [];
  const chain = { apply: (rows: unknown) => asked.push(rows) } as never;
  const writer = { change: (_table: TableDefinition, change: RowChange) => written.push(change) } as never;
  const rows = new ProcessedRows({} as never, writer, ({ table }) => (table === 'plain' ? null : chain));
  const gone: RowChange = {
    ...{ table: 0, event: 0, row: 0, part: 0, flags: REPAIRS },
    ...{ kind: 'delete', before: [1, undefined] },
  };
  const tableOf = (table: string): TableDefinition => ({ schema: 'fx', table, columns: [], primaryKey: [0] });
  rows.change(tableOf('item'), gone);
  rows.change(tableOf('plain'), gone);
  await rows.settle(new AbortController().signal, () => Promise.resolve());
  expect([written, asked]).toEqual([[gone], []]);
});
