import type { EntityManager } from 'typeorm';
import { must, SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import type { Secrets } from '@lutra/service-kit';
import { recordAudit } from '../audit/record-audit.ts';
import { findResource } from '../http/find-resource.ts';
import type { PageQuery } from '../http/list-query.dto.ts';
import { requireMatch } from '../http/require-match.ts';
import type { Plain } from '../http/plain.ts';
import type { Caller } from '../http/token.guard.ts';
import { replaceKeys } from '../mapping-rules/masking-keys.ts';
import { MappingEntity } from '../mappings/mapping.entity.ts';
import { checkParameters, requireConfirmation } from '../pipelines/parameter-rules.ts';
import type { PipelineDetailDto } from '../pipelines/pipeline.dto.ts';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import { pipelineDetailOf } from '../pipelines/describe-pipeline.ts';
import type { Publisher } from '../publishing/publisher.ts';
import { reviseDefinitions } from '../publishing/revisions.ts';
import { exactly } from '../store/exactly.ts';
import type { Store } from '../store/store.ts';
import type { RevisionDetailDto, RevisionDiffDto, RevisionDto, RevisionListDto, RollbackDto } from './revision.dto.ts';
import { RevisionEntity } from './revision.entity.ts';
import type { KeptSettings } from './revision.entity.ts';
import { structuralDiff } from './structural-diff.ts';

/** What a pipeline was at each of its revisions, how two of them differ, and the way back to an earlier one. */
export class RevisionService {
  constructor(
    private readonly parts: {
      readonly store: Store;
      readonly clock: Clock;
      readonly publisher: Publisher;
      readonly secrets: Secrets;
    },
  ) {}

  /** Newest first, without their definitions. */
  list(pipelineId: string, { page, pageSize }: PageQuery): Promise<RevisionListDto> {
    return this.parts.store.run(async (manager) => {
      const { revision } = await findResource(manager, PipelineEntity, pipelineId);
      const [rows, total] = await manager.findAndCount(RevisionEntity, {
        where: { pipelineId },
        order: { number: 'DESC' },
        skip: (page - 1) * pageSize,
        take: pageSize,
        select: { pipelineId: true, number: true, at: true, author: true, comment: true },
      });
      return { items: rows.map((row) => dtoOf(row, revision)), total };
    });
  }

  /** `number` as it stands in the address. Throws RESOURCE_NOT_FOUND. */
  get(pipelineId: string, number: string): Promise<RevisionDetailDto> {
    return this.parts.store.run(async (manager) => {
      const { revision } = await findResource(manager, PipelineEntity, pipelineId);
      const row = await findRevision(manager, pipelineId, number);
      return { ...dtoOf(row, revision), definition: row.body };
    });
  }

  diff(pipelineId: string, numbers: { readonly before: string; readonly after: string }): Promise<RevisionDiffDto> {
    return this.parts.store.run(async (manager) => {
      await findResource(manager, PipelineEntity, pipelineId);
      const before = await findRevision(manager, pipelineId, numbers.before);
      const after = await findRevision(manager, pipelineId, numbers.after);
      return {
        before: before.number,
        after: after.number,
        differences: structuralDiff(contentOf(before), contentOf(after)),
      };
    });
  }

  /**
   * Makes a new revision with the parameters and mappings of an earlier one. Name, start and data sources stay as they are
   * now. What the rules refuse today is refused, whatever they said then; what is so already makes no revision. Masking keys
   * come back under the newest key of the installation: throws CONFIG_ENV_INVALID when the one that they were sealed under is gone.
   */
  async rollback(
    { pipelineId, number }: { readonly pipelineId: string; readonly number: string },
    { confirm }: RollbackDto,
    by: { caller: Caller; ifMatch: string | undefined },
  ): Promise<Plain<PipelineDetailDto>> {
    const { store, clock, publisher, secrets } = this.parts;
    const at = clock.now();
    const caller: Caller = { ...by.caller, comment: by.caller.comment ?? `Back to revision ${number}` };
    const restored = await store.change(async (manager) => {
      const pipeline = await findResource(manager, PipelineEntity, pipelineId);
      requireMatch(pipeline.version, by.ifMatch);
      const { settings } = await findRevision(manager, pipelineId, number);
      requireConfirmation(pipeline, settings.parameters, confirm);
      checkParameters(settings.parameters);
      const before = await pipelineDetailOf(manager, pipeline);
      pipeline.parameters = settings.parameters;
      pipeline.updatedAt = at;
      await manager.save(pipeline);
      await restoreMappings(manager, { pipelineId, mappings: settings.mappings }, { at, secrets });
      await reviseDefinitions(manager, [pipelineId], { caller, at });
      const after = await pipelineDetailOf(manager, await findResource(manager, PipelineEntity, pipelineId));
      const write = { action: 'update', resource: 'pipeline', resourceId: pipelineId, before, after } as const;
      await recordAudit(manager, write, { caller, at });
      return after;
    });
    publisher.wake();
    return restored;
  }
}

const dtoOf = ({ number, at, author, comment }: RevisionEntity, current: number): Plain<RevisionDto> => ({
  ...{ number, at: at.toISOString(), author, comment },
  isCurrent: number === current,
});

/** Two revisions always differ in their numbers: that says nothing. */
const contentOf = ({ body }: RevisionEntity): unknown => ({ ...body, revision: undefined });

/** Throws RESOURCE_NOT_FOUND. */
async function findRevision(manager: EntityManager, pipelineId: string, number: string): Promise<RevisionEntity> {
  const isNumber = /^[1-9]\d{0,8}$/.test(number);
  const found = isNumber ? await manager.findOneBy(RevisionEntity, { pipelineId, number: Number(number) }) : null;
  const revision = exactly(found, 'pipelineId', pipelineId);
  if (revision !== null) return revision;
  const problem = `There is no revision ${number} of this pipeline, or it is not kept any more`;
  throw new SyncError('RESOURCE_NOT_FOUND', { problem });
}

/** Mappings keep their ids, also those that come back: processes and conflicts name them. */
async function restoreMappings(
  manager: EntityManager,
  { pipelineId, mappings }: { readonly pipelineId: string; readonly mappings: KeptSettings['mappings'] },
  { at, secrets }: { readonly at: Date; readonly secrets: Secrets },
): Promise<void> {
  const present = new Map((await manager.findBy(MappingEntity, { pipelineId })).map((entity) => [entity.id, entity]));
  for (const settings of mappings) {
    const id = String(must(settings['id'], 'a kept mapping has its id'));
    const entity = present.get(id) ?? Object.assign(new MappingEntity(), { id, pipelineId, createdAt: at });
    present.delete(id);
    // An earlier release kept no rules: there were none.
    Object.assign(entity, { rules: null }, settings);
    if (entity.rules !== null) entity.rules = replaceKeys(entity.rules, (key) => secrets.reseal(key));
    entity.updatedAt = at;
    await manager.save(entity);
  }
  for (const id of present.keys()) await manager.delete(MappingEntity, { id });
}
