import { inspectTarget } from '@lutra/sql';
import type { PipelineDefinition } from '@lutra/model';
import type { TargetReport, TargetSession } from '@lutra/sql';
import type { PipelineSession, ServiceContext } from '@lutra/service-kit';
import { beginEpoch } from './begin-epoch.ts';
import { BlockWatch } from './block-watch.ts';
import { endOpenStatements } from './ddl/end-open-statements.ts';
import { CursorReporter } from './cursor-reporter.ts';
import type { Lanes } from './dry-run/dry-lanes.ts';
import { watchDryRun } from './dry-run/dry-run-guard.ts';
import { LaneShapes } from './lane-shapes.ts';
import { LANES_ROWS_MIN } from './lane-use.ts';
import type { LaneUse } from './lane-use.ts';
import { learnTarget } from './learn-target.ts';
import type { LoadEnv } from './load.env.ts';
import { ProcessLoader } from './process-loader.ts';
import type { ClaimedPlaces } from './row-collector.ts';
import { SafeResume } from './safe-resume.ts';
import { sendsRowsAlike } from './same-lanes.ts';
import { retryInPlace } from './retry-in-place.ts';
import { runTogether } from './run-together.ts';
import { targetAccess } from './target-access.ts';
import type { TargetAccess } from './target-access.ts';
import { Pace } from './throttle/pace.ts';
import { DeadLetterDesk } from './write/dead-letter-desk.ts';
import type { ToldLetter } from './write/dead-letter-desk.ts';
import { WriteRules } from './write/write-rules.ts';

export interface LoadTuning {
  /** See {@link LANES_ROWS_MIN}, which it is otherwise. */
  readonly parallelRowsMin?: number;
  /** Larger ones are written as is faster by this; null = always by lanes. */
  readonly laneUse: LaneUse | null;
}

// A statement in hand may end by itself for so long after the epoch is over.
const GRACE_MS = 10_000;

/**
 * One epoch of one pipeline: claims the checkpoint, tells select the place, and loads process after process in order until
 * the signal aborts; the unit in hand is then finished. Throws what ends the epoch.
 */
export async function loadEpoch(
  context: ServiceContext<LoadEnv>,
  pipeline: PipelineSession,
  { parallelRowsMin = LANES_ROWS_MIN, laneUse }: LoadTuning,
  target: TargetAccess = targetAccess(context, pipeline.definition.target, () => pipeline.latestDefinition().target),
): Promise<void> {
  const { bus, clock, identity } = context;
  const { definition, signal } = pipeline;
  const limitMs = definition.parameters.retryInPlaceMs;
  const begun = await retryInPlace(() => beginEpoch(context, pipeline, target), { clock, limitMs, signal });
  if (begun === null) return;
  const { access, claim, dry, lanes, session } = begun;
  const ended = new AbortController();
  const grace = endAfterGrace(context, lanes, AbortSignal.any([signal, ended.signal]), ended.signal);
  try {
    // A dry run touches nothing.
    if (dry === null) await endOpenStatements(access, session, pipeline.pipelineId);
    await warnOfTarget(context, pipeline, session);
    const warn = (warning: Warning): Promise<void> => publishWarning(context, pipeline, warning);
    // It remembers rows at the target.
    const safe =
      definition.parameters.failoverMode === 'safe' && dry === null
        ? await SafeResume.begin({ context, pipeline, access, claim, warn }, session)
        : undefined;
    const recent = safe === undefined ? {} : { recent: safe };
    const rules = new WriteRules({ epoch: pipeline.epoch, clock });
    const tell = (told: ToldLetter): Promise<void> => publishLetter(context, pipeline, told);
    const catalog = await learnTarget(session, definition.mappings, clock);
    const deskParts = { clock, lanes, claim, pipeline, tell, catalog, rules, warn };
    const desk = dry === null ? await DeadLetterDesk.open(deskParts, session) : null;
    const dryRun = dry === null ? {} : { dryRun: dry.start };
    const reporter = new CursorReporter({ bus, clock, pipeline, ...dryRun }, lanes.reached);
    const pace = new Pace({ context, pipeline, access, warn });
    const isKept = dry === null && safe === undefined;
    const spread = await claimedSpread(context, pipeline, { lanes, session, isKept });
    const parts = {
      context,
      pipeline,
      lanes,
      access,
      reporter,
      rules,
      desk,
      catalog,
      ...spread,
      pace,
      warn,
      dryRun: dry?.report ?? null,
    };
    const loader = new ProcessLoader({ ...parts, parallelRowsMin, laneUse: dry === null ? laneUse : null, ...recent });
    const { instance } = identity;
    const blocks = new BlockWatch({ bus, clock, access, pipeline, instance, work: () => lanes.work });
    await runTogether(signal, [
      (until) => loader.receive(until),
      (until) => loader.write(until),
      (until) => reporter.run(until),
      (until) => blocks.run(until),
      (until) => pace.run(until),
      (until) => watchDryRun(clock, pipeline, until),
      async (until) => safe?.run(lanes, until),
      async (until) => dry?.report.run(until),
    ]);
  } finally {
    ended.abort();
    await grace;
    await lanes.close();
  }
}

/**
 * What tables were spread over lanes by when the claimed places were written. `isKept`: false where nothing is written, or all
 * of it by all lanes together, as in failoverMode safe.
 */
async function claimedSpread(
  { bus }: ServiceContext,
  { pipelineId }: PipelineSession,
  claimed: { readonly lanes: Lanes; readonly session: TargetSession; readonly isKept: boolean },
): Promise<Pick<ClaimedPlaces, 'isSpreadAlike'> & { readonly shapes: LaneShapes }> {
  const { lanes, session, isKept } = claimed;
  const shapes = await LaneShapes.read(session, pipelineId, { isKept });
  // Asked where they stand at different places only.
  const before = lanes.isEven ? null : await bus.definition(pipelineId, lanes.claimedRevision);
  const byDefinition = new Map<PipelineDefinition, ReturnType<typeof sendsRowsAlike>>();
  const isSpreadAlike: ClaimedPlaces['isSpreadAlike'] = (writer, definition) => {
    if (!shapes.isAsClaimed(writer)) return false;
    if (definition.revision === lanes.claimedRevision) return true;
    if (before === null) return false;
    let isAlike = byDefinition.get(definition);
    if (isAlike === undefined) byDefinition.set(definition, (isAlike = sendsRowsAlike(before, definition)));
    return isAlike(writer.definition);
  };
  return { shapes, isSpreadAlike };
}

/** A target that hangs must not keep the lease from the next loader. */
async function endAfterGrace(
  { clock }: ServiceContext,
  lanes: Lanes,
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

/** The event log is history: a letter's own row says what became of it. */
async function publishLetter(
  { bus, clock, identity }: ServiceContext,
  { pipelineId, epoch, log }: PipelineSession,
  told: ToldLetter,
): Promise<void> {
  log.info({ table: told.table, change: told.change, code: told.code }, 'dead letter settled or refused');
  const at = clock.now().toISOString();
  const base = { v: 1 as const, at, who: identity.instance, pipelineId, epoch, process: null, traceId: null };
  try {
    await bus.publishEvent({ ...base, kind: 'dead-letter', count: 1, ...told });
  } catch (error) {
    log.warn({ err: error }, 'dead letter not in the event log');
  }
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
