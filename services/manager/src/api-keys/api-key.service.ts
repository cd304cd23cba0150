import { IsNull, Not } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { ulid } from 'ulid';
import { SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import type { Caller } from '../access/caller.ts';
import { createToken, hashOfToken } from '../access/random-token.ts';
import { requireChannels } from '../access/require-channels.ts';
import { TokenCache } from '../access/token-cache.ts';
import { recordAudit } from '../audit/record-audit.ts';
import { findResource } from '../http/find-resource.ts';
import type { ListQuery } from '../http/list-query.dto.ts';
import { pageOf } from '../http/page-of.ts';
import type { Plain } from '../http/plain.ts';
import { fieldRefusal } from '../http/refuse-field.ts';
import { requireMatch } from '../http/require-match.ts';
import { resourceDtoOf } from '../http/resource.dto.ts';
import type { Store } from '../store/store.ts';
import type { ApiKeyCreatedDto, ApiKeyCreateDto, ApiKeyDto, ApiKeyListDto } from './api-key.dto.ts';
import { ApiKeyEntity } from './api-key.entity.ts';

const PREFIX = 'lutra_';
/** Of the key, shown in lists: six characters tell keys apart and give nothing away (220 of 256 bits stay secret). */
const SHOWN_CHARS = PREFIX.length + 6;
const ADMIN_NAME = 'admin';
/** A busy key would otherwise write a row for each of its requests. */
const LAST_USED_MS = 60_000;

/** API keys. Only hashes are kept. */
export class ApiKeyService {
  private readonly used: TokenCache<ApiKeyEntity>;

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
  ) {
    this.used = new TokenCache(store, clock);
  }

  /** Who the key stands for; null when nobody, or no longer. */
  async callerOf(token: string): Promise<Caller | null> {
    const hash = hashOfToken(token);
    const found = await this.used.find(hash, () => this.store.read(ApiKeyEntity, (rows) => rows.findOneBy({ hash })));
    const now = this.clock.now();
    if (found === null || (found.expiresAt !== null && found.expiresAt <= now)) return null;
    await this.noteUse(found, now);
    const { id, name, role, channelIds } = found;
    return { id, name, role, channelIds, sessionId: null };
  }

  /**
   * Creates the first key when the store has none, and hands it to `show` before it is stored: a crash in between leaves a
   * useless key on the screen instead of one in the store that nobody has seen.
   */
  async ensureFirst(manager: EntityManager, show: (token: string) => Promise<void>): Promise<void> {
    if ((await manager.count(ApiKeyEntity)) > 0) return;
    const token = createToken(PREFIX);
    await show(token);
    await manager.save(this.newKey({ name: ADMIN_NAME, role: 'admin' }, token));
  }

  async list(query: ListQuery): Promise<ApiKeyListDto> {
    const { items, total } = await this.store.run((manager) => pageOf(manager, ApiKeyEntity, query));
    return { items: items.map(dtoOf), total };
  }

  async get(id: string): Promise<ApiKeyDto> {
    return dtoOf(await this.store.run((manager) => findResource(manager, ApiKeyEntity, id)));
  }

  async create(given: ApiKeyCreateDto, caller: Caller): Promise<ApiKeyCreatedDto> {
    const token = createToken(PREFIX);
    const at = this.clock.now();
    requireFuture(given.expiresAt, at);
    const created = await this.store.change(async (manager) => {
      await requireChannels(manager, given.channelIds);
      const after = dtoOf(await manager.save(this.newKey(given, token)));
      const write = { action: 'create', resource: 'api-key', resourceId: after.id, before: null, after } as const;
      await recordAudit(manager, write, { caller, at });
      return after;
    });
    return { ...created, token };
  }

  async remove(id: string, by: { caller: Caller; ifMatch: string | undefined }): Promise<void> {
    await this.store.change(async (manager) => {
      const found = await findResource(manager, ApiKeyEntity, id);
      requireMatch(found.version, by.ifMatch);
      // Of those that do everything for ever, one stays.
      const others = { id: Not(id), role: 'admin', channelIds: IsNull(), expiresAt: IsNull() } as const;
      if (isMaster(found) && !(await manager.existsBy(ApiKeyEntity, others)))
        throw new SyncError('RESOURCE_CONFLICT', {
          problem: 'The last admin key without limits cannot be removed: nobody could enter any more',
        });
      await manager.delete(ApiKeyEntity, { id });
      const before = dtoOf(found);
      const write = { action: 'delete', resource: 'api-key', resourceId: id, before, after: null } as const;
      await recordAudit(manager, write, { caller: by.caller, at: this.clock.now() });
    });
  }

  /** By SQL: the resource itself does not change, nor does its version. */
  private async noteUse(key: ApiKeyEntity, now: Date): Promise<void> {
    const { id, lastUsedAt } = key;
    const before = new Date(now.getTime() - LAST_USED_MS);
    if (lastUsedAt !== null && lastUsedAt > before) return;
    const statement =
      'UPDATE api_key SET last_used_at = ? WHERE id = ? AND (last_used_at IS NULL OR last_used_at <= ?)';
    await this.store.run((manager) => manager.query(statement, [now, id, before]));
    key.lastUsedAt = now;
  }

  private newKey({ name, role, channelIds, expiresAt }: ApiKeyCreateDto, token: string): ApiKeyEntity {
    const now = this.clock.now();
    return Object.assign(new ApiKeyEntity(), {
      id: ulid(),
      name,
      prefix: token.slice(0, SHOWN_CHARS),
      hash: hashOfToken(token),
      role,
      channelIds: channelIds ?? null,
      expiresAt: expiresAt === undefined ? null : new Date(expiresAt),
      lastUsedAt: null,
      createdAt: now,
      updatedAt: now,
    });
  }
}

const isMaster = ({ role, channelIds, expiresAt }: ApiKeyEntity): boolean =>
  role === 'admin' && channelIds === null && expiresAt === null;

function requireFuture(expiresAt: string | undefined, now: Date): void {
  if (expiresAt === undefined || new Date(expiresAt) > now) return;
  throw fieldRefusal('expiresAt', 'expiresAt must be in the future');
}

const dtoOf = (entity: ApiKeyEntity): Plain<ApiKeyDto> => ({
  ...resourceDtoOf(entity),
  name: entity.name,
  prefix: entity.prefix,
  role: entity.role,
  channelIds: entity.channelIds,
  expiresAt: entity.expiresAt?.toISOString() ?? null,
  lastUsedAt: entity.lastUsedAt?.toISOString() ?? null,
});
