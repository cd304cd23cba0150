import { stageWorker } from '@lutra/service-kit';
import type { ServiceContext, Worker } from '@lutra/service-kit';
import type { ExtractEnv } from './extract.env.ts';
import { ExtractStage } from './extract-stage.ts';
import type { DroppedEvents } from './extract-stage.ts';

/** Before and after: what one row of an event may take. */
const IMAGES_PER_ROW = 2;
/** Each sequence is told of once, as long as they are not more than this. */
const TOLD_SEQUENCES_MAX = 1_000;

/** The worker of the service: takes raw processes from the queue until it is stopped. It needs no connection to a source. */
export function extractWorker(context: ServiceContext<ExtractEnv>): Worker {
  const told = new Set<string>();
  const onDropped = (dropped: DroppedEvents): void => {
    const { pipelineId, events, sequences } = dropped;
    if (events > 0) context.log.warn({ pipelineId, events }, 'rows events of unmapped tables dropped');
    for (const sequence of sequences) {
      const name = `${pipelineId} ${sequence}`;
      if (told.has(name)) continue;
      if (told.size >= TOLD_SEQUENCES_MAX) told.clear();
      told.add(name);
      context.log.warn({ pipelineId, sequence }, 'values of a sequence are not synchronised');
    }
  };
  const inflatedBytesMax = context.env.LUTRA_MAX_ROW_BYTES * IMAGES_PER_ROW;
  const stage = new ExtractStage(onDropped, { inflatedBytesMax });
  return stageWorker(context, {
    stage: 'extract',
    input: 'selected',
    output: 'extracted',
    outputSchema: 'row-process/1',
    work: (task, signal) => stage.work(task, signal),
  });
}
