import type { DynamicModule, Type } from '@nestjs/common';
import type { BaseEnv } from './base.env.ts';
import { SERVICE_CONTEXT } from './service-context.ts';
import type { ServiceContext } from './service-context.ts';

/** Holds the context; global, because every feature module of a service may need it and nobody else owns it. */
class ContextModule {}

/** Root of the NestJS application: the context for everybody, and the service's own module when it has one. */
export class ServiceModule {
  static of<E extends BaseEnv>(context: ServiceContext<E>, own?: Type | DynamicModule): DynamicModule {
    const contextModule: DynamicModule = {
      module: ContextModule,
      global: true,
      providers: [{ provide: SERVICE_CONTEXT, useValue: context }],
      exports: [SERVICE_CONTEXT],
    };
    return { module: ServiceModule, imports: own === undefined ? [contextModule] : [contextModule, own] };
  }
}
