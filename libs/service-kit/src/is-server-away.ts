import { SyncError } from '@lutra/model';

/** NATS or ZooKeeper does not answer: no failure of the work in hand, and nobody could be told about it anyway. */
export const isServerAway = (error: unknown): boolean =>
  ['BUS_UNREACHABLE', 'COORDINATION_UNREACHABLE'].includes(SyncError.of(error).code);
