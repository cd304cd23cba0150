import type { DynamicModule, Type } from '@nestjs/common';
import type { ServiceName } from '@lutra/model';
import type { BaseEnv } from './base.env.ts';
import type { ServiceContext } from './service-context.ts';
import type { Worker } from './worker.ts';

export interface ServiceDefinition<E extends BaseEnv> {
  readonly service: ServiceName;
  readonly Env: new () => E;
  /** The service's own NestJS module, when it has controllers or providers of its own (manager). Gets the context by SERVICE_CONTEXT. */
  readonly module?: (context: ServiceContext<E>) => Type | DynamicModule;
  /** The workers of the service, built from the context. */
  readonly workers: (context: ServiceContext<E>) => readonly Worker[];
}

/**
 * Starts a service and returns when it listens: environment (all problems at once, exit 78), log, telemetry, NATS,
 * ZooKeeper, HTTP with /health/live, /health/ready and /metrics, membership, workers. SIGTERM and SIGINT stop it in order:
 * readiness off, drain workers, stop workers, leave, close connections, flush telemetry (at most 2 s), exit 0.
 */
export function runService<E extends BaseEnv>(definition: ServiceDefinition<E>): Promise<void> {
  return Promise.reject(new Error(`stub ${definition.service}`));
}
