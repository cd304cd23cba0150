// Goal: a row that a mapping cannot be applied to harms no other; it goes on as refused, with all that could be made of it.
// Method: rows whose text is JSON, or is none, through a mapping that reads it, beside one that only copies.
import fc from 'fast-check';
import { describe, expect, it } from '@jest/globals';
import { decodeRowProcess, RowProcessEncoder } from '@lutra/messaging';
import { DEFAULT_PARAMETERS } from '@lutra/model';
import type {
  ColumnDefinition,
  MappingDefinition,
  PipelineDefinition,
  ProcessHeader,
  RowChange,
  TableDefinition,
} from '@lutra/model';
import { TransformStage } from '../src/transform-stage.ts';

const text = (name: string): ColumnDefinition => ({
  name,
  kind: 'text',
  declared: 'varchar(10)',
  nullable: true,
  charset: 'utf8mb4',
});
const notes: TableDefinition = {
  schema: 'shop',
  table: 'notes',
  columns: [{ name: 'id', kind: 'integer', declared: 'bigint', nullable: false, bytes: 8 }, text('code'), text('doc')],
  primaryKey: [0],
};

const reading = (target: string, source: 'doc' | 'code'): NonNullable<MappingDefinition['rules']> => ({
  columns: [{ target, from: { kind: 'column', column: source }, steps: [{ kind: 'json', path: '$.a' }] }],
});
const mapping = (change: Partial<MappingDefinition>): MappingDefinition => ({
  id: 'm',
  source: { schema: 'shop', table: { exact: 'notes' } },
  target: { schema: 'copy' },
  columns: { mode: 'all' },
  ...change,
});
const copying = mapping({ id: 'c', target: { schema: 'plain' } });

const place = { table: 0, event: 0, row: 0, part: 0, flags: 0 };
const begin = { seq: 1, gtid: '0-1-1', firstEvent: 0, commitMs: 1, isLast: true };
const GOOD = '{"a":1}';
const BAD = '{"a":';

async function transform(mappings: readonly MappingDefinition[], changes: readonly RowChange[]) {
  const input: Uint8Array[] = [];
  const sinkOf = (to: Uint8Array[]) => ({
    write: (bytes: Uint8Array) => to.push(bytes),
    isFull: false,
    drain: () => Promise.resolve(),
    finish: () => Promise.resolve(),
    abort: () => Promise.resolve(),
  });
  const encoder = new RowProcessEncoder(sinkOf(input));
  encoder.beginTransaction(begin);
  encoder.defineTable(notes);
  for (const change of changes) encoder.change(change);
  encoder.endTransaction();
  encoder.end();
  const output: Uint8Array[] = [];
  const definition = {
    id: 'p',
    revision: 1,
    mappings,
    parameters: DEFAULT_PARAMETERS,
  } as unknown as PipelineDefinition;
  const task = { definition, body: Buffer.concat(input), output: sinkOf(output) };
  const { rowCount } = await new TransformStage((key) => key).work(task, new AbortController().signal);
  const { tables, transactions } = decodeRowProcess({} as ProcessHeader, Buffer.concat(output));
  const rows = transactions.flatMap((one) => one.changes);
  expect(rowCount).toBe(rows.length);
  const of = (schema: string) => rows.filter(({ table }) => tables[table]?.schema === schema);
  return { copy: of('copy'), plain: of('plain') };
}

describe('a row that cannot be mapped', () => {
  const byDoc = mapping({ rules: reading('doc', 'doc') });
  const code = 'ROW_VALUE_INVALID';

  it('is refused alone, whatever stands around it, and a mapping that only copies does not notice', async () => {
    const doc = fc.constantFrom(GOOD, BAD, null);
    const anyChange: fc.Arbitrary<RowChange> = fc
      .record({ kind: fc.constantFrom('insert', 'update', 'delete'), id: fc.bigInt(0n, 3n), before: doc, after: doc })
      .map(({ kind, id, before, after }): RowChange => {
        const images = { before: [id, 'x', before], after: [id, 'y', after] };
        if (kind === 'update') return { ...place, kind, ...images };
        return kind === 'insert'
          ? { ...place, kind, after: images.after }
          : { ...place, kind: 'delete', before: images.before };
      });
    await fc.assert(
      fc.asyncProperty(fc.array(anyChange, { maxLength: 12 }), async (given) => {
        const changes = given.map((change, row) => ({ ...change, row }));
        const { copy, plain } = await transform([byDoc, copying], changes);
        expect(plain.map(({ row }) => row)).toEqual(changes.map(({ row }) => row));
        expect(copy.map(({ row, kind }) => [row, kind])).toEqual(changes.map(({ row, kind }) => [row, kind]));
        for (const [index, change] of changes.entries()) {
          const isBad = (image: 'before' | 'after') =>
            (change as { before?: unknown[] })[image as 'before']?.[2] === BAD;
          const refusal = copy[index]?.refusal;
          if (isBad('after')) expect(refusal).toMatchObject({ code, columns: [2], isOnlyBefore: false });
          else if (isBad('before')) expect(refusal).toMatchObject({ code, columns: [2], isOnlyBefore: true });
          else expect(refusal).toBeUndefined();
        }
        // The same again.
        expect(await transform([byDoc, copying], changes)).toEqual({ copy, plain });
      }),
    );
  });

  it('carries what could be made of its images, and what the error says', async () => {
    const changes: readonly RowChange[] = [
      { ...place, kind: 'update', before: [7n, 'a', GOOD], after: [7n, 'b', BAD] },
      { ...place, row: 1, kind: 'delete', before: [7n, 'b', BAD] },
    ];
    const { copy } = await transform([byDoc], changes);
    expect(copy).toMatchObject([
      { kind: 'update', before: [7n, 'a', '1'], after: [7n, 'b', undefined] },
      { kind: 'delete', before: [7n, 'b', undefined] },
    ]);
    const [refusal] = copy.map((change) => change.refusal);
    expect(refusal?.details).toMatchObject({ mapping: 'm', column: 'doc' });
    expect(refusal?.problem).not.toContain(BAD);
  });

  it('names columns by their place at the target', async () => {
    const list = mapping({
      columns: {
        mode: 'list',
        columns: [
          { source: 'doc', target: 'doc' },
          { source: 'id', target: 'id' },
        ],
      },
      rules: reading('code', 'code'),
    });
    const { copy } = await transform([list], [{ ...place, kind: 'insert', after: [1n, BAD, BAD] }]);
    expect(copy).toMatchObject([{ after: [BAD, 1n, undefined], refusal: { columns: [2] } }]);
  });

  it('fails the process when the error is not about the row', async () => {
    const unknown = mapping({ rules: { columns: [{ target: 'x', from: { kind: 'column', column: 'nope' } }] } });
    const change: RowChange = { ...place, kind: 'insert', after: [1n, 'a', BAD] };
    await expect(transform([unknown], [change])).rejects.toMatchObject({ code: 'MAPPING_COLUMN_UNKNOWN' });
  });
});
