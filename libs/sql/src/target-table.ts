import type { ForeignKeyMode } from '@lutra/model';
import type { ForeignKeyTie } from './foreign-key-groups.ts';

/** A table by name. */
export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/** A column as it stands at the target. */
export interface TargetColumn {
  readonly name: string;
  /** 'bigint', 'varchar', … without length or sign. */
  readonly dataType: string;
  /** As the target prints it: 'bigint unsigned', 'varchar(64)'. */
  readonly columnType: string;
  readonly nullable: boolean;
  readonly generated: boolean;
  /** The server has no value of its own for it: an INSERT that leaves it out is refused in strict mode. */
  readonly needsValue: boolean;
  /** A NULL assigned to it by an upsert becomes 0 without an error. */
  readonly isAutoIncrement?: boolean;
  /** ON UPDATE CURRENT_TIMESTAMP: an update that does not name the column changes it. */
  readonly updatesItself?: boolean;
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

export interface TargetTrigger {
  readonly name: string;
  readonly timing: 'BEFORE' | 'AFTER';
  readonly event: 'INSERT' | 'UPDATE' | 'DELETE';
}

/** A table as it stood at the target when it was described. */
export interface TargetTable extends TableName {
  /** By lower-case name, in table order: names of columns are case-insensitive in every server. */
  readonly columns: ReadonlyMap<string, TargetColumn>;
  /** What identifies a row: the primary key, otherwise the first unique key without NULLs; null when there is neither. */
  readonly key: UniqueKey | null;
  /** All of them, the primary key included. */
  readonly uniqueKeys: readonly UniqueKey[];
  /** Lower-case names of the columns that stand in some index: only they can be referred to by a foreign key. */
  readonly indexed: ReadonlySet<string>;
  readonly triggers: readonly TargetTrigger[];
  /** The storage engine; null for a view. */
  readonly engine: string | null;
  /** The storage engine, when it knows no transactions: rows and checkpoint could then part. */
  readonly unsafeEngine?: string;
  /** The server's guess at the number of rows; null where it has none. */
  readonly rowEstimate: number | null;
  /** The server's own statement for the table, its AUTO_INCREMENT counter left out: another text is another shape. */
  readonly statement: string;
  /** How foreign keys tie it to other tables, by `foreignKeys` of the pipeline; absent = they do not. */
  readonly foreignKeys?: Readonly<Partial<Record<ForeignKeyMode, ForeignKeyTie>>>;
}
