import type { ColumnDefinition, ColumnKind, TableDefinition } from '@lutra/model';
import { parseLabels } from './parse-labels.ts';

/** What this needs of a connection; a SourceSession is one. Numbers may come as text. */
export interface SourceQuery {
  query(sql: string): Promise<readonly unknown[]>;
}

interface ColumnRow {
  name: string;
  dataType: string;
  columnType: string;
  nullable: string;
  charset: string | null;
  collation: string | null;
  characters: string | number | null;
  precision: string | number | null;
  scale: string | number | null;
  fraction: string | number | null;
  extra: string | null;
}

interface KeyRow {
  name: string;
}

const COLUMNS = `
  SELECT COLUMN_NAME AS name, DATA_TYPE AS dataType, COLUMN_TYPE AS columnType, IS_NULLABLE AS nullable,
    CHARACTER_SET_NAME AS charset, COLLATION_NAME AS collation, CHARACTER_MAXIMUM_LENGTH AS characters,
    NUMERIC_PRECISION AS \`precision\`, NUMERIC_SCALE AS scale, DATETIME_PRECISION AS fraction, EXTRA AS extra
  FROM information_schema.COLUMNS`;

const PRIMARY_KEY = `
  SELECT COLUMN_NAME AS name FROM information_schema.STATISTICS`;

/**
 * A table as the source's information_schema describes it now; null when there is no such table, or the user may not see
 * it. Throws what the connection throws.
 */
export async function readSourceTable(
  connection: SourceQuery,
  { schema, table }: { readonly schema: string; readonly table: string },
): Promise<TableDefinition | null> {
  const where = `WHERE TABLE_SCHEMA = ${literal(schema)} AND TABLE_NAME = ${literal(table)}`;
  const rows = (await connection.query(`${COLUMNS} ${where} ORDER BY ORDINAL_POSITION`)) as readonly ColumnRow[];
  if (rows.length === 0) return null;
  const columns = rows.map((row) => describeColumn(row));
  const keyed = `${PRIMARY_KEY} ${where} AND INDEX_NAME = 'PRIMARY' ORDER BY SEQ_IN_INDEX`;
  const keys = (await connection.query(keyed)) as readonly KeyRow[];
  const primaryKey = keys
    .map((key) => columns.findIndex(({ name }) => name === key.name))
    .filter((index) => index >= 0);
  return { schema, table, columns, primaryKey };
}

/** In hex: no quoting rule of any sql_mode can touch it. */
const literal = (name: string): string => `_utf8mb4 0x${Buffer.from(name, 'utf8').toString('hex')}`;

function describeColumn(row: ColumnRow): ColumnDefinition {
  const base = {
    name: row.name,
    // MariaDB prints the display width of integers and years; it means nothing.
    declared: row.columnType.replace(/^(tinyint|smallint|mediumint|int|bigint|year)\(\d+\)/, '$1'),
    nullable: row.nullable === 'YES',
    ...(/\b(?:VIRTUAL|STORED|PERSISTENT)\b/i.test(row.extra ?? '') ? { generated: true } : {}),
  };
  const bytes = INTEGER_BYTES.get(row.dataType);
  const unsigned = / unsigned\b/.test(row.columnType);
  if (bytes !== undefined) return { ...base, kind: 'integer', bytes, unsigned };
  const kind = KINDS.get(row.dataType) ?? 'binary';
  switch (kind) {
    case 'decimal':
      return { ...base, kind, unsigned, length: Number(row.precision), scale: Number(row.scale) };
    case 'float':
    case 'double':
      return { ...base, kind, unsigned };
    case 'bit':
      return { ...base, kind, length: Number(row.precision) };
    case 'time':
    case 'datetime':
    case 'timestamp':
      return { ...base, kind, length: Number(row.fraction ?? 0) };
    case 'enum':
    case 'set':
      return { ...base, kind, ...charsetOf(row), labels: parseLabels(row.columnType) };
    case 'text':
      return { ...base, kind, ...charsetOf(row), ...lengthOf(row) };
    case 'binary':
      return { ...base, kind, ...lengthOf(row) };
    default:
      return { ...base, kind };
  }
}

function charsetOf({ charset, collation }: ColumnRow): { charset?: string; collation?: string } {
  if (charset === null) return {};
  // MySQL before 8.0.28 and MariaDB before 10.6 say utf8.
  return { charset: charset === 'utf8' ? 'utf8mb3' : charset, ...(collation === null ? {} : { collation }) };
}

/** Only where the length is part of the declaration; for TEXT and BLOB it follows from the type. */
function lengthOf({ dataType, characters }: ColumnRow): { length?: number } {
  return /^(?:var)?(?:char|binary)$/.test(dataType) && characters !== null ? { length: Number(characters) } : {};
}

const INTEGER_BYTES = new Map([
  ['tinyint', 1],
  ['smallint', 2],
  ['mediumint', 3],
  ['int', 4],
  ['bigint', 8],
]);

const KINDS = new Map<string, ColumnKind>([
  ...(['decimal', 'float', 'double', 'bit', 'year', 'date', 'time', 'datetime', 'timestamp'] as const).map(
    (kind) => [kind, kind] as const,
  ),
  ...(['enum', 'set', 'json', 'geometry'] as const).map((kind) => [kind, kind] as const),
  ...['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext', 'uuid', 'inet6', 'inet4'].map(
    (type) => [type, 'text'] as const,
  ),
  ...['point', 'linestring', 'polygon', 'multipoint', 'multilinestring', 'multipolygon'].map(
    (type) => [type, 'geometry'] as const,
  ),
  ['geometrycollection', 'geometry'],
  ['geomcollection', 'geometry'],
]);
