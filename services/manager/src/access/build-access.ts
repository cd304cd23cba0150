import type { Clock } from '@lutra/model';
import { ApiKeyService } from '../api-keys/api-key.service.ts';
import { AuditService } from '../audit/audit.service.ts';
import { LoginLimiter } from '../sessions/login-limiter.ts';
import { SessionService } from '../sessions/session.service.ts';
import type { Store } from '../store/store.ts';
import { UserService } from '../users/user.service.ts';
import { Access } from './access.ts';

/** Everything that decides who may do what, and that remembers who did. */
export function buildAccess(
  store: Store,
  clock: Clock,
): { readonly access: Access; readonly keys: ApiKeyService; readonly services: readonly object[] } {
  const access = new Access(store);
  const keys = new ApiKeyService(store, clock);
  const sessions = new SessionService({ store, clock, limiter: new LoginLimiter(store, clock) });
  return {
    access,
    keys,
    services: [access, keys, sessions, new AuditService(store, clock), new UserService(store, clock)],
  };
}
