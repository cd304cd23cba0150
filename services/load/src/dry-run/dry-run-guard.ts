import { SyncError } from '@lutra/model';
import type { Clock, PipelineDefinition } from '@lutra/model';
import type { PipelineSession } from '@lutra/service-kit';

const LOOK_EVERY_MS = 1_000;

/**
 * An epoch is dry or it is real, as its definition was when it began: a process of a revision that says otherwise is not
 * written. Throws CONFIG_DRY_RUN_CHANGED, about which the pipeline is restarted.
 */
export function expectSameDryRun(pipeline: PipelineSession, definition: PipelineDefinition): void {
  const { dryRun } = pipeline.definition.parameters;
  if (definition.parameters.dryRun === dryRun) return;
  const problem = dryRun
    ? 'The dry run is over: the pipeline goes on from the checkpoint at the target'
    : 'A dry run begins: nothing is written to the target from here on';
  throw new SyncError('CONFIG_DRY_RUN_CHANGED', { problem });
}

/** Looks at the newest definition until the signal aborts: a switch needs no process to be noticed. */
export async function watchDryRun(clock: Clock, pipeline: PipelineSession, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    expectSameDryRun(pipeline, pipeline.latestDefinition());
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
}
