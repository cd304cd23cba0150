import { SyncError } from '@lutra/model';
import { grantStatement } from './sql-failure.ts';
import type { TargetSession } from './target-session.ts';

const CREATE_SCHEMA = 'CREATE DATABASE IF NOT EXISTS `lutra` CHARACTER SET utf8mb4';

/**
 * Creates a table of Lutra's own, and the database `lutra`, when they are missing; commits what is open in that case.
 * `what` completes the sentence "may not keep …". TARGET_GRANT_MISSING names what to grant.
 */
export async function ensureOwnTable(
  session: TargetSession,
  { table, create, what }: { readonly table: string; readonly create: string; readonly what: string },
): Promise<void> {
  try {
    if ((await session.describeTable({ schema: 'lutra', table })) !== null) return;
    await session.execute([{ sql: CREATE_SCHEMA }]);
    await session.execute([{ sql: create }]);
  } catch (error) {
    if (!SyncError.is(error) || error.code !== 'TARGET_GRANT_MISSING') throw error;
    const { account, address } = session.info;
    const problem = `The account ${account} at ${address} may not keep ${what} in database lutra`;
    const statement = grantStatement('lutra', account);
    throw new SyncError('TARGET_GRANT_MISSING', { ...error.details, problem, statement }, { cause: error });
  }
}
