/** A column as it stands at the target. */
export interface TargetColumn {
  readonly name: string;
  /** 'bigint', 'varchar', … without length or sign. */
  readonly dataType: string;
  /** As the target prints it: 'bigint unsigned', 'varchar(64)'. */
  readonly columnType: string;
  readonly nullable: boolean;
  readonly generated: boolean;
  /** A NULL assigned to it by an upsert becomes 0 without an error. */
  readonly isAutoIncrement?: boolean;
  readonly charset: string | null;
  readonly collation: string | null;
  /** Bytes of a binary(n) column, which the server pads with zero bytes; null for all others. */
  readonly paddedBytes: number | null;
}

/** A unique index, the primary key included. */
export interface UniqueKey {
  readonly name: string;
  /** Lower-case column names; an expression or a prefix of a column makes the key inexact. */
  readonly columns: readonly string[];
  readonly isExact: boolean;
  readonly isNotNull: boolean;
}

/** A table as it stands at the target. */
export interface TargetTable {
  readonly schema: string;
  readonly table: string;
  /** By lower-case name, in table order: names of columns are case-insensitive in every server. */
  readonly columns: ReadonlyMap<string, TargetColumn>;
  /** What identifies a row: the primary key, otherwise the first unique key without NULLs; null when there is neither. */
  readonly key: UniqueKey | null;
  readonly uniqueKeys: readonly UniqueKey[];
  /** The storage engine, when it knows no transactions: rows and checkpoint could then part. */
  readonly unsafeEngine?: string;
}
