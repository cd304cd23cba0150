import { ulid } from 'ulid';
import type { EntityManager } from 'typeorm';
import { MADE_WITH, SyncError } from '@lutra/model';
import type { Clock, PipelineParameters } from '@lutra/model';
import type { Coordinator } from '@lutra/coordination';
import { whereVisible } from '../access/access.ts';
import type { Access } from '../access/access.ts';
import { requireUnwatched } from '../alarms/require-unwatched.ts';
import { recordAudit } from '../audit/record-audit.ts';
import { ChannelEntity } from '../channels/channel.entity.ts';
import { DataSourceEntity } from '../data-sources/data-source.entity.ts';
import { assignGiven } from '../http/assign-given.ts';
import { findResource } from '../http/find-resource.ts';
import { pageOf } from '../http/page-of.ts';
import type { Plain } from '../http/plain.ts';
import { fieldRefusal } from '../http/refuse-field.ts';
import { requireMatch } from '../http/require-match.ts';
import type { Caller } from '../http/token.guard.ts';
import { kindOfSource } from '../publishing/compile-definition.ts';
import type { Publisher } from '../publishing/publisher.ts';
import { reviseDefinitions } from '../publishing/revisions.ts';
import type { RemovalDto } from '../removals/removal.dto.ts';
import type { Store } from '../store/store.ts';
import { readSystemParameters } from '../system-parameters/system-parameters.ts';
import { pipelineDetailOf, pipelineDtoOf } from './describe-pipeline.ts';
import { changedParameters, PARAMETERS, waitsForRestart } from './parameter-catalogue.ts';
import type { ParameterEffectDto } from './parameter.dto.ts';
import { checkParameters, requireConfirmation } from './parameter-rules.ts';
import type { ParametersDto } from './parameters.dto.ts';
import type {
  PipelineChangedDto,
  PipelineCreateDto,
  PipelineDetailDto,
  PipelineDto,
  PipelineListDto,
  PipelineListQuery,
  PipelinePatchDto,
  PipelineRemovalQuery,
} from './pipeline.dto.ts';
import { PipelineEntity } from './pipeline.entity.ts';
import type { RemovalGate } from './removal-gate.ts';
import { removePipeline } from './remove-pipeline.ts';
import { startOf } from './start.dto.ts';

/** Pipelines: definition, change, removal. Every change makes a revision, which is published; what it does is told elsewhere. */
export class PipelineService {
  constructor(
    private readonly parts: {
      readonly store: Store;
      readonly clock: Clock;
      readonly publisher: Publisher;
      readonly coordinator: Coordinator;
      readonly gate: RemovalGate;
      readonly access: Access;
    },
  ) {}

  async list({ channelId, ...query }: PipelineListQuery, { channelIds }: Caller): Promise<PipelineListDto> {
    const where = whereVisible('channelId', channelIds, channelId);
    const { items, total } = await this.parts.store.run((manager) => pageOf(manager, PipelineEntity, query, where));
    return { items: items.map(pipelineDtoOf), total };
  }

  get(id: string): Promise<Plain<PipelineDetailDto>> {
    return this.parts.store.run(async (manager) =>
      pipelineDetailOf(manager, await findResource(manager, PipelineEntity, id)),
    );
  }

  async create(given: PipelineCreateDto, caller: Caller): Promise<PipelineDto> {
    const { store, clock, publisher, access } = this.parts;
    const now = clock.now();
    await ofField('channelId', () => access.requireChannel(caller, given.channelId));
    await ofField('sourceId', () => access.requireDataSource(caller, given.sourceId));
    await ofField('targetId', () => access.requireDataSource(caller, given.targetId));
    const created = await store.change(async (manager) => {
      const { pipelineDefaults } = await readSystemParameters(manager);
      const parameters = { ...MADE_WITH, ...pipelineDefaults, ...parametersOf(given.parameters) };
      checkParameters(parameters);
      await requireReference(manager, ChannelEntity, { field: 'channelId', id: given.channelId });
      await requireReference(manager, DataSourceEntity, { field: 'targetId', id: given.targetId });
      const source = await requireReference(manager, DataSourceEntity, { field: 'sourceId', id: given.sourceId });
      const entity = new PipelineEntity();
      Object.assign(entity, {
        id: ulid(),
        name: given.name,
        channelId: given.channelId,
        sourceId: given.sourceId,
        targetId: given.targetId,
        parameters,
        start: startOf(given.start ?? { kind: 'latest' }, kindOfSource(source)),
        revision: 0,
        createdAt: now,
        updatedAt: now,
      });
      await manager.save(entity);
      await reviseDefinitions(manager, [entity.id], { caller, at: now });
      const after = pipelineDtoOf(await findResource(manager, PipelineEntity, entity.id));
      const write = { action: 'create', resource: 'pipeline', resourceId: entity.id, before: null, after } as const;
      await recordAudit(manager, write, { caller, at: now });
      return after;
    });
    publisher.wake();
    return created;
  }

  async change(
    id: string,
    { name, parameters, confirm, start }: PipelinePatchDto,
    by: { caller: Caller; ifMatch: string | undefined },
  ): Promise<PipelineChangedDto> {
    const { store, clock, publisher } = this.parts;
    const now = clock.now();
    const changed = await store.change(async (manager) => {
      const entity = await findResource(manager, PipelineEntity, id);
      requireMatch(entity.version, by.ifMatch);
      const before = pipelineDtoOf(entity);
      const source = await findResource(manager, DataSourceEntity, entity.sourceId);
      const patch = {
        name,
        parameters: parameters === undefined ? undefined : { ...entity.parameters, ...parametersOf(parameters) },
        start: start === undefined ? undefined : startOf(start, kindOfSource(source)),
      };
      if (patch.parameters !== undefined) {
        requireConfirmation(entity, patch.parameters, confirm);
        checkParameters(patch.parameters);
      }
      assignGiven(entity, patch, now);
      await manager.save(entity);
      await reviseDefinitions(manager, [id], { caller: by.caller, at: now });
      const after = pipelineDtoOf(await findResource(manager, PipelineEntity, id));
      const write = { action: 'update', resource: 'pipeline', resourceId: id, before, after } as const;
      await recordAudit(manager, write, { caller: by.caller, at: now });
      return { ...after, effects: effectsOf(before.parameters, after.parameters) };
    });
    publisher.wake();
    return changed;
  }

  /**
   * Only a pipeline that stands still for good may go. Its configuration is gone at the answer; what the stages, the bus,
   * ZooKeeper and the target hold of it follows, and the answer tells what is left. Throws RESOURCE_CONFLICT.
   */
  async remove(
    id: string,
    { discardDeadLetters }: PipelineRemovalQuery,
    by: { caller: Caller; ifMatch: string | undefined },
  ): Promise<RemovalDto> {
    const { store, clock, publisher, gate } = this.parts;
    await store.run((manager) => findResource(manager, PipelineEntity, id));
    const removable = await gate.require(id, { discardDeadLetters: discardDeadLetters === 'true' });
    const at = clock.now();
    const removal = await store.change(async (manager) => {
      const entity = await findResource(manager, PipelineEntity, id);
      requireMatch(entity.version, by.ifMatch);
      await requireUnwatched(manager, [entity], by.caller);
      const hasRun = await gate.requireStopped(id);
      return removePipeline(manager, entity, { caller: by.caller, at, removable: { ...removable, hasRun } });
    });
    publisher.wake();
    return removal;
  }
}

const effectsOf = (before: PipelineParameters, after: PipelineParameters): ParameterEffectDto[] =>
  changedParameters(before, after).map((parameter) => {
    const { takesEffect } = PARAMETERS[parameter];
    return { parameter, takesEffect, waitsForRestart: waitsForRestart(takesEffect) };
  });

/** Only what was sent: fields of the class that were left out are there as undefined. */
const parametersOf = (given: ParametersDto | undefined): Partial<PipelineParameters> =>
  Object.fromEntries(Object.entries(given ?? {}).filter(([, value]) => value !== undefined));

/** What the body refers to has to exist: a mistake in the request, not a missing address. */
async function requireReference<E extends ChannelEntity | DataSourceEntity>(
  manager: EntityManager,
  entity: new () => E,
  { field, id }: { readonly field: string; readonly id: string },
): Promise<E> {
  return ofField(field, () => findResource<E>(manager, entity, id));
}

/** Runs a look-up for a field of the body: not found is then a mistake in that field. */
async function ofField<T>(field: string, find: () => Promise<T>): Promise<T> {
  try {
    return await find();
  } catch (cause) {
    if (!(SyncError.is(cause) && cause.code === 'RESOURCE_NOT_FOUND')) throw cause;
    throw fieldRefusal(field, `${field}: ${String(cause.details['problem'])}`, { cause });
  }
}
