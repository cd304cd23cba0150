import type { SourceSession } from '@lutra/binlog';
import { SyncError } from '@lutra/model';
import type { TableName } from '@lutra/model';
import { quoteName, quoteText } from '@lutra/sql';

/** The table or a column of it is gone, or has another name. */
export const GONE: ReadonlySet<number> = new Set([1049, 1054, 1146]);

/** The server's number behind a failure; 0 = none. */
export function errnoOf(error: unknown): number {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'errno' in cause && typeof cause.errno === 'number' ? cause.errno : 0;
}

/** The error with the statement that gives the right to read, where that is what is missing. */
export function withGrant(error: unknown, session: SourceSession, { schema, table }: TableName): unknown {
  if (!SyncError.is(error) || error.code !== 'SOURCE_GRANT_MISSING') return error;
  const { user } = session.options.definition;
  const statement = `GRANT SELECT ON ${quoteName(schema)}.* TO ${quoteText(user)}`;
  const problem = `User ${user} may not read ${schema}.${table} at ${session.address}, whose rows are asked for`;
  return new SyncError('SOURCE_GRANT_MISSING', { ...error.details, statement, problem }, { cause: error });
}
