import type { ServiceContext, Worker } from '@lutra/service-kit';
import type { ManagerEnv } from '../manager.env.ts';
import type { Store } from '../store/store.ts';
import { AnswerCache } from './answer-cache.ts';
import type { PipelineWatch } from './pipeline-watch.ts';
import { ProcessHistory } from './process-history.ts';
import { ProcessService } from './process.service.ts';
import { RollupStore } from './rollup-store.ts';
import { RollupWorker } from './rollup.worker.ts';
import { StatisticService } from './statistic.service.ts';
import { StatisticsWorker } from './statistics.worker.ts';

/** Statistics, wired. */
export function buildStatisticParts(
  { clock, bus, coordinator, log, identity }: ServiceContext<ManagerEnv>,
  { store, watch }: { readonly store: Store; readonly watch: PipelineWatch },
): { readonly services: readonly object[]; readonly workers: readonly Worker[] } {
  const rollups = new RollupStore(store);
  const history = new ProcessHistory(store);
  return {
    services: [
      new ProcessService({ store, history, clock }),
      new StatisticService({ rollups, answers: new AnswerCache(), watch, clock }),
    ],
    workers: [
      new RollupWorker({
        ...{ store, watch, rollups, history, bus, coordinator, clock, log },
        instance: identity.instance,
      }),
      new StatisticsWorker({ watch, store, rollups, bus, clock, log }),
    ],
  };
}
