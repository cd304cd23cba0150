import type { ColumnDefinition, DatabaseKind, TableDefinition } from '@lutra/model';
import { charsetBytesMax, charsetOfCollation } from './collation-charset.ts';
import { COLUMN_TYPE, hasCharset, hasSignedness } from './column-types.ts';
import { textDecoderOf } from '../decoder/charsets.ts';
import type { CharsetList } from './optional-metadata.ts';
import type { StoredColumn, TableMap } from './table-map.ts';

/** A column as the table map alone tells it: `name` is '' and text is of no charset where the source does not log them. */
export type KnownColumn = ColumnDefinition;

/** Says what the table map of a server of this kind knows. Signs are taken as signed, charsets as absent, labels as absent where it is silent. */
export function describeTable(map: TableMap, kind: DatabaseKind): TableDefinition {
  const { optional } = map;
  const count = { numeric: 0, character: 0, label: 0, enum: 0, set: 0, geometry: 0, vector: 0 };
  const columns = map.columns.map((stored, index): KnownColumn => {
    const base = { name: optional.names?.[index] ?? '', nullable: stored.nullable };
    // Their places in the list of charsets hold nothing of use, but count: the charsets of the columns behind them follow.
    if (isListedAsCharacter(stored.type, kind)) count.character += 1;
    const unsigned = hasSignedness(stored.type) && optional.unsigned?.[count.numeric++] === true;
    if (hasCharset(stored.type)) {
      const charset = charsetAt(optional.charsets, count.character++);
      return { ...base, ...describeCharacters(stored, charset) };
    }
    if (stored.type === COLUMN_TYPE.ENUM || stored.type === COLUMN_TYPE.SET) {
      const labelled = stored.type === COLUMN_TYPE.ENUM ? 'enum' : 'set';
      const bytes = labelled === 'enum' ? optional.enumLabels?.[count.enum++] : optional.setLabels?.[count.set++];
      return { ...base, ...describeLabels(labelled, bytes, charsetAt(optional.labelCharsets, count.label++)) };
    }
    if (stored.type === COLUMN_TYPE.GEOMETRY) {
      return { ...base, kind: 'geometry', declared: geometryName(optional.geometryTypes?.[count.geometry++]) };
    }
    if (stored.type === COLUMN_TYPE.VECTOR) {
      const dimensions = optional.vectorDimensions?.[count.vector++];
      return {
        ...base,
        kind: 'binary',
        declared: dimensions === undefined ? 'vector' : `vector(${String(dimensions)})`,
      };
    }
    return { ...base, ...describeScalar(stored, unsigned) };
  });
  return { schema: map.schema, table: map.table, columns, primaryKey: optional.primaryKey ?? [] };
}

/** Observed: MySQL lists VECTOR among the character columns, MariaDB GEOMETRY. */
const isListedAsCharacter = (type: number, kind: DatabaseKind): boolean =>
  type === COLUMN_TYPE.VECTOR || (type === COLUMN_TYPE.GEOMETRY && kind === 'mariadb');

type Described = Omit<ColumnDefinition, 'name' | 'nullable'>;

function describeScalar({ type, a, b }: StoredColumn, unsigned: boolean): Described {
  const sign = unsigned ? ' unsigned' : '';
  const integer = INTEGERS.get(type);
  if (integer !== undefined) {
    const [declared, bytes] = integer;
    return { kind: 'integer', declared: declared + sign, bytes, unsigned };
  }
  const digits = a === 0 ? '' : `(${String(a)})`;
  switch (type) {
    case COLUMN_TYPE.NEWDECIMAL:
      return { kind: 'decimal', declared: `decimal(${String(a)},${String(b)})${sign}`, length: a, scale: b, unsigned };
    case COLUMN_TYPE.FLOAT:
      return { kind: 'float', declared: `float${sign}`, unsigned };
    case COLUMN_TYPE.DOUBLE:
      return { kind: 'double', declared: `double${sign}`, unsigned };
    case COLUMN_TYPE.BIT:
      return { kind: 'bit', declared: `bit(${String(a)})`, length: a };
    case COLUMN_TYPE.YEAR:
      return { kind: 'year', declared: 'year' };
    case COLUMN_TYPE.DATE:
    case COLUMN_TYPE.NEWDATE:
      return { kind: 'date', declared: 'date' };
    case COLUMN_TYPE.TIME:
    case COLUMN_TYPE.TIME2:
      return { kind: 'time', declared: `time${digits}`, length: a };
    case COLUMN_TYPE.DATETIME:
    case COLUMN_TYPE.DATETIME2:
      return { kind: 'datetime', declared: `datetime${digits}`, length: a };
    case COLUMN_TYPE.TIMESTAMP:
    case COLUMN_TYPE.TIMESTAMP2:
      return { kind: 'timestamp', declared: `timestamp${digits}`, length: a };
    case COLUMN_TYPE.JSON:
      return { kind: 'json', declared: 'json' };
    default:
      return { kind: 'binary', declared: `type ${String(type)}` };
  }
}

const INTEGERS = new Map<number, readonly [string, number]>([
  [COLUMN_TYPE.TINY, ['tinyint', 1]],
  [COLUMN_TYPE.SHORT, ['smallint', 2]],
  [COLUMN_TYPE.INT24, ['mediumint', 3]],
  [COLUMN_TYPE.LONG, ['int', 4]],
  [COLUMN_TYPE.LONGLONG, ['bigint', 8]],
]);

const BLOB_SIZES = ['', 'tiny', '', 'medium', 'long'];

function describeCharacters({ type, a }: StoredColumn, charset: string | null): Described {
  const isBinary = charset === 'binary';
  const text = isBinary
    ? { kind: 'binary' as const }
    : { kind: 'text' as const, ...(charset === null ? {} : { charset }) };
  const isCompressed = type === COLUMN_TYPE.VARCHAR_COMPRESSED || type === COLUMN_TYPE.BLOB_COMPRESSED;
  const suffix = isCompressed ? ' compressed' : '';
  const isShort = type === COLUMN_TYPE.STRING;
  if (
    isShort ||
    type === COLUMN_TYPE.VARCHAR ||
    type === COLUMN_TYPE.VAR_STRING ||
    type === COLUMN_TYPE.VARCHAR_COMPRESSED
  ) {
    // A compressed value has one byte more: how it is compressed.
    const bytes = type === COLUMN_TYPE.VARCHAR_COMPRESSED ? a - 1 : a;
    const length = Math.floor(bytes / charsetBytesMax(charset ?? 'binary'));
    const name = isBinary ? 'binary' : 'char';
    return { ...text, declared: `${isShort ? '' : 'var'}${name}(${String(length)})${suffix}`, length };
  }
  return { ...text, declared: `${BLOB_SIZES[a] ?? ''}${isBinary ? 'blob' : 'text'}${suffix}` };
}

function describeLabels(kind: 'enum' | 'set', bytes: readonly Buffer[] | undefined, charset: string | null): Described {
  // Without a charset (it is missing from minimal metadata) there are no labels either.
  const decode = charset === null ? null : textDecoderOf(charset === 'binary' ? 'latin1' : charset);
  if (bytes === undefined || charset === null || decode === null) {
    return { kind, declared: kind, ...(charset === null ? {} : { charset }) };
  }
  const labels = bytes.map((label) => decode(label, 0, label.length));
  const quoted = labels.map((label) => `'${label.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`);
  return { kind, declared: `${kind}(${quoted.join(',')})`, labels, charset };
}

function charsetAt(list: CharsetList | undefined, index: number): string | null {
  const id = list?.exceptions.get(index) ?? list?.fallback;
  if (id === undefined || id === null) return null;
  return charsetOfCollation(id) ?? `collation ${String(id)}`;
}

const GEOMETRIES = [
  'geometry',
  'point',
  'linestring',
  'polygon',
  'multipoint',
  'multilinestring',
  'multipolygon',
  'geometrycollection',
];

const geometryName = (type: number | undefined): string => GEOMETRIES[type ?? 0] ?? 'geometry';
