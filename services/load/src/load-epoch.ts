import { randomUUID } from 'node:crypto';
import { inspectTarget } from '@lutra/sql';
import type { PipelineDefinition } from '@lutra/model';
import type { TargetReport, TargetSession } from '@lutra/sql';
import type { PipelineSession, ServiceContext } from '@lutra/service-kit';
import { BlockWatch } from './block-watch.ts';
import { claimEpoch } from './claim-epoch.ts';
import { CursorReporter } from './cursor-reporter.ts';
import { LaneSet } from './lane-set.ts';
import { learnTarget } from './learn-target.ts';
import type { LoadEnv } from './load.env.ts';
import { ProcessLoader } from './process-loader.ts';
import { SafeResume } from './safe-resume.ts';
import { retryInPlace } from './retry-in-place.ts';
import { runTogether } from './run-together.ts';
import { targetAccess } from './target-access.ts';
import type { TargetAccess } from './target-access.ts';

/** What only tests and the simulation set otherwise. */
export interface LoadTuning {
  /** Fewer rows than this are written in one transaction of all lanes: several would only cost more commits. */
  readonly parallelRowsMin: number;
}

const TUNING: LoadTuning = { parallelRowsMin: 400 };

// A statement in hand may end by itself for so long after the epoch is over.
const GRACE_MS = 10_000;

/**
 * One epoch of one pipeline: claims the checkpoint, tells select the place, and loads process after process in order until
 * the signal aborts; the unit in hand is then finished. Throws what ends the epoch.
 */
export async function loadEpoch(
  context: ServiceContext<LoadEnv>,
  pipeline: PipelineSession,
  access: TargetAccess = targetAccess(context, pipeline.definition.target),
  { parallelRowsMin }: LoadTuning = TUNING,
): Promise<void> {
  const { bus, clock, identity } = context;
  const { epoch, pipelineId, signal } = pipeline;
  const claim = { pipelineId, epoch, owner: `${identity.instance}/${randomUUID()}` };
  const limitMs = pipeline.definition.parameters.retryInPlaceMs;
  const begin = (): ReturnType<typeof claimEpoch> => claimEpoch({ bus, access, pipeline }, claim);
  const claimed = await retryInPlace(begin, { clock, limitMs, signal });
  if (claimed === null) return;
  const lanes = new LaneSet(access, claim, claimed);
  pipeline.log.info({ place: lanes.reached, lanes: lanes.count, even: lanes.isEven }, 'checkpoint claimed');
  const ended = new AbortController();
  const grace = endAfterGrace(context, lanes, AbortSignal.any([signal, ended.signal]), ended.signal);
  try {
    await warnOfTarget(context, pipeline, claimed.session);
    const warn = (warning: Warning): Promise<void> => publishWarning(context, pipeline, warning);
    const safe =
      pipeline.definition.parameters.failoverMode === 'safe'
        ? await SafeResume.begin({ context, pipeline, access, claim, warn }, claimed.session)
        : undefined;
    const recent = safe === undefined ? {} : { recent: safe };
    const reporter = new CursorReporter({ bus, clock, pipeline }, lanes.reached);
    const catalog = await learnTarget(claimed.session, pipeline.definition.mappings);
    const loader = new ProcessLoader({
      context,
      pipeline,
      lanes,
      reporter,
      catalog,
      isSameMapping: await sameMapping(context, pipelineId, lanes),
      parallelRowsMin,
      ...recent,
    });
    const { instance } = identity;
    const blocks = new BlockWatch({ bus, clock, access, pipeline, instance, work: () => lanes.work });
    await runTogether(signal, [
      (until) => loader.receive(until),
      (until) => loader.write(until),
      (until) => reporter.run(until),
      (until) => blocks.run(until),
      async (until) => safe?.run(lanes, until),
    ]);
  } finally {
    ended.abort();
    await grace;
    await lanes.close();
  }
}

/** Compares with the mappings under which lanes were left at different places; even ones need no comparison. */
async function sameMapping(
  { bus }: ServiceContext,
  pipelineId: string,
  lanes: LaneSet,
): Promise<(definition: PipelineDefinition) => boolean> {
  if (lanes.isEven) return () => true;
  const before = await bus.definition(pipelineId, lanes.claimedRevision);
  const mappings = JSON.stringify(before?.mappings);
  return (definition) =>
    definition.revision === lanes.claimedRevision || JSON.stringify(definition.mappings) === mappings;
}

/** A target that hangs must not keep the lease from the next loader. */
async function endAfterGrace(
  { clock }: ServiceContext,
  lanes: LaneSet,
  over: AbortSignal,
  ended: AbortSignal,
): Promise<void> {
  await new Promise<void>((resolve) => {
    if (over.aborted) resolve();
    over.addEventListener('abort', () => {
      resolve();
    });
  });
  await clock.sleep(GRACE_MS, ended);
  if (!ended.aborted) lanes.destroy();
}

/** Missing grants stop the epoch here, before anything is written; what a person should know becomes warning events. */
async function warnOfTarget(context: ServiceContext, pipeline: PipelineSession, session: TargetSession): Promise<void> {
  const { warnings } = await inspectTarget(session, pipeline.definition.mappings, pipeline.definition.parameters);
  for (const warning of warnings) await publishWarning(context, pipeline, warning);
}

type Warning = TargetReport['warnings'][number];

async function publishWarning(
  { bus, clock, identity }: ServiceContext,
  pipeline: PipelineSession,
  { code, message }: Warning,
): Promise<void> {
  pipeline.log.warn({ code }, message);
  try {
    await bus.publishEvent({
      v: 1,
      kind: 'warning',
      at: clock.now().toISOString(),
      who: identity.instance,
      pipelineId: pipeline.pipelineId,
      epoch: pipeline.epoch,
      process: null,
      traceId: null,
      code,
      message,
    });
  } catch (error) {
    pipeline.log.warn({ err: error }, 'warning not in the event log');
  }
}
