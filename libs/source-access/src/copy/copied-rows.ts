import { isTableDefinition } from '@lutra/binlog/schema';
import type { ColumnValue, RowImage, TableDefinition } from '@lutra/model';

/** Rows of one table as they stood at one place of the source's log. */
export interface CopiedRows {
  readonly table: TableDefinition;
  /** Whole images of the rows that were there. */
  readonly rows: readonly RowImage[];
  /** Keys, in the order of the table's primaryKey, under which there was no row. */
  readonly gone: readonly RowKey[];
}

/** Values of a key in the order of the table's primaryKey. */
export type RowKey = readonly ColumnValue[];

/** A body that does not begin so is not ours, or of a newer release. */
const MAGIC = Buffer.from('lutra-resync/1');
const LENGTH_BYTES = 4;
const TAG = { null: 0, absent: 1, number: 2, bigint: 3, text: 4, bytes: 5 } as const;

interface Head {
  readonly table: TableDefinition;
  readonly rows: number;
  readonly gone: number;
}

/** What the copy's table holds: a head as JSON, then the values one after the other, bytes as they are. */
export function encodeCopied({ table, rows, gone }: CopiedRows): Buffer {
  const head: Head = { table, rows: rows.length, gone: gone.length };
  const parts: Buffer[] = [MAGIC, ...withLength(Buffer.from(JSON.stringify(head)))];
  for (const image of rows)
    for (let position = 0; position < table.columns.length; position++) pushValue(parts, image[position]);
  for (const key of gone) for (let part = 0; part < table.primaryKey.length; part++) pushValue(parts, key[part]);
  return Buffer.concat(parts);
}

/** Null when it is no such body. Bytes are views of `body`. */
export function decodeCopied(body: Uint8Array): CopiedRows | null {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return null;
  try {
    const from = new Values(bytes, MAGIC.length);
    const head: unknown = JSON.parse(from.take().toString('utf8'));
    if (!isHead(head)) return null;
    const { table } = head;
    const rows = Array.from({ length: head.rows }, () => table.columns.map(() => from.value()));
    const gone = Array.from({ length: head.gone }, () => table.primaryKey.map(() => from.value() ?? null));
    return { table, rows, gone };
  } catch (error) {
    // Cut off, or not what the head says.
    if (error instanceof RangeError || error instanceof SyntaxError) return null;
    throw error;
  }
}

function isHead(head: unknown): head is Head {
  if (typeof head !== 'object' || head === null || !('table' in head && 'rows' in head && 'gone' in head)) return false;
  return isTableDefinition(head.table) && Number.isSafeInteger(head.rows) && Number.isSafeInteger(head.gone);
}

function pushValue(parts: Buffer[], value: ColumnValue | undefined): void {
  switch (typeof value) {
    case 'undefined':
      parts.push(Buffer.of(TAG.absent));
      return;
    case 'number':
      parts.push(Buffer.of(TAG.number), ...withLength(Buffer.from(Object.is(value, -0) ? '-0' : String(value))));
      return;
    case 'bigint':
      parts.push(Buffer.of(TAG.bigint), ...withLength(Buffer.from(String(value))));
      return;
    case 'string':
      parts.push(Buffer.of(TAG.text), ...withLength(Buffer.from(value)));
      return;
    default:
      if (value === null) parts.push(Buffer.of(TAG.null));
      else
        parts.push(Buffer.of(TAG.bytes), ...withLength(Buffer.from(value.buffer, value.byteOffset, value.byteLength)));
  }
}

function withLength(bytes: Buffer): readonly [Buffer, Buffer] {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(bytes.length);
  return [length, bytes];
}

/** Reads values one after the other; RangeError behind the end. */
class Values {
  constructor(
    private readonly bytes: Buffer,
    private at: number,
  ) {}

  value(): ColumnValue | undefined {
    this.require(1);
    const tag = this.bytes.readUInt8(this.at);
    this.at += 1;
    switch (tag) {
      case TAG.null:
        return null;
      case TAG.absent:
        return undefined;
      case TAG.number:
        return Number(this.take().toString('latin1'));
      case TAG.bigint:
        return BigInt(this.take().toString('latin1'));
      case TAG.text:
        return this.take().toString('utf8');
      case TAG.bytes:
        return this.take();
      default:
        throw new RangeError('a value of an unknown kind');
    }
  }

  private require(bytes: number): void {
    if (this.at + bytes > this.bytes.length) throw new RangeError('a value is cut off');
  }

  take(): Buffer {
    this.require(LENGTH_BYTES);
    const length = this.bytes.readUInt32LE(this.at);
    this.at += LENGTH_BYTES;
    this.require(length);
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
}
