import { stageWorker } from '@lutra/service-kit';
import type { ServiceContext, StageEnv, Worker } from '@lutra/service-kit';
import { ExtractStage } from './extract-stage.ts';

/** The worker of the service: takes raw processes from the queue until it is stopped. It needs no connection to a source. */
export function extractWorker(context: ServiceContext<StageEnv>): Worker {
  const stage = new ExtractStage((dropped) => {
    context.log.warn(dropped, 'rows events of unmapped tables dropped');
  });
  return stageWorker(context, {
    stage: 'extract',
    input: 'selected',
    output: 'extracted',
    outputSchema: 'row-process/1',
    work: (task, signal) => stage.work(task, signal),
  });
}
