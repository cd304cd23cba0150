/** Names of metrics, spans and attributes that service-kit writes; in one place because dashboards and tests depend on them. */
export const METER_NAME = 'lutra';
export const TRACER_NAME = 'lutra';

export const METRICS = {
  stageRows: 'lutra.stage.rows',
  stageBytes: 'lutra.stage.bytes',
  stageDuration: 'lutra.stage.duration',
  stageFailures: 'lutra.stage.failures',
  stageThrottled: 'lutra.stage.throttled',
  eventsSkipped: 'lutra.event.skipped',
  budgetHeld: 'lutra.budget.held',
  budgetLimit: 'lutra.budget.limit',
  eventLoopDelayP50: 'nodejs.eventloop.delay.p50',
  eventLoopDelayP99: 'nodejs.eventloop.delay.p99',
  cpuUtilization: 'process.cpu.utilization',
  memoryUsage: 'process.memory.usage',
} as const;

export const ATTRIBUTES = {
  pipeline: 'lutra.pipeline',
  process: 'lutra.process',
  epoch: 'lutra.epoch',
  rows: 'lutra.rows',
  stage: 'stage',
  errorType: 'error.type',
  messagingSystem: 'messaging.system',
  messagingDestination: 'messaging.destination.name',
  messagingOperation: 'messaging.operation.name',
  messagingOperationType: 'messaging.operation.type',
  messagingBodyBytes: 'messaging.message.body.size',
} as const;
