// What tools/src/sim drives of load: a whole epoch, with a target in memory.
export { LoadEnv } from './load.env.ts';
export { loadEpoch } from './load-epoch.ts';
export type { TargetAccess } from './target-access.ts';
