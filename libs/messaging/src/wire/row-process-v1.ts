import type {
  ProcessHeader,
  RowChange,
  RowChangeBase,
  RowProcess,
  RowRefusal,
  RowTransaction,
  TableDefinition,
  TransactionHeader,
  ValueSink,
} from '@lutra/model';
import { SyncError } from '@lutra/model';
import type { ByteSink } from '../bus.ts';
import { ByteDecoder } from './byte-decoder.ts';
import { ByteEncoder } from './byte-encoder.ts';
import { decodeImage, encodeImage, skipFullImage, skipImage } from './column-values.ts';
import { ImageEncoder } from './image-encoder.ts';
import { LazyInsert } from './lazy-insert.ts';
import { decodeSafely, malformed } from './malformed.ts';
import { decodeRefusal, encodeRefusal, skipRefusal } from './refusal.ts';
import { decodeTable, encodeTable } from './table-definition.ts';
import { decodeTransactionBegin, encodeTransactionBegin, skipTransactionBegin } from './transaction-header.ts';

// row-process/1 and target-process/1: records one after the other, each with a tag.
const TABLE = 1; // definition; numbered from 0
const BEGIN = 2; // is last, seq, gtid, first event, commit time
const INSERT = 3; // table, event, row, part, flags, after
const UPDATE = 4; // table, event, row, part, flags, before, after
const DELETE = 5; // table, event, row, part, flags, before
const END = 6;
// A row that could not be mapped: the refusal, then a row as above. A release before it refuses the body (unknown record).
const REFUSED = 7; // refusal, then the tag and the fields of a row

/** What a record is; a table comes before its first row. */
export type RowRecordKind = 'table' | 'begin' | 'change' | 'end';

/** Records that are copied in one piece become a piece of this size at most, so that a writer can say that it is full. */
const COPY_BYTES_MAX = 256 * 1024;
const NOTHING: Uint8Array = new Uint8Array(0);

/** Writes the body of a row process or target process sequentially. Large values are passed on by reference, not copied. */
export class RowProcessEncoder {
  /** Takes the images of the row that {@link beginChange} began. */
  readonly images: ValueSink;
  private readonly to: ByteEncoder;
  private tableCount = 0;
  /** Neighbouring records that are copied as they are, and not written yet. */
  private readonly copied = { from: NOTHING, start: 0, end: 0 };

  constructor(sink: ByteSink) {
    this.to = new ByteEncoder(sink);
    this.images = new ImageEncoder(this.to);
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
    const { to } = this;
    if (change.refusal !== undefined) this.refused(change.refusal);
    this.beginChange(change);
    if (change.kind !== 'insert') encodeImage(to, change.before);
    if (change.kind !== 'delete') encodeImage(to, change.after);
  }

  /** Begins a row whose images follow in {@link images}, the one before the change first. */
  beginChange({ kind, table, event, row, part, flags }: RowChangeBase & Pick<RowChange, 'kind'>): void {
    this.endCopy();
    const { to } = this;
    to.byte(kind === 'insert' ? INSERT : kind === 'update' ? UPDATE : DELETE);
    to.varint(table);
    to.varint(event);
    to.varint(row);
    to.varint(part);
    to.varint(flags);
  }

  endTransaction(): void {
    this.endCopy();
    this.to.byte(END);
  }

  /**
   * Copies the record that the reader stands at, or several that follow each other, byte for byte: their transaction, table
   * index and part are the same here. Not for tables, which are counted.
   */
  copy({ body, start, end }: Pick<RowProcessReader, 'body' | 'start' | 'end'>): void {
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

  /** The row itself has to follow. */
  private refused(refusal: RowRefusal): void {
    this.endCopy();
    this.to.byte(REFUSED);
    encodeRefusal(this.to, refusal);
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
    return this.again((from) => (this.tag === REFUSED ? decodeRefused(from) : decodeChange(from, this.tag)));
  }

  /** As {@link change}, with large texts as {@link EncodedText}: for rows that are handed on. */
  changeWithTextsLeft(): RowChange {
    const { from } = this;
    from.leavesLargeTexts = true;
    try {
      return this.change();
    } finally {
      from.leavesLargeTexts = false;
    }
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
        this.passChange(tag);
        return 'change';
      case REFUSED:
        skipRefusal(from);
        this.passChange(rowTag(from));
        return 'change';
      case END:
        this.turn(false);
        return 'end';
      default:
        throw malformed(`a row process has the unknown record ${String(tag)}`);
    }
  }

  private passChange(tag: number): void {
    const { from } = this;
    if (!this.isOpen) throw malformed('a row is outside of a transaction');
    this.table = from.varint();
    if (this.table >= this.tableCount) throw malformed('a row belongs to a table that is not defined');
    from.varint();
    from.varint();
    this.part = from.varint();
    from.varint();
    skipImage(from);
    if (tag === UPDATE) skipImage(from);
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

/** Lazy rows keep the whole body: a larger one, or one with a large value, would be held beside the values that are made of it. */
const LAZY_BODY_BYTES_MAX = 8 * 1024 * 1024;
const LAZY_IMAGE_BYTES_MAX = 16 * 1024;

/**
 * Binary values are views into `body`. `isLazy`: small rows that are inserted whole keep lying in the body until somebody asks
 * for their images. Throws MESSAGING_MALFORMED_BODY.
 */
export function decodeRowProcess(
  header: ProcessHeader,
  body: Uint8Array,
  { isLazy = false }: { readonly isLazy?: boolean } = {},
): RowProcess {
  return decodeSafely('a row process', () => ({ header, ...decodeRecords(new ByteDecoder(body), isLazy) }));
}

/** In one go: of all that is done per row in load this is the part that no plan can spare. */
function decodeRecords(from: ByteDecoder, isLazy: boolean): Pick<RowProcess, 'tables' | 'transactions'> {
  const tables: TableDefinition[] = [];
  const transactions: RowTransaction[] = [];
  let changes: RowChange[] | null = null;
  // Lazy rows move it; the one that reads records must not be moved.
  const images = isLazy && from.buffer.length <= LAZY_BODY_BYTES_MAX ? new ByteDecoder(from.buffer) : null;
  while (!from.isAtEnd) {
    const tag = from.byte();
    if (tag === INSERT || tag === UPDATE || tag === DELETE) {
      if (changes === null) throw malformed('a row is outside of a transaction');
      const change = tag === INSERT && images !== null ? lazyInsert(from, images) : decodeChange(from, tag);
      if (change.table >= tables.length) throw malformed('a row belongs to a table that is not defined');
      changes.push(change);
    } else if (tag === TABLE) tables.push(decodeTable(from));
    else if (tag === REFUSED) addRefused(from, tables, changes);
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

function addRefused(from: ByteDecoder, tables: readonly TableDefinition[], to: RowChange[] | null): void {
  if (to === null) throw malformed('a row is outside of a transaction');
  const change = decodeRefused(from);
  if (change.table >= tables.length) throw malformed('a row belongs to a table that is not defined');
  to.push(change);
}

function decodeRefused(from: ByteDecoder): RowChange {
  const refusal = decodeRefusal(from);
  return { ...decodeChange(from, rowTag(from)), refusal };
}

/** Of the row behind a refusal. */
function rowTag(from: ByteDecoder): number {
  const tag = from.byte();
  if (tag === INSERT || tag === UPDATE || tag === DELETE) return tag;
  throw malformed('no row follows a refusal');
}

function decodeBegin(from: ByteDecoder): TransactionHeader {
  const isLast = from.byte() !== 0;
  const { seq, gtid, firstEvent, commitMs } = decodeTransactionBegin(from);
  return { seq, gtid, firstEvent, commitMs, isLast };
}

function lazyInsert(from: ByteDecoder, images: ByteDecoder): RowChange {
  const begin = from.at;
  const table = from.varint();
  const event = from.varint();
  const row = from.varint();
  const part = from.varint();
  const flags = from.varint();
  const start = from.at;
  const columnCount = skipFullImage(from);
  if (columnCount === null || from.at - start > LAZY_IMAGE_BYTES_MAX) {
    from.at = begin;
    return decodeChange(from, INSERT);
  }
  return new LazyInsert(images, start, from.at - start, columnCount, table, event, row, part, flags);
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
