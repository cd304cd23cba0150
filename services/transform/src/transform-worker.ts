import { Processors } from '@lutra/mapping';
import { Secrets, stageWorker } from '@lutra/service-kit';
import type { ProcessorEnv, ServiceContext, Worker } from '@lutra/service-kit';
import { SourceAccess } from '@lutra/source-access';
import { translateStatement } from './ddl/translate-statement.ts';
import { SourceGroups } from './groups/source-groups.ts';
import { Lookups } from './lookup/lookups.ts';
import { TransformStage } from './transform-stage.ts';

/**
 * The worker of the service: takes source-shaped processes from the queue until it is stopped. It connects to data sources
 * only for the look-ups of mappings, and for groups whose extremes the source alone can tell.
 */
export function transformWorker(context: ServiceContext<ProcessorEnv>): Worker {
  const { bus, clock, env, log } = context;
  const secrets = new Secrets(env);
  const access = new SourceAccess({ clock, secretsOf: (source) => secrets.ofDataSource(source) });
  const sources = { access, clock, newest: (pipelineId: string) => bus.definition(pipelineId) };
  const processors = new Processors({
    ...{ allowed: env.LUTRA_PROCESSORS, timeoutMs: env.LUTRA_PROCESSOR_TIMEOUT_MS, clock },
    onFailure: (failure) => log.error(failure, 'processor cannot be used'),
  });
  const stage = new TransformStage(
    (key) => secrets.open(key),
    (lines, { pipelineId, gtid, event, row }) => {
      // What a script says may hold values of the row.
      log.trace({ pipelineId, gtid, event, row, lines }, 'a script said');
    },
    { groups: new SourceGroups(sources), lookups: new Lookups(sources), processors },
  );
  const worker = stageWorker(context, {
    stage: 'transform',
    input: 'extracted',
    output: 'transformed',
    outputSchema: 'target-process/1',
    work: ({ definition, body, output, delivery: { header } }, signal) =>
      stage.work({ definition, body, output, serverUuid: header.serverUuid, names: header }, signal),
    statement: translateStatement,
  });
  return {
    ...worker,
    prepare: async () => {
      await worker.prepare?.();
      await processors.load();
    },
    run: (signal) => access.runBeside(worker, signal).finally(() => stage.close()),
  };
}
