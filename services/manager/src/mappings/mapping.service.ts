import { ulid } from 'ulid';
import type { EntityManager } from 'typeorm';
import type { Processors } from '@lutra/mapping';
import { SyncError } from '@lutra/model';
import type { Clock, MappingRules } from '@lutra/model';
import type { Secrets } from '@lutra/service-kit';
import type { Access } from '../access/access.ts';
import { recordAudit } from '../audit/record-audit.ts';
import { assignGiven } from '../http/assign-given.ts';
import { findResource } from '../http/find-resource.ts';
import type { PageQuery } from '../http/list-query.dto.ts';
import { requireMatch } from '../http/require-match.ts';
import { resourceDtoOf } from '../http/resource.dto.ts';
import type { Caller } from '../http/token.guard.ts';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import { checkRules } from '../mapping-rules/check-rules.ts';
import { requireLookupSources } from '../mapping-rules/lookup-sources.ts';
import { keepKeys, showRules } from '../mapping-rules/masking-keys.ts';
import { rulesOf } from '../mapping-rules/read-rules.ts';
import type { Publisher } from '../publishing/publisher.ts';
import { reviseDefinitions } from '../publishing/revisions.ts';
import { findPage } from '../store/find-page.ts';
import type { Store } from '../store/store.ts';
import type { MappingCreateDto, MappingDto, MappingListDto, MappingPatchDto } from './mapping.dto.ts';
import { MappingEntity } from './mapping.entity.ts';
import { conflictPolicyOf } from './read-conflict-policy.ts';
import { columnsOf, mappingContentOf, requireFitting, sourceOf, targetOf } from './read-mapping.ts';
import type { MappingContent } from './read-mapping.ts';

/** More would make every revision slow to check and large to send; an expression covers many tables. */
export const MAPPINGS_MAX = 1_000;

export interface MappingAddress {
  readonly pipelineId: string;
  readonly id: string;
}

/** Mappings of a pipeline. Every change makes a new revision of the pipeline, or is refused as a whole. */
export class MappingService {
  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly publisher: Publisher,
    private readonly secrets: Secrets,
    private readonly access: Access,
    private readonly processors: Processors,
  ) {}

  async list(pipelineId: string, { page, pageSize }: PageQuery): Promise<MappingListDto> {
    return this.store.run(async (manager) => {
      const [items, total] = await findPage(manager, MappingEntity, {
        ...{ page, pageSize, where: { pipelineId } },
        order: [['id', 'ASC']],
      });
      // None is none of this pipeline, or there is no pipeline of exactly this id.
      if (items[0]?.pipelineId !== pipelineId) await findResource(manager, PipelineEntity, pipelineId);
      return { items: items.map(mappingDtoOf), total };
    });
  }

  async get(address: MappingAddress): Promise<MappingDto> {
    return mappingDtoOf(await this.store.run((manager) => findMapping(manager, address)));
  }

  async create(pipelineId: string, given: MappingCreateDto, caller: Caller): Promise<MappingDto> {
    const now = this.clock.now();
    const read = mappingContentOf(given);
    await checkRules(read.rules, this.processors);
    const content = this.kept(read, null);
    const visible = await this.access.dataSourceIds(caller);
    const created = await this.store.change(async (manager) => {
      const pipeline = await findResource(manager, PipelineEntity, pipelineId);
      await requireRoom(manager, pipeline, 1);
      await requireLookupSources(manager, content.rules, { visible, present: null });
      const entity = new MappingEntity();
      Object.assign(entity, { id: ulid(), pipelineId, ...content, createdAt: now, updatedAt: now });
      const after = mappingDtoOf(await manager.save(entity));
      await reviseDefinitions(manager, [pipelineId], { caller, at: now });
      const write = { action: 'create', resource: 'mapping', resourceId: after.id, before: null, after } as const;
      await recordAudit(manager, write, { caller, at: now });
      return after;
    });
    this.publisher.wake();
    return created;
  }

  async change(
    address: MappingAddress,
    { source, target, columns, onConflict, weight, rules }: MappingPatchDto,
    by: { caller: Caller; ifMatch: string | undefined },
  ): Promise<MappingDto> {
    const now = this.clock.now();
    const patch = {
      source: source === undefined ? undefined : sourceOf(source),
      target: target === undefined ? undefined : targetOf(target),
      columns: columns === undefined ? undefined : columnsOf(columns),
      onConflict: onConflict === undefined ? undefined : conflictPolicyOf(onConflict),
      weight,
    };
    const given = rules === undefined ? undefined : rulesOf(rules);
    if (given !== undefined) await checkRules(given, this.processors);
    const visible = await this.access.dataSourceIds(by.caller);
    const changed = await this.store.change(async (manager) => {
      const entity = await findMapping(manager, address);
      requireMatch(entity.version, by.ifMatch);
      const before = mappingDtoOf(entity);
      assignGiven(entity, patch, now);
      if (given !== undefined) await requireLookupSources(manager, given, { visible, present: entity.rules });
      if (given !== undefined) entity.rules = this.kept({ rules: given }, entity.rules).rules;
      requireFitting(entity);
      const after = mappingDtoOf(await manager.save(entity));
      await reviseDefinitions(manager, [address.pipelineId], { caller: by.caller, at: now });
      const write = { action: 'update', resource: 'mapping', resourceId: address.id, before, after } as const;
      await recordAudit(manager, write, { caller: by.caller, at: now });
      return after;
    });
    this.publisher.wake();
    return changed;
  }

  /** With its keys sealed; those that were left out are those of `present`. Throws REQUEST_INVALID. */
  private kept<C extends Pick<MappingContent, 'rules'>>(
    content: C,
    present: MappingRules | null,
  ): Omit<C, 'rules'> & { readonly rules: MappingRules | null } {
    return { ...content, rules: keepKeys(content.rules, { present, secrets: this.secrets }) };
  }

  async remove(address: MappingAddress, by: { caller: Caller; ifMatch: string | undefined }): Promise<void> {
    const now = this.clock.now();
    await this.store.change(async (manager) => {
      const entity = await findMapping(manager, address);
      requireMatch(entity.version, by.ifMatch);
      await manager.delete(MappingEntity, { id: address.id });
      await reviseDefinitions(manager, [address.pipelineId], { caller: by.caller, at: now });
      const before = mappingDtoOf(entity);
      const write = { action: 'delete', resource: 'mapping', resourceId: address.id, before, after: null } as const;
      await recordAudit(manager, write, { caller: by.caller, at: now });
    });
    this.publisher.wake();
  }
}

/** Throws RESOURCE_CONFLICT when the pipeline would have too many. */
export async function requireRoom(manager: EntityManager, pipeline: PipelineEntity, more: number): Promise<void> {
  if ((await manager.countBy(MappingEntity, { pipelineId: pipeline.id })) + more <= MAPPINGS_MAX) return;
  const problem = `Pipeline ${pipeline.name} may have ${String(MAPPINGS_MAX)} mappings at most: use expressions`;
  throw new SyncError('RESOURCE_CONFLICT', { problem });
}

export const mappingDtoOf = (entity: MappingEntity): MappingDto => ({
  ...resourceDtoOf(entity),
  pipelineId: entity.pipelineId,
  source: entity.source,
  target: entity.target,
  columns: entity.columns,
  onConflict: entity.onConflict ?? { kind: 'overwrite' },
  weight: entity.weight,
  ...(entity.rules === null ? {} : { rules: showRules(entity.rules) }),
});

export async function findMapping(manager: EntityManager, { pipelineId, id }: MappingAddress): Promise<MappingEntity> {
  const entity = await findResource(manager, MappingEntity, id);
  if (entity.pipelineId === pipelineId) return entity;
  throw new SyncError('RESOURCE_NOT_FOUND', { problem: `There is no mapping with id ${id} in this pipeline`, id });
}
