import type { FaultRecord } from '../chaos-types.ts';

/** DESIGN §5, column "bound". */
const REDELIVERY_BOUND_MS = 10_000;
const AFTER_SESSION_MS = 2_000;

/**
 * The bound that DESIGN §5 gives for a fault, in milliseconds from its start; null where it gives none. `sessionTimeoutMs`:
 * ZooKeeper's session timeout that the run's services have.
 */
export function boundMs(
  { kind, target }: Pick<FaultRecord, 'kind' | 'target'>,
  sessionTimeoutMs: number,
): number | null {
  if (kind !== 'kill') return null;
  if (/^(extract|transform)\b/.test(target)) return REDELIVERY_BOUND_MS;
  return /^(select|load)\b/.test(target) ? sessionTimeoutMs + AFTER_SESSION_MS : null;
}

/** Recovery of the slowest pipeline; null = at least one did not come back in time. */
export function slowestMs({ recoveryMs }: Pick<FaultRecord, 'recoveryMs'>): number | null {
  const times = Object.values(recoveryMs);
  return times.every((ms) => ms !== null) ? Math.max(0, ...times) : null;
}
