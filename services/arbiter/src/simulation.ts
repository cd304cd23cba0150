// What tools/src/sim drives of the arbiter: its workers one by one, so that chance can be given to the one that takes it.
export { Announcer } from './announcer.ts';
export { CommandDesk } from './command-desk.ts';
export { CommandWorker } from './command-worker.ts';
export { InstanceWorker } from './instance-worker.ts';
export { PipelineFeed } from './pipeline-feed.ts';
export { SupervisionWorker } from './supervision-worker.ts';
