import type { ByteBudget, Clock, ServiceName } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import type { Coordinator } from '@lutra/coordination';
import type { Logger } from 'pino';
import type { BaseEnv } from './base.env.ts';

/** Injection token of the {@link ServiceContext}, available in every NestJS module of the service. */
export const SERVICE_CONTEXT = Symbol('SERVICE_CONTEXT');

/** Who this process is. */
export interface InstanceIdentity {
  readonly service: ServiceName;
  /** Unique among all instances of the installation. */
  readonly instance: string;
  readonly host: string;
  readonly version: string;
}

/** What every worker gets: identity, time, log, bus, coordination, memory. Built once by runService. */
export interface ServiceContext<E extends BaseEnv = BaseEnv> {
  readonly env: Readonly<E>;
  readonly identity: InstanceIdentity;
  readonly clock: Clock;
  readonly log: Logger;
  readonly bus: Bus;
  readonly coordinator: Coordinator;
  /** One budget over all that the instance holds (LUTRA_MEMORY_BYTES_MAX). */
  readonly budget: ByteBudget;
}
