import { SyncError } from '@lutra/model';
import type { Place } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import { claimCheckpoint, ensureCheckpointTable, insertOrigin, killRecordedSessions } from '@lutra/sql';
import type { CheckpointClaim, CheckpointRow, TargetSession } from '@lutra/sql';
import type { PipelineSession } from '@lutra/service-kit';
import { runTogether } from './run-together.ts';
import type { TargetAccess } from './target-access.ts';

export interface ClaimedEpoch {
  readonly session: TargetSession;
  /** One for each lane. */
  readonly rows: readonly CheckpointRow[];
}

// A claim that waits longer is held up by a loader that is frozen or cut off: its sessions are ended.
const CLAIM_WAIT_MS = 5_000;
const ORIGIN_REPEAT_MS = 1_000;

/**
 * Takes the checkpoint under the epoch and gives its rows. A pipeline without one asks select for the configured start,
 * each second until it answers, and inserts it before anything is published. Null when the signal aborted meanwhile.
 */
export async function claimEpoch(
  parts: { readonly bus: Bus; readonly access: TargetAccess; readonly pipeline: PipelineSession },
  claim: CheckpointClaim,
): Promise<ClaimedEpoch | null> {
  const { access, bus, pipeline } = parts;
  let session = await access.open();
  try {
    await ensureCheckpointTable(session);
    let rows = await claimInTime(session, access, claim);
    if (rows.length === 0) {
      await expectFirstStart(bus, pipeline.pipelineId, session);
      const place = await askForOrigin(bus, access, pipeline);
      if (place === null) {
        await session.close();
        return null;
      }
      if (!session.isOpen) session = await access.open();
      const { parameters, revision } = pipeline.definition;
      rows = await insertOrigin(session, claim, { place, revision, lanes: parameters.lanes });
      pipeline.log.info({ place }, 'origin stored');
    }
    if (rows.length === 0)
      throw new SyncError('TARGET_CHECKPOINT_MISSING', { problem: 'No lane has a checkpoint row' });
    return { session, rows };
  } catch (error) {
    session.destroy();
    throw error;
  }
}

async function claimInTime(
  session: TargetSession,
  access: TargetAccess,
  claim: CheckpointClaim,
): Promise<readonly CheckpointRow[]> {
  const claimed = new AbortController();
  const watch = endRecordedSessions(access, claim, claimed.signal);
  try {
    return await claimCheckpoint(session, claim);
  } finally {
    claimed.abort();
    await watch;
  }
}

/** Never throws: when it cannot help, the claim itself fails. */
async function endRecordedSessions(access: TargetAccess, claim: CheckpointClaim, claimed: AbortSignal): Promise<void> {
  await access.clock.sleep(CLAIM_WAIT_MS, claimed);
  if (claimed.aborted) return;
  try {
    const helper = await access.open();
    await killRecordedSessions(helper, claim);
    await helper.close();
  } catch {
    // The claim's own lock wait ends after 10 s and says what is wrong.
  }
}

/** Positions never jump: a pipeline that once had a place does not begin anew because its row is gone. */
export async function expectFirstStart(bus: Bus, pipelineId: string, session: TargetSession): Promise<void> {
  const cursor = await bus.cursor(pipelineId);
  // A dry run leaves a place behind that nobody has written.
  if (cursor?.state !== 'place' || cursor.dryRun?.isBeforeFirstStart === true) return;
  const problem = `lutra.checkpoint at ${session.info.address} has no row of pipeline ${pipelineId}, which has been running before`;
  throw new SyncError('TARGET_CHECKPOINT_MISSING', { problem });
}

/** Asks select for the configured start, each second until it answers. Null when the signal aborted meanwhile. */
export async function askForOrigin(bus: Bus, access: TargetAccess, pipeline: PipelineSession): Promise<Place | null> {
  const { clock } = access;
  const { epoch, pipelineId } = pipeline;
  const { revision } = pipeline.definition;
  const answered = new AbortController();
  let place: Place | null = null;
  const ask = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      const at = clock.now().toISOString();
      try {
        await bus.putCursor(pipelineId, { state: 'origin-wanted', epoch, revision, at });
      } catch (error) {
        pipeline.log.warn({ err: error }, 'origin not asked for yet');
      }
      await clock.sleep(ORIGIN_REPEAT_MS, signal);
    }
  };
  const listen = async (signal: AbortSignal): Promise<void> => {
    for await (const origin of bus.watchOrigin(pipelineId, signal)) {
      if (origin.epoch !== epoch) continue;
      place = origin.place;
      answered.abort();
      return;
    }
  };
  await runTogether(AbortSignal.any([pipeline.signal, answered.signal]), [ask, listen]);
  return place;
}
