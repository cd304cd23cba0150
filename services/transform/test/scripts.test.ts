import fc from 'fast-check';
import { describe, expect, it } from '@jest/globals';
import { decodeRowProcess, RowProcessEncoder } from '@lutra/messaging';
import type { ProcessWriter } from '@lutra/messaging';
import { DEFAULT_PARAMETERS } from '@lutra/model';
import type {
  MappingDefinition,
  PipelineDefinition,
  ProcessHeader,
  RowChange,
  RowImage,
  TableDefinition,
} from '@lutra/model';
import { TransformStage } from '../src/transform-stage.ts';

// Goal: rows that go through a script many at once come out in the order of the process, beside rows that do not.
// Method: whole processes through the stage, with real scripts.

class Collected implements Pick<ProcessWriter, 'write' | 'isFull' | 'drain'> {
  readonly chunks: Uint8Array[] = [];
  isFull = false;
  drains = 0;
  write(bytes: Uint8Array): void {
    this.chunks.push(bytes);
  }
  drain(): Promise<void> {
    this.drains += 1;
    return Promise.resolve();
  }
}

const table = (name: string): TableDefinition => ({
  schema: 'shop',
  table: name,
  columns: [
    { name: 'id', kind: 'integer', declared: 'bigint', nullable: false, bytes: 8 },
    { name: 'name', kind: 'text', declared: 'varchar(10)', nullable: true, charset: 'utf8mb4' },
  ],
  primaryKey: [0],
});
const TABLES = [table('scripted'), table('plain')];
const place = { table: 0, event: 0, row: 0, part: 0, flags: 0 };
const insert = (after: RowImage, change: Partial<RowChange> = {}): RowChange => ({
  ...place,
  ...change,
  kind: 'insert',
  after,
});

const scripted = (source: string, columns: readonly { name: string; type: string }[] = []): MappingDefinition => ({
  id: 'm1',
  source: { schema: 'shop', table: { exact: 'scripted' } },
  target: { schema: 'copy' },
  columns: { mode: 'all' },
  rules: { script: { source, columns, timeMs: 1_000, memoryBytes: 33_554_432 } },
});
const plain: MappingDefinition = {
  id: 'm2',
  source: { schema: 'shop', table: { exact: 'plain' } },
  target: { schema: 'copy' },
  columns: { mode: 'all' },
};

interface Told {
  readonly lines: readonly string[];
  readonly row: number;
}

async function transform(
  mappings: readonly MappingDefinition[],
  transactions: readonly (readonly RowChange[])[],
  { isFull = false, revision = 1 } = {},
) {
  const input = new Collected();
  const encoder = new RowProcessEncoder(input);
  const indexes = TABLES.map((each) => encoder.defineTable(each));
  for (const [seq, changes] of transactions.entries()) {
    encoder.beginTransaction({ seq, gtid: `0-1-${String(seq)}`, firstEvent: 0, commitMs: seq, isLast: true });
    for (const change of changes) encoder.change({ ...change, table: indexes[change.table] ?? 0 });
    encoder.endTransaction();
  }
  encoder.end();
  const told: Told[] = [];
  const stage = new TransformStage(
    (key) => key,
    (lines, { row }) => told.push({ lines, row }),
  );
  const output = new Collected();
  output.isFull = isFull;
  const definition = { id: 'p1', revision, mappings, parameters: DEFAULT_PARAMETERS } as unknown as PipelineDefinition;
  const result = await stage.work(
    { definition, body: Buffer.concat(input.chunks), output: output as unknown as ProcessWriter },
    new AbortController().signal,
  );
  const process = decodeRowProcess({} as ProcessHeader, Buffer.concat(output.chunks));
  const rows = process.transactions.map(({ gtid, changes }) => [
    gtid,
    ...changes.map((change) => [
      process.tables[change.table]?.table,
      change.kind,
      ...(change.kind === 'insert' ? [] : [change.before]),
      ...(change.kind === 'delete' ? [] : [change.after]),
    ]),
  ]);
  return { ...result, process, rows, told, drains: output.drains };
}

describe('rows through a script', () => {
  it('keep their places among transactions and rows that are copied', async () => {
    const changes = [
      [insert([1n, 'a']), insert([2n, 'x'], { table: 1 }), insert([3n, 'b'])],
      [insert([4n, 'y'], { table: 1 })],
      [insert([5n, 'c'])],
    ];
    const { rows, rowCount } = await transform(
      [scripted('const transform = (row, { gtid }) => ({ ...row, name: row.name + gtid });'), plain],
      changes,
    );
    expect(rows).toEqual([
      [
        '0-1-0',
        ['scripted', 'insert', [1n, 'a0-1-0']],
        ['plain', 'insert', [2n, 'x']],
        ['scripted', 'insert', [3n, 'b0-1-0']],
      ],
      ['0-1-1', ['plain', 'insert', [4n, 'y']]],
      ['0-1-2', ['scripted', 'insert', [5n, 'c0-1-2']]],
    ]);
    expect(rowCount).toBe(5);
  });

  it('may be more than are taken at once, and a full output is drained in between', async () => {
    const changes = Array.from({ length: 5_000 }, (_, index) => insert([BigInt(index), 'a'], { row: index }));
    const { process, drains } = await transform([scripted('const transform = (row) => row;')], [changes], {
      isFull: true,
    });
    expect(process.transactions[0]?.changes).toEqual(changes);
    expect(drains).toBeGreaterThan(2);
  }, 60_000);

  it('become rows of several mappings, numbered over all of them', async () => {
    const second = { ...plain, id: 'm3', source: scripted('').source, target: { schema: 'other' } };
    const script = 'const transform = (row) => [row, { ...row, id: row.id + 10n }];';
    const { process } = await transform([scripted(script), second], [[insert([1n, 'a'])]]);
    expect(
      process.transactions[0]?.changes.map((change) => [change.part, change.kind === 'insert' && change.after[0]]),
    ).toEqual([
      [0, 1n],
      [1, 11n],
      [2, 1n],
    ]);
  });

  it('have the columns that the script adds', async () => {
    const columns = [
      { name: 'total', type: 'decimal(10,2)' },
      { name: 'NAME', type: 'bigint' },
    ];
    const { process } = await transform(
      [scripted("const transform = (row) => ({ id: row.id, total: '1.5', NAME: 7 });", columns)],
      [[insert([1n, 'a'])]],
    );
    expect(process.tables[0]?.columns.map(({ name, declared }) => [name, declared])).toEqual([
      ['id', 'bigint'],
      ['NAME', 'bigint'],
      ['total', 'decimal(10,2)'],
    ]);
    expect(process.transactions[0]?.changes[0]).toMatchObject({ after: [1n, 7n, '1.50'] });
  });

  it.each([
    ['an update stays one', 'const transform = (row) => row;', [['update', [1n, 'a'], [1n, 'b']]]],
    [
      'a row that begins to count is inserted',
      "const transform = (row) => (row.name === 'b' ? row : null);",
      [['insert', [1n, 'b']]],
    ],
    [
      'one that no longer counts is deleted',
      "const transform = (row) => (row.name === 'a' ? row : null);",
      [['delete', [1n, 'a']]],
    ],
    [
      'of several those that stay are left, and deletes come first',
      "const transform = (row) => [{ id: 1, name: 'same' }, { id: row.name === 'a' ? 2 : 3, name: row.name }];",
      [
        ['delete', [2n, 'a']],
        ['insert', [3n, 'b']],
      ],
    ],
    [
      'more rows than before are inserted',
      "const transform = (row) => (row.name === 'a' ? row : [{ id: 1, name: 'a' }, { id: 2, name: 'b' }]);",
      [['insert', [2n, 'b']]],
    ],
  ])('%s', async (_behaviour, source, expected) => {
    const update: RowChange = { ...place, kind: 'update', before: [1n, 'a'], after: [1n, 'b'] };
    const { rows } = await transform([scripted(source)], [[update]]);
    expect(rows[0]?.slice(1)).toEqual(expected.map((one) => ['scripted', ...one]));
  });

  // Method: any process of rows of both kinds, under a script that returns its rows, beside the same under no script.
  it('are those that come, in any company, when the script returns them', async () => {
    const image = fc.tuple(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.option(fc.string({ unit: 'binary' })),
    );
    const change = fc
      .record({
        kind: fc.constantFrom('insert', 'update', 'delete'),
        table: fc.nat({ max: 1 }),
        before: image,
        after: image,
      })
      .map(({ kind, table: index, before, after }): RowChange => {
        const at = { ...place, table: index };
        if (kind === 'insert') return { ...at, kind, after };
        return kind === 'delete' ? { ...at, kind, before } : { ...at, kind: 'update', before, after };
      });
    const unscripted = { ...scripted(''), rules: {} };
    const identity = scripted('const transform = (row) => row;');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(change, { maxLength: 6 }), { maxLength: 6 }), async (transactions) => {
        const expected = await transform([unscripted, plain], transactions);
        const found = await transform([identity, plain], transactions);
        expect(found.rows).toEqual(expected.rows);
        expect(found.rowCount).toBe(expected.rowCount);
      }),
      { numRuns: 30 },
    );
  }, 60_000);

  it('tell what their script says', async () => {
    const { told } = await transform(
      [scripted('const transform = (row) => { if (row.id > 1) console.log(row.name); return row; };')],
      [[insert([1n, 'a'], { row: 0 }), insert([2n, 'b'], { row: 1 })]],
    );
    expect(told).toEqual([{ lines: ['b'], row: 1 }]);
  });

  it('are refused by themselves where the script fails, with what it was given and where it was', async () => {
    const source =
      "function transform(row) {\n  if (row.id % 3n === 0n) throw new Error('no');\n  return { ...row, loud: row.name };\n}";
    const rows = Array.from({ length: 600 }, (_, index) => insert([BigInt(index), 'a'], { row: index }));
    const { process } = await transform([scripted(source, [{ name: 'loud', type: 'varchar(9)' }])], [rows]);
    const changes = process.transactions.flatMap((one) => one.changes);
    expect(changes.map(({ row }) => row)).toEqual(rows.map(({ row }) => row));
    for (const change of changes) {
      const id = BigInt(change.row);
      if (id % 3n === 0n)
        expect(change).toMatchObject({
          after: [id, 'a'],
          refusal: {
            code: 'ROW_SCRIPT_FAILED',
            columns: [2],
            details: { mapping: 'm1', line: 2 },
            isOnlyBefore: false,
          },
        });
      else expect([change.refusal, change]).toMatchObject([undefined, { after: [id, 'a', 'a'] }]);
    }
  });

  it('are not begun with a script that does not compile', async () => {
    await expect(
      transform([scripted('function transform(row) {\n  return row +;\n}')], [[insert([1n, 'a'])]]),
    ).rejects.toMatchObject({
      code: 'MAPPING_SCRIPT_INVALID',
      details: { mapping: 'm1', line: 2 },
    });
    await expect(transform([scripted('const t = 1;')], [[insert([1n, 'a'])]])).rejects.toMatchObject({
      code: 'MAPPING_SCRIPT_INVALID',
    });
  });
});
