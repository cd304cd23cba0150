import { SyncError } from '@lutra/model';
import type { ManagerEnv } from '../manager.env.ts';
import type { StoreOptions } from './store.ts';

/** How the store is reached, as the environment says. Throws CONFIG_ENV_INVALID. */
export function storeOptionsOf(env: ManagerEnv): StoreOptions {
  return {
    host: env.MANAGER_DATABASE_HOST,
    port: env.MANAGER_DATABASE_PORT,
    user: env.MANAGER_DATABASE_USER,
    password: env.MANAGER_DATABASE_PASSWORD,
    database: env.MANAGER_DATABASE_NAME,
    ...tlsOf(env),
  };
}

function tlsOf(env: ManagerEnv): Pick<StoreOptions, 'tls'> {
  const { MANAGER_DATABASE_TLS: mode } = env;
  const caFile = env.MANAGER_DATABASE_TLS_CA_FILE ?? null;
  const certFile = env.MANAGER_DATABASE_TLS_CERT_FILE ?? null;
  const keyFile = env.MANAGER_DATABASE_TLS_KEY_FILE ?? null;
  const refuse = (problem: string): never => {
    throw new SyncError('CONFIG_ENV_INVALID', { problem });
  };
  if ((certFile === null) !== (keyFile === null))
    return refuse(
      'TLS to the store takes both MANAGER_DATABASE_TLS_CERT_FILE and MANAGER_DATABASE_TLS_KEY_FILE, or none',
    );
  if (mode !== 'disabled') return { tls: { mode, caFile, certFile, keyFile } };
  // Whoever gives certificates believes that they are used.
  if (caFile !== null || certFile !== null)
    return refuse('Files for TLS to the store are given, and MANAGER_DATABASE_TLS is disabled');
  return {};
}
