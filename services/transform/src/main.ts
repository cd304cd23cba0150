import { runService, Secrets, StageEnv, stageWorker } from '@lutra/service-kit';
import { translateStatement } from './ddl/translate-statement.ts';
import { TransformStage } from './transform-stage.ts';

await runService({
  service: 'transform',
  Env: StageEnv,
  workers: (context) => {
    const secrets = new Secrets(context.env);
    const stage = new TransformStage(
      (key) => secrets.open(key),
      (lines, { pipelineId, gtid, event, row }) => {
        // What a script says may hold values of the row.
        context.log.trace({ pipelineId, gtid, event, row, lines }, 'a script said');
      },
    );
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
