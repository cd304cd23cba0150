export { BaseEnv } from './base.env.ts';
export { leasedPipelines } from './pipeline-session.ts';
export type { PipelineSession } from './pipeline-session.ts';
export { runService } from './run-service.ts';
export type { ServiceDefinition } from './run-service.ts';
export type { InstanceIdentity, ServiceContext } from './service-context.ts';
export { stageWorker } from './stage-worker.ts';
export type { StageTask } from './stage-worker.ts';
export type { Worker } from './worker.ts';
