// What tools/src/sim needs of this library beside its contract: workers are started and restarted as in a service.
export { WorkerRunner } from './worker-runner.ts';
