/**
 * What a column is, in words that are the same for every database. `declared` in {@link ColumnDefinition} keeps the
 * source's own spelling; the kind decides how a value looks in memory ({@link ColumnValue}) and how it is written.
 */
export type ColumnKind =
  | 'integer' // value: number up to 32 bits, bigint for 64-bit columns
  | 'decimal' // value: canonical text, e.g. '-12.50'
  | 'float' // 4 bytes; value: the number that the 32-bit float stands for
  | 'double' // value: number
  | 'bit' // value: bigint
  | 'year' // value: number
  | 'date' // value: text 'YYYY-MM-DD'
  | 'time' // value: text '[-]HHH:MM:SS[.ffffff]'
  | 'datetime' // value: text 'YYYY-MM-DD HH:MM:SS[.ffffff]', no zone
  | 'timestamp' // value: text 'YYYY-MM-DD HH:MM:SS[.ffffff]' in UTC, '0000-00-00 00:00:00' for the zero value
  | 'text' // value: string (decoded from the column's charset)
  | 'binary' // value: Uint8Array
  | 'enum' // value: string (the label); '' for the error value 0
  | 'set' // value: string (labels joined by comma)
  | 'json' // value: string (JSON text)
  | 'geometry'; // value: Uint8Array (SRID + WKB, as the server stores it)

/**
 * A value of a column without loss: nothing passes through a float (unless the column is one) or a local time zone.
 * `null` is SQL NULL. Absent (a partial image does not have the column) is `undefined` at the column's place in a {@link RowImage}.
 */
export type ColumnValue = null | number | bigint | string | Uint8Array;

/** Values in the order of the table definition's columns; `undefined` = the image does not carry this column. */
export type RowImage = readonly (ColumnValue | undefined)[];

/**
 * What a value does to what the target holds. count: is added, and a row whose count is 0 stands for nothing and is deleted.
 * sum: is added. least, greatest: stays if it is smaller, or larger; NULL changes nothing. set: takes its place. In a table that
 * has a count all columns without an amount are the group, and so the key.
 */
export const AMOUNT_KINDS = ['count', 'sum', 'least', 'greatest', 'set'] as const;
export type AmountKind = (typeof AMOUNT_KINDS)[number];

export interface ColumnDefinition {
  readonly name: string;
  readonly kind: ColumnKind;
  /** The type as the database would print it in a CREATE TABLE, as far as known: 'bigint unsigned', 'varchar(64)'. */
  readonly declared: string;
  readonly nullable: boolean;
  /** Integers only: number of bytes 1, 2, 3, 4, 8. */
  readonly bytes?: number;
  readonly unsigned?: boolean;
  /** Text, enum and set: the charset's name at the source ('utf8mb4', 'latin1', …). */
  readonly charset?: string;
  readonly collation?: string;
  /** Computed by the database: left out when writing. */
  readonly generated?: boolean;
  /**
   * Tells of the change that wrote the row (its commit time, its GTID, what a look-up found then), not of the row: the row at
   * the target holds that of an earlier change. So every update writes it and nothing is compared with it; a before image
   * carries it only where the row may have to be found by it.
   */
  readonly ofChange?: boolean;
  /** Columns of one number are written together: an update that changes one of them writes all that its image carries. */
  readonly group?: number;
  /** Part of a row that stands for a group of source rows: values of the column are amounts that move what is there. */
  readonly amount?: AmountKind;
  /** Labels of enum and set columns. */
  readonly labels?: readonly string[];
  /** Longest content: characters for text, bytes for binary, digits for decimal (with `scale`), fraction digits for temporal kinds. */
  readonly length?: number;
  readonly scale?: number;
}

/** Shape of one table as it stood when the rows that refer to it were written. */
export interface TableDefinition {
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly ColumnDefinition[];
  /** Positions (in `columns`) of the primary key, in key order; empty when the table has none or it is not known. */
  readonly primaryKey: readonly number[];
}

/** Position of the column of that name, in any case as in MySQL and MariaDB; -1: there is none. */
export function columnIndex(columns: readonly Pick<ColumnDefinition, 'name'>[], name: string): number {
  const wanted = name.toLowerCase();
  return columns.findIndex((column) => column.name.toLowerCase() === wanted);
}
