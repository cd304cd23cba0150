import { runService } from '@lutra/service-kit';
import type { ServiceContext } from '@lutra/service-kit';
import { configureHttp } from './http/configure-http.ts';
import { buildManagerParts } from './manager-parts.ts';
import type { ManagerParts } from './manager-parts.ts';
import { ManagerEnv } from './manager.env.ts';
import { ManagerModule } from './manager.module.ts';

/** Module and workers share one store: built once per context. */
const built = new WeakMap<ServiceContext<ManagerEnv>, ManagerParts>();

function partsOf(context: ServiceContext<ManagerEnv>): ManagerParts {
  const parts = built.get(context) ?? buildManagerParts(context);
  built.set(context, parts);
  return parts;
}

await runService({
  service: 'manager',
  Env: ManagerEnv,
  module: (context) => ManagerModule.of(partsOf(context).services, context.log),
  configure: (app, { env }) => {
    configureHttp(app, env);
  },
  workers: (context) => partsOf(context).workers,
});
