import { ulid } from 'ulid';
import type { Clock } from '@lutra/model';
import type { Caller } from '../access/caller.ts';
import { requireChannels } from '../access/require-channels.ts';
import { recordAudit } from '../audit/record-audit.ts';
import { assignGiven } from '../http/assign-given.ts';
import { findResource } from '../http/find-resource.ts';
import type { ListQuery } from '../http/list-query.dto.ts';
import { pageOf } from '../http/page-of.ts';
import type { Plain } from '../http/plain.ts';
import { fieldRefusal } from '../http/refuse-field.ts';
import { requireMatch } from '../http/require-match.ts';
import { resourceDtoOf } from '../http/resource.dto.ts';
import { SessionEntity } from '../sessions/session.entity.ts';
import type { Store } from '../store/store.ts';
import { hashPassword } from './password-hash.ts';
import type { UserCreateDto, UserDto, UserListDto, UserPatchDto } from './user.dto.ts';
import { UserEntity } from './user.entity.ts';

/** Stands in the audit for a password that was set, whatever it was. */
const PASSWORD_CHANGED = { password: '(changed)' };

/** People who log in with a password. There is none until an administrator makes one. */
export class UserService {
  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
  ) {}

  async list(query: ListQuery): Promise<UserListDto> {
    const { items, total } = await this.store.run((manager) => pageOf(manager, UserEntity, query));
    return { items: items.map(dtoOf), total };
  }

  async get(id: string): Promise<UserDto> {
    return dtoOf(await this.store.run((manager) => findResource(manager, UserEntity, id)));
  }

  async create({ name, password, role, ...given }: UserCreateDto, caller: Caller): Promise<UserDto> {
    const now = this.clock.now();
    requireUnlikeName(password, name);
    const channelIds = given.channelIds ?? null;
    const content = { name, role, channelIds, passwordHash: await hashPassword(password) };
    return this.store.change(async (manager) => {
      await requireChannels(manager, channelIds);
      const entity = Object.assign(new UserEntity(), { id: ulid(), ...content, createdAt: now, updatedAt: now });
      const after = dtoOf(await manager.save(entity));
      const write = { action: 'create', resource: 'user', resourceId: after.id, before: null, after } as const;
      await recordAudit(manager, write, { caller, at: now });
      return after;
    });
  }

  /** Another password ends the sessions of the user: whoever has the old one is out. */
  async change(
    id: string,
    { password, ...patch }: UserPatchDto,
    by: { caller: Caller; ifMatch: string | undefined },
  ): Promise<UserDto> {
    const now = this.clock.now();
    // Outside of the transaction: it takes a while, and the lock is everybody's.
    const passwordHash = password === undefined ? undefined : await hashPassword(password);
    return this.store.change(async (manager) => {
      const entity = await findResource(manager, UserEntity, id);
      requireMatch(entity.version, by.ifMatch);
      if (password !== undefined) requireUnlikeName(password, entity.name);
      await requireChannels(manager, patch.channelIds);
      const before = dtoOf(entity);
      assignGiven(entity, { ...patch, passwordHash }, now);
      const after = dtoOf(await manager.save(entity));
      if (password !== undefined) await manager.delete(SessionEntity, { userId: id });
      const shown = password === undefined ? after : { ...after, ...PASSWORD_CHANGED };
      const write = { action: 'update', resource: 'user', resourceId: id, before, after: shown } as const;
      await recordAudit(manager, write, { caller: by.caller, at: now });
      return after;
    });
  }

  /** Ends the sessions too. */
  async remove(id: string, by: { caller: Caller; ifMatch: string | undefined }): Promise<void> {
    await this.store.change(async (manager) => {
      const entity = await findResource(manager, UserEntity, id);
      requireMatch(entity.version, by.ifMatch);
      await manager.delete(UserEntity, { id });
      const before = dtoOf(entity);
      const write = { action: 'delete', resource: 'user', resourceId: id, before, after: null } as const;
      await recordAudit(manager, write, { caller: by.caller, at: this.clock.now() });
    });
  }
}

/** The first thing that is tried. Throws REQUEST_INVALID. */
export function requireUnlikeName(password: string, name: string): void {
  // Of a name of one letter every password would contain it.
  if (name.length < 3 || !password.toLowerCase().includes(name.toLowerCase())) return;
  throw fieldRefusal('password', 'password must not contain the name of the user');
}

/** Everything but the password. */
const dtoOf = (entity: UserEntity): Plain<UserDto> => ({
  ...resourceDtoOf(entity),
  name: entity.name,
  role: entity.role,
  channelIds: entity.channelIds,
});
