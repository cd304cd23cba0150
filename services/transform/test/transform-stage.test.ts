import { describe, expect, it } from '@jest/globals';
import { decodeRowProcess, RowProcessEncoder } from '@lutra/messaging';
import type { ProcessWriter } from '@lutra/messaging';
import { DEFAULT_PARAMETERS } from '@lutra/model';
import type { MappingDefinition, PipelineDefinition, ProcessHeader, RowChange, TableDefinition } from '@lutra/model';
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

async function transform(
  mappings: readonly MappingDefinition[],
  changes: readonly RowChange[],
  stage = new TransformStage(),
  revision = 1,
) {
  const input = new Collected();
  const encoder = new RowProcessEncoder(input);
  encoder.beginTransaction(begin);
  encoder.defineTable(orders);
  for (const change of changes) encoder.change(change);
  encoder.endTransaction();
  encoder.end();
  const output = new Collected();
  const result = await stage.work(
    { definition: definition(mappings, revision), body: Buffer.concat(input.chunks), output },
    new AbortController().signal,
  );
  return { ...result, process: decodeRowProcess(header, Buffer.concat(output.chunks)) };
}

describe('transform', () => {
  it('renames schema and table by the groups of a regular expression and leaves rows as they are', async () => {
    const { process, rowCount } = await transform([mapping({})], [update]);
    expect(process.tables).toEqual([{ ...orders, schema: 'copy', table: 'o07' }]);
    expect(process.transactions).toEqual([{ ...begin, changes: [update] }]);
    expect(rowCount).toBe(1);
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

  it('follows a new revision', async () => {
    const stage = new TransformStage();
    await transform([mapping({})], [update], stage, 1);
    const { process } = await transform([mapping({ target: { schema: 'new' } })], [update], stage, 2);
    expect(process.tables[0]?.schema).toBe('new');
  });
});
