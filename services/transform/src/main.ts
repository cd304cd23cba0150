import { runService, StageEnv, stageWorker } from '@lutra/service-kit';
import { translateStatement } from './ddl/translate-statement.ts';
import { TransformStage } from './transform-stage.ts';

await runService({
  service: 'transform',
  Env: StageEnv,
  workers: (context) => {
    const stage = new TransformStage();
    return [
      stageWorker(context, {
        stage: 'transform',
        input: 'extracted',
        output: 'transformed',
        outputSchema: 'target-process/1',
        work: (task, signal) => stage.work(task, signal),
        statement: translateStatement,
      }),
    ];
  },
});
