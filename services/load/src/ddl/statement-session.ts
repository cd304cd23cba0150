import type { SourceStatement, TargetDdl } from '@lutra/model';
import { SyncError } from '@lutra/model';
import { killSessions, quoteName, quoteText } from '@lutra/sql';
import type { TargetSession } from '@lutra/sql';
import { errnoOf } from './statement-failure.ts';

/** A lock that is waited for longer is asked for again: the wait of a session that is gone must not end in a change. */
const LOCK_WAIT_S = 5;
/** An ALTER of a large table takes hours; nothing else runs on the session. */
export const STATEMENT_TIMEOUT_MS = 7 * 24 * 3_600_000;

export const statementLock = (pipelineId: string): string => quoteText(`lutra:${pipelineId}`);

/**
 * Ends the sessions that were to run a statement, and takes the pipeline's lock, which they hold until they are gone for
 * good. False when they are not gone yet: a statement that is rolled back takes its time.
 */
export async function takeLock(
  session: TargetSession,
  { pipelineId, older }: { readonly pipelineId: string; readonly older: readonly number[] },
): Promise<boolean> {
  await killSessions(session, older);
  const [row] = await session.query(`SELECT GET_LOCK(${statementLock(pipelineId)}, ${String(LOCK_WAIT_S)}) AS taken`);
  return Number(row?.['taken']) === 1;
}

/** What reads the clock, be it as an implicit default. */
const CLOCK = /\b(?:NOW|SYSDATE|CURDATE|CURTIME|CURRENT_\w+|LOCALTIME\w*|UTC_\w+|UNIX_TIMESTAMP|TIMESTAMP|SYSTEM)\b/i;

/** Gives the session what of the source's session changes the statement's meaning. */
export async function prepareSession(
  session: TargetSession,
  statement: Omit<SourceStatement, 'kind' | 'text' | 'schema' | 'tables' | 'ghost'>,
  { schema, text, tables }: TargetDdl,
): Promise<void> {
  const { sqlMode, foreignKeyChecks, explicitDefaultsForTimestamp, ranAt, timeZone } = statement;
  const { kind } = session.info;
  if (kind === 'mysql' && sqlMode?.split(',').includes('ORACLE') === true)
    throw new SyncError('TARGET_DDL_REFUSED', {
      problem: 'A schema statement was written under sql_mode ORACLE, which the target does not have',
      statement: text,
    });
  // Without autocommit MariaDB's EXCHANGE PARTITION waits for a lock that it holds itself.
  await session.query(
    `SET SESSION autocommit = 1, lock_wait_timeout = ${String(LOCK_WAIT_S)}, innodb_lock_wait_timeout = ${String(LOCK_WAIT_S)}, ` +
      `foreign_key_checks = ${foreignKeyChecks ? '1' : '0'}${sqlMode === null ? '' : `, sql_mode = ${quoteText(sqlMode)}`}`,
  );
  // A new column that is filled with the current time has the source's in rows that are there already.
  if (ranAt !== undefined && CLOCK.test(text)) await session.query(`SET SESSION timestamp = ${String(Number(ranAt))}`);
  if (timeZone !== undefined && timeZone !== null)
    await session.query(`SET SESSION time_zone = ${quoteText(timeZone)}`);
  // MySQL wants a privilege for it: it is set only where it matters.
  if (explicitDefaultsForTimestamp !== null && /\btimestamp\b/i.test(text)) {
    const [row] = await session.query('SELECT @@SESSION.explicit_defaults_for_timestamp AS explicit');
    if ((Number(row?.['explicit']) === 1) !== explicitDefaultsForTimestamp)
      await session.query(`SET SESSION explicit_defaults_for_timestamp = ${explicitDefaultsForTimestamp ? '1' : '0'}`);
  }
  if (schema !== '') await use(session, schema, tables);
}

const NO_SUCH_SCHEMA = new Set([1044, 1049]);

/** Where the source's session stood in a schema that the target does not have, all names that matter say theirs. */
async function use(session: TargetSession, schema: string, tables: TargetDdl['tables']): Promise<void> {
  try {
    await session.query(`USE ${quoteName(schema)}`);
  } catch (error) {
    const isNeeded = tables.some((table) => table.schema === schema);
    if (isNeeded || !NO_SUCH_SCHEMA.has(errnoOf(SyncError.of(error)))) throw error;
  }
}
