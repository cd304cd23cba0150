import { SyncError } from '@lutra/model';
import type { SourceRow, SourceSession } from './source-session.ts';

/** Runs one statement; throws SyncError whose cause carries the server's error number. */
export type Query = (sql: string) => Promise<readonly SourceRow[]>;

/** What the questions to a source need of its session: tests answer them from records of servers that cannot run here. */
export type AskableSource = Pick<SourceSession, 'query' | 'queryText' | 'server' | 'address'>;

const UNKNOWN_VARIABLE = 1193;
/** Syntax error; function does not exist (also said as: no database selected, in which it could be looked for). */
const NOT_UNDERSTOOD: ReadonlySet<number> = new Set([1064, 1305, 1046, 1128]);

/**
 * What servers can do is found out by asking, never by their version: statements and variables come and go, and some
 * vendors count their versions by the calendar. Null when the server does not understand the statement.
 */
export async function askIfKnown(query: Query, sql: string): Promise<readonly SourceRow[] | null> {
  try {
    return await query(sql);
  } catch (error) {
    if (NOT_UNDERSTOOD.has(serverErrno(error))) return null;
    throw error;
  }
}

/** The answer to the first statement that the server understands: spellings of one question, the newest first. */
export async function askFirstKnown(query: Query, spellings: readonly string[]): Promise<readonly SourceRow[]> {
  for (const sql of spellings) {
    const rows = await askIfKnown(query, sql);
    if (rows !== null) return rows;
  }
  throw new SyncError('INTERNAL', { problem: `The source understands none of: ${spellings.join('; ')}` });
}

/** A variable's text, null when the server does not know it. */
export async function readVariable(query: Query, name: string): Promise<string | null> {
  try {
    const value = (await query(`SELECT @@${name} AS value`))[0]?.['value'];
    return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : null;
  } catch (error) {
    if (serverErrno(error) === UNKNOWN_VARIABLE) return null;
    throw error;
  }
}

/** Number of the server's error behind a SyncError, 0 when there is none. */
export function serverErrno(error: unknown): number {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'errno' in cause && typeof cause.errno === 'number' ? cause.errno : 0;
}
