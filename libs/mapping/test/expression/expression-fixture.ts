import type { ColumnDefinition, ColumnValue, TableDefinition } from '@lutra/model';
import { SyncError } from '@lutra/model';
import { compileExpressionValue } from '../../src/expression/compile-expression.ts';
import type { RowFacts } from '../../src/compiled-value.ts';

export const FACTS: RowFacts = {
  pipelineId: 'shop',
  gtid: '0-1-7',
  commitMs: 1_700_000_000_123.456,
  event: 0,
  row: 0,
  kind: 'update',
};

const column = (
  name: string,
  kind: ColumnDefinition['kind'],
  more: Partial<ColumnDefinition> = {},
): ColumnDefinition => ({
  name,
  kind,
  declared: kind,
  nullable: true,
  ...more,
});

/** One column of each kind, with a value in it. */
const COLUMNS: readonly (readonly [ColumnDefinition, ColumnValue])[] = [
  [column('i', 'integer', { bytes: 4 }), 7],
  [column('big', 'integer', { bytes: 8 }), 9_007_199_254_740_993n],
  [column('u', 'integer', { bytes: 8, unsigned: true }), 18_446_744_073_709_551_615n],
  [column('d', 'decimal', { length: 12, scale: 2 }), '-12.50'],
  [column('price', 'decimal', { length: 20, scale: 4 }), '19.9900'],
  [column('f', 'double'), 0.5],
  [column('b', 'bit', { length: 8 }), 5n],
  [column('y', 'year'), 2_024],
  [column('day', 'date'), '2024-02-29'],
  [column('t', 'time', { length: 3 }), '-12:34:56.789'],
  [column('at', 'datetime', { length: 6 }), '2024-02-29 23:59:59.999999'],
  [column('ts', 'timestamp'), '2024-03-31 01:30:00'],
  [column('s', 'text'), 'Größe 𝒳'],
  [column('mail', 'text'), 'ann@example.org'],
  [column('e', 'enum', { labels: ['new', 'old'] }), 'new'],
  [column('tags', 'set', { labels: ['a', 'b'] }), 'a,b'],
  [column('j', 'json'), '{"id": 9007199254740993, "a": ["x", null], "p": 1.10}'],
  [column('raw', 'binary'), new Uint8Array([0, 255, 16])],
  [column('g', 'geometry'), new Uint8Array([1])],
  [column('n', 'integer', { bytes: 4 }), null],
  [column('nd', 'decimal', { length: 10, scale: 2 }), null],
  [column('ns', 'text'), null],
  [column('unit price', 'decimal', { length: 10, scale: 2 }), '3.00'],
];

export const TABLE: TableDefinition = {
  schema: 'shop',
  table: 'orders',
  columns: COLUMNS.map(([definition]) => definition),
  primaryKey: [0],
};

export const IMAGE: readonly ColumnValue[] = COLUMNS.map(([, value]) => value);

/** Of the one row of {@link TABLE}, whose values may be replaced. */
export function evaluate(
  text: string,
  values: Readonly<Record<string, ColumnValue | undefined>> = {},
): ColumnValue | undefined {
  const image = TABLE.columns.map(({ name }, index) => (Object.hasOwn(values, name) ? values[name] : IMAGE[index]));
  return compileExpressionValue(text, { source: TABLE, name: 'made', mapping: 'm' }).valueOf(image, FACTS);
}

export function typeOf(text: string): string {
  return compileExpressionValue(text, { source: TABLE, name: 'made', mapping: 'm' }).column.declared;
}

export function errorOf(
  text: string,
  values: Readonly<Record<string, ColumnValue | undefined>> = {},
): SyncError | null {
  try {
    evaluate(text, values);
    return null;
  } catch (error) {
    if (SyncError.is(error)) return error;
    throw error;
  }
}
