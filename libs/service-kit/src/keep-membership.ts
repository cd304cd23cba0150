import { SyncError } from '@lutra/model';
import type { InstanceDescription } from '@lutra/model';
import type { Membership } from '@lutra/coordination';
import { cpuMeter } from './runtime-meter.ts';
import type { ServiceContext } from './service-context.ts';

const LOAD_UPDATE_MS = 5_000;

/** Joins, and writes fresh load figures every 5 s until the signal aborts. The caller leaves. */
export async function keepMembership(
  context: ServiceContext,
  self: { readonly httpPort: number; readonly tasks: () => number },
  signal: AbortSignal,
): Promise<Membership> {
  const { clock, identity, log } = context;
  const cpuShare = cpuMeter(clock);
  const load = (): InstanceDescription['load'] => ({
    cpu: Number(cpuShare().toFixed(3)),
    memoryBytes: process.memoryUsage.rss(),
    tasks: self.tasks(),
  });
  const membership = await context.coordinator.join({
    ...identity,
    pid: process.pid,
    startedAt: clock.now().toISOString(),
    httpPort: self.httpPort,
    load: load(),
    weight: 1,
    draining: false,
  });
  // Ends with the signal; its failures are logged, and the next figures are due in five seconds anyway.
  void (async () => {
    for (;;) {
      await clock.sleep(LOAD_UPDATE_MS, signal);
      if (signal.aborted) return;
      try {
        await membership.update({ load: load() });
      } catch (error) {
        log.debug({ err: error, code: SyncError.of(error).code }, 'load figures not written');
      }
    }
  })();
  return membership;
}
