import { withNewestLogin } from '@lutra/model';
import type { Clock, DataSourceDefinition } from '@lutra/model';
import { openTarget } from '@lutra/sql';
import type { TargetSession } from '@lutra/sql';
import { Secrets } from '@lutra/service-kit';
import type { ServiceContext } from '@lutra/service-kit';
import type { LoadEnv } from './load.env.ts';

/** Opens writing sessions at one target. */
export interface TargetAccess {
  readonly clock: Clock;
  /** `statementTimeoutMs`: longest time of one statement, when it is not the usual one. */
  open(options?: { readonly statementTimeoutMs?: number }): Promise<TargetSession>;
}

/**
 * Access with the secrets opened at each use, so that they do not stay in memory. `newest`: the data source in the newest
 * revision, whose login is taken; an epoch that lasts for weeks outlives passwords.
 */
export function targetAccess(
  context: ServiceContext<LoadEnv>,
  definition: DataSourceDefinition,
  newest: () => DataSourceDefinition,
): TargetAccess {
  const { clock, env, identity } = context;
  const secrets = new Secrets(env);
  return {
    clock,
    open: async (options) => {
      const current = withNewestLogin(definition, newest());
      return openTarget(current, secrets.ofDataSource(current), {
        clock,
        programName: identity.instance,
        statementTimeoutMs: options?.statementTimeoutMs ?? env.LUTRA_STATEMENT_TIMEOUT_MS,
        bulk: env.LUTRA_TARGET_BULK,
      });
    },
  };
}
