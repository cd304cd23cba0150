import type {
  ColumnDefinition,
  ColumnValue,
  ForeignKeyMode,
  MissingColumnPolicy,
  NoKeyPolicy,
  RowImage,
  TableDefinition,
} from '@lutra/model';
import { columnIndex, must, SyncError } from '@lutra/model';
import { holdsGroups, requireGroupKey } from './amounts.ts';
import { foreignKeyTable } from './foreign-key-groups.ts';
import type { ForeignKeyTie } from './foreign-key-groups.ts';
import { changesSilently } from './changes-silently.ts';
import { indexIdentity, rowIdentities } from './row-identities.ts';
import type { IndexIdentity, RowIdentities } from './row-identities.ts';
import { columnMissingError, columnChangesError, columnUnfilledError, engineUnsafeError } from './sql-failure.ts';
import { keyLiteralWriter, literalWriter, quoteName, quoteTable } from './sql-text.ts';
import type { LiteralWriter } from './sql-text.ts';
import { addPrimaryKeyStatement } from './table-statement.ts';
import type { TargetColumn, TargetTable } from './target-table.ts';
import { valueCheck } from './value-check.ts';

/** A column of the process that exists at the target and can be written. */
export interface WrittenColumn {
  /** Position in the images. */
  readonly position: number;
  readonly name: string;
  readonly quoted: string;
  readonly definition: ColumnDefinition;
  readonly target: TargetColumn;
  readonly literal: LiteralWriter;
  /** Throws TARGET_VALUE_REFUSED for a value that the target would change without an error; absent: there is none such. */
  readonly check?: (value: ColumnValue) => void;
}

export interface KeyColumn extends WrittenColumn {
  /** The value as the constant side of a comparison. Throws TARGET_VALUE_REFUSED for a key that the target cannot hold, see {@link keyRefusal}. */
  readonly keyLiteral: LiteralWriter;
  /** The comparison of this column with `value`, a column of a derived table; null = only single rows compare exactly. */
  readonly join: ((value: string) => string) | null;
}

/** A column of the rows that the target lacks. */
export interface IgnoredColumn {
  /** In the images. */
  readonly position: number;
  readonly name: string;
}

/** How rows of one source shape are written into one target table: compiled once, used for every row. */
export interface TableWriter {
  readonly definition: TableDefinition;
  /** What it was fitted to. */
  readonly target: TargetTable;
  /** Quoted schema and table. */
  readonly quoted: string;
  readonly columns: readonly WrittenColumn[];
  /** Columns of the rows that the table does not have, left out by policy. */
  readonly ignored: readonly IgnoredColumn[];
  /** Columns that have to be named in every update, so that they keep their value: ON UPDATE CURRENT_TIMESTAMP. */
  readonly keptColumns: readonly WrittenColumn[];
  /** Whether some columns are written together (ColumnDefinition.group). */
  readonly hasGroups?: boolean;
  /** Empty when the table has no key: a row is then found by all its columns. */
  readonly key: readonly KeyColumn[];
  readonly keyColumns: readonly string[];
  /** Whether many updates may go into one statement. */
  readonly joinsExactly: boolean;
  /** Tells the key of an image; null = only the server can. */
  readonly keyIdentity: IndexIdentity | null;
  /** Null: the rows of the table cannot be told apart here, or depend on those of others; they are written in source order. */
  readonly identities: RowIdentities | null;
  /** The target table, or the group of tables that foreign keys tie together: rows of different domains are independent. */
  readonly domain: string;
  readonly foreignKeys: ForeignKeyTie | null;
  /** Whether rows may be written once more without harm. */
  readonly isIdempotent: boolean;
  /** The rows are groups of source rows, and what is written moves what is there: how many rows each counts. Null: they are rows. */
  readonly counted: WrittenColumn | null;
}

export interface WriterOptions {
  readonly noPrimaryKey?: NoKeyPolicy;
  readonly foreignKeys?: ForeignKeyMode;
  readonly missingColumn?: MissingColumnPolicy;
}

/**
 * Fits the shape of the rows to the table. Throws TARGET_ENGINE_UNSAFE, TARGET_COLUMN_MISSING, TARGET_VALUE_REFUSED (a column would change values
 * without a word), TARGET_KEY_MISSING (the table has no key, and that is to be refused), TARGET_KEY_INCOMPLETE (the rows do not
 * carry the whole key) or TARGET_COLUMN_UNFILLED (nor a column that has to have a value), each with what repairs it.
 */
export function compileTableWriter(
  definition: TableDefinition,
  target: TargetTable,
  { noPrimaryKey = 'reject', foreignKeys: mode = 'trust', missingColumn = 'fail' }: WriterOptions = {},
): TableWriter {
  if (target.unsafeEngine !== undefined) throw engineUnsafeError(definition, target.unsafeEngine);
  const isOfGroups = holdsGroups(definition);
  const columns: WrittenColumn[] = [];
  const ignored: IgnoredColumn[] = [];
  for (const [position, column] of definition.columns.entries()) {
    const found = target.columns.get(column.name.toLowerCase());
    if (found === undefined) {
      // What the source computes need not exist at the target.
      if (column.generated === true) continue;
      if (missingColumn === 'fail' || isOfGroups) throw columnMissingError(definition, column);
      ignored.push({ position, name: column.name });
      continue;
    }
    if (found.generated) continue;
    if (changesSilently(column, found)) throw columnChangesError(definition, column, found.columnType);
    columns.push(writtenColumn(definition, position, found));
  }
  const key = keyColumnsOf(definition, target, columns, isOfGroups ? 'reject' : noPrimaryKey);
  if (isOfGroups) requireGroupKey(definition, key);
  refuseUnfilled(definition, target, columns);
  const foreignKeys = target.foreignKeys?.[mode] ?? null;
  return {
    definition,
    target,
    quoted: quoteTable(target),
    columns,
    keptColumns: columns.filter((column) => column.target.updatesItself === true),
    ignored,
    hasGroups: columns.some((column) => column.definition.group !== undefined),
    key,
    keyColumns: key.map(({ name }) => name),
    joinsExactly: key.length > 0 && key.every(({ join }) => join !== null),
    keyIdentity: key.length > 0 ? indexIdentity(key) : null,
    identities: foreignKeys === null ? rowIdentities(target, columns, key) : null,
    domain: foreignKeys?.group ?? foreignKeyTable(target),
    foreignKeys,
    isIdempotent: key.length > 0 && !isOfGroups,
    counted: columns.find((column) => column.definition.amount === 'count') ?? null,
  };
}

/** The value that a key column has at the target before this row is applied; throws TARGET_KEY_INCOMPLETE when the image lacks it. */
export function keyValue(writer: TableWriter, column: KeyColumn, image: RowImage): ColumnValue {
  const value = image[column.position];
  if (value !== undefined) return value;
  throw keyIncomplete(writer.definition, [column.name], 'its row image does not carry');
}

function writtenColumn(table: TableDefinition, position: number, target: TargetColumn): WrittenColumn {
  const definition = must(table.columns[position], 'the position is its own');
  const literal = literalWriter(definition.kind);
  const column = { position, name: target.name, quoted: quoteName(target.name), definition, target, literal };
  const changes = valueCheck(definition, target);
  if (changes === null) return column;
  const check = (value: ColumnValue): void => {
    if (changes(value)) throw columnChangesError(table, definition, target.columnType);
  };
  return { ...column, check };
}

function keyColumnsOf(
  definition: TableDefinition,
  target: TargetTable,
  columns: readonly WrittenColumn[],
  noPrimaryKey: NoKeyPolicy,
): readonly KeyColumn[] {
  if (target.key === null) {
    if (noPrimaryKey === 'matchAllColumns') return [];
    const table = `${definition.schema}.${definition.table}`;
    const problem = `The table ${table} has neither a primary key nor a unique key without NULLs at the target`;
    throw new SyncError('TARGET_KEY_MISSING', { table, problem, statement: addPrimaryKeyStatement(definition) });
  }
  const missing: string[] = [];
  const key: KeyColumn[] = [];
  for (const name of target.key.columns) {
    const column = columns[columnIndex(columns, name)];
    if (column === undefined) missing.push(target.columns.get(name)?.name ?? name);
    else key.push(checkedKeyColumn(column));
  }
  if (missing.length > 0) throw keyIncomplete(definition, missing, 'the mapping does not carry');
  return key;
}

/** A trigger may fill the column; else every row would be refused, so it is said before the first one. */
function refuseUnfilled(definition: TableDefinition, target: TargetTable, columns: readonly WrittenColumn[]): void {
  if (target.triggers.some(({ timing, event }) => timing === 'BEFORE' && event === 'INSERT')) return;
  const written = new Set(columns.map(({ target: column }) => column));
  const unfilled = [...target.columns.values()].find((column) => column.needsValue && !written.has(column));
  if (unfilled !== undefined) throw columnUnfilledError(definition, unfilled);
}

function keyIncomplete(definition: TableDefinition, columns: readonly string[], why: string): SyncError {
  const table = `${definition.schema}.${definition.table}`;
  const problem = `The key of ${table} needs ${columns.join(', ')}, which ${why}`;
  return new SyncError('TARGET_KEY_INCOMPLETE', { table, columns: columns.join(', '), problem });
}

/** A row with a key that the target would change is none of the target's: what is found by that key is another row. */
function checkedKeyColumn(column: WrittenColumn): KeyColumn {
  const key = keyColumn(column);
  const { check } = column;
  if (check === undefined) return key;
  const keyLiteral: LiteralWriter = (value) => {
    check(value);
    return key.keyLiteral(value);
  };
  return { ...key, keyLiteral };
}

/** Why no row of the target has the key that the image holds: TARGET_VALUE_REFUSED. Null: one may have it. */
export function keyRefusal({ key }: TableWriter, image: RowImage): SyncError | null {
  try {
    for (const { check, position } of key) {
      const value = image[position];
      if (value !== undefined) check?.(value);
    }
    return null;
  } catch (error) {
    return SyncError.of(error);
  }
}

/** The column with what it takes to find rows by it. */
export function keyColumn(column: WrittenColumn): KeyColumn {
  const writer = keyLiteralWriter(column.definition.kind);
  const { paddedBytes } = column.target;
  // A binary(n) key compares with its padding, which the source's log cuts off.
  const keyLiteral: LiteralWriter =
    paddedBytes === null ? writer : (value) => writer(value instanceof Uint8Array ? padded(value, paddedBytes) : value);
  return { ...column, keyLiteral, join: joinOf(column) };
}

function padded(value: Uint8Array, bytes: number): Uint8Array {
  if (value.length >= bytes) return value;
  const whole = new Uint8Array(bytes);
  whole.set(value);
  return whole;
}

const INTEGER_TYPES = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint']);
const TEXT_TYPES = new Set(['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext']);
const BINARY_TYPES = new Set(['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob']);

/**
 * A column of a derived table has a type of its own, so each comparison says how it is meant: text with the charset and
 * collation of the key (otherwise the server refuses the mix), temporal values cast (otherwise they compare as text).
 */
function joinOf({ quoted, definition, target }: WrittenColumn): KeyColumn['join'] {
  const left = `t.${quoted}`;
  const { dataType, charset, collation } = target;
  switch (definition.kind) {
    case 'integer':
      return INTEGER_TYPES.has(dataType) ? (value) => `${left} = ${value}` : null;
    case 'decimal':
      return dataType === 'decimal' ? (value) => `${left} = ${value}` : null;
    case 'year':
      return dataType === 'year' ? (value) => `${left} = ${value}` : null;
    case 'binary':
      return BINARY_TYPES.has(dataType) ? (value) => `${left} = ${value}` : null;
    case 'date':
      return dataType === 'date' ? (value) => `${left} = CAST(${value} AS DATE)` : null;
    case 'datetime':
    case 'timestamp':
      return dataType === 'datetime' || dataType === 'timestamp'
        ? (value) => `${left} = CAST(${value} AS DATETIME(6))`
        : null;
    case 'time':
      return dataType === 'time' ? (value) => `${left} = CAST(${value} AS TIME(6))` : null;
    case 'text':
      return TEXT_TYPES.has(dataType) && charset !== null && collation !== null
        ? (value) => `${left} = CONVERT(${value} USING ${charset}) COLLATE ${collation}`
        : null;
    default:
      return null;
  }
}
