import { intersectPlaces } from '@lutra/model';
import type { CursorState, DryRunStart, Place } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import { readCheckpoint } from '@lutra/sql';
import type { TargetSession } from '@lutra/sql';
import type { PipelineSession } from '@lutra/service-kit';
import { askForOrigin, expectFirstStart } from '../claim-epoch.ts';
import type { TargetAccess } from '../target-access.ts';

export interface ClaimedDryRun {
  readonly session: TargetSession;
  readonly place: Place;
  readonly start: DryRunStart;
}

/**
 * Finds the place of a dry run without writing anything at the target: where the dry run stands already, as the cursor's
 * bucket tells, if the checkpoint (or, without one, the configured start) is what that run began at; else there. Null when
 * the signal aborted meanwhile.
 */
export async function claimDryRun(parts: {
  readonly bus: Bus;
  readonly access: TargetAccess;
  readonly pipeline: PipelineSession;
}): Promise<ClaimedDryRun | null> {
  const { access, bus, pipeline } = parts;
  const { pipelineId } = pipeline;
  let session = await access.open();
  try {
    const hasTable = (await session.describeTable({ schema: 'lutra', table: 'checkpoint' })) !== null;
    const rows = hasTable ? await readCheckpoint(session, pipelineId, { lock: false }) : [];
    await session.rollback();
    const places = rows.map(({ place }) => place);
    const start: DryRunStart = {
      origin: JSON.stringify(places.length > 0 ? places : pipeline.definition.start),
      isBeforeFirstStart: places.length === 0,
    };
    const known = continued(await bus.cursor(pipelineId), start);
    if (known !== null) return { session, place: known, start };
    if (places.length > 0) return { session, place: intersectPlaces(places), start };
    await expectFirstStart(bus, pipelineId, session);
    const place = await askForOrigin(bus, access, pipeline);
    if (place === null) {
      await session.close();
      return null;
    }
    if (!session.isOpen) session = await access.open();
    return { session, place, start };
  } catch (error) {
    session.destroy();
    throw error;
  }
}

function continued(cursor: CursorState | null, start: DryRunStart): Place | null {
  if (cursor?.state !== 'place' || cursor.dryRun === undefined) return null;
  return cursor.dryRun.origin === start.origin ? cursor.place : null;
}
