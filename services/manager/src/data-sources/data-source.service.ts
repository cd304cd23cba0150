import { In } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { ulid } from 'ulid';
import { readSecretReference, SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import type { Secrets } from '@lutra/service-kit';
import { whereVisible } from '../access/access.ts';
import type { Access } from '../access/access.ts';
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
import type { Caller } from '../http/token.guard.ts';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import type { Publisher } from '../publishing/publisher.ts';
import { pipelinesOf, reviseDefinitions } from '../publishing/revisions.ts';
import { keepSecret } from '../secrets/keep-secret.ts';
import type { Store } from '../store/store.ts';
import type { DataSourceCreateDto, DataSourceDto, DataSourceListDto, DataSourcePatchDto } from './data-source.dto.ts';
import { DataSourceEntity } from './data-source.entity.ts';
import { requireCertificates, requireKeyPair } from './require-certificates.ts';
import { requireOracleNames } from './require-oracle-names.ts';

/** Stands in the audit for a secret that was set, whatever it was. */
const CHANGED = '(changed)';
/** A sentence stays one; the details have all. */
const USERS_NAMED_MAX = 10;

/** What a request says of secrets; '' for the key = none any more. */
type GivenSecrets = Readonly<Record<'password' | 'tlsCert' | 'tlsKey', string | undefined>>;

/** Databases to read from and write to. A change reaches every pipeline that uses the data source as its next revision. */
export class DataSourceService {
  constructor(
    private readonly parts: {
      readonly store: Store;
      readonly clock: Clock;
      readonly publisher: Publisher;
      readonly access: Access;
      readonly secrets: Secrets;
    },
  ) {}

  async list(query: ListQuery, caller: Caller): Promise<DataSourceListDto> {
    const { store, access } = this.parts;
    const where = whereVisible('id', await access.dataSourceIds(caller));
    const { items, total } = await store.run((manager) => pageOf(manager, DataSourceEntity, query, where));
    return { items: items.map((entity) => shownTo(caller, entity)), total };
  }

  async get(id: string, caller: Caller): Promise<DataSourceDto> {
    return shownTo(caller, await this.parts.store.run((manager) => findResource(manager, DataSourceEntity, id)));
  }

  create({ password, tlsCert, tlsKey, ...given }: DataSourceCreateDto, caller: Caller): Promise<DataSourceDto> {
    const { store, clock } = this.parts;
    const now = clock.now();
    return store.change(async (manager) => {
      const entity = new DataSourceEntity();
      const none = { serviceName: null, sid: null, tlsCa: null, tlsCert: null, tlsKeySealed: null };
      Object.assign(entity, { id: ulid(), createdAt: now, tls: 'disabled', standbys: [], channelIds: null, ...none });
      assignGiven(entity, given, now);
      requireFit(entity);
      await requireChannels(manager, given.channelIds);
      this.seal(entity, { password, tlsCert, tlsKey });
      const after = dataSourceDtoOf(await manager.save(entity));
      const write = { action: 'create', resource: 'data-source', resourceId: after.id, before: null, after } as const;
      await recordAudit(manager, write, { caller, at: now });
      return after;
    });
  }

  async change(
    id: string,
    { password, tlsCert, tlsKey, ...given }: DataSourcePatchDto,
    by: { caller: Caller; ifMatch: string | undefined },
  ): Promise<DataSourceDto> {
    const { store, clock, publisher } = this.parts;
    const now = clock.now();
    const changed = await store.change(async (manager) => {
      const entity = await findResource(manager, DataSourceEntity, id);
      requireMatch(entity.version, by.ifMatch);
      const before = dataSourceDtoOf(entity);
      // An Oracle database is known by one name, the others by none: what is given takes the place of what was there.
      const isNoOracle = given.kind !== undefined && given.kind !== 'oracle';
      if (isNoOracle || given.serviceName !== undefined || given.sid !== undefined)
        Object.assign(entity, { serviceName: null, sid: null });
      assignGiven(entity, given, now);
      requireFit(entity);
      await requireChannels(manager, given.channelIds);
      this.seal(entity, { password, tlsCert, tlsKey });
      const after = dataSourceDtoOf(await manager.save(entity));
      await reviseDefinitions(manager, await pipelinesOf(manager, id), { caller: by.caller, at: now });
      const secrets = Object.entries({ password, tlsKey }).filter(([, value]) => value !== undefined);
      const shown = { ...after, ...Object.fromEntries(secrets.map(([name]) => [name, CHANGED])) };
      const write = { action: 'update', resource: 'data-source', resourceId: id, before, after: shown } as const;
      await recordAudit(manager, write, { caller: by.caller, at: now });
      return after;
    });
    publisher.wake();
    return changed;
  }

  /** Seals what was given. Throws REQUEST_INVALID when certificate and key do not belong together. */
  private seal(entity: DataSourceEntity, { password, tlsCert, tlsKey }: GivenSecrets): void {
    const { secrets } = this.parts;
    if (password !== undefined) entity.passwordSealed = keepSecret(secrets, 'password', password);
    if (tlsCert === undefined && tlsKey === undefined) return;
    if (tlsCert === undefined || tlsKey === undefined || (tlsCert === '') !== (tlsKey === '')) {
      throw fieldRefusal('tlsCert', 'tlsCert and tlsKey belong together: send both, or both empty');
    }
    const isReference = readSecretReference(tlsKey) !== null;
    if (tlsCert !== '' && isReference) requireCertificates(tlsCert, 'tlsCert');
    else if (tlsCert !== '') requireKeyPair(tlsCert, tlsKey);
    entity.tlsCert = tlsCert === '' ? null : tlsCert;
    entity.tlsKeySealed = tlsKey === '' ? null : keepSecret(secrets, 'tlsKey', tlsKey);
  }

  async remove(id: string, by: { caller: Caller; ifMatch: string | undefined }): Promise<void> {
    const { store, clock } = this.parts;
    await store.change(async (manager) => {
      const entity = await findResource(manager, DataSourceEntity, id);
      requireMatch(entity.version, by.ifMatch);
      await refuseInUse(manager, entity);
      await manager.delete(DataSourceEntity, { id });
      const before = dataSourceDtoOf(entity);
      const write = { action: 'delete', resource: 'data-source', resourceId: id, before, after: null } as const;
      await recordAudit(manager, write, { caller: by.caller, at: clock.now() });
    });
  }
}

/** What the API shows of a data source: everything but the password. */
export const dataSourceDtoOf = (entity: DataSourceEntity): Plain<DataSourceDto> => ({
  ...resourceDtoOf(entity),
  name: entity.name,
  kind: entity.kind,
  host: entity.host,
  port: entity.port,
  ...(entity.serviceName === null ? {} : { serviceName: entity.serviceName }),
  ...(entity.sid === null ? {} : { sid: entity.sid }),
  user: entity.user,
  tls: entity.tls,
  ...(entity.tlsCa === null ? {} : { tlsCa: entity.tlsCa }),
  ...(entity.tlsCert === null ? {} : { tlsCert: entity.tlsCert }),
  standbys: (entity.standbys ?? []).map(({ host, port }) => ({ host, port })),
  channelIds: entity.channelIds ?? [],
});

/** Of other channels a limited caller does not even learn the ids. */
function shownTo({ channelIds }: Caller, entity: DataSourceEntity): Plain<DataSourceDto> {
  const dto = dataSourceDtoOf(entity);
  return channelIds === null ? dto : { ...dto, channelIds: dto.channelIds.filter((id) => channelIds.includes(id)) };
}

async function refuseInUse(manager: EntityManager, { id, name }: DataSourceEntity): Promise<void> {
  const users = await manager.find(PipelineEntity, {
    where: { id: In([...(await pipelinesOf(manager, id))]) },
    order: { id: 'ASC' },
  });
  if (users.length === 0) return;
  const named = users.slice(0, USERS_NAMED_MAX).map((pipeline) => pipeline.name);
  const more = users.length > named.length ? ', …' : '';
  const problem = `Data source ${name} is used by ${String(users.length)} pipelines (${named.join(', ')}${more}): remove them first`;
  const pipelines = users.map((pipeline) => ({
    id: pipeline.id,
    name: pipeline.name,
    as: pipeline.sourceId === id ? 'source' : pipeline.targetId === id ? 'target' : 'lookup',
  }));
  throw new SyncError('RESOURCE_CONFLICT', { problem, pipelines });
}

function requireFit(entity: DataSourceEntity): void {
  requireDistinctAddresses(entity);
  requireOracleNames(entity);
  if (entity.tlsCa !== null) requireCertificates(entity.tlsCa, 'tlsCa');
}

/** An address that is there twice would be tried twice, and be named twice when nothing answers. */
function requireDistinctAddresses({ host, port, standbys }: DataSourceEntity): void {
  const addresses = [{ host, port }, ...(standbys ?? [])].map((one) => `${one.host.toLowerCase()}:${String(one.port)}`);
  const twice = addresses.find((address, index) => addresses.indexOf(address) !== index);
  if (twice === undefined) return;
  throw fieldRefusal(
    'standbys',
    `${twice} is there twice: each server of a group is named once, the first by host and port`,
  );
}
