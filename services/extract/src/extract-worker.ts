import { Processors } from '@lutra/mapping';
import { Secrets, stageWorker } from '@lutra/service-kit';
import type { ServiceContext, Worker } from '@lutra/service-kit';
import { SourceAccess } from '@lutra/source-access';
import type { ExtractEnv } from './extract.env.ts';
import { ExtractStage } from './extract-stage.ts';
import type { DroppedEvents, Reread } from './extract-stage.ts';
import { rereadMeter } from './reread/reread-meter.ts';
import { handOnWishes } from './resync/hand-on-wishes.ts';
import { SourceRows } from './reread/source-rows.ts';

/** Before and after: what one row of an event may take. */
const IMAGES_PER_ROW = 2;
/** Each table is told of once, as long as they are not more than this. */
const TOLD_MAX = 1_000;

/**
 * The worker of the service: takes raw processes from the queue until it is stopped. It connects to a source only for rows
 * that are to be read again there.
 */
export function extractWorker(context: ServiceContext<ExtractEnv>): Worker {
  const told = new Set<string>();
  const isNews = (name: string): boolean => {
    if (told.has(name)) return false;
    if (told.size >= TOLD_MAX) told.clear();
    told.add(name);
    return true;
  };
  const onDropped = (dropped: DroppedEvents): void => {
    const { pipelineId, events, sequences } = dropped;
    if (events > 0) context.log.warn({ pipelineId, events }, 'rows events of unmapped tables dropped');
    for (const sequence of sequences)
      if (isNews(`${pipelineId} ${sequence}`))
        context.log.warn({ pipelineId, sequence }, 'values of a sequence are not synchronised');
  };
  const inflatedBytesMax = context.env.LUTRA_MAX_ROW_BYTES * IMAGES_PER_ROW;
  const { bus, clock, log } = context;
  const secrets = new Secrets(context.env);
  const access = new SourceAccess({ clock, secretsOf: (source) => secrets.ofDataSource(source) });
  const source = new SourceRows({ access, clock, newest: (pipelineId) => bus.definition(pipelineId) });
  const handOn = handOnWishes(context);
  const count = rereadMeter();
  const onReread = ({ pipelineId, counts, unread }: Reread): void => {
    count(pipelineId, counts);
    if (counts.leftOut > 0) log.info({ pipelineId, rows: counts.leftOut }, 'changes of vanished rows left out');
    for (const table of unread)
      if (isNews(`${pipelineId} ${table}`))
        log.warn({ pipelineId, table }, 'rows cannot be read again at the source and stay as the log has them');
  };
  const processors = new Processors({
    ...{ allowed: context.env.LUTRA_PROCESSORS, timeoutMs: context.env.LUTRA_PROCESSOR_TIMEOUT_MS, clock },
    onFailure: (failure) => log.error(failure, 'processor cannot be used'),
  });
  const stage = new ExtractStage({ onDropped, onReread, source, handOn, processors, limits: { inflatedBytesMax } });
  const worker = stageWorker(context, {
    stage: 'extract',
    input: 'selected',
    output: 'extracted',
    outputSchema: 'row-process/1',
    work: ({ definition, body, output, delivery: { header } }, signal) =>
      stage.work({ definition, body, output, serverUuid: header.serverUuid, names: header }, signal),
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
