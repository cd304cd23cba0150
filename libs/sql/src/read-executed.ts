import type { DatabaseKind, DonePlace } from '@lutra/model';
import type { TargetSession } from './target-session.ts';

/** What a server with GTIDs has executed; the session's transaction is ended. */
export async function readExecuted(session: TargetSession): Promise<DonePlace> {
  const { kind } = session.info;
  const [row] = await session.query(executedQuery(kind));
  await session.rollback();
  return executedPlace(kind, row?.['executed']);
}

/** Gives `executed`. */
export const executedQuery = (kind: DatabaseKind): string =>
  `SELECT @@global.${kind === 'mysql' ? 'gtid_executed' : 'gtid_binlog_pos'} AS executed`;

/** `executed`: as {@link executedQuery} gives it. */
export function executedPlace(kind: DatabaseKind, executed: unknown): DonePlace {
  const text = typeof executed === 'string' ? executed.replaceAll(/\s/g, '') : '';
  return kind === 'mysql' ? { kind: 'mysqlGtid', gtidSet: text } : { kind: 'mariadbGtid', gtidList: text };
}
