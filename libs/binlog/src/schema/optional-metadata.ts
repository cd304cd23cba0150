import type { TableDefinition } from '@lutra/model';
import { ByteCursor, corrupt } from '../decoder/byte-cursor.ts';
import { decodeDefinition, DEFINITION_FIELD } from './attached-definition.ts';

/** What a table map may say beyond types, as far as the source logs it (`binlog_row_metadata`). Positions count the columns of that sort only. */
export interface OptionalMetadata {
  /** One flag per numeric column: unsigned. */
  readonly unsigned?: readonly boolean[];
  /** Collation ids of the character columns. */
  readonly charsets?: CharsetList;
  /** Collation ids of the enum and set columns. */
  readonly labelCharsets?: CharsetList;
  readonly names?: readonly string[];
  /** Labels as bytes of their charset. */
  readonly enumLabels?: readonly (readonly Buffer[])[];
  readonly setLabels?: readonly (readonly Buffer[])[];
  readonly geometryTypes?: readonly number[];
  readonly vectorDimensions?: readonly number[];
  /** Column positions, in key order. */
  readonly primaryKey?: readonly number[];
  /** One flag per column: visible. */
  readonly visible?: readonly boolean[];
  /** Not the server's: what select knew of the table beyond all this. */
  readonly definition?: TableDefinition;
}

/** One collation id for all, except at the places of `exceptions`. */
export interface CharsetList {
  readonly fallback: number | null;
  readonly exceptions: ReadonlyMap<number, number>;
}

const FIELD = {
  SIGNEDNESS: 1,
  DEFAULT_CHARSET: 2,
  COLUMN_CHARSET: 3,
  COLUMN_NAME: 4,
  SET_LABELS: 5,
  ENUM_LABELS: 6,
  GEOMETRY_TYPE: 7,
  SIMPLE_PRIMARY_KEY: 8,
  PREFIX_PRIMARY_KEY: 9,
  ENUM_AND_SET_DEFAULT_CHARSET: 10,
  ENUM_AND_SET_COLUMN_CHARSET: 11,
  COLUMN_VISIBILITY: 12,
  VECTOR_DIMENSIONALITY: 13,
} as const;

/** Reads type-length-value fields up to the end of the event. Unknown fields are passed over: newer servers may add some. */
export function parseOptionalMetadata(cursor: ByteCursor): OptionalMetadata {
  let metadata: OptionalMetadata = {};
  while (cursor.at < cursor.end) {
    const field = cursor.uint8();
    const value = new ByteCursor(cursor.view8(cursor.packedLength()));
    metadata = { ...metadata, ...parseField(field, value) };
  }
  return metadata;
}

function parseField(field: number, value: ByteCursor): OptionalMetadata {
  switch (field) {
    case FIELD.SIGNEDNESS:
      return { unsigned: flags(value) };
    case FIELD.DEFAULT_CHARSET:
      return { charsets: defaultCharset(value) };
    case FIELD.COLUMN_CHARSET:
      return { charsets: charsetPerColumn(value) };
    case FIELD.COLUMN_NAME:
      return { names: list(value, () => value.view8(value.packedLength()).toString('utf8')) };
    case FIELD.SET_LABELS:
      return { setLabels: list(value, () => labels(value)) };
    case FIELD.ENUM_LABELS:
      return { enumLabels: list(value, () => labels(value)) };
    case FIELD.GEOMETRY_TYPE:
      return { geometryTypes: list(value, () => value.packedLength()) };
    case FIELD.SIMPLE_PRIMARY_KEY:
      return { primaryKey: list(value, () => value.packedLength()) };
    case FIELD.PREFIX_PRIMARY_KEY:
      return { primaryKey: list(value, () => columnOfPrefixKey(value)) };
    case FIELD.ENUM_AND_SET_DEFAULT_CHARSET:
      return { labelCharsets: defaultCharset(value) };
    case FIELD.ENUM_AND_SET_COLUMN_CHARSET:
      return { labelCharsets: charsetPerColumn(value) };
    case FIELD.COLUMN_VISIBILITY:
      return { visible: flags(value) };
    case FIELD.VECTOR_DIMENSIONALITY:
      return { vectorDimensions: list(value, () => value.packedLength()) };
    case DEFINITION_FIELD:
      return attachedDefinition(value);
    default:
      return {};
  }
}

function attachedDefinition(value: ByteCursor): OptionalMetadata {
  const definition = decodeDefinition(value.view8(value.end));
  return definition === undefined ? {} : { definition };
}

function list<T>(value: ByteCursor, next: () => T): T[] {
  const items: T[] = [];
  while (value.at < value.end) items.push(next());
  return items;
}

function flags(value: ByteCursor): boolean[] {
  return list(value, () => value.uint8()).flatMap((byte) => {
    return [0x80, 0x40, 0x20, 0x10, 0x08, 0x04, 0x02, 0x01].map((bit) => (byte & bit) !== 0);
  });
}

function labels(value: ByteCursor): Buffer[] {
  const count = value.packedLength();
  // The server's own limit; anything above would only be a way to make us allocate.
  if (count > 65_535) throw corrupt(`an enum of ${String(count)} labels`);
  return Array.from({ length: count }, () => value.view8(value.packedLength()));
}

function defaultCharset(value: ByteCursor): CharsetList {
  const fallback = value.packedLength();
  const pairs = list(value, (): [number, number] => [value.packedLength(), value.packedLength()]);
  return { fallback, exceptions: new Map(pairs) };
}

function charsetPerColumn(value: ByteCursor): CharsetList {
  return { fallback: null, exceptions: new Map(list(value, () => value.packedLength()).entries()) };
}

/** The length of the prefix does not matter here: the values of a row are whole. */
function columnOfPrefixKey(value: ByteCursor): number {
  const column = value.packedLength();
  value.packedLength();
  return column;
}
