export type * from './coordinator.ts';
export { openCoordinator } from './open-coordinator.ts';
