export type * from './coordinator.ts';
export { openCoordinator } from './open-coordinator.ts';
export { removeRoot } from './remove-root.ts';
