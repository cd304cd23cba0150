import type { Coordinator, CoordinatorOptions } from './coordinator.ts';

/** Connects; rejects with COORDINATION_UNREACHABLE when no server answers for 30 s. */
export function openCoordinator(options: CoordinatorOptions): Promise<Coordinator> {
  return Promise.reject(new Error(`stub ${options.servers}`));
}
