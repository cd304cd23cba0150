import { ByteBudget, SyncError } from '@lutra/model';
import type { ServiceName } from '@lutra/model';
import { arbiterWorkers } from '@lutra/arbiter/simulation';
import { pathsBelow, SessionKeeper, ZooKeeperCoordinator } from '@lutra/coordination/simulation';
import type { Coordinator } from '@lutra/coordination';
import { loadEpoch } from '@lutra/load/simulation';
import type { LoadEnv } from '@lutra/load/simulation';
import { leasedPipelines, ProcessRouter, stageWorker } from '@lutra/service-kit';
import type { ServiceContext, Worker } from '@lutra/service-kit';
import { WorkerRunner } from '@lutra/service-kit/simulation';
import type { Random } from '../demo/random.ts';
import { simLog } from './sim-log.ts';
import type { NatsServer } from './nats-server.ts';
import type { SimNode } from './node.ts';
import { SimBus } from './sim-bus.ts';
import { SimSelectEpoch } from './sim-select.ts';
import { openSimTarget } from './sim-target-session.ts';
import { SimZooKeeperClient } from './sim-zookeeper-client.ts';
import type { SourceLog } from './source-log.ts';
import type { TargetServer } from './target-server.ts';
import type { ZooKeeperServer } from './zookeeper-server.ts';

const MEMORY_BYTES = 256 * 1024 * 1024;
const REJOIN_MS = 1_000;
const SESSION_TIMEOUT_MS = 10_000;
const FAST_SESSION_TIMEOUT_MS = 4_000;

/** Everything that the instances of one run share. */
export interface Site {
  readonly nats: NatsServer;
  readonly zookeeper: ZooKeeperServer;
  readonly sources: ReadonlyMap<string, SourceLog>;
  readonly targets: ReadonlyMap<string, TargetServer>;
  /** Pipelines whose processes every stage refuses. */
  readonly poisoned: ReadonlySet<string>;
  /** Chance of the real code: jitter and random placement. */
  readonly random: Random;
}

/** Starts the workers of a service on the node, as `runService` does on a machine. */
export function startInstance(site: Site, node: SimNode): void {
  const context = contextOf(site, node);
  const runner = new WorkerRunner(workersOf(site, node, context), context);
  const never = new AbortController().signal;
  const start = async (): Promise<void> => {
    await runner.prepare();
    runner.start();
    await join(context, never);
  };
  // Ends with the node; a service that cannot join tries again here, where a supervisor of processes would.
  start().catch((error: unknown) => {
    node.world.fail(error);
  });
}

/** Coordinator of a node: the real one, on sessions in memory. */
export function coordinatorOf(zookeeper: ZooKeeperServer, node: SimNode): Coordinator {
  const open = (sessionTimeoutMs: number): SessionKeeper =>
    new SessionKeeper(
      { servers: 'zookeeper', sessionTimeoutMs, clock: node.clock },
      () => new SimZooKeeperClient(zookeeper, node, sessionTimeoutMs),
    );
  return new ZooKeeperCoordinator(open(SESSION_TIMEOUT_MS), pathsBelow('/lutra'), {
    timeoutMs: SESSION_TIMEOUT_MS,
    openFast: () => open(FAST_SESSION_TIMEOUT_MS),
  });
}

function contextOf(site: Site, node: SimNode): ServiceContext<LoadEnv & { LUTRA_STAGE_CONCURRENCY: number }> {
  return {
    env: { LUTRA_STAGE_CONCURRENCY: 2 } as LoadEnv & { LUTRA_STAGE_CONCURRENCY: number },
    identity: { service: node.service, instance: node.name, host: node.name, version: '0.1.0' },
    clock: node.clock,
    log: simLog(node),
    bus: new SimBus(site.nats, node),
    coordinator: coordinatorOf(site.zookeeper, node),
    budget: new ByteBudget(MEMORY_BYTES),
  };
}

function workersOf(
  site: Site,
  node: SimNode,
  context: ServiceContext<LoadEnv & { LUTRA_STAGE_CONCURRENCY: number }>,
): readonly Worker[] {
  const service: ServiceName = node.service;
  switch (service) {
    case 'select':
      return [selectWorker(site, node, context)];
    case 'load':
      return [loadWorker(site, node, context)];
    case 'extract':
    case 'transform':
      return [passingStage(context, service, site.poisoned)];
    case 'arbiter':
      return arbiterWorkers(context, () => 2 * site.random.next() - 1);
    case 'manager':
      return [];
  }
}

function selectWorker(site: Site, node: SimNode, context: ServiceContext): Worker {
  const router = new ProcessRouter(context, 'extract', () => site.random.next());
  return leasedPipelines(context, 'mainstem', () => async (session) => {
    const log = site.sources.get(session.pipelineId);
    if (log === undefined) throw new Error(`No source for ${session.pipelineId}`);
    const wakeLater = (wake: () => void): void => {
      node.world.at(node, node.world.span(0.2, 5), wake);
    };
    await new SimSelectEpoch(context, session, log, { router, wakeLater }).run();
  });
}

function loadWorker(site: Site, node: SimNode, context: ServiceContext<LoadEnv>): Worker {
  return leasedPipelines(context, 'loader', () => (session) => {
    const { pipelineId, epoch } = session;
    const target = site.targets.get(pipelineId);
    if (target === undefined) throw new Error(`No target for ${pipelineId}`);
    const open = (): ReturnType<typeof openSimTarget> => openSimTarget(target, node, { pipelineId, epoch });
    // Units are small here: lanes are to write at the same time all the same.
    return loadEpoch(context, session, { parallelRowsMin: 2, laneUse: null }, { clock: node.clock, open });
  });
}

/** The real life of a stage; its work is done already, in what the simulated select writes. */
function passingStage(
  context: ServiceContext<LoadEnv & { LUTRA_STAGE_CONCURRENCY: number }>,
  stage: 'extract' | 'transform',
  poisoned: ReadonlySet<string>,
): Worker {
  return stageWorker(context, {
    stage,
    input: stage === 'extract' ? 'selected' : 'extracted',
    output: stage === 'extract' ? 'extracted' : 'transformed',
    outputSchema: stage === 'extract' ? 'row-process/1' : 'target-process/1',
    work: async ({ body, delivery, output }) => {
      if (poisoned.has(delivery.header.pipelineId))
        throw new SyncError('INTERNAL', { problem: 'The simulation refuses this process' });
      output.write(body);
      return { rowCount: delivery.header.rowCount };
    },
  });
}

/** A name that a predecessor still has is asked for again. */
async function join(context: ServiceContext, signal: AbortSignal): Promise<void> {
  const { clock, coordinator, identity } = context;
  while (!signal.aborted) {
    try {
      await coordinator.join({
        ...identity,
        pid: 1,
        startedAt: clock.now().toISOString(),
        httpPort: 0,
        load: { cpu: 0, memoryBytes: 0, tasks: 0 },
        weight: 1,
        draining: false,
      });
      return;
    } catch {
      await clock.sleep(REJOIN_MS, signal);
    }
  }
}
