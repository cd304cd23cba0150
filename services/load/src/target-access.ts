import { openSecrets } from '@lutra/model';
import type { Clock, DataSourceDefinition } from '@lutra/model';
import { openTarget } from '@lutra/sql';
import type { TargetSession } from '@lutra/sql';
import type { ServiceContext } from '@lutra/service-kit';
import type { LoadEnv } from './load.env.ts';

/** Opens writing sessions at one target. */
export interface TargetAccess {
  readonly clock: Clock;
  /** `statementTimeoutMs`: longest time of one statement, when it is not the usual one. */
  open(options?: { readonly statementTimeoutMs?: number }): Promise<TargetSession>;
}

/** Access with the secrets opened at each use, so that they do not stay in memory. */
export function targetAccess(context: ServiceContext<LoadEnv>, definition: DataSourceDefinition): TargetAccess {
  const { clock, env, identity } = context;
  return {
    clock,
    open: (options) =>
      openTarget(definition, openSecrets(definition, env.LUTRA_SECRET_KEY), {
        clock,
        programName: identity.instance,
        statementTimeoutMs: options?.statementTimeoutMs ?? env.LUTRA_STATEMENT_TIMEOUT_MS,
        bulk: env.LUTRA_TARGET_BULK,
      }),
  };
}
