import { SyncError } from '@lutra/model';
import { quoteName, quoteNameText, quoteTable } from './sql-text.ts';
import type { TableName, TargetColumn, TargetTable, TargetTrigger, UniqueKey } from './target-table.ts';

type Row = Readonly<Record<string, unknown>>;

/** Runs a query and gives its rows by column alias. */
export type RunQuery = (sql: string) => Promise<readonly Row[]>;

/** Runs queries, several in one packet, and gives the rows of each by column alias. */
export type RunQueries = (queries: readonly string[]) => Promise<readonly (readonly Row[])[]>;

/** From so many tables of one schema on the whole schema is read at once: the server then opens each table once. */
const WHOLE_SCHEMA_MIN = 8;
const QUERIES_PER_PACKET = 50;

/**
 * Reads tables as they stand, in few round trips for many of them; null = it does not exist. A single one that the account
 * may not see throws the server's refusal. How foreign keys tie them is left out: that depends on all other tables.
 *
 * The server's own statement for the table is read first: what changes later shows as another statement at the next
 * {@link readTableStatements}, never as an old statement beside a new description.
 */
export async function describeTargetTables(
  run: RunQueries,
  names: readonly TableName[],
): Promise<readonly (TargetTable | null)[]> {
  const scopes = scopesOf(names);
  const [settings, ...tableRows] = await inPackets(run, [
    'SELECT @@lower_case_table_names AS mode',
    ...scopes.map(tablesQuery),
  ]);
  const idOf = Number(settings?.[0]?.['mode']) === 0 ? exactId : foldedId;
  const found = indexed(tableRows.flat(), idOf);
  const present = names.filter((name) => found.has(idOf(name)));
  const [only] = names;
  if (names.length === 1 && only !== undefined && present.length === 0) {
    // Either the table is not there, or the account may not see it: the server then refuses this.
    await readTableStatements(run, [only]);
    return [null];
  }
  const statements = await readTableStatements(run, present);
  const statementOf = new Map(present.map((name, index) => [idOf(name), statements[index] ?? null]));
  const facts = await readFacts(run, scopes);
  const columns = indexed(facts.columns, idOf);
  const indexes = indexed(facts.indexes, idOf);
  const triggers = indexed(facts.triggers, idOf);
  return names.map((name) => {
    const id = idOf(name);
    const statement = statementOf.get(id) ?? null;
    const [row] = found.get(id) ?? [];
    if (statement === null || row === undefined) return null;
    return tableOf(name, {
      statement,
      row,
      columns: columns.get(id) ?? [],
      indexes: indexes.get(id) ?? [],
      triggers: triggers.get(id) ?? [],
    });
  });
}

/** The server's own statement for each table, without its AUTO_INCREMENT counter; null = the table does not exist. */
export async function readTableStatements(
  run: RunQueries,
  names: readonly TableName[],
): Promise<readonly (string | null)[]> {
  const queries = names.map((name) => showTableQuery(name));
  try {
    return (await inPackets(run, queries)).map(([row]) => tableStatementIn(row));
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  const statements: (string | null)[] = [];
  for (const query of queries) {
    try {
      const [rows] = await run([query]);
      statements.push(tableStatementIn(rows?.[0]));
    } catch (error) {
      if (!isMissing(error)) throw error;
      statements.push(null);
    }
  }
  return statements;
}

export const showTableQuery = (name: TableName): string => `SHOW CREATE TABLE ${quoteTable(name)}`;

const isMissing = (error: unknown): boolean => SyncError.is(error) && error.code === 'TARGET_TABLE_MISSING';

/** 'Create Table' of a table, 'Create View' of a view: the second column of either. */
export const tableStatementIn = (row: Row | undefined): string =>
  String(Object.values(row ?? {})[1]).replaceAll(/ AUTO_INCREMENT=\d+/g, '');

interface Scope {
  readonly schema: string;
  /** Null = all tables of the schema. */
  readonly table: string | null;
}

function scopesOf(names: readonly TableName[]): readonly Scope[] {
  const bySchema = grouped(names, ({ schema }) => schema);
  return [...bySchema].flatMap(([schema, tables]): readonly Scope[] =>
    tables.length < WHOLE_SCHEMA_MIN ? tables : [{ schema, table: null }],
  );
}

function condition({ schema, table }: Scope, columns: { readonly schema: string; readonly table: string }): string {
  const ofSchema = `${columns.schema} = ${quoteNameText(schema)}`;
  return table === null ? ofSchema : `${ofSchema} AND ${columns.table} = ${quoteNameText(table)}`;
}

const NAMES = { schema: 'TABLE_SCHEMA', table: 'TABLE_NAME' };

const tablesQuery = (scope: Scope): string =>
  'SELECT t.TABLE_SCHEMA AS `schema`, t.TABLE_NAME AS `table`, t.ENGINE AS engine, t.TABLE_ROWS AS rowEstimate, ' +
  'e.TRANSACTIONS AS transactions FROM information_schema.TABLES t LEFT JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE ' +
  `WHERE ${condition(scope, { schema: 't.TABLE_SCHEMA', table: 't.TABLE_NAME' })}`;

const columnsQuery = (scope: Scope): string =>
  'SELECT TABLE_SCHEMA AS `schema`, TABLE_NAME AS `table`, COLUMN_NAME AS name, DATA_TYPE AS dataType, COLUMN_TYPE AS columnType, ' +
  'IS_NULLABLE AS nullable, COLUMN_DEFAULT AS defaultText, CHARACTER_SET_NAME AS charset, COLLATION_NAME AS collation, ' +
  `CHARACTER_OCTET_LENGTH AS octets, EXTRA AS extra FROM information_schema.COLUMNS WHERE ${condition(scope, NAMES)} ` +
  'ORDER BY TABLE_NAME, ORDINAL_POSITION';

const indexesQuery = (scope: Scope): string =>
  'SELECT TABLE_SCHEMA AS `schema`, TABLE_NAME AS `table`, INDEX_NAME AS name, COLUMN_NAME AS columnName, SUB_PART AS subPart, ' +
  'NON_UNIQUE AS nonUnique ' +
  `FROM information_schema.STATISTICS WHERE ${condition(scope, NAMES)} ` +
  'ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX';

const triggersQuery = (scope: Scope): string =>
  'SELECT EVENT_OBJECT_SCHEMA AS `schema`, EVENT_OBJECT_TABLE AS `table`, TRIGGER_NAME AS name, ACTION_TIMING AS timing, ' +
  'EVENT_MANIPULATION AS event FROM information_schema.TRIGGERS ' +
  `WHERE ${condition(scope, { schema: 'EVENT_OBJECT_SCHEMA', table: 'EVENT_OBJECT_TABLE' })}`;

interface Facts {
  readonly columns: readonly Row[];
  readonly indexes: readonly Row[];
  readonly triggers: readonly Row[];
}

async function readFacts(run: RunQueries, scopes: readonly Scope[]): Promise<Facts> {
  const kinds = [columnsQuery, indexesQuery, triggersQuery].map((query) => scopes.map((scope) => query(scope)));
  const answers = await inPackets(run, kinds.flat());
  const rowsOf = (kind: number): readonly Row[] =>
    answers.slice(kind * scopes.length, (kind + 1) * scopes.length).flat();
  return { columns: rowsOf(0), indexes: rowsOf(1), triggers: rowsOf(2) };
}

async function inPackets(run: RunQueries, queries: readonly string[]): Promise<readonly (readonly Row[])[]> {
  const answers: (readonly Row[])[] = [];
  for (let start = 0; start < queries.length; start += QUERIES_PER_PACKET)
    answers.push(...(await run(queries.slice(start, start + QUERIES_PER_PACKET))));
  return answers;
}

const exactId = ({ schema, table }: TableName): string => JSON.stringify([schema, table]);
/** The server takes names of tables in any case. */
const foldedId = (name: TableName): string => exactId(name).toLowerCase();

function indexed(rows: readonly Row[], idOf: (name: TableName) => string): ReadonlyMap<string, readonly Row[]> {
  return grouped(rows, (row) => idOf({ schema: String(row['schema']), table: String(row['table']) }));
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

interface TableRows {
  readonly statement: string;
  readonly row: Row;
  readonly columns: readonly Row[];
  readonly indexes: readonly Row[];
  readonly triggers: readonly Row[];
}

function tableOf({ schema, table }: TableName, rows: TableRows): TargetTable {
  const { statement, row } = rows;
  const columns = new Map(
    rows.columns.map((part) => columnOf(part)).map((column) => [column.name.toLowerCase(), column]),
  );
  const uniqueKeys = keysOf(
    rows.indexes.filter((part) => Number(part['nonUnique']) === 0),
    { columns, statement },
  );
  const key =
    uniqueKeys.find(({ name }) => name === 'PRIMARY') ??
    uniqueKeys.find(({ isExact, isNotNull }) => isExact && isNotNull) ??
    null;
  const engine = textOrNull(row['engine']);
  const isUnsafe = engine !== null && row['transactions'] !== null && row['transactions'] !== 'YES';
  return {
    schema,
    table,
    columns,
    key,
    uniqueKeys,
    indexed: new Set(rows.indexes.map(indexedColumn)),
    triggers: rows.triggers.map((part) => triggerOf(part)),
    engine,
    ...(isUnsafe ? { unsafeEngine: engine } : {}),
    rowEstimate: row['rowEstimate'] === null ? null : Number(row['rowEstimate']),
    statement,
  };
}

const triggerOf = (row: Row): TargetTrigger => ({
  name: String(row['name']),
  timing: row['timing'] === 'BEFORE' ? 'BEFORE' : 'AFTER',
  event: row['event'] === 'INSERT' ? 'INSERT' : row['event'] === 'UPDATE' ? 'UPDATE' : 'DELETE',
});

function columnOf(row: Row): TargetColumn {
  const dataType = String(row['dataType']).toLowerCase();
  const extra = String(row['extra']);
  const generated = /\b(VIRTUAL|STORED|PERSISTENT)\b/i.test(extra);
  const nullable = row['nullable'] === 'YES';
  // An ENUM has its first member instead of a default.
  const fillsItself = nullable || generated || /auto_increment/i.test(extra) || dataType === 'enum';
  return {
    name: String(row['name']),
    dataType,
    columnType: String(row['columnType']),
    nullable,
    generated,
    needsValue: !fillsItself && row['defaultText'] === null,
    ...(/auto_increment/i.test(extra) ? { isAutoIncrement: true } : {}),
    updatesItself: /\bon update\b/i.test(extra),
    charset: textOrNull(row['charset']),
    collation: textOrNull(row['collation']),
    paddedBytes: dataType === 'binary' ? Number(row['octets']) : null,
  };
}

/** MariaDB: rows of other periods clash where these overlap, though no value is the same (KB, "Application-Time Periods"). */
const overlapping = (statement: string, name: string): boolean =>
  statement
    .split('\n')
    .some(
      (line) =>
        line.includes(' WITHOUT OVERLAPS)') &&
        line.trimStart().startsWith(name === 'PRIMARY' ? 'PRIMARY KEY ' : `UNIQUE KEY ${quoteName(name)} `),
    );

function keysOf(
  rows: readonly Row[],
  { columns, statement }: { readonly columns: ReadonlyMap<string, TargetColumn>; readonly statement: string },
): readonly UniqueKey[] {
  return [...grouped(rows, (row) => String(row['name']))].map(([name, parts]) => {
    const names = parts.map(indexedColumn);
    return {
      name,
      columns: names,
      isExact:
        parts.every((part) => part['subPart'] === null && part['columnName'] !== null) && !overlapping(statement, name),
      isNotNull: names.every((column) => columns.get(column)?.nullable === false),
    };
  });
}

/** Empty for an expression. */
const indexedColumn = (part: Row): string => (textOrNull(part['columnName']) ?? '').toLowerCase();

const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);
