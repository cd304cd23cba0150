import type { ColumnDefinition, DatabaseKind } from '@lutra/model';
import { quoteName, quoteTable } from '@lutra/sql';
import type { TargetColumn, TargetTable } from '@lutra/sql';

/** A column that is to look otherwise. What is not given stays as it is. */
export interface ColumnChange {
  readonly type?: string;
  /** Charset and collation as they are written: 'utf8mb4' alone takes the server's own collation of it. */
  readonly charset?: string;
  readonly collation?: string;
  readonly isNullable?: boolean;
  /** A default of another kind of type may be none any more. */
  readonly isPlain?: boolean;
}

const NUMERIC = /^(?:tiny|small|medium|big)?int|^(?:decimal|float|double|bit|year)/;
const TEXTUAL = /^(?:(?:var)?char|\w*text|enum|set)/;

/**
 * The statement that changes one column of the target and keeps the rest of its declaration: default, AUTO_INCREMENT, comment,
 * CHECK. It is made from the server's own words for the column.
 */
export function modifyStatement(table: TargetTable, column: TargetColumn, change: ColumnChange): string {
  const { type = column.columnType, charset, collation } = change;
  const isTextual = TEXTUAL.test(type);
  const words = isTextual
    ? charsetWords(charset ?? column.charset, charset === undefined ? (collation ?? column.collation) : collation)
    : '';
  const rest = change.isPlain === true ? (column.nullable ? ' NULL' : ' NOT NULL') : restOf(table, column);
  const ending = change.isNullable === true ? rest.replace(/ NOT NULL/, ' NULL') : rest;
  return `ALTER TABLE ${quoteTable(table)} MODIFY COLUMN ${quoteName(column.name)} ${type}${words}${ending}`;
}

function charsetWords(charset: string | null, collation: string | null | undefined): string {
  const collate = collation === null || collation === undefined ? '' : ` COLLATE ${collation}`;
  return charset === null ? collate : ` CHARACTER SET ${charset}${collate}`;
}

/** What stands behind type, charset and collation in the server's statement for the table. */
function restOf({ statement }: TargetTable, { name, columnType, nullable }: TargetColumn): string {
  const beginning = `${quoteName(name)} ${columnType}`;
  const line = statement
    .split('\n')
    .map((one) => one.trim().replace(/,$/, ''))
    .find((one) => one.startsWith(beginning));
  if (line === undefined) return nullable ? ' NULL' : ' NOT NULL';
  return line
    .slice(beginning.length)
    .replace(/^ CHARACTER SET \w+/, '')
    .replace(/^ COLLATE \w+/, '');
}

/** The source's type as the target's server spells it; types that it does not have become texts of their length. */
export function typeAt(kind: DatabaseKind, { declared }: Pick<ColumnDefinition, 'declared'>): string {
  if (kind === 'mariadb') return declared.replace(/^geomcollection\b/, 'geometrycollection');
  return declared
    .replace(/^uuid\b/, 'char(36)')
    .replace(/^inet6\b/, 'varchar(39)')
    .replace(/^inet4\b/, 'varchar(15)');
}

/** Whether a default of one type may stand as one of the other. */
export const areOfOneFamily = (one: string, other: string): boolean =>
  (NUMERIC.test(one) && NUMERIC.test(other)) ||
  (TEXTUAL.test(one) && TEXTUAL.test(other)) ||
  /^\w+/.exec(one)?.[0] === /^\w+/.exec(other)?.[0];
