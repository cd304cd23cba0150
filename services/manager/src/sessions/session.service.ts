import { LessThanOrEqual, Not } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { ulid } from 'ulid';
import { SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import type { Caller } from '../access/caller.ts';
import { createToken, hashOfToken } from '../access/random-token.ts';
import { TokenCache } from '../access/token-cache.ts';
import { recordAudit } from '../audit/record-audit.ts';
import { findResource } from '../http/find-resource.ts';
import { fieldRefusal } from '../http/refuse-field.ts';
import { exactly } from '../store/exactly.ts';
import type { Store } from '../store/store.ts';
import { readSystemParameters } from '../system-parameters/system-parameters.ts';
import { hashPassword, isPassword } from '../users/password-hash.ts';
import type { PasswordChangeDto } from '../users/user.dto.ts';
import { UserEntity } from '../users/user.entity.ts';
import { requireUnlikeName } from '../users/user.service.ts';
import type { LoginLimiter } from './login-limiter.ts';
import type { CallerDto, LoginDto, SessionStartedDto } from './session.dto.ts';
import { SessionTokenEntity } from './session-token.entity.ts';
import { SessionEntity } from './session.entity.ts';

export const SESSION_PREFIX = 'lutra_session_';
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** A busy session would otherwise write a row for each of its requests. */
const LAST_USED_MS = 60_000;

/** Users who have logged in. Only hashes of their tokens are kept. */
export class SessionService {
  private readonly used: TokenCache<TokenUse>;

  constructor(
    private readonly parts: { readonly store: Store; readonly clock: Clock; readonly limiter: LoginLimiter },
  ) {
    this.used = new TokenCache(parts.store, parts.clock);
  }

  /**
   * Starts a session. Takes the same time and says the same when there is no such user as when the password is wrong. Throws
   * LOGIN_FAILED, LOGIN_BLOCKED.
   */
  async logIn({ name, password }: LoginDto, address: string): Promise<SessionStartedDto> {
    const { store, limiter } = this.parts;
    await limiter.begin({ name, address }, () => this.auditBlock(name, address));
    const user = exactly(await store.read(UserEntity, (rows) => rows.findOneBy({ name })), 'name', name);
    const isRight = await isPassword(password, user?.passwordHash ?? null);
    if (user === null || !isRight) {
      await this.auditFailure(user, { address });
      throw new SyncError('LOGIN_FAILED');
    }
    await limiter.succeed({ name, address }, user.id);
    return this.start(user, address);
  }

  /** Who the token stands for; null when nobody, or no longer. A token that was replaced ends its session: one of two has stolen it. */
  async callerOf(token: string): Promise<Caller | null> {
    const { store, clock } = this.parts;
    const hash = hashOfToken(token);
    const found = await this.used.find(hash, () => store.run((manager) => readToken(manager, hash)));
    if (found === null) return null;
    const { kept, session, user, idleMs } = found;
    const now = clock.now();
    const caller = callerOfUser(user, session.id);
    if (!kept.isCurrent) {
      await this.end(caller, 'a token that was replaced before was used again');
      return null;
    }
    if (session.endsAt <= now || session.lastUsedAt.getTime() + idleMs <= now.getTime()) return null;
    if (session.lastUsedAt.getTime() + LAST_USED_MS <= now.getTime()) {
      await store.read(SessionEntity, (rows) => rows.update({ id: session.id }, { lastUsedAt: now }));
      session.lastUsedAt = now;
    }
    return caller;
  }

  /** Replaces the session's token; its end stays where it is. */
  async refresh(caller: Caller): Promise<SessionStartedDto> {
    const { store, clock } = this.parts;
    const sessionId = requireSession(caller);
    const token = createToken(SESSION_PREFIX);
    return store.change(async (manager) => {
      const [found] = await manager.findBy(SessionEntity, { id: sessionId });
      // Ended since the guard let the request in.
      if (found === undefined) throw new SyncError('REQUEST_UNAUTHORIZED');
      await manager.update(SessionTokenEntity, { sessionId, isCurrent: true }, { isCurrent: false });
      await manager.insert(SessionTokenEntity, { hash: hashOfToken(token), sessionId, isCurrent: true });
      await manager.update(SessionEntity, { id: sessionId }, { lastUsedAt: clock.now() });
      return startedDtoOf({ token, session: found, caller, idleMs: await readIdleMs(manager) });
    });
  }

  async logOut(caller: Caller): Promise<void> {
    requireSession(caller);
    await this.end(caller, 'logged out');
  }

  /** Ends the user's other sessions: whoever has the old password is out. Throws REQUEST_INVALID, LOGIN_BLOCKED. */
  async changePassword(caller: Caller, { current, password }: PasswordChangeDto, address: string): Promise<void> {
    const { store, clock, limiter } = this.parts;
    const sessionId = requireSession(caller);
    requireUnlikeName(password, caller.name);
    const attempt = { name: caller.name, address };
    await limiter.begin(attempt, () => this.auditBlock(caller.name, address));
    const user = await store.run((manager) => findResource(manager, UserEntity, caller.id));
    if (!(await isPassword(current, user.passwordHash))) {
      await this.auditFailure(user, { address });
      throw fieldRefusal('current', 'current is not the password of now');
    }
    await limiter.succeed(attempt, caller.id);
    const passwordHash = await hashPassword(password);
    const now = clock.now();
    await store.change(async (manager) => {
      const entity = await requireUnchanged(manager, user);
      // Ended since the guard let the request in, by a reset perhaps.
      if (!(await manager.existsBy(SessionEntity, { id: sessionId }))) throw new SyncError('REQUEST_UNAUTHORIZED');
      await manager.save(Object.assign(entity, { passwordHash, updatedAt: now }));
      await manager.delete(SessionEntity, { userId: caller.id, id: Not(sessionId) });
      const write = { action: 'update', resource: 'user', resourceId: caller.id, before: null } as const;
      await recordAudit(manager, { ...write, after: { password: '(changed)' } }, { caller, at: now });
    });
  }

  private start(user: UserEntity, address: string): Promise<SessionStartedDto> {
    const { store, clock } = this.parts;
    const now = clock.now();
    const token = createToken(SESSION_PREFIX);
    const id = ulid();
    const caller = callerOfUser(user, id);
    return store.change(async (manager) => {
      const { sessionHours } = await readSystemParameters(manager);
      const session = {
        id,
        userId: user.id,
        lastUsedAt: now,
        endsAt: new Date(now.getTime() + sessionHours * HOUR_MS),
      };
      await removeEnded(manager, now);
      await requireUnchanged(manager, user);
      await manager.insert(SessionEntity, session);
      await manager.insert(SessionTokenEntity, { hash: hashOfToken(token), sessionId: session.id, isCurrent: true });
      const write = { action: 'login', resource: 'session', resourceId: session.id, before: null } as const;
      await recordAudit(manager, { ...write, after: { address } }, { caller, at: now });
      return startedDtoOf({ token, session, caller, idleMs: await readIdleMs(manager) });
    });
  }

  private async end(caller: Caller, reason: string): Promise<void> {
    const { store, clock } = this.parts;
    const id = requireSession(caller);
    await store.change(async (manager) => {
      const { affected } = await manager.delete(SessionEntity, { id });
      if (affected === 0) return;
      const write = { action: 'delete', resource: 'session', resourceId: id, before: null, after: { reason } } as const;
      await recordAudit(manager, write, { caller, at: clock.now() });
    });
  }

  private async auditBlock(name: string, address: string): Promise<void> {
    const user = exactly(await this.parts.store.read(UserEntity, (rows) => rows.findOneBy({ name })), 'name', name);
    await this.auditFailure(user, { address, problem: 'Too many attempts: blocked until they are forgotten' });
  }

  /** The name that was typed is not kept where there is no such user: people type passwords there. */
  private async auditFailure(
    user: UserEntity | null,
    after: { readonly address: string; readonly problem?: string },
  ): Promise<void> {
    const { store, clock } = this.parts;
    const caller = user === null ? { name: '(unknown user)' } : { id: user.id, name: user.name };
    const write = { action: 'login-failed', resource: 'session', resourceId: '', before: null, after } as const;
    await store.run((manager) => recordAudit(manager, write, { caller, at: clock.now() }));
  }
}

export const callerDtoOf = ({ id, name, role, channelIds, sessionId }: Caller): CallerDto => ({
  kind: sessionId === null ? 'apiKey' : 'user',
  ...{ id, name, role, channelIds },
});

const callerOfUser = ({ id, name, role, channelIds }: UserEntity, sessionId: string): Caller => ({
  ...{ id, name, role, channelIds, sessionId },
});

function startedDtoOf({
  token,
  session,
  caller,
  idleMs,
}: {
  readonly token: string;
  readonly session: Pick<SessionEntity, 'endsAt'>;
  readonly caller: Caller;
  readonly idleMs: number;
}): SessionStartedDto {
  return { token, endsAt: session.endsAt.toISOString(), idleS: idleMs / 1_000, caller: callerDtoOf(caller) };
}

function requireSession({ sessionId }: Caller): string {
  if (sessionId !== null) return sessionId;
  throw new SyncError('RESOURCE_CONFLICT', { problem: 'An API key has no session: log in as a user' });
}

interface TokenUse {
  readonly kept: SessionTokenEntity;
  readonly session: SessionEntity;
  readonly user: UserEntity;
  readonly idleMs: number;
}

async function readToken(manager: EntityManager, hash: string): Promise<TokenUse | null> {
  const kept = await manager.findOneBy(SessionTokenEntity, { hash });
  const session = kept === null ? null : await manager.findOneBy(SessionEntity, { id: kept.sessionId });
  const user = session === null ? null : await manager.findOneBy(UserEntity, { id: session.userId });
  if (kept === null || session === null || user === null) return null;
  return { kept, session, user, idleMs: await readIdleMs(manager) };
}

/** Their tokens go with them, by their foreign key. */
async function removeEnded(manager: EntityManager, now: Date): Promise<void> {
  await manager.delete(SessionEntity, { endsAt: LessThanOrEqual(now) });
  await manager.delete(SessionEntity, {
    lastUsedAt: LessThanOrEqual(new Date(now.getTime() - (await readIdleMs(manager)))),
  });
}

const readIdleMs = async (manager: EntityManager): Promise<number> =>
  (await readSystemParameters(manager)).sessionIdleMinutes * MINUTE_MS;

/**
 * The user as it stands, inside of the transaction: a password takes a while to be checked, and whoever has set another one
 * meanwhile has thrown out those who knew it. Throws LOGIN_FAILED.
 */
async function requireUnchanged(manager: EntityManager, { id, passwordHash }: UserEntity): Promise<UserEntity> {
  const found = await manager.findOneBy(UserEntity, { id });
  if (found?.passwordHash !== passwordHash) throw new SyncError('LOGIN_FAILED');
  return found;
}
