import { AMOUNT_KINDS } from '@lutra/model';
import type { AmountKind, ColumnDefinition, ColumnKind, TableDefinition } from '@lutra/model';
import type { ByteDecoder } from './byte-decoder.ts';
import type { ByteEncoder } from './byte-encoder.ts';
import { malformed } from './malformed.ts';

/** Position = wire number: only ever append. */
const KINDS = [
  'integer',
  'decimal',
  'float',
  'double',
  'bit',
  'year',
  'date',
  'time',
  'datetime',
  'timestamp',
  'text',
  'binary',
  'enum',
  'set',
  'json',
  'geometry',
] as const satisfies readonly ColumnKind[];

/** Bits that say which optional fields follow, in this order; the two truths carry their value in a bit of their own. */
const HAS_BYTES = 1;
const HAS_UNSIGNED = 2;
const IS_UNSIGNED = 4;
const HAS_CHARSET = 8;
const HAS_COLLATION = 16;
const HAS_GENERATED = 32;
const IS_GENERATED = 64;
const HAS_LABELS = 128;
const HAS_LENGTH = 256;
const HAS_SCALE = 512;
const IS_NULLABLE = 1024;
/** Without a field: a reader of before passes over it. */
const IS_OF_CHANGE = 2048;
/** Their fields stand last, in this order. */
const HAS_GROUP = 4096;
const HAS_AMOUNT = 8192;

/** Schema, table, primary key, columns; every field of the model, absent ones stay absent. */
export function encodeTable(to: ByteEncoder, table: TableDefinition): void {
  to.text(table.schema);
  to.text(table.table);
  to.varint(table.primaryKey.length);
  for (const position of table.primaryKey) to.varint(position);
  to.varint(table.columns.length);
  for (const column of table.columns) encodeColumn(to, column);
}

export function decodeTable(from: ByteDecoder): TableDefinition {
  const schema = from.text();
  const table = from.text();
  const primaryKey = Array.from({ length: from.count(1) }, () => from.varint());
  const columns = Array.from({ length: from.count(4) }, () => decodeColumn(from));
  if (primaryKey.some((position) => position >= columns.length)) throw malformed('a key column does not exist');
  return { schema, table, columns, primaryKey };
}

function encodeColumn(to: ByteEncoder, column: ColumnDefinition): void {
  to.text(column.name);
  to.byte(KINDS.indexOf(column.kind));
  to.text(column.declared);
  to.varint(presenceOf(column));
  if (column.bytes !== undefined) to.varint(column.bytes);
  if (column.charset !== undefined) to.text(column.charset);
  if (column.collation !== undefined) to.text(column.collation);
  if (column.labels !== undefined) {
    to.varint(column.labels.length);
    for (const label of column.labels) to.text(label);
  }
  if (column.length !== undefined) to.varint(column.length);
  if (column.scale !== undefined) to.varint(column.scale);
  if (column.group !== undefined) to.varint(column.group);
  if (column.amount !== undefined) to.byte(AMOUNT_KINDS.indexOf(column.amount));
}

function presenceOf(column: ColumnDefinition): number {
  return (
    (column.bytes === undefined ? 0 : HAS_BYTES) |
    (column.unsigned === undefined ? 0 : HAS_UNSIGNED) |
    (column.unsigned === true ? IS_UNSIGNED : 0) |
    (column.charset === undefined ? 0 : HAS_CHARSET) |
    (column.collation === undefined ? 0 : HAS_COLLATION) |
    (column.generated === undefined ? 0 : HAS_GENERATED) |
    (column.generated === true ? IS_GENERATED : 0) |
    (column.labels === undefined ? 0 : HAS_LABELS) |
    (column.length === undefined ? 0 : HAS_LENGTH) |
    (column.scale === undefined ? 0 : HAS_SCALE) |
    (column.nullable ? IS_NULLABLE : 0) |
    (column.ofChange === true ? IS_OF_CHANGE : 0) |
    (column.group === undefined ? 0 : HAS_GROUP) |
    (column.amount === undefined ? 0 : HAS_AMOUNT)
  );
}

function decodeColumn(from: ByteDecoder): ColumnDefinition {
  const name = from.text();
  const kind = KINDS[from.byte()];
  if (kind === undefined) throw malformed('a column has an unknown kind');
  const declared = from.text();
  const has = from.varint();
  return {
    name,
    kind,
    declared,
    nullable: (has & IS_NULLABLE) !== 0,
    ...((has & HAS_BYTES) === 0 ? {} : { bytes: from.varint() }),
    ...((has & HAS_UNSIGNED) === 0 ? {} : { unsigned: (has & IS_UNSIGNED) !== 0 }),
    ...((has & HAS_CHARSET) === 0 ? {} : { charset: from.text() }),
    ...((has & HAS_COLLATION) === 0 ? {} : { collation: from.text() }),
    ...((has & HAS_GENERATED) === 0 ? {} : { generated: (has & IS_GENERATED) !== 0 }),
    ...((has & HAS_LABELS) === 0 ? {} : { labels: Array.from({ length: from.count(1) }, () => from.text()) }),
    ...((has & HAS_LENGTH) === 0 ? {} : { length: from.varint() }),
    ...((has & HAS_SCALE) === 0 ? {} : { scale: from.varint() }),
    ...((has & IS_OF_CHANGE) === 0 ? {} : { ofChange: true }),
    ...((has & HAS_GROUP) === 0 ? {} : { group: from.varint() }),
    ...((has & HAS_AMOUNT) === 0 ? {} : { amount: amountOf(from.byte()) }),
  };
}

function amountOf(number: number): AmountKind {
  const amount = AMOUNT_KINDS[number];
  if (amount === undefined) throw malformed('a column has an unknown amount');
  return amount;
}
