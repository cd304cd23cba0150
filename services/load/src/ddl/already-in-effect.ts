import type { TargetDdl } from '@lutra/model';
import { alterParts, quoteTable } from '@lutra/sql';
import type { TargetSession } from '@lutra/sql';

/** Answers of the server that may mean "this is so already": table exists, database exists, column exists, index exists, no such column or index. */
const TABLE_EXISTS = 1050;
const DATABASE_EXISTS = 1007;
const NO_TABLE = new Set([1146, 1051]);
const INDEX_EXISTS = 1061;
const NO_INDEX = 1091;
const PART_ERRORS = new Set([1060, 1061, 1091, 1054, 1176]);

/** What exists of a table, names in lower case. */
interface Shape {
  readonly columns: ReadonlySet<string>;
  readonly indexes: ReadonlySet<string>;
}

/** Whether a refused statement asks for what is there already: then it is a success. Judged by names; types are not compared. */
export async function isInEffect(session: TargetSession, ddl: TargetDdl, errno: number): Promise<boolean> {
  const { kind, text, tables } = ddl;
  if (kind === 'create') return errno === TABLE_EXISTS;
  if (kind === 'database') return errno === DATABASE_EXISTS;
  if (kind === 'index') return errno === (/^\s*(?:\/\*[^]*?\*\/\s*)*drop\b/i.test(text) ? NO_INDEX : INDEX_EXISTS);
  if (kind === 'rename') return (NO_TABLE.has(errno) || errno === TABLE_EXISTS) && isRenamed(session, tables);
  const [table] = tables;
  if (kind !== 'alter' || table === undefined || !PART_ERRORS.has(errno)) return false;
  const parts = alterParts(text);
  const shape = await shapeOf(session, quoteTable(table));
  return parts.length > 0 && parts.every((part) => isThere(part, shape));
}

/** Old and new names in turn: all old ones are gone, all new ones are there. */
async function isRenamed(session: TargetSession, tables: TargetDdl['tables']): Promise<boolean> {
  const shapes = [];
  for (const name of tables) shapes.push(await shapeOf(session, quoteTable(name)));
  return tables.length > 1 && shapes.every(({ columns }, index) => columns.size > 0 === (index % 2 === 1));
}

async function shapeOf(session: TargetSession, table: string): Promise<Shape> {
  const names = async (sql: string, field: string): Promise<ReadonlySet<string>> => {
    const rows = await session.query(sql).catch(() => []);
    return new Set(rows.map((row) => String(row[field]).toLowerCase()));
  };
  return {
    columns: await names(`SHOW COLUMNS FROM ${table}`, 'Field'),
    indexes: await names(`SHOW INDEX FROM ${table}`, 'Key_name'),
  };
}

/** Only for what can be told by names: ADD and DROP of one column or index. */
function isThere(part: readonly string[], { columns, indexes }: Shape): boolean {
  const words = part.map((word) => word.toLowerCase()).filter((word) => !['if', 'not', 'exists'].includes(word));
  const [verb = '', ...more] = words;
  if (verb !== 'add' && verb !== 'drop') return false;
  const isWanted = verb === 'add';
  const isKind = INDEX_KINDS.has(more[0] ?? '');
  const rest = isKind ? more.slice(1) : more;
  const [first = '', second = ''] = rest;
  if (first === 'index' || first === 'key') return second !== '(' && indexes.has(second) === isWanted;
  if (isKind) return indexes.has(first) === isWanted;
  if (first === 'primary') return indexes.has('primary') === isWanted;
  if (NOT_TOLD.has(first)) return false;
  const name = first === 'column' ? second : first;
  return name !== '' && name !== '(' && columns.has(name) === isWanted;
}

const INDEX_KINDS = new Set(['unique', 'fulltext', 'spatial']);
const NOT_TOLD = new Set(['constraint', 'foreign', 'check', 'partition', 'system', 'period']);
