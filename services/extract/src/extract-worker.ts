import { stageWorker } from '@lutra/service-kit';
import type { ServiceContext, StageEnv, Worker } from '@lutra/service-kit';
import { ExtractStage } from './extract-stage.ts';
import { SourceDecoders } from './source-decoders.ts';

/** The worker of the service: takes raw processes from the queue until it is stopped, then closes its connections to the sources. */
export function extractWorker(context: ServiceContext<StageEnv>): Worker {
  const { clock, env, log } = context;
  const decoders = new SourceDecoders({ clock, secretKey: env.LUTRA_SECRET_KEY });
  const stage = new ExtractStage(
    (definition) => decoders.decoderOf(definition),
    (dropped) => {
      log.warn(dropped, 'rows events of unmapped tables dropped');
    },
  );
  const worker = stageWorker(context, {
    stage: 'extract',
    input: 'selected',
    output: 'extracted',
    outputSchema: 'row-process/1',
    work: (task, signal) => stage.work(task, signal),
  });
  const run = async (signal: AbortSignal): Promise<void> => {
    try {
      await worker.run(signal);
    } finally {
      decoders.close();
    }
  };
  return { ...worker, run };
}
