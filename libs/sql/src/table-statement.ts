import type { ColumnDefinition, TableDefinition } from '@lutra/model';
import { quoteName, quoteTable } from './sql-text.ts';

/**
 * The statement that creates a table as the source declares it: types, nullability, charset and primary key.
 * Collations are written only where every server knows them, so that it runs on MySQL and on MariaDB.
 */
export function createTableStatement(definition: TableDefinition): string {
  const lines = definition.columns.map((column) => columnClause(column));
  const key = definition.primaryKey.map((position) => quoteName(definition.columns[position]?.name ?? ''));
  if (key.length > 0) lines.push(`PRIMARY KEY (${key.join(', ')})`);
  return `CREATE TABLE ${quoteTable(definition)} (${lines.join(', ')}) ENGINE = InnoDB`;
}

export function createSchemaStatement(schema: string): string {
  return `CREATE DATABASE ${quoteName(schema)}`;
}

export function addColumnStatement(table: TableDefinition, column: ColumnDefinition): string {
  return `ALTER TABLE ${quoteTable(table)} ADD COLUMN ${columnClause(column)}`;
}

/** Brings a column at the target to the type that the source declares. */
export function modifyColumnStatement(table: TableDefinition, column: ColumnDefinition): string {
  return `ALTER TABLE ${quoteTable(table)} MODIFY COLUMN ${columnClause(column)}`;
}

/** The source's key when it is known, otherwise a form to fill in. */
export function addPrimaryKeyStatement(table: TableDefinition): string {
  const key = table.primaryKey.map((position) => quoteName(table.columns[position]?.name ?? ''));
  return `ALTER TABLE ${quoteTable(table)} ADD PRIMARY KEY (${key.length > 0 ? key.join(', ') : '<columns>'})`;
}

function columnClause(column: ColumnDefinition): string {
  const type =
    isTextual(column) && column.charset !== undefined ? `${column.declared}${charsetClause(column)}` : column.declared;
  return `${quoteName(column.name)} ${type} ${column.nullable ? 'NULL' : 'NOT NULL'}`;
}

const isTextual = ({ kind, declared }: ColumnDefinition): boolean =>
  (kind === 'text' || kind === 'enum' || kind === 'set') && !/\bcharacter set\b/i.test(declared);

// utf8mb3 is the one name that both servers accept for the three-byte charset.
function charsetClause({ charset, collation }: ColumnDefinition): string {
  const name = charset === 'utf8' ? 'utf8mb3' : (charset ?? 'utf8mb4');
  const isPortable =
    collation !== undefined && /^(utf8mb4|latin1|ascii)_(bin|general_ci|unicode_ci|swedish_ci)$/.test(collation);
  return ` CHARACTER SET ${name}${isPortable ? ` COLLATE ${collation}` : ''}`;
}
