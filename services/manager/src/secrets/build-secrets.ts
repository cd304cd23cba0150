import type { Secrets, ServiceContext, Worker } from '@lutra/service-kit';
import type { ManagerEnv } from '../manager.env.ts';
import type { Publisher } from '../publishing/publisher.ts';
import type { Store } from '../store/store.ts';
import { ResealWorker } from './reseal.worker.ts';
import { SecretService } from './secret.service.ts';

/** What shows and renews the keys that secrets stand under. */
export function buildSecrets(
  { clock, coordinator, log, identity }: ServiceContext<ManagerEnv>,
  parts: { readonly store: Store; readonly publisher: Publisher; readonly secrets: Secrets },
): { readonly services: readonly object[]; readonly workers: readonly Worker[] } {
  const { instance } = identity;
  return {
    services: [new SecretService(parts.store, parts.secrets)],
    workers: [new ResealWorker({ ...parts, coordinator, clock, log, instance })],
  };
}
