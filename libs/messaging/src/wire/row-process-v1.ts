import type {
  ProcessHeader,
  RowChange,
  RowProcess,
  RowTransaction,
  TableDefinition,
  TransactionHeader,
} from '@lutra/model';
import { SyncError } from '@lutra/model';
import type { ByteSink } from '../bus.ts';
import { ByteDecoder } from './byte-decoder.ts';
import { ByteEncoder } from './byte-encoder.ts';
import { decodeImage, encodeImage, skipImage } from './column-values.ts';
import { decodeSafely, malformed } from './malformed.ts';
import { decodeTable, encodeTable } from './table-definition.ts';
import { decodeTransactionBegin, encodeTransactionBegin, skipTransactionBegin } from './transaction-header.ts';

// row-process/1 and target-process/1: records one after the other, each with a tag.
const TABLE = 1; // definition; numbered from 0
const BEGIN = 2; // is last, seq, gtid, first event, commit time
const INSERT = 3; // table, event, row, part, flags, after
const UPDATE = 4; // table, event, row, part, flags, before, after
const DELETE = 5; // table, event, row, part, flags, before
const END = 6;

/** What a record is; a table comes before its first row. */
export type RowRecordKind = 'table' | 'begin' | 'change' | 'end';

/** Records that are copied in one piece become a piece of this size at most, so that a writer can say that it is full. */
const COPY_BYTES_MAX = 256 * 1024;
const NOTHING: Uint8Array = new Uint8Array(0);

/** Writes the body of a row process or target process sequentially. Large values are passed on by reference, not copied. */
export class RowProcessEncoder {
  private readonly to: ByteEncoder;
  private tableCount = 0;
  /** Neighbouring records that are copied as they are, and not written yet. */
  private readonly copied = { from: NOTHING, start: 0, end: 0 };

  constructor(sink: ByteSink) {
    this.to = new ByteEncoder(sink);
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.to.bytes + this.copied.end - this.copied.start;
  }

  /** Defines a table before its first row; returns the index to use in {@link RowChange.table}. Calls number from 0. */
  defineTable(table: TableDefinition): number {
    this.endCopy();
    this.to.byte(TABLE);
    encodeTable(this.to, table);
    return this.tableCount++;
  }

  beginTransaction(begin: TransactionHeader): void {
    this.endCopy();
    this.to.byte(BEGIN);
    this.to.byte(begin.isLast ? 1 : 0);
    encodeTransactionBegin(this.to, begin);
  }

  change(change: RowChange): void {
    this.endCopy();
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
    this.endCopy();
    this.to.byte(END);
  }

  /**
   * Copies the record that the reader stands at, byte for byte: its transaction, table index and part are the same here.
   * Not for tables, which are counted.
   */
  copy({ body, start, end }: RowProcessReader): void {
    const { copied } = this;
    const isNext = copied.from === body && copied.end === start;
    if (!isNext || end - copied.start > COPY_BYTES_MAX) {
      this.endCopy();
      copied.from = body;
      copied.start = start;
    }
    copied.end = end;
  }

  /** Hands what is still buffered to the sink; call once, before the writer's `finish`. */
  end(): void {
    this.endCopy();
    this.to.flush();
  }

  private endCopy(): void {
    const { copied } = this;
    if (copied.end === copied.start) return;
    this.to.raw(copied.from.subarray(copied.start, copied.end));
    copied.start = copied.end;
  }
}

/**
 * Reads a body record by record and builds only what is asked for: a row that is handed on as it is need not be decoded.
 * All methods throw MESSAGING_MALFORMED_BODY; binary values are views into the body.
 */
export class RowProcessReader {
  /** Where the present record begins and ends in the body. */
  start = 0;
  end = 0;
  /** Index of the table that the present record defines or, of a row, belongs to. */
  table = 0;
  /** Which of the rows that one source row became the present row is. */
  part = 0;
  private readonly from: ByteDecoder;
  private tableCount = 0;
  private isOpen = false;
  private tag = 0;
  /** The present record's fields behind its tag. */
  private fields = 0;

  constructor(readonly body: Uint8Array) {
    this.from = new ByteDecoder(body);
  }

  /** Goes to the next record; null at the end of the body. */
  next(): RowRecordKind | null {
    try {
      return this.pass();
    } catch (cause) {
      throw asMalformed(cause);
    }
  }

  /** The table that the present record defines. */
  definition(): TableDefinition {
    return this.again(decodeTable);
  }

  /** The transaction that the present record begins. */
  begin(): TransactionHeader {
    return this.again(decodeBegin);
  }

  /** The row change that the present record is. */
  change(): RowChange {
    return this.again((from) => decodeChange(from, this.tag));
  }

  private pass(): RowRecordKind | null {
    const { from } = this;
    if (from.isAtEnd) {
      if (this.isOpen) throw malformed('a transaction does not end');
      return null;
    }
    this.start = from.at;
    this.tag = from.byte();
    this.fields = from.at;
    const kind = this.passFields();
    this.end = from.at;
    return kind;
  }

  private passFields(): RowRecordKind {
    const { from, tag } = this;
    switch (tag) {
      case TABLE:
        decodeTable(from);
        this.table = this.tableCount++;
        return 'table';
      case BEGIN:
        this.turn(true);
        from.byte();
        skipTransactionBegin(from);
        return 'begin';
      case INSERT:
      case UPDATE:
      case DELETE:
        this.passChange();
        return 'change';
      case END:
        this.turn(false);
        return 'end';
      default:
        throw malformed(`a row process has the unknown record ${String(tag)}`);
    }
  }

  private passChange(): void {
    const { from } = this;
    if (!this.isOpen) throw malformed('a row is outside of a transaction');
    this.table = from.varint();
    if (this.table >= this.tableCount) throw malformed('a row belongs to a table that is not defined');
    from.varint();
    from.varint();
    this.part = from.varint();
    from.varint();
    skipImage(from);
    if (this.tag === UPDATE) skipImage(from);
  }

  private turn(isOpen: boolean): void {
    if (this.isOpen === isOpen) throw malformed('transactions are not one after the other');
    this.isOpen = isOpen;
  }

  private again<T>(decode: (from: ByteDecoder) => T): T {
    const { from, end } = this;
    from.at = this.fields;
    try {
      return decode(from);
    } catch (cause) {
      throw asMalformed(cause);
    } finally {
      from.at = end;
    }
  }
}

/** Binary values are views into `body`. Throws MESSAGING_MALFORMED_BODY. */
export function decodeRowProcess(header: ProcessHeader, body: Uint8Array): RowProcess {
  return decodeSafely('a row process', () => ({ header, ...decodeRecords(new ByteDecoder(body)) }));
}

/** In one go: of all that is done per row in load this is the part that no plan can spare. */
function decodeRecords(from: ByteDecoder): Pick<RowProcess, 'tables' | 'transactions'> {
  const tables: TableDefinition[] = [];
  const transactions: RowTransaction[] = [];
  let changes: RowChange[] | null = null;
  while (!from.isAtEnd) {
    const tag = from.byte();
    if (tag === INSERT || tag === UPDATE || tag === DELETE) {
      if (changes === null) throw malformed('a row is outside of a transaction');
      const change = decodeChange(from, tag);
      if (change.table >= tables.length) throw malformed('a row belongs to a table that is not defined');
      changes.push(change);
    } else if (tag === TABLE) tables.push(decodeTable(from));
    else if ((tag === BEGIN) !== (changes === null) || tag < TABLE || tag > END)
      throw malformed(`the record ${String(tag)} of a row process is unknown or not in its turn`);
    else if (tag === END) changes = null;
    else {
      const { seq, gtid, firstEvent, commitMs, isLast } = decodeBegin(from);
      changes = [];
      // Field by field: spreading costs as much as a small transaction's row.
      transactions.push({ seq, gtid, firstEvent, commitMs, isLast, changes });
    }
  }
  if (changes !== null) throw malformed('a transaction does not end');
  return { tables, transactions };
}

function decodeBegin(from: ByteDecoder): TransactionHeader {
  const isLast = from.byte() !== 0;
  const { seq, gtid, firstEvent, commitMs } = decodeTransactionBegin(from);
  return { seq, gtid, firstEvent, commitMs, isLast };
}

function decodeChange(from: ByteDecoder, tag: number): RowChange {
  const table = from.varint();
  const event = from.varint();
  const row = from.varint();
  const part = from.varint();
  const flags = from.varint();
  if (tag === INSERT) return { kind: 'insert', table, event, row, part, flags, after: decodeImage(from) };
  const before = decodeImage(from);
  if (tag === DELETE) return { kind: 'delete', table, event, row, part, flags, before };
  return { kind: 'update', table, event, row, part, flags, before, after: decodeImage(from) };
}

/** Whatever damaged bytes make a decoder throw leaves as MESSAGING_MALFORMED_BODY. */
const asMalformed = (cause: unknown): unknown => (SyncError.is(cause) ? cause : malformed('a row process', cause));
