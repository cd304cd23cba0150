import { setTimeout as sleep } from 'node:timers/promises';
import { must, SERVICES } from '@lutra/model';
import type { ServiceName } from '@lutra/model';
import { readIfThere } from '@lutra/testing';
import type { SeededRandom, ServiceInstance } from '@lutra/testing';
import { SESSION_TIMEOUT_MS } from '../chaos-site.ts';
import type { ChaosGround } from '../chaos-site.ts';
import type { Fault, FaultEffect, FaultKind } from '../chaos-types.ts';
import { between } from './fault-family.ts';
import type { FaultFamily } from './fault-family.ts';

const STOP_LIMIT_MS = 20_000;

/** Faults of the services' own processes. */
export const SERVICE_FAULTS: readonly FaultFamily[] = [
  family('kill', (instance, random) => kill([instance], between(random, 500, SESSION_TIMEOUT_MS + 3_000))),
  {
    kind: 'kill-both',
    targets: SERVICES,
    make: (ground, target, random) => {
      const both = ground.stack.instancesOf(target as ServiceName);
      const work = kill(both, between(random, 0, 3_000));
      return fault('kill-both', { ground, instances: both, recoversFrom: 'end', work });
    },
  },
  family('freeze-short', (instance, random) => freeze(instance, between(random, 300, SESSION_TIMEOUT_MS / 2))),
  family('freeze-long', (instance, random) =>
    freeze(instance, SESSION_TIMEOUT_MS + between(random, 1_500, SESSION_TIMEOUT_MS)),
  ),
  family('restart', (instance) => async (recoveryBegins) => {
    const { pid } = instance;
    recoveryBegins();
    await instance.stop(STOP_LIMIT_MS);
    const seen = `process ${String(pid)} ended with ${String(instance.end)}`;
    const tookEffect = !instance.isRunning;
    await startAgain(instance);
    return { tookEffect, seen };
  }),
];

type Work = (recoveryBegins: () => void) => Promise<FaultEffect>;

/** A fault of one instance of any service. */
function family(kind: FaultKind, work: (instance: ServiceInstance, random: SeededRandom) => Work): FaultFamily {
  return {
    kind,
    targets: SERVICES,
    make: async (ground, target, random) => {
      const instance = await choose(ground, target as ServiceName, random);
      return fault(kind, { ground, instances: [instance], recoversFrom: 'start', work: work(instance, random) });
    },
  };
}

interface Parts {
  readonly ground: ChaosGround;
  readonly instances: readonly ServiceInstance[];
  readonly recoversFrom: Fault['recoversFrom'];
  readonly work: Work;
}

function fault(kind: FaultKind, { ground, instances, recoversFrom, work }: Parts): Fault {
  return {
    kind,
    target: instances.map(({ name }) => name).join(', '),
    recoversFrom,
    run: async (recoveryBegins) => {
      const names = instances.map(({ name }) => name);
      for (const name of names) ground.broken.add(name);
      try {
        return await work(recoveryBegins);
      } finally {
        for (const instance of instances) await startAgain(instance);
        for (const name of names) ground.broken.delete(name);
      }
    },
  };
}

const HOLDERS: Partial<Readonly<Record<ServiceName, 'mainstem' | 'loader'>>> = { select: 'mainstem', load: 'loader' };

/** Most often one that holds a lease, where there are leases: a standby is missed by nobody. */
async function choose(ground: ChaosGround, service: ServiceName, random: SeededRandom): Promise<ServiceInstance> {
  const whole = ground.stack
    .instancesOf(service)
    .filter(({ name, isRunning }) => isRunning && !ground.broken.has(name));
  const any = must(whole[random.below(whole.length)], `a running ${service}`);
  const isAny = random.oneIn(4);
  const pipeline = ground.pipelines[random.below(ground.pipelines.length)];
  const lease = HOLDERS[service];
  if (isAny || lease === undefined || pipeline === undefined) return any;
  const view = await ground.api.pipeline(pipeline.id).catch(() => null);
  const holder = (view?.[lease] as { readonly instance?: string } | null)?.instance;
  return whole.find(({ instanceId }) => instanceId === holder) ?? any;
}

function kill(instances: readonly ServiceInstance[], downMs: number): Work {
  return async (recoveryBegins) => {
    const pids = await Promise.all(instances.map((instance) => instance.kill('SIGKILL')));
    const isAlone = instances.length === 1;
    if (isAlone) recoveryBegins();
    const tookEffect = instances.every(({ isRunning }) => !isRunning);
    await sleep(downMs);
    await Promise.all(instances.map(startAgain));
    if (!isAlone) recoveryBegins();
    return { tookEffect, seen: `process ${pids.join(', ')} gone, away for ${String(downMs)} ms` };
  };
}

function freeze(instance: ServiceInstance, ms: number): Work {
  return async (recoveryBegins) => {
    const pid = await instance.kill('SIGSTOP');
    recoveryBegins();
    try {
      await sleep(ms);
      const state = processState(pid);
      return { tookEffect: state === 'T', seen: `process ${String(pid)} in state ${state} for ${String(ms)} ms` };
    } finally {
      if (instance.isRunning) await instance.kill('SIGCONT');
    }
  };
}

/** 'T' = stopped by a signal (proc(5), /proc/pid/stat, field 3). */
const processState = (pid: number): string =>
  /^\d+ \(.*\) (\w)/s.exec(readIfThere(`/proc/${String(pid)}/stat`) ?? '')?.[1] ?? '?';

async function startAgain(instance: ServiceInstance): Promise<void> {
  if (!instance.isRunning) await instance.start();
  // Without NATS or ZooKeeper it does not become ready: the fault that took them away brings them back.
  await instance.waitReady(READY_LIMIT_MS).catch(() => undefined);
}

const READY_LIMIT_MS = 30_000;
