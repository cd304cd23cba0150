import { LessThanOrEqual } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { SyncError } from '@lutra/model';
import type { PageQuery } from '../http/list-query.dto.ts';
import type { Plain } from '../http/plain.ts';
import { exactly } from '../store/exactly.ts';
import type { StoredResource } from '../store/stored-resource.ts';
import { readSystemParameters } from '../system-parameters/system-parameters.ts';
import type { RevisedBy } from './keep-revision.ts';
import type { RevisionDiffDto, RevisionDto, RevisionListDto, SettingRevisionDto } from './revision.dto.ts';
import { SettingRevisionEntity } from './setting-revision.entity.ts';
import type { RevisedResource } from './setting-revision.entity.ts';
import { structuralDiff } from './structural-diff.ts';

/** What a person sets of a resource, at one of its versions. */
export interface RevisedSettings {
  readonly version: number;
  readonly updatedAt: Date;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Revisions of one kind of resource: each of its versions, in the store of the caller's transaction. */
export class SettingRevisions<Entity extends StoredResource> {
  constructor(
    private readonly resource: RevisedResource,
    private readonly settingsOf: (entity: Entity) => Readonly<Record<string, unknown>>,
  ) {}

  /** To be asked before the entity is changed, for {@link keep}. */
  of(entity: Entity): RevisedSettings {
    const { version, updatedAt } = entity;
    return { version, updatedAt, settings: structuredClone(this.settingsOf(entity)) };
  }

  /**
   * Keeps what the entity is now, after it was saved, and lets go of what is too old. The version before is kept too where it
   * was made before there were revisions.
   */
  async keep(
    manager: EntityManager,
    entity: Entity,
    before: RevisedSettings | null,
    { caller, at }: RevisedBy,
  ): Promise<void> {
    const { resource } = this;
    const key = { resource, resourceId: entity.id };
    const rows: SettingRevisionEntity[] = [];
    const add = ({ version, settings }: Pick<RevisedSettings, 'version' | 'settings'>, made: object): number =>
      rows.push(Object.assign(new SettingRevisionEntity(), { ...key, number: version, settings, ...made }));
    if (before !== null && !(await manager.existsBy(SettingRevisionEntity, { ...key, number: before.version })))
      add(before, { at: before.updatedAt, author: '', comment: '' });
    add(this.of(entity), { at, author: caller.name, comment: caller.comment ?? '' });
    await manager.save(rows, { reload: false });
    const { revisionsMax } = await readSystemParameters(manager);
    await manager.delete(SettingRevisionEntity, { ...key, number: LessThanOrEqual(entity.version - revisionsMax) });
  }

  /** With the resource itself. */
  async forget(manager: EntityManager, resourceId: string): Promise<void> {
    await manager.delete(SettingRevisionEntity, { resource: this.resource, resourceId });
  }

  /** Newest first, without settings. */
  async list(manager: EntityManager, entity: Entity, { page, pageSize }: PageQuery): Promise<RevisionListDto> {
    const [rows, total] = await manager.findAndCount(SettingRevisionEntity, {
      where: { resource: this.resource, resourceId: entity.id },
      order: { number: 'DESC' },
      skip: (page - 1) * pageSize,
      take: pageSize,
      select: { resource: true, resourceId: true, number: true, at: true, author: true, comment: true },
    });
    return { items: rows.map((row) => dtoOf(row, entity)), total };
  }

  /** `number` as it stands in the address. Throws RESOURCE_NOT_FOUND. */
  async get(manager: EntityManager, entity: Entity, number: string): Promise<SettingRevisionDto> {
    const row = await this.find(manager, entity, number);
    return { ...dtoOf(row, entity), settings: row.settings };
  }

  /** Throws RESOURCE_NOT_FOUND. */
  async diff(
    manager: EntityManager,
    entity: Entity,
    numbers: { readonly before: string; readonly after: string },
  ): Promise<RevisionDiffDto> {
    const before = await this.find(manager, entity, numbers.before);
    const after = await this.find(manager, entity, numbers.after);
    const differences = structuralDiff(before.settings, after.settings);
    return { before: before.number, after: after.number, differences };
  }

  /** Throws RESOURCE_NOT_FOUND. */
  async find(manager: EntityManager, entity: Entity, number: string): Promise<SettingRevisionEntity> {
    const { resource } = this;
    const isNumber = /^[1-9]\d{0,8}$/.test(number);
    const where = { resource, resourceId: entity.id, number: Number(number) };
    const found = isNumber ? await manager.findOneBy(SettingRevisionEntity, where) : null;
    const revision = exactly(found, 'resourceId', entity.id);
    if (revision !== null) return revision;
    const problem = `There is no revision ${number} of this resource, or it is not kept any more`;
    throw new SyncError('RESOURCE_NOT_FOUND', { problem });
  }
}

const dtoOf = (
  { number, at, author, comment }: SettingRevisionEntity,
  { version }: StoredResource,
): Plain<RevisionDto> => ({
  ...{ number, at: at.toISOString(), author, comment },
  isCurrent: number === version,
});
