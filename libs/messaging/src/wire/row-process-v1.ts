import type {
  ProcessHeader,
  RowChange,
  RowProcess,
  RowTransaction,
  TableDefinition,
  TransactionHeader,
} from '@lutra/model';
import type { ByteSink } from '../bus.ts';
import { ByteDecoder } from './byte-decoder.ts';
import { ByteEncoder } from './byte-encoder.ts';
import { decodeImage, encodeImage } from './column-values.ts';
import { decodeSafely, malformed } from './malformed.ts';
import { decodeTable, encodeTable } from './table-definition.ts';
import { decodeTransactionBegin, encodeTransactionBegin } from './transaction-header.ts';

// row-process/1 and target-process/1: records one after the other, each with a tag.
const TABLE = 1; // definition; numbered from 0
const BEGIN = 2; // is last, seq, gtid, first event, commit time
const INSERT = 3; // table, event, row, part, flags, after
const UPDATE = 4; // table, event, row, part, flags, before, after
const DELETE = 5; // table, event, row, part, flags, before
const END = 6;

/** One record of a row process, in the order in which it was written: a table comes before its first row. */
export type RowRecord =
  | { readonly kind: 'table'; readonly index: number; readonly table: TableDefinition }
  | { readonly kind: 'begin'; readonly begin: TransactionHeader }
  | { readonly kind: 'change'; readonly change: RowChange }
  | { readonly kind: 'end' };

/** Writes the body of a row process or target process sequentially. Large values are passed on by reference, not copied. */
export class RowProcessEncoder {
  private readonly to: ByteEncoder;
  private tableCount = 0;

  constructor(sink: ByteSink) {
    this.to = new ByteEncoder(sink);
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.to.bytes;
  }

  /** Defines a table before its first row; returns the index to use in {@link RowChange.table}. Calls number from 0. */
  defineTable(table: TableDefinition): number {
    this.to.byte(TABLE);
    encodeTable(this.to, table);
    return this.tableCount++;
  }

  beginTransaction(begin: TransactionHeader): void {
    this.to.byte(BEGIN);
    this.to.byte(begin.isLast ? 1 : 0);
    encodeTransactionBegin(this.to, begin);
  }

  change(change: RowChange): void {
    const { to } = this;
    to.byte(change.kind === 'insert' ? INSERT : change.kind === 'update' ? UPDATE : DELETE);
    to.varint(change.table);
    to.varint(change.event);
    to.varint(change.row);
    to.varint(change.part);
    to.varint(change.flags);
    if (change.kind !== 'insert') encodeImage(to, change.before);
    if (change.kind !== 'delete') encodeImage(to, change.after);
  }

  endTransaction(): void {
    this.to.byte(END);
  }

  /** Hands what is still buffered to the sink; call once, before the writer's `finish`. */
  end(): void {
    this.to.flush();
  }
}

/** The records of a body without building the whole process; binary values are views into `body`. Throws MESSAGING_MALFORMED_BODY. */
export function* iterateRowProcess(body: Uint8Array): Generator<RowRecord, void, undefined> {
  const from = new ByteDecoder(body);
  let tableCount = 0;
  let isOpen = false;
  while (!from.isAtEnd) {
    const record = decodeRecordSafely(from, tableCount);
    if (record.kind === 'table') tableCount++;
    else if ((record.kind === 'begin') === isOpen) throw malformed('transactions are not one after the other');
    else isOpen = record.kind !== 'end';
    yield record;
  }
  if (isOpen) throw malformed('a transaction does not end');
}

/** Binary values are views into `body`. Throws MESSAGING_MALFORMED_BODY. */
export function decodeRowProcess(header: ProcessHeader, body: Uint8Array): RowProcess {
  const tables: TableDefinition[] = [];
  const transactions: RowTransaction[] = [];
  let changes: RowChange[] = [];
  for (const record of iterateRowProcess(body)) {
    if (record.kind === 'change') changes.push(record.change);
    else if (record.kind === 'table') tables.push(record.table);
    else if (record.kind === 'begin') {
      changes = [];
      transactions.push({ ...record.begin, changes });
    }
  }
  return { header, tables, transactions };
}

function decodeRecordSafely(from: ByteDecoder, tableCount: number): RowRecord {
  return decodeSafely('a row process', () => decodeRecord(from, tableCount));
}

function decodeRecord(from: ByteDecoder, tableCount: number): RowRecord {
  const tag = from.byte();
  switch (tag) {
    case TABLE:
      return { kind: 'table', index: tableCount, table: decodeTable(from) };
    case BEGIN: {
      const isLast = from.byte() !== 0;
      return { kind: 'begin', begin: { ...decodeTransactionBegin(from), isLast } };
    }
    case INSERT:
    case UPDATE:
    case DELETE:
      return { kind: 'change', change: decodeChange(from, tag, tableCount) };
    case END:
      return { kind: 'end' };
    default:
      throw malformed(`a row process has the unknown record ${String(tag)}`);
  }
}

function decodeChange(from: ByteDecoder, tag: number, tableCount: number): RowChange {
  const table = from.varint();
  if (table >= tableCount) throw malformed('a row belongs to a table that is not defined');
  const event = from.varint();
  const row = from.varint();
  const part = from.varint();
  const flags = from.varint();
  if (tag === INSERT) return { kind: 'insert', table, event, row, part, flags, after: decodeImage(from) };
  const before = decodeImage(from);
  if (tag === DELETE) return { kind: 'delete', table, event, row, part, flags, before };
  return { kind: 'update', table, event, row, part, flags, before, after: decodeImage(from) };
}
