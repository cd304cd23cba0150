import type { EntityManager } from 'typeorm';
import { SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import { whereVisible } from '../access/access.ts';
import { recordAudit } from '../audit/record-audit.ts';
import { DataSourceEntity } from '../data-sources/data-source.entity.ts';
import { findResource } from '../http/find-resource.ts';
import type { PageQuery } from '../http/list-query.dto.ts';
import type { Caller } from '../http/token.guard.ts';
import type { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import { compileDataSource } from '../publishing/compile-definition.ts';
import { DefinitionEntity } from '../publishing/definition.entity.ts';
import { exactly } from '../store/exactly.ts';
import type { Store } from '../store/store.ts';
import type { RemovalDto, RemovalListDto } from './removal.dto.ts';
import { RemovalEntity } from './removal.entity.ts';

/** Pipelines that were removed, and what is still left of them. Who is limited to channels has those of these, and no other. */
export class RemovalService {
  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
  ) {}

  list({ page, pageSize }: PageQuery, { channelIds }: Caller): Promise<RemovalListDto> {
    return this.store.run(async (manager) => {
      const [rows, total] = await manager.findAndCount(RemovalEntity, {
        where: whereVisible('channelId', channelIds),
        order: { askedAt: 'DESC', pipelineId: 'DESC' },
        skip: (page - 1) * pageSize,
        take: pageSize,
      });
      return { items: await Promise.all(rows.map((row) => removalDtoOf(manager, row))), total };
    });
  }

  /** Throws RESOURCE_NOT_FOUND. */
  get(pipelineId: string, caller: Caller): Promise<RemovalDto> {
    return this.store.run(async (manager) => removalDtoOf(manager, await findRemoval(manager, pipelineId, caller)));
  }

  /** The target will never come back: what is there stays, and the rest of the removal goes on. Throws RESOURCE_CONFLICT when all is done. */
  async giveUpTarget(pipelineId: string, caller: Caller): Promise<RemovalDto> {
    const at = this.clock.now();
    return this.store.change(async (manager) => {
      const removal = await findRemoval(manager, pipelineId, caller);
      if (removal.doneAt !== null) {
        const problem = `The removal of ${removal.name} is done: there is nothing to give up`;
        throw new SyncError('RESOURCE_CONFLICT', { problem });
      }
      const before = await removalDtoOf(manager, removal);
      Object.assign(removal, { target: null, problem: null, nextAttemptAt: at });
      await manager.save(removal);
      const after = await removalDtoOf(manager, removal);
      const write = { action: 'update', resource: 'pipeline', resourceId: pipelineId, before, after } as const;
      await recordAudit(manager, write, { caller, at });
      return after;
    });
  }
}

/** Notes, in the transaction that removes the pipeline, what is left to do. `hasRun`: rows of it may be at the target. */
export async function beginRemoval(
  manager: EntityManager,
  pipeline: PipelineEntity,
  { caller, at, hasRun }: { readonly caller: Caller; readonly at: Date; readonly hasRun: boolean },
): Promise<RemovalDto> {
  const target = await findResource(manager, DataSourceEntity, pipeline.targetId);
  const removal = Object.assign(new RemovalEntity(), {
    pipelineId: pipeline.id,
    name: pipeline.name,
    channelId: pipeline.channelId,
    targetId: pipeline.targetId,
    target: hasRun ? compileDataSource(target) : null,
    ...{ askedAt: at, askedBy: caller.name, attempts: 0, nextAttemptAt: at, problem: null, doneAt: null },
  });
  await manager.save(removal);
  return removalDtoOf(manager, removal);
}

async function findRemoval(manager: EntityManager, pipelineId: string, { channelIds }: Caller): Promise<RemovalEntity> {
  const where = { pipelineId, ...whereVisible('channelId', channelIds) };
  const found = exactly(await manager.findOneBy(RemovalEntity, where), 'pipelineId', pipelineId);
  if (found !== null) return found;
  const problem = `There is no removal of a pipeline with id ${pipelineId}`;
  throw new SyncError('RESOURCE_NOT_FOUND', { problem, id: pipelineId });
}

async function removalDtoOf(manager: EntityManager, removal: RemovalEntity): Promise<RemovalDto> {
  const { pipelineId, name, channelId, targetId, target, askedAt, askedBy, attempts, problem, nextAttemptAt, doneAt } =
    removal;
  const isKnown = doneAt === null && (await manager.existsBy(DefinitionEntity, { pipelineId }));
  const waitsForTarget = !isKnown && doneAt === null && target !== null;
  return {
    ...{ id: pipelineId, name, channelId, targetId },
    state: doneAt === null ? 'pending' : 'done',
    waitsFor: isKnown ? 'services' : waitsForTarget ? 'target' : null,
    ...{ askedAt: askedAt.toISOString(), askedBy, attempts, problem },
    nextAttemptAt: waitsForTarget ? nextAttemptAt.toISOString() : null,
    doneAt: doneAt === null ? null : doneAt.toISOString(),
  };
}
