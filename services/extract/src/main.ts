import { runService, StageEnv, stageWorker } from '@lutra/service-kit';
import { ExtractStage } from './extract-stage.ts';
import { SourceDecoders } from './source-decoders.ts';

await runService({
  service: 'extract',
  Env: StageEnv,
  workers: (context) => {
    const { clock, env, log } = context;
    const decoders = new SourceDecoders({ clock, secretKey: env.LUTRA_SECRET_KEY });
    const stage = new ExtractStage(
      (definition) => decoders.decoderOf(definition),
      (dropped) => log.warn(dropped, 'rows of unmapped tables dropped'),
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
    return [{ ...worker, run }];
  },
});
