import { randomUUID } from 'node:crypto';
import type { DryRunStart } from '@lutra/model';
import type { CheckpointClaim, TargetSession } from '@lutra/sql';
import type { PipelineSession, ServiceContext } from '@lutra/service-kit';
import { claimEpoch } from './claim-epoch.ts';
import { claimDryRun } from './dry-run/claim-dry-run.ts';
import { DryLanes } from './dry-run/dry-lanes.ts';
import type { Lanes } from './dry-run/dry-lanes.ts';
import { DryRunReport } from './dry-run/dry-run-report.ts';
import { readOnlyAccess } from './dry-run/read-only-access.ts';
import { LaneSet } from './lane-set.ts';
import type { LoadEnv } from './load.env.ts';
import type { TargetAccess } from './target-access.ts';

/** An epoch whose place is known. */
export interface BegunEpoch {
  readonly lanes: Lanes;
  readonly claim: CheckpointClaim;
  /** The first lane's. */
  readonly session: TargetSession;
  /** What else opens sessions at the target uses this: in a dry run they cannot write. */
  readonly access: TargetAccess;
  /** Only in a dry run. */
  readonly dry: { readonly start: DryRunStart; readonly report: DryRunReport } | null;
}

/** Claims the checkpoint, or finds the place of a dry run. Null when the signal aborted meanwhile. */
export async function beginEpoch(
  context: ServiceContext<LoadEnv>,
  pipeline: PipelineSession,
  access: TargetAccess,
): Promise<BegunEpoch | null> {
  const { bus, clock, identity } = context;
  const { definition, epoch, pipelineId } = pipeline;
  const claim = { pipelineId, epoch, owner: `${identity.instance}/${randomUUID()}` };
  if (definition.parameters.dryRun) {
    const reading = readOnlyAccess(access);
    const claimed = await claimDryRun({ bus, access: reading, pipeline });
    if (claimed === null) return null;
    const report = new DryRunReport({ bus, clock, pipeline, instance: identity.instance });
    const lanes = new DryLanes(reading, { ...claimed, lanes: definition.parameters.lanes }, report);
    pipeline.log.info({ place: lanes.reached }, 'dry run: nothing is written to the target');
    return { lanes, claim, session: claimed.session, access: reading, dry: { start: claimed.start, report } };
  }
  const claimed = await claimEpoch({ bus, access, pipeline }, claim);
  if (claimed === null) return null;
  const lanes = new LaneSet(access, claim, claimed);
  pipeline.log.info({ place: lanes.reached, lanes: lanes.count, even: lanes.isEven }, 'checkpoint claimed');
  return { lanes, claim, session: claimed.session, access, dry: null };
}
