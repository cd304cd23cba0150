import { monitorEventLoopDelay } from 'node:perf_hooks';
import { SyncError } from '@lutra/model';
import type { InstanceLoad } from '@lutra/model';
import type { Membership, MembershipChange } from '@lutra/coordination';
import { setLogLevel } from './log.ts';
import { OwnOrder } from './own-order.ts';
import { cpuMeter } from './runtime-meter.ts';
import type { ServiceContext } from './service-context.ts';

const LOAD_UPDATE_MS = 5_000;
const NS_PER_MS = 1e6;

/**
 * Joins as what a person has ordered the instance to be, and writes fresh load figures every 5 s, and orders as soon as
 * they change, until the signal aborts; the log follows the level that is ordered. The caller leaves.
 */
export async function keepMembership(
  context: ServiceContext,
  self: { readonly httpPort: number; readonly tasks: () => number },
  signal: AbortSignal,
): Promise<Membership> {
  const { clock, identity } = context;
  const order = new OwnOrder(context);
  // Ends with the signal and never rejects.
  void order.run(signal);
  await order.waitUntil(() => order.isKnown, signal);
  setLogLevel(context.log, order.logLevel);
  const load = loadMeter(context, self.tasks, signal);
  const standing = (): Required<Pick<MembershipChange, 'weight' | 'draining' | 'maintenance'>> => ({
    weight: order.weight,
    draining: order.isDraining,
    maintenance: order.isMaintenance,
  });
  const membership = await context.coordinator.join({
    ...identity,
    pid: process.pid,
    startedAt: clock.now().toISOString(),
    httpPort: self.httpPort,
    readsWindows: true,
    load: load(),
    ...standing(),
  });
  const write = (change: () => MembershipChange): void => {
    // The next figures are due in five seconds anyway, and they write all of it.
    membership.update(change()).catch((error: unknown) => {
      context.log.debug({ err: error, code: SyncError.of(error).code }, 'membership not written');
    });
  };
  order.watch(() => {
    setLogLevel(context.log, order.logLevel);
    if (!signal.aborted) write(standing);
  });
  // Ends with the signal.
  void (async () => {
    for (;;) {
      await clock.sleep(LOAD_UPDATE_MS, signal);
      if (signal.aborted) return;
      write(() => ({ load: load(), ...standing() }));
    }
  })();
  return membership;
}

/** Each call tells about the time since the last one. */
function loadMeter(context: ServiceContext, tasks: () => number, signal: AbortSignal): () => InstanceLoad {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  signal.addEventListener(
    'abort',
    () => {
      delay.disable();
    },
    { once: true },
  );
  const cpuShare = cpuMeter(context.clock);
  return () => {
    // An empty histogram answers NaN.
    const eventLoopDelayMs = Number(((delay.percentile(99) || 0) / NS_PER_MS).toFixed(1));
    delay.reset();
    return {
      cpu: Number(cpuShare().toFixed(3)),
      memoryBytes: process.memoryUsage.rss(),
      tasks: tasks(),
      eventLoopDelayMs,
    };
  };
}
