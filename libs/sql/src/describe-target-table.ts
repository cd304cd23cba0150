import { quoteTable, quoteText } from './sql-text.ts';
import type { TargetColumn, TargetTable, UniqueKey } from './target-table.ts';

/** Runs a query and gives its rows by column alias. */
export type RunQuery = (sql: string) => Promise<readonly Readonly<Record<string, unknown>>[]>;

/** Reads a table's shape. Null when it does not exist; the caller's error when the account may not see it. */
export async function describeTargetTable(
  query: RunQuery,
  name: { readonly schema: string; readonly table: string },
): Promise<TargetTable | null> {
  const where = `TABLE_SCHEMA = ${quoteText(name.schema)} AND TABLE_NAME = ${quoteText(name.table)}`;
  const columnRows = await query(
    `SELECT COLUMN_NAME AS name, DATA_TYPE AS dataType, COLUMN_TYPE AS columnType, IS_NULLABLE AS nullable, ` +
      `CHARACTER_SET_NAME AS charset, COLLATION_NAME AS collation, CHARACTER_OCTET_LENGTH AS octets, EXTRA AS extra ` +
      `FROM information_schema.COLUMNS WHERE ${where} ORDER BY ORDINAL_POSITION`,
  );
  if (columnRows.length === 0) {
    // Either the table is not there (the caller's query tells 1146 or 1049), or the account may not see it (1142, 1044).
    await query(`SELECT 1 AS one FROM ${quoteTable(name)} LIMIT 0`);
    return null;
  }
  const indexRows = await query(
    `SELECT INDEX_NAME AS name, COLUMN_NAME AS columnName, SUB_PART AS subPart FROM information_schema.STATISTICS ` +
      `WHERE ${where} AND NON_UNIQUE = 0 ORDER BY INDEX_NAME, SEQ_IN_INDEX`,
  );
  const columns = new Map(columnRows.map((row) => columnOf(row)).map((column) => [column.name.toLowerCase(), column]));
  const uniqueKeys = keysOf(indexRows, columns);
  const key =
    uniqueKeys.find(({ name: index }) => index === 'PRIMARY') ??
    uniqueKeys.find(({ isExact, isNotNull }) => isExact && isNotNull) ??
    null;
  const [engineRow] = await query(
    `SELECT e.ENGINE AS engine FROM information_schema.TABLES t JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE ` +
      `WHERE t.${where.replace(' AND ', ' AND t.')} AND e.TRANSACTIONS <> 'YES'`,
  );
  const unsafeEngine = textOrNull(engineRow?.['engine']);
  return { ...name, columns, key, uniqueKeys, ...(unsafeEngine === null ? {} : { unsafeEngine }) };
}

function columnOf(row: Readonly<Record<string, unknown>>): TargetColumn {
  const dataType = String(row['dataType']).toLowerCase();
  return {
    name: String(row['name']),
    dataType,
    columnType: String(row['columnType']),
    nullable: row['nullable'] === 'YES',
    generated: /\b(VIRTUAL|STORED|PERSISTENT)\b/i.test(String(row['extra'])),
    ...(/auto_increment/i.test(String(row['extra'])) ? { isAutoIncrement: true } : {}),
    charset: textOrNull(row['charset']),
    collation: textOrNull(row['collation']),
    paddedBytes: dataType === 'binary' ? Number(row['octets']) : null,
  };
}

function keysOf(
  rows: readonly Readonly<Record<string, unknown>>[],
  columns: ReadonlyMap<string, TargetColumn>,
): readonly UniqueKey[] {
  const byName = new Map<string, Readonly<Record<string, unknown>>[]>();
  for (const row of rows) {
    const name = String(row['name']);
    byName.set(name, [...(byName.get(name) ?? []), row]);
  }
  return [...byName].map(([name, parts]) => {
    const names = parts.map((part) => (textOrNull(part['columnName']) ?? '').toLowerCase());
    return {
      name,
      columns: names,
      isExact: parts.every((part) => part['subPart'] === null && part['columnName'] !== null),
      isNotNull: names.every((column) => columns.get(column)?.nullable === false),
    };
  });
}

const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);
