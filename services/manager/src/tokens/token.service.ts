import { createHash, randomBytes } from 'node:crypto';
import { ulid } from 'ulid';
import type { EntityManager } from 'typeorm';
import { SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import { recordAudit } from '../audit/record-audit.ts';
import { findResource } from '../http/find-resource.ts';
import type { ListQuery } from '../http/list-query.dto.ts';
import { pageOf } from '../http/page-of.ts';
import type { Plain } from '../http/plain.ts';
import { requireMatch } from '../http/require-match.ts';
import { resourceDtoOf } from '../http/resource.dto.ts';
import type { Caller } from '../http/token.guard.ts';
import type { Store } from '../store/store.ts';
import { ApiTokenEntity } from './api-token.entity.ts';
import type { TokenCreatedDto, TokenCreateDto, TokenDto, TokenListDto } from './token.dto.ts';

const RANDOM_BYTES = 32;
/** Makes a token recognisable where it leaks: in logs, repositories, scanners. */
const PREFIX = 'lutra_';
const ADMIN_NAME = 'admin';

/** API tokens. Only hashes are kept. */
export class TokenService {
  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
  ) {}

  /** Who the token stands for; null when nobody. */
  async callerOf(token: string): Promise<Caller | null> {
    const found = await this.store.read(ApiTokenEntity, (rows) => rows.findOneBy({ hash: hashOf(token) }));
    return found === null ? null : { id: found.id, name: found.name };
  }

  /**
   * Creates the first token when the store has none, and hands it to `show` before it is stored: a crash in between leaves
   * a useless token on the screen instead of one in the store that nobody has seen.
   */
  async ensureFirst(manager: EntityManager, show: (token: string) => Promise<void>): Promise<void> {
    if ((await manager.count(ApiTokenEntity)) > 0) return;
    const token = createToken();
    await show(token);
    await manager.save(this.newToken(ADMIN_NAME, token));
  }

  async list(query: ListQuery): Promise<TokenListDto> {
    const { items, total } = await this.store.run((manager) => pageOf(manager, ApiTokenEntity, query));
    return { items: items.map(dtoOf), total };
  }

  async create({ name }: TokenCreateDto, caller: Caller): Promise<TokenCreatedDto> {
    const token = createToken();
    const created = await this.store.change(async (manager) => {
      const saved = dtoOf(await manager.save(this.newToken(name, token)));
      const write = { action: 'create', resource: 'token', resourceId: saved.id, before: null, after: saved } as const;
      await recordAudit(manager, write, { caller, at: this.clock.now() });
      return saved;
    });
    return { ...created, token };
  }

  async remove(id: string, caller: Caller, ifMatch: string | undefined): Promise<void> {
    await this.store.change(async (manager) => {
      const found = await findResource(manager, ApiTokenEntity, id);
      requireMatch(found.version, ifMatch);
      if ((await manager.count(ApiTokenEntity)) === 1)
        throw new SyncError('RESOURCE_CONFLICT', {
          problem: 'The last token cannot be removed: nobody could enter any more',
        });
      await manager.delete(ApiTokenEntity, { id });
      const write = { action: 'delete', resource: 'token', resourceId: id, before: dtoOf(found), after: null } as const;
      await recordAudit(manager, write, { caller, at: this.clock.now() });
    });
  }

  private newToken(name: string, token: string): ApiTokenEntity {
    const now = this.clock.now();
    return Object.assign(new ApiTokenEntity(), {
      id: ulid(),
      name,
      hash: hashOf(token),
      createdAt: now,
      updatedAt: now,
    });
  }
}

const createToken = (): string => PREFIX + randomBytes(RANDOM_BYTES).toString('base64url');

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

const dtoOf = (entity: ApiTokenEntity): Plain<TokenDto> => ({ ...resourceDtoOf(entity), name: entity.name });
