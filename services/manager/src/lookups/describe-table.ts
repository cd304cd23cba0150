import { quoteName, quoteNameText } from '@lutra/sql';
import type { TableName, TargetSession } from '@lutra/sql';
import type { Plain } from '../http/plain.ts';
import type { ForeignKeyDto, KeyDto, TableDetailDto } from './lookup.dto.ts';

type Row = Readonly<Record<string, unknown>>;

/** Everything that a mapping of the table may want to know; null = there is none, or the user may not see it. */
export async function describeTable(session: TargetSession, name: TableName): Promise<Plain<TableDetailDto> | null> {
  const { schema, table } = name;
  const [head] = await session.query(
    'SELECT TABLE_TYPE AS type, ENGINE AS engine, TABLE_COLLATION AS collation, TABLE_ROWS AS estimate ' +
      `FROM information_schema.TABLES WHERE ${ofTable(name)}`,
  );
  if (head === undefined) return null;
  const columns = await session.query(
    'SELECT COLUMN_NAME AS name, COLUMN_TYPE AS type, IS_NULLABLE AS nullable, COLUMN_DEFAULT AS defaultText, EXTRA AS extra, ' +
      'GENERATION_EXPRESSION AS expression, CHARACTER_SET_NAME AS charset, COLLATION_NAME AS collation ' +
      `FROM information_schema.COLUMNS WHERE ${ofTable(name)} ORDER BY ORDINAL_POSITION`,
  );
  // An expression of a key has no column; only MySQL has a column that prints it, and SHOW has it on every server.
  const keys = await session.query(`SHOW INDEX FROM ${quoteName(table)} FROM ${quoteName(schema)}`);
  const foreignKeys = await session.query(foreignKeysQuery(name));
  const triggers = await session.query(
    'SELECT TRIGGER_NAME AS name, ACTION_TIMING AS timing, EVENT_MANIPULATION AS event FROM information_schema.TRIGGERS ' +
      `WHERE ${ofTable(name, { schema: 'EVENT_OBJECT_SCHEMA', table: 'EVENT_OBJECT_TABLE' })} ORDER BY ACTION_ORDER, TRIGGER_NAME`,
  );
  return {
    schema,
    table,
    isView: String(head['type']).endsWith('VIEW'),
    engine: textOf(head['engine']),
    collation: textOf(head['collation']),
    rowEstimate: head['estimate'] === null ? null : Number(head['estimate']),
    columns: columns.map(columnOf),
    keys: keysOf(keys),
    foreignKeys: foreignKeysOf(foreignKeys),
    triggers: triggers.map((row) => ({
      name: String(row['name']),
      timing: String(row['timing']),
      event: String(row['event']),
    })),
  };
}

function columnOf(row: Row): TableDetailDto['columns'][number] {
  const generated = textOf(row['expression']);
  return {
    name: String(row['name']),
    type: String(row['type']),
    isNullable: row['nullable'] === 'YES',
    default: textOf(row['defaultText']),
    generated: generated === '' ? null : generated,
    isAutoIncrement: /auto_increment/i.test(String(row['extra'])),
    charset: textOf(row['charset']),
    collation: textOf(row['collation']),
  };
}

function keysOf(rows: readonly Row[]): KeyDto[] {
  const keys = new Map<string, KeyDto>();
  for (const row of rows) {
    const name = String(row['Key_name']);
    const key = keys.get(name) ?? { name, isUnique: Number(row['Non_unique']) === 0, columns: [] };
    key.columns.push(textOf(row['Column_name']) ?? String(row['Expression']));
    keys.set(name, key);
  }
  return [...keys.values()];
}

const foreignKeysQuery = (name: TableName): string =>
  'SELECT k.CONSTRAINT_NAME AS name, k.COLUMN_NAME AS columnName, k.REFERENCED_TABLE_SCHEMA AS referencedSchema, ' +
  'k.REFERENCED_TABLE_NAME AS referencedTable, k.REFERENCED_COLUMN_NAME AS referencedColumn, r.DELETE_RULE AS onDelete, ' +
  'r.UPDATE_RULE AS onUpdate FROM information_schema.KEY_COLUMN_USAGE k JOIN information_schema.REFERENTIAL_CONSTRAINTS r ' +
  'ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND r.TABLE_NAME = k.TABLE_NAME ' +
  `WHERE ${ofTable(name, { schema: 'k.TABLE_SCHEMA', table: 'k.TABLE_NAME' })} AND k.REFERENCED_TABLE_NAME IS NOT NULL ` +
  'ORDER BY k.CONSTRAINT_NAME, k.ORDINAL_POSITION';

function foreignKeysOf(rows: readonly Row[]): ForeignKeyDto[] {
  const keys = new Map<string, ForeignKeyDto>();
  for (const row of rows) {
    const name = String(row['name']);
    const key = keys.get(name) ?? {
      name,
      columns: [],
      referencedSchema: String(row['referencedSchema']),
      referencedTable: String(row['referencedTable']),
      referencedColumns: [],
      onDelete: String(row['onDelete']),
      onUpdate: String(row['onUpdate']),
    };
    key.columns.push(String(row['columnName']));
    key.referencedColumns.push(String(row['referencedColumn']));
    keys.set(name, key);
  }
  return [...keys.values()];
}

const ofTable = ({ schema, table }: TableName, columns = { schema: 'TABLE_SCHEMA', table: 'TABLE_NAME' }): string =>
  `${columns.schema} = ${quoteNameText(schema)} AND ${columns.table} = ${quoteNameText(table)}`;

/** Names come as text; the rest of a row is told apart by whoever asks. */
const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
