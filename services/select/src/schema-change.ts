import { parseStatement, tokenize, withoutSettings } from './parse-statement.ts';
import type { Token } from './parse-statement.ts';

/** A statement that may change what columns tables have. */
export interface SchemaChange {
  /** Whether it may be about this table. Names are compared without case: servers may fold them. */
  readonly concerns: (schema: string, table: string) => boolean;
  /** An ALTER TABLE that gives no table another name. */
  readonly isPlainAlter: boolean;
  /** Whether the word stands anywhere in it, whatever the case. */
  readonly mentions: (word: string) => boolean;
}

/**
 * What a logged statement may do to the columns of tables; null when it surely does nothing to any. In doubt it concerns a
 * table: a false alarm costs a look at information_schema, a missed change would shift columns. A session's own temporary
 * tables do not count. `schema` is the session's.
 */
export function readSchemaChange(statement: string, schema: string): SchemaChange | null {
  const concerns = readConcerns(statement, schema);
  if (concerns === null) return null;
  const isPlainAlter = /^\s*ALTER\b/i.test(statement) && !/\bRENAME\b/i.test(statement);
  return { concerns, isPlainAlter, mentions: (word) => statement.toLowerCase().includes(word.toLowerCase()) };
}

type Concerns = SchemaChange['concerns'];

function readConcerns(statement: string, schema: string): Concerns | null {
  // Exactly: MariaDB logs a long ALTER in two phases, whose second one may begin with COMMIT.
  if (/^(?:BEGIN|COMMIT|ROLLBACK)$/i.test(statement)) return null;
  // Not behind SET: MariaDB may log another statement behind it.
  if (HARMLESS_VERBS.has(/^(?!SET\b)[a-z]+\b/i.exec(statement)?.[0].toUpperCase() ?? '')) return null;
  const head = statement.slice(0, CHARACTERS_MAX);
  const tokens = withoutSettings(tokenize(head));
  const verb = tokens[0]?.word ?? '';
  // For MariaDB a part of the statement, for MySQL a comment.
  if (head.includes('/*M!')) return mentions(tokens, head);
  if (HARMLESS_VERBS.has(verb)) return null;
  if (verb === 'IMPORT') return () => true;
  const parsed = parseStatement(statement, schema);
  if (parsed.kind !== 'ddl') return mentions(tokens);
  // Where a string or a comment ends depends on sql_mode: its words may be part of the statement after all.
  const isDoubtful = statement.length > CHARACTERS_MAX || /[\\#]|--/.test(head);
  const { tables, droppedSchema, ddlKind } = parsed;
  if (ddlKind === 'index' && !isDoubtful) return null;
  if (droppedSchema !== null) return (of) => isEqual(of, droppedSchema);
  if (tables.length === 0) return isTableStatement(tokens) && !isTemporary(tokens) ? mentions(tokens) : null;
  if (verb === 'TRUNCATE') return null;
  if (verb === 'ALTER' && !isDoubtful && isHarmlessAlter(tokens)) return null;
  const byWord = isDoubtful ? mentions(tokens, head) : null;
  return (of, table) =>
    tables.some((name) => isEqual(name.schema, of) && isEqual(name.table, table)) || byWord?.(of, table) === true;
}

/** As parseStatement: names come before long lists. */
const CHARACTERS_MAX = 256 * 1024;

/** Statements that touch rows, sessions, accounts or bookkeeping. What is not here and not understood is looked through for names. */
const HARMLESS_VERBS = new Set(
  (
    'SAVEPOINT RELEASE XA SET USE INSERT UPDATE DELETE REPLACE LOAD WITH SELECT GRANT REVOKE FLUSH ANALYZE CHECK ' +
    'CHECKSUM OPTIMIZE REPAIR LOCK UNLOCK PURGE RESET KILL SHOW INSTALL UNINSTALL'
  ).split(' '),
);

/** Behind ALTER TABLE name: beginnings of what leaves columns and primary key alone; the second word may have to fit. */
const HARMLESS_PARTS = new Map<string, ReadonlySet<string> | null>([
  ['ADD', new Set(['INDEX', 'KEY', 'UNIQUE', 'FULLTEXT', 'SPATIAL', 'CONSTRAINT', 'FOREIGN', 'CHECK', 'PARTITION'])],
  ['DROP', new Set(['INDEX', 'KEY', 'FOREIGN', 'CHECK', 'CONSTRAINT', 'PARTITION'])],
  ['RENAME', new Set(['INDEX', 'KEY'])],
  ['ALTER', new Set(['INDEX', 'KEY', 'CHECK', 'CONSTRAINT'])],
  ...(
    'COMMENT AUTO_INCREMENT ENGINE ROW_FORMAT KEY_BLOCK_SIZE CHECKSUM PACK_KEYS MIN_ROWS MAX_ROWS AVG_ROW_LENGTH ' +
    'STATS_PERSISTENT STATS_AUTO_RECALC STATS_SAMPLE_PAGES DELAY_KEY_WRITE COMPRESSION ENCRYPTION ALGORITHM LOCK FORCE ' +
    'ENABLE DISABLE PARTITION REMOVE ANALYZE CHECK OPTIMIZE REBUILD REPAIR COALESCE REORGANIZE TRUNCATE'
  )
    .split(' ')
    .map((word): [string, null] => [word, null]),
]);

/** Any of them anywhere spoils a harmless beginning: table options need no comma between them. */
const COLUMN_WORDS = new Set(['COLUMN', 'COLUMNS', 'MODIFY', 'CHANGE', 'CONVERT', 'PRIMARY', 'VERSIONING', 'PERIOD']);

function isHarmlessAlter(tokens: readonly Token[]): boolean {
  // Quoted names count here too: an index called PRIMARY is the primary key.
  if (tokens.some(({ text }) => text.toUpperCase() === 'PRIMARY')) return false;
  const parts = partsOfAlter(tokens);
  return parts.length > 0 && parts.every((part) => isHarmlessPart(part));
}

function isHarmlessPart(part: readonly Token[]): boolean {
  const seconds = HARMLESS_PARTS.get(part[0]?.word ?? '');
  if (seconds === undefined) return false;
  if (seconds !== null && !seconds.has(part[1]?.word ?? '')) return false;
  // Partitions are described by columns (RANGE COLUMNS, PARTITION BY KEY): their words say nothing of the table's.
  if (part[0]?.word === 'PARTITION') return true;
  return !part.some(({ word }) => COLUMN_WORDS.has(word));
}

/** What stands behind the table's name, cut at the commas that no bracket encloses. */
function partsOfAlter(tokens: readonly Token[]): Token[][] {
  let at = tokens.findIndex(({ word }) => word === 'TABLE') + 1;
  while (tokens[at]?.word === 'IF' || tokens[at]?.word === 'EXISTS') at++;
  at += tokens[at + 1]?.text === '.' && tokens[at + 1]?.isName === false ? 3 : 1;
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens.slice(at)) {
    if (!token.isName && token.text === '(') depth++;
    if (!token.isName && token.text === ')') depth--;
    if (depth === 0 && !token.isName && token.text === ',') parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}

/** CREATE or DROP of something else (index, view, routine, trigger, event, account) leaves columns alone. */
const isTableStatement = (tokens: readonly Token[]): boolean =>
  tokens.slice(1, 8).some(({ word }) => word === 'TABLE' || word === 'TABLES');

const isTemporary = (tokens: readonly Token[]): boolean => tokens.slice(1, 5).some(({ word }) => word === 'TEMPORARY');

/** By words alone: any name in it that the table has. In doubtful text, wherever it stands. */
function mentions(tokens: readonly Token[], text = ''): Concerns {
  const words = new Set(tokens.filter(({ isName }) => isName).map((token) => token.text.toLowerCase()));
  const raw = text.toLowerCase();
  return (_, table) => words.has(table.toLowerCase()) || (raw !== '' && raw.includes(table.toLowerCase()));
}

const isEqual = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
