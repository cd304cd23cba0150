import type { SourceSession } from '@lutra/binlog';
import { CONTROL_COLUMNS, CONTROL_SCHEMA, CONTROL_TABLES, SyncError } from '@lutra/model';
import { quoteName, quoteText } from '@lutra/sql';
import { errnoOf } from '../source-errno.ts';

export const COPY_TABLE = `${quoteName(CONTROL_SCHEMA)}.${quoteName(CONTROL_TABLES.resync)}`;

const CREATE_SCHEMA = `CREATE DATABASE IF NOT EXISTS ${quoteName(CONTROL_SCHEMA)}`;
const COLUMNS = CONTROL_COLUMNS.resync.map(
  ({ name, declared }) =>
    `${quoteName(name)} ${declared} NOT NULL${name === 'id' ? ' AUTO_INCREMENT PRIMARY KEY' : ''}`,
);
const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS ${COPY_TABLE} (${COLUMNS.join(', ')}) ENGINE=InnoDB`;

/** No such schema or table, or the account may not know. */
const NOT_SEEN: ReadonlySet<number> = new Set([1044, 1049, 1142, 1143, 1146]);
const READ_ONLY: ReadonlySet<number> = new Set([1290, 1792, 1836]);
const NOT_ALLOWED: ReadonlySet<number> = new Set([1044, 1045, 1142, 1143, 1227, 1370]);

/**
 * Sees to it that rows can be copied at this source: makes the table where it is missing and the account may. Throws
 * SOURCE_RESYNC_UNAVAILABLE with the statements for whoever may.
 */
export async function ensureCopyTable(session: SourceSession): Promise<void> {
  try {
    if (!(await isThere(session))) for (const sql of [CREATE_SCHEMA, CREATE_TABLE]) await session.query(sql);
  } catch (error) {
    throw copyFailure(error, session);
  }
}

/** Whether the table is there for this account. Throws what the connection throws. */
export async function isThere(session: SourceSession): Promise<boolean> {
  try {
    await session.query(`SELECT 1 FROM ${COPY_TABLE} LIMIT 0`);
    return true;
  } catch (error) {
    if (NOT_SEEN.has(errnoOf(error))) return false;
    throw error;
  }
}

/** SOURCE_RESYNC_UNAVAILABLE where the account or the server does not let us write; any other error as it is. */
export function copyFailure(error: unknown, session: SourceSession): unknown {
  const errno = errnoOf(error);
  const { address, options } = session;
  const { user } = options.definition;
  if (READ_ONLY.has(errno)) {
    const problem = `The source ${address} is read-only: rows are sent once more by writing their images into its log`;
    const statement = 'SET GLOBAL read_only = OFF';
    return new SyncError('SOURCE_RESYNC_UNAVAILABLE', { problem, address, statement }, { cause: error });
  }
  if (!NOT_ALLOWED.has(errno)) return error;
  const problem = `User ${user} may not write to ${CONTROL_SCHEMA}.${CONTROL_TABLES.resync} at the source ${address}`;
  return new SyncError(
    'SOURCE_RESYNC_UNAVAILABLE',
    { problem, address, statement: copyStatements(user).join('; ') },
    { cause: error },
  );
}

/** What has to be run by somebody who may, so that `user` can copy rows. */
const copyStatements = (user: string): readonly string[] => [
  CREATE_SCHEMA,
  CREATE_TABLE,
  `GRANT SELECT, INSERT, DELETE ON ${quoteName(CONTROL_SCHEMA)}.* TO ${quoteText(user)}`,
];
