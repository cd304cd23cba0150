import { ulid } from 'ulid';
import { sealSecret, SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import { recordAudit } from '../audit/record-audit.ts';
import { assignGiven } from '../http/assign-given.ts';
import { findResource } from '../http/find-resource.ts';
import type { ListQuery } from '../http/list-query.dto.ts';
import { pageOf } from '../http/page-of.ts';
import type { Plain } from '../http/plain.ts';
import { requireMatch } from '../http/require-match.ts';
import { resourceDtoOf } from '../http/resource.dto.ts';
import type { Caller } from '../http/token.guard.ts';
import type { Publisher } from '../publishing/publisher.ts';
import { pipelinesOf, reviseDefinitions } from '../publishing/revisions.ts';
import type { Store } from '../store/store.ts';
import type { DataSourceCreateDto, DataSourceDto, DataSourceListDto, DataSourcePatchDto } from './data-source.dto.ts';
import { DataSourceEntity } from './data-source.entity.ts';

/** Stands in the audit for a password that was set, whatever it was. */
const PASSWORD_CHANGED = { password: '(changed)' };

/** Databases to read from and write to. A change reaches every pipeline that uses the data source as its next revision. */
export class DataSourceService {
  constructor(
    private readonly parts: {
      readonly store: Store;
      readonly clock: Clock;
      readonly publisher: Publisher;
      /** LUTRA_SECRET_KEY: seals passwords. */
      readonly secretKey: string;
    },
  ) {}

  async list(query: ListQuery): Promise<DataSourceListDto> {
    const { items, total } = await this.parts.store.run((manager) => pageOf(manager, DataSourceEntity, query));
    return { items: items.map(dtoOf), total };
  }

  async get(id: string): Promise<DataSourceDto> {
    return dtoOf(await this.parts.store.run((manager) => findResource(manager, DataSourceEntity, id)));
  }

  create({ password, ...given }: DataSourceCreateDto, caller: Caller): Promise<DataSourceDto> {
    const { store, clock, secretKey } = this.parts;
    const now = clock.now();
    return store.change(async (manager) => {
      const entity = new DataSourceEntity();
      Object.assign(entity, { id: ulid(), createdAt: now, tls: 'disabled', tlsCa: null, standbys: [] });
      assignGiven(entity, given, now);
      requireDistinctAddresses(entity);
      entity.passwordSealed = sealSecret(password, secretKey);
      const after = dtoOf(await manager.save(entity));
      const write = { action: 'create', resource: 'data-source', resourceId: after.id, before: null, after } as const;
      await recordAudit(manager, write, { caller, at: now });
      return after;
    });
  }

  async change(
    id: string,
    { password, ...given }: DataSourcePatchDto,
    by: { caller: Caller; ifMatch: string | undefined },
  ): Promise<DataSourceDto> {
    const { store, clock, publisher, secretKey } = this.parts;
    const now = clock.now();
    const changed = await store.change(async (manager) => {
      const entity = await findResource(manager, DataSourceEntity, id);
      requireMatch(entity.version, by.ifMatch);
      const before = dtoOf(entity);
      assignGiven(entity, given, now);
      requireDistinctAddresses(entity);
      if (password !== undefined) entity.passwordSealed = sealSecret(password, secretKey);
      const after = dtoOf(await manager.save(entity));
      await reviseDefinitions(manager, await pipelinesOf(manager, id), { caller: by.caller, at: now });
      const shown = password === undefined ? after : { ...after, ...PASSWORD_CHANGED };
      const write = { action: 'update', resource: 'data-source', resourceId: id, before, after: shown } as const;
      await recordAudit(manager, write, { caller: by.caller, at: now });
      return after;
    });
    publisher.wake();
    return changed;
  }

  async remove(id: string, by: { caller: Caller; ifMatch: string | undefined }): Promise<void> {
    const { store, clock } = this.parts;
    await store.change(async (manager) => {
      const entity = await findResource(manager, DataSourceEntity, id);
      requireMatch(entity.version, by.ifMatch);
      const users = await pipelinesOf(manager, id);
      if (users.length > 0) {
        const problem = `Data source ${entity.name} is used by ${String(users.length)} pipelines: remove them first`;
        throw new SyncError('RESOURCE_CONFLICT', { problem, pipelines: users });
      }
      await manager.delete(DataSourceEntity, { id });
      const before = dtoOf(entity);
      const write = { action: 'delete', resource: 'data-source', resourceId: id, before, after: null } as const;
      await recordAudit(manager, write, { caller: by.caller, at: clock.now() });
    });
  }
}

/** What the API shows of a data source: everything but the password. */
const dtoOf = (entity: DataSourceEntity): Plain<DataSourceDto> => ({
  ...resourceDtoOf(entity),
  name: entity.name,
  kind: entity.kind,
  host: entity.host,
  port: entity.port,
  user: entity.user,
  tls: entity.tls,
  ...(entity.tlsCa === null ? {} : { tlsCa: entity.tlsCa }),
  standbys: (entity.standbys ?? []).map(({ host, port }) => ({ host, port })),
});

/** An address that is there twice would be tried twice, and be named twice when nothing answers. */
function requireDistinctAddresses({ host, port, standbys }: DataSourceEntity): void {
  const addresses = [{ host, port }, ...(standbys ?? [])].map((one) => `${one.host.toLowerCase()}:${String(one.port)}`);
  const twice = addresses.find((address, index) => addresses.indexOf(address) !== index);
  if (twice === undefined) return;
  const problem = `${twice} is there twice: each server of a group is named once, the first by host and port`;
  throw new SyncError('REQUEST_INVALID', { problem, fields: [{ field: 'standbys', problem }] });
}
