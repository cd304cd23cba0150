import { SyncError } from '@lutra/model';
import { hasDdlTable, readOpenSessions } from '@lutra/sql';
import type { TargetSession } from '@lutra/sql';
import type { TargetAccess } from '../target-access.ts';
import { takeLock } from './statement-session.ts';

const TRIES = 6;

/**
 * At a claim: ends the sessions that were to run a schema statement of an older epoch, and waits until they are gone. A
 * statement that waits for a lock survives its client and would run in the middle of what is written now (seen with MySQL's
 * TRUNCATE). Throws TARGET_BUSY when they do not go.
 */
export async function endOpenStatements(
  access: TargetAccess,
  claimed: TargetSession,
  pipelineId: string,
): Promise<void> {
  if (!(await hasDdlTable(claimed))) return;
  const older = await readOpenSessions(claimed, pipelineId);
  if (older.length === 0) return;
  const helper = await access.open();
  try {
    for (let attempt = 0; attempt < TRIES; attempt++) if (await takeLock(helper, { pipelineId, older })) return;
    throw new SyncError('TARGET_BUSY', {
      problem: `A session of an earlier epoch at ${helper.info.address} still works on a schema statement`,
    });
  } finally {
    await helper.close();
  }
}
