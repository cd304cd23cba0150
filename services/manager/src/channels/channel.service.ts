import { ulid } from 'ulid';
import type { Clock } from '@lutra/model';
import { whereVisible } from '../access/access.ts';
import { recordAudit } from '../audit/record-audit.ts';
import { assignGiven } from '../http/assign-given.ts';
import { findResource } from '../http/find-resource.ts';
import type { ListQuery } from '../http/list-query.dto.ts';
import { pageOf } from '../http/page-of.ts';
import { requireMatch } from '../http/require-match.ts';
import { resourceDtoOf } from '../http/resource.dto.ts';
import type { Caller } from '../http/token.guard.ts';
import type { Store } from '../store/store.ts';
import type { ChannelCreateDto, ChannelDto, ChannelListDto, ChannelPatchDto } from './channel.dto.ts';
import { ChannelEntity } from './channel.entity.ts';
import { requireUnused } from './require-unused.ts';

/** Channels group pipelines. They concern no stage, so that nothing is published when one changes. */
export class ChannelService {
  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
  ) {}

  async list(query: ListQuery, { channelIds }: Caller): Promise<ChannelListDto> {
    const where = whereVisible('id', channelIds);
    const { items, total } = await this.store.run((manager) => pageOf(manager, ChannelEntity, query, where));
    return { items: items.map(channelDtoOf), total };
  }

  async get(id: string): Promise<ChannelDto> {
    return channelDtoOf(await this.store.run((manager) => findResource(manager, ChannelEntity, id)));
  }

  create({ name, description = '' }: ChannelCreateDto, caller: Caller): Promise<ChannelDto> {
    const now = this.clock.now();
    return this.store.change(async (manager) => {
      const entity = new ChannelEntity();
      Object.assign(entity, { id: ulid(), name, description, createdAt: now, updatedAt: now });
      const after = channelDtoOf(await manager.save(entity));
      const write = { action: 'create', resource: 'channel', resourceId: after.id, before: null, after } as const;
      await recordAudit(manager, write, { caller, at: now });
      return after;
    });
  }

  change(id: string, patch: ChannelPatchDto, by: { caller: Caller; ifMatch: string | undefined }): Promise<ChannelDto> {
    const now = this.clock.now();
    return this.store.change(async (manager) => {
      const entity = await findResource(manager, ChannelEntity, id);
      requireMatch(entity.version, by.ifMatch);
      const before = channelDtoOf(entity);
      assignGiven(entity, patch, now);
      const after = channelDtoOf(await manager.save(entity));
      const write = { action: 'update', resource: 'channel', resourceId: id, before, after } as const;
      await recordAudit(manager, write, { caller: by.caller, at: now });
      return after;
    });
  }

  /** Throws RESOURCE_CONFLICT while anything names the channel. */
  async remove(id: string, by: { caller: Caller; ifMatch: string | undefined }): Promise<void> {
    await this.store.change(async (manager) => {
      const entity = await findResource(manager, ChannelEntity, id);
      requireMatch(entity.version, by.ifMatch);
      await requireUnused(manager, entity, by.caller);
      await manager.delete(ChannelEntity, { id });
      const write = {
        action: 'delete',
        resource: 'channel',
        resourceId: id,
        before: channelDtoOf(entity),
        after: null,
      } as const;
      await recordAudit(manager, write, { caller: by.caller, at: this.clock.now() });
    });
  }
}

export const channelDtoOf = (entity: ChannelEntity): ChannelDto => ({
  ...resourceDtoOf(entity),
  name: entity.name,
  description: entity.description,
});
