import { Not } from 'typeorm';
import { ulid } from 'ulid';
import { CONTROL_SCHEMA, CONTROL_TABLES, SyncError } from '@lutra/model';
import type { Clock, DonePlace, PipelineDefinition } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import type { Secrets } from '@lutra/service-kit';
import { ensureCopyTable } from '@lutra/source-access';
import { recordAudit } from '../audit/record-audit.ts';
import { findResource } from '../http/find-resource.ts';
import type { Plain } from '../http/plain.ts';
import type { Caller } from '../http/token.guard.ts';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import { atSource } from '../positions/at-source.ts';
import { DefinitionEntity } from '../publishing/definition.entity.ts';
import type { Store } from '../store/store.ts';
import { bufferJobOf, PORTIONS } from './buffer-queue.ts';
import { checkWanted, refused } from './find-keys.ts';
import type { ResyncDto, ResyncListDto, ResyncRequestDto } from './resync.dto.ts';
import { requireTable } from './require-table.ts';
import { ResyncEntity } from './resync.entity.ts';
import type { ResyncWanted } from './resync-wanted.ts';

/** Jobs of a pipeline that are kept; the oldest that has ended goes. */
const KEPT_MAX = 100;
/** At work at once, of one pipeline. */
const ACTIVE_MAX = 10;

/** Jobs that somebody has asked for by the API. */
const ASKED_FOR = { schema: Not(CONTROL_SCHEMA) };

/** What people want to be sent once more; {@link ResyncWorker} does it. */
export class ResyncService {
  constructor(
    private readonly parts: {
      readonly bus: Bus;
      readonly store: Store;
      readonly clock: Clock;
      readonly secrets: Secrets;
    },
  ) {}

  list(pipelineId: string): Promise<ResyncListDto> {
    return this.parts.store.run(async (manager) => {
      await findResource(manager, PipelineEntity, pipelineId);
      const items = await manager.find(ResyncEntity, { where: { pipelineId, ...ASKED_FOR }, order: { id: 'DESC' } });
      return { items: items.map((job) => ({ ...dtoOf(job), keys: null })), total: items.length };
    });
  }

  async find(pipelineId: string, id: string): Promise<ResyncDto> {
    if (id === CONTROL_TABLES.buffer) return this.findBuffer(pipelineId);
    return dtoOf(await this.parts.store.run((manager) => manager.findOneBy(ResyncEntity, { id, pipelineId })), id);
  }

  /**
   * Throws RESYNC_REFUSED for a table without a mapping or a key, and for a condition that the source does not take,
   * SOURCE_RESYNC_UNAVAILABLE where Lutra may not write, RESOURCE_CONFLICT for too many jobs.
   */
  async create(pipelineId: string, asked: ResyncRequestDto, caller: Caller): Promise<ResyncDto> {
    const { store, clock } = this.parts;
    const wanted = wantedOf(asked);
    const { schema, table, rowsPerSecond } = asked;
    await this.check(await this.definitionOf(pipelineId), asked, wanted);
    const at = clock.now();
    const job = Object.assign(new ResyncEntity(), {
      ...{ id: ulid(), pipelineId, state: 'running', schema, table, wanted, rowsPerSecond, keysDone: 0 },
      ...{ lastKey: null, sent: 0, gone: 0, rejected: [], place: null, cause: '' },
      ...{ author: caller.name, createdAt: at, updatedAt: at },
    } satisfies ResyncEntity);
    await store.change(async (manager) => {
      await findResource(manager, PipelineEntity, pipelineId);
      const others = await manager.find(ResyncEntity, { where: { pipelineId, ...ASKED_FOR }, order: { id: 'ASC' } });
      const ended = others.filter(({ state }) => state !== 'running' && state !== 'applying');
      if (others.length - ended.length >= ACTIVE_MAX)
        throw new SyncError('RESOURCE_CONFLICT', {
          problem: `${String(ACTIVE_MAX)} jobs of the pipeline are at work: wait for one, or stop it`,
        });
      for (const { id } of ended.slice(0, Math.max(0, others.length + 1 - KEPT_MAX)))
        await manager.delete(ResyncEntity, { id });
      await manager.insert(ResyncEntity, job);
      const write = { action: 'create', resource: 'resync', resourceId: pipelineId, before: null } as const;
      await recordAudit(manager, { ...write, after: dtoOf(job) }, { caller, at });
    });
    return dtoOf(job);
  }

  async stop(pipelineId: string, id: string, caller: Caller): Promise<ResyncDto> {
    const { store, clock } = this.parts;
    const at = clock.now();
    const isBuffer = id === CONTROL_TABLES.buffer;
    return store.change(async (manager) => {
      const job = await manager.findOneBy(ResyncEntity, isBuffer ? bufferJobOf(pipelineId) : { id, pipelineId });
      const before = dtoOf(job, id);
      if (job === null || (job.state !== 'running' && job.state !== 'applying')) return before;
      if (isBuffer) await manager.delete(ResyncEntity, { ...PORTIONS, pipelineId });
      await manager.update(ResyncEntity, { id: job.id }, { state: 'stopped', cause: '', updatedAt: at });
      const after: ResyncDto = { ...before, state: 'stopped', cause: '', updatedAt: at.toISOString() };
      const write = { action: 'update', resource: 'resync', resourceId: pipelineId, before, after } as const;
      await recordAudit(manager, write, { caller, at });
      return after;
    });
  }

  /** What became of everything that was written into retl_buffer, of which nothing may have come yet. */
  private async findBuffer(pipelineId: string): Promise<ResyncDto> {
    return this.parts.store.run(async (manager) => {
      const { createdAt } = await findResource(manager, PipelineEntity, pipelineId);
      const job = await manager.findOneBy(ResyncEntity, bufferJobOf(pipelineId));
      if (job !== null) return dtoOf(job);
      const at = createdAt.toISOString();
      return {
        ...{
          id: CONTROL_TABLES.buffer,
          pipelineId,
          state: 'done',
          schema: CONTROL_SCHEMA,
          table: CONTROL_TABLES.buffer,
        },
        ...{ kind: 'buffer', keys: null, range: null, where: null, lastKey: null, rowsPerSecond: 0 },
        ...{
          done: 0,
          sent: 0,
          gone: 0,
          rejected: [],
          place: null,
          cause: '',
          author: '',
          createdAt: at,
          updatedAt: at,
        },
      };
    });
  }

  private definitionOf(pipelineId: string): Promise<PipelineDefinition> {
    return this.parts.store.run(async (manager) => {
      await findResource(manager, PipelineEntity, pipelineId);
      const definition = await manager.findOneBy(DefinitionEntity, { pipelineId });
      if (definition === null)
        throw new SyncError('RESOURCE_NOT_FOUND', { problem: 'The pipeline is gone', id: pipelineId });
      return definition.body;
    });
  }

  private async check(definition: PipelineDefinition, asked: ResyncRequestDto, wanted: ResyncWanted): Promise<void> {
    await atSource(this.parts, definition.source, async (session) => {
      const table = await requireTable(session, asked, definition.mappings);
      await checkWanted(session, table, wanted);
      await ensureCopyTable(session);
    });
  }
}

function wantedOf({ keys, range, where }: ResyncRequestDto): ResyncWanted {
  if ([keys, range, where].filter((each) => each !== undefined).length !== 1)
    throw refused('One of keys, range and where says which rows are wanted');
  if (keys !== undefined) return { kind: 'keys', keys };
  if (range !== undefined) return { kind: 'range', from: range.from, to: range.to };
  return { kind: 'where', where: where ?? '' };
}

function dtoOf(job: ResyncEntity | null, id = ''): Plain<ResyncDto> {
  if (job === null) throw new SyncError('RESOURCE_NOT_FOUND', { problem: `There is no resync with id ${id}`, id });
  const { pipelineId, state, schema, table, wanted, rowsPerSecond, sent, gone, lastKey, cause, author } = job;
  const isBuffer = schema === CONTROL_SCHEMA;
  return {
    ...{
      id: isBuffer ? CONTROL_TABLES.buffer : job.id,
      pipelineId,
      schema,
      state: state === 'queued' ? 'running' : state,
    },
    ...{ table, kind: wanted.kind, rowsPerSecond, sent, gone, cause, author },
    keys: wanted.kind === 'keys' ? wanted.keys.map((key) => [...key]) : null,
    range: wanted.kind === 'range' ? { from: [...wanted.from], to: [...wanted.to] } : null,
    where: wanted.kind === 'where' ? wanted.where : null,
    done: sent + gone + job.rejected.length,
    rejected: job.rejected.map(({ key, reason }) => ({ key: [...key], reason })),
    lastKey: lastKey === null || isBuffer ? null : [...lastKey],
    place: job.place === null ? null : textOf(job.place),
    createdAt: job.createdAt.toISOString(),
    updatedAt: job.updatedAt.toISOString(),
  };
}

function textOf(place: DonePlace): string {
  switch (place.kind) {
    case 'mysqlGtid':
      return place.gtidSet;
    case 'mariadbGtid':
      return place.gtidList;
    case 'file':
      return `${place.file}:${String(place.offset)}`;
  }
}
