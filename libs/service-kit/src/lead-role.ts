import { SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import type { Coordinator } from '@lutra/coordination';
import type { Logger } from 'pino';

const RESTART_MS = 1_000;

/**
 * Contends for a role that one instance has at a time, and does its work while it leads; a leadership that is lost or a work
 * that fails is begun again after a second. Until the signal aborts; never rejects.
 */
export async function leadRole(
  parts: {
    readonly clock: Clock;
    readonly coordinator: Coordinator;
    readonly instance: string;
    readonly log: Logger;
  },
  duty: { readonly role: string; readonly work: (signal: AbortSignal) => Promise<void> },
  signal: AbortSignal,
): Promise<void> {
  const { clock, coordinator, instance, log } = parts;
  while (!signal.aborted) {
    try {
      const lease = await coordinator.acquireLeadership(duty.role, instance, signal);
      try {
        await duty.work(AbortSignal.any([signal, lease.lost]));
      } finally {
        await lease.release();
      }
    } catch (error) {
      if (signal.aborted) return;
      log.warn({ err: error, code: SyncError.of(error).code, role: duty.role }, 'leading starts again soon');
      await clock.sleep(RESTART_MS, signal);
    }
  }
}
