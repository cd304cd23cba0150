import { openSecret } from '@lutra/model';
import type { Clock, DataSourceDefinition } from '@lutra/model';
import { openTarget } from '@lutra/sql';
import type { TargetSession } from '@lutra/sql';
import type { ServiceContext } from '@lutra/service-kit';
import type { LoadEnv } from './load.env.ts';

/** Opens writing sessions at one target. */
export interface TargetAccess {
  readonly clock: Clock;
  open(): Promise<TargetSession>;
}

/** Access with the password opened at each use, so that it does not stay in memory. */
export function targetAccess(context: ServiceContext<LoadEnv>, definition: DataSourceDefinition): TargetAccess {
  const { clock, env, identity } = context;
  return {
    clock,
    open: () =>
      openTarget(definition, openSecret(definition.password, env.LUTRA_SECRET_KEY), {
        clock,
        programName: identity.instance,
        statementTimeoutMs: env.LUTRA_STATEMENT_TIMEOUT_MS,
      }),
  };
}
