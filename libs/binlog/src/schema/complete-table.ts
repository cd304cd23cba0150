import type { ColumnDefinition, DatabaseKind, TableDefinition } from '@lutra/model';
import { SyncError } from '@lutra/model';
import { COLUMN_TYPE } from './column-types.ts';
import { isStoredAs, shapeOfColumn, shapeOfStored } from './stored-shape.ts';
import type { StoredColumn, TableMap } from './table-map.ts';

/** True when the table map alone tells every name, charset and label. */
export function isComplete(known: TableDefinition): boolean {
  return known.columns.every(
    ({ name, kind, charset, labels }) =>
      name !== '' &&
      (kind !== 'text' || charset !== undefined) &&
      ((kind !== 'enum' && kind !== 'set') || labels !== undefined),
  );
}

/**
 * MariaDB logs some types so that only information_schema tells them apart: UUID, INET6 and INET4 look like BINARY(16) and
 * BINARY(4), and the temporal types of before 10.1 look the same with and without a fraction. A table map with GEOMETRY has
 * to be read by who knows that it is MariaDB's, which the decoder does not: its list of charsets is another one.
 */
export function isAmbiguous(map: TableMap, known: TableDefinition, kind: DatabaseKind): boolean {
  if (kind !== 'mariadb') return false;
  return map.columns.some(
    (stored, index) =>
      isOldTemporal(stored) ||
      stored.type === COLUMN_TYPE.GEOMETRY ||
      (isOfInternetLength(stored) && known.columns[index]?.kind === 'binary'),
  );
}

/**
 * Fills in what `known` (the table map's own words) leaves open from `current`, the table as information_schema described
 * it when the rows were written; null when it is gone. A column is never guessed and never shifted: without names, columns
 * belong together by their place, and only if each is stored alike. Throws SOURCE_SCHEMA_MISMATCH, with both shapes, when
 * they are not; SOURCE_EVENT_UNSUPPORTED for MariaDB's temporal types of before 10.1 with a fraction.
 */
export function completeTable(map: TableMap, known: TableDefinition, current: TableDefinition | null): TableDefinition {
  if (map.optional.names !== undefined) return completeByName(map, known, current);
  if (current === null) throw gone(map);
  const fits =
    current.columns.length === map.columns.length &&
    current.columns.every((column, index) => fitsAt(map, known, { column, index }));
  if (!fits) throw mismatch(map, current);
  const columns = current.columns.map((column, index) => ({
    ...column,
    nullable: known.columns[index]?.nullable ?? column.nullable,
  }));
  return { schema: map.schema, table: map.table, columns, primaryKey: current.primaryKey };
}

/** The columns of a table map for messages: 'integer4, varchar80'; names where the log has them. */
export function describeStored(map: TableMap): string {
  const { names } = map.optional;
  return map.columns
    .map((column, index) => (names === undefined ? '' : `${names[index] ?? ''} `) + shapeOfStored(column))
    .join(', ');
}

/** The columns of a definition for messages: 'id integer4, name varchar80'. */
export function describeDefined({ columns }: TableDefinition): string {
  return columns.map((column) => `${column.name} ${shapeOfColumn(column)}`).join(', ');
}

function fitsAt(
  map: TableMap,
  known: TableDefinition,
  { column, index }: { readonly column: ColumnDefinition; readonly index: number },
): boolean {
  const stored = map.columns[index];
  const told = known.columns[index];
  if (stored === undefined || told === undefined) return false;
  if (!isStoredAs(stored, column)) return false;
  if (map.optional.unsigned !== undefined && told.kind === 'integer' && told.unsigned !== (column.unsigned === true)) {
    return false;
  }
  return told.charset === undefined || column.charset === undefined || told.charset === column.charset;
}

/**
 * Names are known: a column of the same name and shape lends what is missing, others stay as they are. So does everything
 * when the table is gone: its bytes are right even without the type's name, and missing labels are named by their reader.
 */
function completeByName(map: TableMap, known: TableDefinition, current: TableDefinition | null): TableDefinition {
  if (current === null) {
    if (map.columns.some(isOldTemporal)) throw gone(map);
    return known;
  }
  const columns = known.columns.map((column, index) => {
    const stored = map.columns[index];
    const twin = current.columns.find(({ name }) => name === column.name);
    if (stored === undefined || twin === undefined) return column;
    if (!isStoredAs(stored, twin)) {
      if (isOldTemporal(stored)) throw oldFraction(map, column);
      return column;
    }
    const isInternet = isOfInternetLength(stored) && /^(?:uuid|inet6|inet4)$/.test(twin.declared);
    const lacksLabels = (column.kind === 'enum' || column.kind === 'set') && column.labels === undefined;
    return isInternet || lacksLabels ? { ...twin, nullable: column.nullable } : column;
  });
  return { ...known, columns };
}

const isOfInternetLength = ({ type, a }: StoredColumn): boolean => type === COLUMN_TYPE.STRING && (a === 16 || a === 4);

const OLD_TEMPORALS = new Set<number>([COLUMN_TYPE.TIME, COLUMN_TYPE.DATETIME, COLUMN_TYPE.TIMESTAMP]);

const isOldTemporal = ({ type }: StoredColumn): boolean => OLD_TEMPORALS.has(type);

function oldFraction(map: TableMap, column: ColumnDefinition): SyncError {
  const table = `${map.schema}.${map.table}`;
  const problem = `Column ${column.name} of ${table} has a fraction in MariaDB's format of before 10.1, which the log does not describe`;
  const statement = `ALTER TABLE \`${map.schema}\`.\`${map.table}\` FORCE`;
  return new SyncError('SOURCE_EVENT_UNSUPPORTED', { problem, table, type: 'old temporal format', statement });
}

function gone(map: TableMap): SyncError {
  const table = `${map.schema}.${map.table}`;
  const logged = describeStored(map);
  const problem = `Rows of ${table} (${logged}) do not tell their columns, and the source has no such table (any more) or hides it from the user`;
  return new SyncError('SOURCE_SCHEMA_MISMATCH', { problem, table, logged, statement: FULL_METADATA });
}

function mismatch(map: TableMap, current: TableDefinition): SyncError {
  const table = `${map.schema}.${map.table}`;
  const logged = describeStored(map);
  const now = describeDefined(current);
  const problem =
    `Rows of ${table} do not fit the table as it is known: the log has (${logged}), the table is (${now}). ` +
    'The source does not log the names of columns, so the rows cannot be told apart safely';
  return new SyncError('SOURCE_SCHEMA_MISMATCH', { problem, table, logged, now, statement: FULL_METADATA });
}

const FULL_METADATA = 'SET GLOBAL binlog_row_metadata = FULL';
