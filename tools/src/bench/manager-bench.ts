import { join } from 'node:path';
import { must } from '@lutra/model';
import { LocalStack, lutraHome, startServerGroup } from '@lutra/testing';
import { measureOf, percentileOf } from './measure.ts';
import type { Measure } from './measure.ts';
import { fillManager } from './manager-fill.ts';
import type { FilledManager } from './manager-fill.ts';
import { HttpClients } from './http-clients.ts';
import { cpuSecondsOf } from './resource-use.ts';

/** Clients that ask at once, each for its next answer when it has the last one. */
const CLIENTS = 50;
const WARM_UP_READS = 200;
const SECONDS_PER_ROUTE = 4;
/** All routes in turn, paced: what a page that is open at fifty people costs. */
const PACED_READS_PER_SECOND = 100;
const PACED_SECONDS = 20;

interface Options {
  readonly scale: number;
  readonly say: (text: string) => void;
  readonly print: (measure: Measure) => void;
  readonly profileFolder: string | null;
}

/**
 * The manager's reads with 500 pipelines (times `scale`) and the retention of statistics filled: a real store, a real manager as
 * its own process, fifty clients. Each route alone and all in turn as fast as it goes (reads/s, CPU of manager and store), then
 * all in turn at a fixed pace (p50, p99).
 */
export async function benchManager({ scale, say, print, profileFolder }: Options): Promise<void> {
  const folder = join(lutraHome(), 'bench');
  const kind = 'mariadb' as const;
  const group = await startServerGroup({ home: lutraHome(), folder, databases: { manager: { kind } } });
  const server = must(group.databases['manager'], 'the manager has a server');
  try {
    const stack = await LocalStack.start({
      folder: join(folder, 'manager-stack'),
      home: lutraHome(),
      servers: { source: server, target: server, manager: server, nats: group.nats, zookeeper: group.zookeeper },
      schemas: [],
      services: { select: 0, extract: 0, transform: 0, load: 0, arbiter: 0, manager: 1 },
      namespace: 'bench_manager',
      ...(profileFolder === null ? {} : { nodeArgs: ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`] }),
    });
    try {
      const filled = await fillManager({ stack, server, scale, say });
      const pids = {
        manager: must(stack.pids('manager')[0], 'it runs'),
        store: must(group.processes['manager'], 'it runs').pid,
      };
      await measureRoutes({ stack, filled, pids, print });
    } finally {
      await stack.stop();
    }
  } finally {
    await group.stop();
  }
}

interface Measuring {
  readonly stack: LocalStack;
  readonly filled: FilledManager;
  readonly pids: { readonly manager: number; readonly store: number };
  readonly print: (measure: Measure) => void;
}

async function measureRoutes({ stack, filled, pids, print }: Measuring): Promise<void> {
  const clients = new HttpClients(stack.api.address, filled.token, CLIENTS);
  try {
    const routes = Object.values(ROUTES);
    const mixed: PathOf = (_filled, n) => {
      const pathOf = must(routes[n % routes.length], 'there are routes');
      return pathOf(filled, Math.floor(n / routes.length));
    };
    for (const [name, pathOf] of [...Object.entries(ROUTES), ['all', mixed] as const]) {
      const next = (n: number): string => `/api/v1/${pathOf(filled, n)}`;
      await clients.askAsFastAsPossible(next, { reads: WARM_UP_READS });
      const cpuBefore = { manager: cpuSecondsOf(pids.manager), store: cpuSecondsOf(pids.store) };
      const { latenciesMs, seconds } = await clients.askAsFastAsPossible(next, { seconds: SECONDS_PER_ROUTE });
      const reads = latenciesMs.length;
      const perCpuSecond = (used: number): string =>
        used === 0 ? 'all' : Math.round(reads / used).toLocaleString('en');
      const manager = perCpuSecond(cpuSecondsOf(pids.manager) - cpuBefore.manager);
      const store = perCpuSecond(cpuSecondsOf(pids.store) - cpuBefore.store);
      const note = `${describeLatencies(latenciesMs)} with ${String(CLIENTS)} clients; reads per CPU second: manager ${manager}, store ${store}`;
      print(measureOf(`manager.${name}`, 'reads/s', { ours: [reads / seconds], note }));
    }
    await measurePaced(clients, filled, print);
  } finally {
    clients.close();
  }
}

async function measurePaced(
  clients: HttpClients,
  filled: FilledManager,
  print: (measure: Measure) => void,
): Promise<void> {
  const routes = Object.entries(ROUTES);
  const asked = await clients.askAtPace(
    (n) => {
      const [name, pathOf] = must(routes[n % routes.length], 'there are routes');
      return { name, path: `/api/v1/${pathOf(filled, Math.floor(n / routes.length))}` };
    },
    { perSecond: PACED_READS_PER_SECOND, seconds: PACED_SECONDS },
  );
  for (const [name, latenciesMs] of [...asked, ['all', [...asked.values()].flat()] as const])
    print(
      measureOf(`manager.${name}`, 'ms', {
        ours: [percentileOf(latenciesMs, 0.99)],
        note: `p99 (p50 ${percentileOf(latenciesMs, 0.5).toFixed(1)}) of ${String(latenciesMs.length)}, all routes at ${String(PACED_READS_PER_SECOND)} reads/s`,
      }),
    );
}

const describeLatencies = (latenciesMs: readonly number[]): string =>
  `p50 ${percentileOf(latenciesMs, 0.5).toFixed(1)} ms, p99 ${percentileOf(latenciesMs, 0.99).toFixed(1)} ms`;

type PathOf = (filled: FilledManager, n: number) => string;
const pick = <T>(values: readonly T[], n: number): T => must(values[(n * 7) % values.length], 'it is filled');
const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString();

/** Lists and statistics, each time of another pipeline or channel. */
const ROUTES: Readonly<Record<string, PathOf>> = {
  pipelines: (_filled, n) => `pipelines?pageSize=50&page=${String(1 + (n % 4))}`,
  'pipelines-by-name': (_filled, n) => `pipelines?name=p-${String(n % 100)}&sort=-name`,
  channels: () => 'channels?pageSize=50',
  'data-sources': () => 'data-sources?pageSize=50',
  mappings: ({ pipelineIds }, n) => `pipelines/${pick(pipelineIds, n)}/mappings`,
  commands: ({ pipelineIds }, n) => `commands?pipelineId=${pick(pipelineIds, n)}`,
  audit: () => 'audit?pageSize=50',
  hour: ({ pipelineIds }, n) => `statistics?pipelineId=${pick(pipelineIds, n)}`,
  'ten-minutes': ({ pipelineIds }, n) =>
    `statistics?pipelineId=${pick(pipelineIds, n)}&step=1s&from=${daysAgo(1 / 144)}`,
  month: ({ pipelineIds }, n) => `statistics?pipelineId=${pick(pipelineIds, n)}&from=${daysAgo(30)}`,
  channel: ({ channelIds }, n) => `statistics?channelId=${pick(channelIds, n)}`,
  installation: () => `statistics?step=1d&from=${daysAgo(365)}`,
  tables: ({ pipelineIds }, n) => `statistics/tables?pipelineId=${pick(pipelineIds, n)}`,
  processes: ({ pipelineIds }, n) => `processes?pipelineId=${pick(pipelineIds, n)}`,
  'slowest-processes': ({ pipelineIds }, n) => `processes?pipelineId=${pick(pipelineIds, n)}&slowest=true`,
};
