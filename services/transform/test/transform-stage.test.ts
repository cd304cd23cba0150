import fc from 'fast-check';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { TableMapping } from '@lutra/mapping';
import { decodeRowProcess, RowProcessEncoder, RowProcessReader } from '@lutra/messaging';
import type { ProcessWriter } from '@lutra/messaging';
import { DEFAULT_PARAMETERS } from '@lutra/model';
import type {
  MappingDefinition,
  PipelineDefinition,
  ProcessHeader,
  RowChange,
  RowImage,
  SourceNames,
  TableDefinition,
} from '@lutra/model';
import { TransformStage } from '../src/transform-stage.ts';

/** Collects what is written; counts how often the writer was asked to drain. */
class Collected implements ProcessWriter {
  readonly chunks: Uint8Array[] = [];
  isFull = false;
  write(bytes: Uint8Array): void {
    this.chunks.push(bytes);
  }
  drain(): Promise<void> {
    return Promise.resolve();
  }
  finish(): Promise<void> {
    return Promise.resolve();
  }
  abort(): Promise<void> {
    return Promise.resolve();
  }
}

const orders: TableDefinition = {
  schema: 'shop',
  table: 'orders_07',
  columns: [
    { name: 'id', kind: 'integer', declared: 'bigint', nullable: false, bytes: 8 },
    { name: 'Customer', kind: 'text', declared: 'varchar(10)', nullable: true, charset: 'utf8mb4' },
    { name: 'amount', kind: 'decimal', declared: 'decimal(10,2)', nullable: true },
  ],
  primaryKey: [0],
};
const header = {} as ProcessHeader;
const begin = { seq: 1, gtid: '0-1-1', firstEvent: 0, commitMs: 1, isLast: true };
const place = { table: 0, event: 0, row: 0, part: 0, flags: 0 };
const update: RowChange = { ...place, kind: 'update', before: [7n, 'a', '1.00'], after: [7n, undefined, '2.00'] };

const mapping = (change: Partial<MappingDefinition>): MappingDefinition => ({
  id: 'm1',
  source: { schema: 'shop', table: { regex: 'orders_(\\d+)' } },
  target: { schema: 'copy', table: 'o$1' },
  columns: { mode: 'all' },
  ...change,
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

/** Columns in another order under another name. */
const renaming = mapping({
  id: 'm3',
  source: { schema: 'shop', table: { exact: 'orders_1' } },
  target: { schema: 'copy', table: 'turned' },
  columns: {
    mode: 'list',
    columns: [
      { source: 'customer', target: 'name' },
      { source: 'id', target: 'no' },
    ],
  },
});

function mappedByHand(
  tables: readonly TableDefinition[],
  mappings: readonly MappingDefinition[],
  change: RowChange,
): unknown[] {
  if (change.kind !== 'update') throw new Error('Only updates are mapped here');
  const source = tables[change.table]?.table ?? '';
  const covering = mappings.filter(({ source: { table } }) =>
    'exact' in table ? table.exact === source : new RegExp(`^${table.regex}$`).test(source),
  );
  return covering.map(({ id }, part) => {
    if (id === 'm3') {
      const turned = (row: RowImage): RowImage => [row[1], row[0]];
      return { ...change, part, table: 'turned', before: turned(change.before), after: turned(change.after) };
    }
    return { ...change, part, table: `o${id === 'm1' ? source.slice('orders_'.length) : '$1'}` };
  });
}

async function transform(
  mappings: readonly MappingDefinition[],
  changes: readonly RowChange[],
  {
    stage = new TransformStage((key) => key),
    revision = 1,
    tables = [orders],
    names = {},
  }: {
    stage?: TransformStage;
    revision?: number;
    tables?: readonly TableDefinition[];
    names?: SourceNames;
  } = {},
) {
  const output = new Collected();
  const result = await stage.work(
    { definition: definition(mappings, revision), body: encoded(changes, tables), output, names },
    new AbortController().signal,
  );
  return { ...result, process: decodeRowProcess(header, Buffer.concat(output.chunks)) };
}

function encoded(changes: readonly RowChange[], tables: readonly TableDefinition[] = [orders]): Buffer {
  const input = new Collected();
  const encoder = new RowProcessEncoder(input);
  encoder.beginTransaction(begin);
  for (const table of tables) encoder.defineTable(table);
  for (const change of changes) encoder.change(change);
  encoder.endTransaction();
  encoder.end();
  return Buffer.concat(input.chunks);
}

describe('transform', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('renames schema and table by the groups of a regular expression and leaves rows as they are', async () => {
    const { process, rowCount } = await transform([mapping({})], [update]);
    expect(process.tables).toEqual([{ ...orders, schema: 'copy', table: 'o07' }]);
    expect(process.transactions).toEqual([{ ...begin, changes: [update] }]);
    expect(rowCount).toBe(1);
  });

  it('decodes no row of a mapping that only gives another name, and the rows of one that picks columns', async () => {
    const decoded = jest.spyOn(RowProcessReader.prototype, 'change');
    const work = (mappings: readonly MappingDefinition[]) =>
      new TransformStage((key) => key).work(
        { definition: definition(mappings), body: encoded([update, update, update]), output: new Collected() },
        new AbortController().signal,
      );
    await work([mapping({})]);
    expect(decoded).not.toHaveBeenCalled();
    await work([mapping({ columns: { mode: 'except', names: ['amount'], renames: [] } })]);
    expect(decoded).toHaveBeenCalledTimes(3);
  });

  it('picks, orders and renames the columns of a list, and the key follows', async () => {
    const list = mapping({
      columns: {
        mode: 'list',
        columns: [
          { source: 'customer', target: 'name' },
          { source: 'id', target: 'no' },
        ],
      },
    });
    const { process } = await transform([list], [update]);
    expect(process.tables[0]?.columns.map(({ name, kind }) => [name, kind])).toEqual([
      ['name', 'text'],
      ['no', 'integer'],
    ]);
    expect(process.tables[0]?.primaryKey).toEqual([1]);
    expect(process.transactions[0]?.changes[0]).toMatchObject({ before: ['a', 7n], after: [undefined, 7n] });
  });

  it('leaves out and renames the exceptions, takes the rest as it is, and the key follows', async () => {
    const except = mapping({
      columns: {
        mode: 'except',
        names: ['CUSTOMER', 'not of this table'],
        renames: [
          { source: 'ID', target: 'no' },
          { source: 'not of this one', target: 'x' },
        ],
      },
    });
    const { process } = await transform([except], [update]);
    expect(process.tables[0]?.columns.map(({ name, kind }) => [name, kind])).toEqual([
      ['no', 'integer'],
      ['amount', 'decimal'],
    ]);
    expect(process.tables[0]?.primaryKey).toEqual([0]);
    expect(process.transactions[0]?.changes[0]).toMatchObject({ before: [7n, '1.00'], after: [7n, '2.00'] });
  });

  it('stops where a rename meets a column that stays', async () => {
    const renames = [{ source: 'customer', target: 'AMOUNT' }];
    await expect(
      transform([mapping({ columns: { mode: 'except', names: [], renames } })], [update]),
    ).rejects.toMatchObject({ code: 'MAPPING_COLUMN_TWICE', details: { table: 'shop.orders_07' } });
  });

  it('has no key when the list leaves out a part of it', async () => {
    const list = mapping({ columns: { mode: 'list', columns: [{ source: 'amount', target: 'amount' }] } });
    expect((await transform([list], [update])).process.tables[0]?.primaryKey).toEqual([]);
  });

  it('makes two independent rows of one row through two mappings', async () => {
    const second = mapping({ id: 'm2', target: { schema: 'other' } });
    const { process, rowCount } = await transform([mapping({}), second], [update]);
    expect(process.tables.map(({ schema, table }) => `${schema}.${table}`)).toEqual(['copy.o07', 'other.orders_07']);
    expect(process.transactions[0]?.changes.map(({ table, part }) => [table, part])).toEqual([
      [0, 0],
      [1, 1],
    ]);
    expect(rowCount).toBe(2);
  });

  it('leaves out rows that no mapping covers and keeps their transaction', async () => {
    const { process, rowCount } = await transform([], [update]);
    expect(process).toMatchObject({ tables: [], transactions: [{ seq: 1, changes: [] }] });
    expect(rowCount).toBe(0);
  });

  // Goal: copying rows as bytes changes nothing of what transform promises.
  // Method: rows of three tables under any set of mappings, beside the same mapping done on decoded rows.
  it('gives the same rows whether they are copied or decoded', async () => {
    const tables = ['orders_1', 'orders_2', 'other'].map((table) => ({ ...orders, table }));
    const image = fc.tuple(
      fc.bigInt({ min: 0n, max: 9n }),
      fc.option(fc.string(), { nil: undefined }),
      fc.constant('1'),
    );
    const anyChange = fc
      .record({ table: fc.nat({ max: 2 }), before: image, after: image })
      .map((row): RowChange => ({ ...place, ...row, kind: 'update' }));
    const all = [
      mapping({}),
      mapping({ id: 'm2', source: { schema: 'shop', table: { exact: 'orders_2' } } }),
      renaming,
    ];
    await fc.assert(
      fc.asyncProperty(fc.subarray(all), fc.array(anyChange, { maxLength: 8 }), async (mappings, changes) => {
        const { process } = await transform(mappings, changes, { tables });
        const rows = process.transactions.flatMap((one) => one.changes);
        const found = rows.map(({ table, ...row }) => ({ ...row, table: process.tables[table]?.table }));
        expect(found).toEqual(changes.flatMap((change) => mappedByHand(tables, mappings, change)));
      }),
    );
  });

  it('passes an empty process on', async () => {
    expect((await transform([mapping({})], [])).rowCount).toBe(0);
  });

  it('names mapping, column and table when a list names an unknown column', async () => {
    const list = mapping({ columns: { mode: 'list', columns: [{ source: 'nope', target: 'x' }] } });
    await expect(transform([list], [update])).rejects.toMatchObject({
      code: 'MAPPING_COLUMN_UNKNOWN',
      details: { column: 'nope' },
    });
  });

  it('takes names in any case where the source does, and as they are written where it does not', async () => {
    const stage = new TransformStage((key) => key);
    const other = mapping({ source: { schema: 'SHOP', table: { regex: 'Orders_(\\d+)' } } });
    expect((await transform([other], [update], { stage })).rowCount).toBe(0);
    const { process } = await transform([other], [update], { stage, names: { isCaseFolded: true } });
    expect(process.tables).toMatchObject([{ schema: 'copy', table: 'o07' }]);
  });

  it('compiles once for a revision, and follows a new one', async () => {
    const stage = new TransformStage((key) => key);
    const compiled = jest.spyOn(TableMapping, 'all');
    const ruled = mapping({ rules: { rows: { filter: 'id > 0' } } });
    await transform([ruled], [update], { stage, revision: 1 });
    await transform([ruled], [update, update], { stage, revision: 1 });
    expect(compiled).toHaveBeenCalledTimes(1);
    const { process } = await transform([mapping({ target: { schema: 'new' } })], [update], { stage, revision: 2 });
    expect(process.tables[0]?.schema).toBe('new');
  });
});
