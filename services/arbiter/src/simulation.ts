// What tools/src/sim drives of the arbiter: all of its workers.
export { arbiterWorkers } from './arbiter-workers.ts';
