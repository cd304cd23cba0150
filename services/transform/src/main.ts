import { runService, Secrets, StageEnv, stageWorker } from '@lutra/service-kit';
import { SourceAccess } from '@lutra/source-access';
import { translateStatement } from './ddl/translate-statement.ts';
import { SourceGroups } from './groups/source-groups.ts';
import { TransformStage } from './transform-stage.ts';

await runService({
  service: 'transform',
  Env: StageEnv,
  workers: (context) => {
    const secrets = new Secrets(context.env);
    const { bus, clock } = context;
    const access = new SourceAccess({ clock, secretsOf: (source) => secrets.ofDataSource(source) });
    const groups = new SourceGroups({ access, clock, newest: (pipelineId) => bus.definition(pipelineId) });
    const stage = new TransformStage(
      (key) => secrets.open(key),
      (lines, { pipelineId, gtid, event, row }) => {
        // What a script says may hold values of the row.
        context.log.trace({ pipelineId, gtid, event, row, lines }, 'a script said');
      },
      groups,
    );
    return [
      stageWorker(context, {
        stage: 'transform',
        input: 'extracted',
        output: 'transformed',
        outputSchema: 'target-process/1',
        work: ({ definition, body, output, delivery: { header } }, signal) =>
          stage.work({ definition, body, output, serverUuid: header.serverUuid, names: header }, signal),
        statement: translateStatement,
      }),
      { name: 'sources', run: (signal) => access.run(signal) },
    ];
  },
});
