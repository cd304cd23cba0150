import { EVENT_HEADER_BYTES } from '../event-types.ts';
import { ByteCursor, corrupt } from '../decoder/byte-cursor.ts';
import { COLUMN_TYPE } from './column-types.ts';
import { parseOptionalMetadata } from './optional-metadata.ts';
import type { OptionalMetadata } from './optional-metadata.ts';

/** How one column is stored in rows events. `a` and `b` depend on the type, see {@link readTypeMetadata}. */
export interface StoredColumn {
  readonly type: number;
  readonly a: number;
  readonly b: number;
  readonly nullable: boolean;
}

/** A TABLE_MAP event, not interpreted. */
export interface TableMap {
  readonly tableId: number;
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly StoredColumn[];
  readonly optional: OptionalMetadata;
}

/** Bytes of the table id behind the header of TABLE_MAP and rows events. */
export const TABLE_ID_BYTES = 6;

/** Table id of a TABLE_MAP or rows event. Throws SOURCE_EVENT_CORRUPT for an event too short to have one. */
export function tableIdOf(event: Uint8Array): number {
  if (event.length < EVENT_HEADER_BYTES + TABLE_ID_BYTES) throw corrupt('no table id');
  let id = 0;
  for (let at = EVENT_HEADER_BYTES + TABLE_ID_BYTES - 1; at >= EVENT_HEADER_BYTES; at -= 1)
    id = id * 256 + (event[at] as number);
  return id;
}

/** Which table a TABLE_MAP event is about, without reading its columns. */
export function tableNameOf(event: Uint8Array): {
  readonly tableId: number;
  readonly schema: string;
  readonly table: string;
} {
  const cursor = new ByteCursor(event);
  cursor.take(EVENT_HEADER_BYTES);
  const tableId = cursor.uint48();
  cursor.take(2);
  return { tableId, schema: readName(cursor), table: readName(cursor) };
}

/** Reads a TABLE_MAP event (header included, checksum cut off). Throws SOURCE_EVENT_CORRUPT. */
export function parseTableMap(event: Uint8Array): TableMap {
  const cursor = new ByteCursor(event);
  cursor.take(EVENT_HEADER_BYTES);
  const tableId = cursor.uint48();
  cursor.take(2);
  const schema = readName(cursor);
  const table = readName(cursor);
  const types = cursor.view8(cursor.packedLength());
  const metadata = new ByteCursor(cursor.view8(cursor.packedLength()));
  const stored = [...types].map((type) => readTypeMetadata(type, metadata));
  if (metadata.at !== metadata.end) throw corrupt('column metadata that its columns do not explain');
  const nullBits = cursor.view8((types.length + 7) >> 3);
  const columns = stored.map((column, index) => ({
    ...column,
    nullable: ((nullBits[index >> 3] ?? 0) & (1 << (index & 7))) !== 0,
  }));
  return { tableId, schema, table, columns, optional: parseOptionalMetadata(cursor) };
}

function readName(cursor: ByteCursor): string {
  const name = cursor.view8(cursor.uint8()).toString('utf8');
  cursor.take(1);
  return name;
}

/**
 * VARCHAR: a = bytes at most. STRING, VAR_STRING: a = bytes at most. ENUM, SET: a = bytes of a value. BLOB, GEOMETRY, JSON,
 * VECTOR: a = bytes of the length. NEWDECIMAL: a = precision, b = scale. BIT: a = bits. FLOAT, DOUBLE: a = bytes.
 * TIMESTAMP2, DATETIME2, TIME2: a = fraction digits.
 */
function readTypeMetadata(type: number, metadata: ByteCursor): Omit<StoredColumn, 'nullable'> {
  switch (type) {
    case COLUMN_TYPE.VARCHAR:
    case COLUMN_TYPE.VARCHAR_COMPRESSED:
      return { type, a: metadata.uint16(), b: 0 };
    case COLUMN_TYPE.STRING:
    case COLUMN_TYPE.VAR_STRING:
    case COLUMN_TYPE.ENUM:
    case COLUMN_TYPE.SET:
      return readStringMetadata(metadata);
    case COLUMN_TYPE.NEWDECIMAL: {
      const precision = metadata.uint8();
      const scale = metadata.uint8();
      if (precision > 65 || scale > precision) throw corrupt('a decimal column of impossible size');
      return { type, a: precision, b: scale };
    }
    case COLUMN_TYPE.BIT: {
      const bits = metadata.uint8();
      return { type, a: bits + metadata.uint8() * 8, b: 0 };
    }
    case COLUMN_TYPE.TIMESTAMP2:
    case COLUMN_TYPE.DATETIME2:
    case COLUMN_TYPE.TIME2: {
      const digits = metadata.uint8();
      if (digits > 6) throw corrupt('a temporal column with more than 6 fraction digits');
      return { type, a: digits, b: 0 };
    }
    case COLUMN_TYPE.FLOAT:
    case COLUMN_TYPE.DOUBLE:
    case COLUMN_TYPE.TINY_BLOB:
    case COLUMN_TYPE.BLOB:
    case COLUMN_TYPE.MEDIUM_BLOB:
    case COLUMN_TYPE.LONG_BLOB:
    case COLUMN_TYPE.BLOB_COMPRESSED:
    case COLUMN_TYPE.GEOMETRY:
    case COLUMN_TYPE.JSON:
    case COLUMN_TYPE.VECTOR:
      return { type, a: metadata.uint8(), b: 0 };
    default:
      return { type, a: 0, b: 0 };
  }
}

/** Two bytes: the real type and the length; lengths above 255 hide their two high bits, inverted, in the type's byte. */
function readStringMetadata(metadata: ByteCursor): Omit<StoredColumn, 'nullable'> {
  const first = metadata.uint8();
  const second = metadata.uint8();
  if ((first & 0x30) !== 0x30) return { type: first | 0x30, a: second | (((first & 0x30) ^ 0x30) << 4), b: 0 };
  return { type: first, a: second, b: 0 };
}
