import { stageWorker } from '@lutra/service-kit';
import type { ServiceContext, Worker } from '@lutra/service-kit';
import type { ExtractEnv } from './extract.env.ts';
import { ExtractStage } from './extract-stage.ts';
import type { DroppedEvents } from './extract-stage.ts';

/** Before and after: what one row of an event may take. */
const IMAGES_PER_ROW = 2;

/** The worker of the service: takes raw processes from the queue until it is stopped. It needs no connection to a source. */
export function extractWorker(context: ServiceContext<ExtractEnv>): Worker {
  const onDropped = (dropped: DroppedEvents): void => {
    context.log.warn(dropped, 'rows events of unmapped tables dropped');
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
