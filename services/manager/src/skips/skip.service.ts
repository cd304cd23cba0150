import { ulid } from 'ulid';
import { compileMappings, containsTransaction, intersectPlaces, SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import { readCheckpoint } from '@lutra/sql';
import type { Secrets } from '@lutra/service-kit';
import { recordAudit } from '../audit/record-audit.ts';
import { findResource } from '../http/find-resource.ts';
import type { Plain } from '../http/plain.ts';
import { requireMatch } from '../http/require-match.ts';
import type { Caller } from '../http/token.guard.ts';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import { atSource } from '../positions/at-source.ts';
import { DefinitionEntity } from '../publishing/definition.entity.ts';
import type { Publisher } from '../publishing/publisher.ts';
import { reviseDefinitions } from '../publishing/revisions.ts';
import type { Store } from '../store/store.ts';
import { inOwnTable } from '../targets/own-table.ts';
import type { TargetDoor } from '../targets/target-door.ts';
import { readTransaction } from './read-transaction.ts';
import type { SourceTransaction } from './read-transaction.ts';
import type { SkipCreateDto, SkipDto, SkipListDto, SkipPreviewDto } from './skip.dto.ts';
import { SkipEntity } from './skip.entity.ts';

/** Each is a line of every definition: a pipeline that needs more has another problem. */
const SKIPS_MAX = 100;
const ROWS_SHOWN_MAX = 1_000;

interface Asked {
  readonly caller: Caller;
  readonly ifMatch: string | undefined;
}

/** Source transactions and rows that a pipeline leaves out: part of its definition, so that every repeat leaves out the same. */
export class SkipService {
  constructor(
    private readonly parts: {
      readonly store: Store;
      readonly clock: Clock;
      readonly door: TargetDoor;
      readonly publisher: Publisher;
      readonly secrets: Secrets;
    },
  ) {}

  list(pipelineId: string): Promise<SkipListDto> {
    return this.parts.store.run(async (manager) => {
      await findResource(manager, PipelineEntity, pipelineId);
      const items = await manager.find(SkipEntity, { where: { pipelineId }, order: { id: 'ASC' } });
      return { items: items.map(dtoOf), total: items.length };
    });
  }

  /** Throws RESOURCE_NOT_FOUND for a transaction that is not behind the pipeline's place, RESOURCE_CONFLICT for one that is done. */
  async preview(pipelineId: string, gtid: string): Promise<SkipPreviewDto> {
    const { rows, ...rest } = await this.read(pipelineId, gtid.toLowerCase());
    return { ...rest, rows: rows.slice(0, ROWS_SHOWN_MAX), rowCount: rows.length };
  }

  /** As {@link preview}; throws RESOURCE_CONFLICT also where the content is not what was confirmed. */
  async create(pipelineId: string, asked: SkipCreateDto, { caller, ifMatch }: Asked): Promise<SkipDto> {
    const { store, clock, publisher } = this.parts;
    await store.run(async (manager) => {
      requireMatch((await findResource(manager, PipelineEntity, pipelineId)).version, ifMatch);
    });
    const found = await this.read(pipelineId, asked.gtid.toLowerCase());
    requireSeen(found, asked);
    const at = clock.now();
    const skip = Object.assign(new SkipEntity(), {
      ...{ id: ulid(), pipelineId, gtid: found.gtid, hash: found.hash, reason: asked.reason, author: caller.name, at },
      ...{ event: asked.row?.event ?? null, row: asked.row?.row ?? null },
    });
    await store.change(async (manager) => {
      requireMatch((await findResource(manager, PipelineEntity, pipelineId)).version, ifMatch);
      const others = await manager.find(SkipEntity, { where: { pipelineId } });
      if (others.some((other) => other.gtid === skip.gtid && other.event === skip.event && other.row === skip.row))
        throw conflict('This is left out already');
      if (others.length >= SKIPS_MAX)
        throw conflict(`A pipeline leaves out ${String(SKIPS_MAX)} at most: DELETE those that it has passed`);
      await manager.insert(SkipEntity, skip);
      await reviseDefinitions(manager, [pipelineId], { caller: commented(caller, asked.reason), at });
      const write = { action: 'create', resource: 'skip', resourceId: pipelineId, before: null } as const;
      await recordAudit(manager, { ...write, after: { ...dtoOf(skip), hash: skip.hash } }, { caller, at });
    });
    publisher.wake();
    return dtoOf(skip);
  }

  async remove(pipelineId: string, id: string, { caller, ifMatch }: Asked): Promise<void> {
    const { store, clock, publisher } = this.parts;
    const at = clock.now();
    await store.change(async (manager) => {
      requireMatch((await findResource(manager, PipelineEntity, pipelineId)).version, ifMatch);
      const skip = await manager.findOneBy(SkipEntity, { id, pipelineId });
      if (skip === null) throw new SyncError('RESOURCE_NOT_FOUND', { problem: `There is no skip with id ${id}`, id });
      await manager.delete(SkipEntity, { id });
      await reviseDefinitions(manager, [pipelineId], { caller, at });
      const write = { action: 'delete', resource: 'skip', resourceId: pipelineId, after: null } as const;
      await recordAudit(manager, { ...write, before: dtoOf(skip) }, { caller, at });
    });
    publisher.wake();
  }

  private async read(pipelineId: string, gtid: string): Promise<SourceTransaction> {
    const { store, door } = this.parts;
    const definition = await store.run(async (manager) => {
      await findResource(manager, PipelineEntity, pipelineId);
      return (await manager.findOneBy(DefinitionEntity, { pipelineId }))?.body ?? null;
    });
    const rows = await door.ofPipeline(pipelineId, (session) =>
      inOwnTable(session, { table: 'checkpoint', otherwise: [] }, () =>
        readCheckpoint(session, pipelineId, { lock: false }),
      ),
    );
    if (definition === null || rows.length === 0) throw conflict('The pipeline has no place yet: START it first');
    const { done } = intersectPlaces(rows.map(({ place }) => place));
    if (done.kind === 'file')
      throw conflict('The source runs without GTIDs: its transactions have no names that could be given beforehand');
    if (containsTransaction(done, gtid)) throw conflict(`Transaction ${gtid} is at the target already`);
    const matcher = compileMappings(definition.mappings);
    const found = await atSource(this.parts, definition.source, (session, isTimeUp) =>
      readTransaction(session, { gtid, from: done, matcher }, isTimeUp),
    );
    if (found !== null) return found;
    const problem = `The source's log holds no transaction ${gtid} behind the place of the pipeline, or too far behind it`;
    throw new SyncError('RESOURCE_NOT_FOUND', { problem, id: gtid });
  }
}

function requireSeen(found: SourceTransaction, { confirmHash, row }: SkipCreateDto): void {
  if (found.hash !== confirmHash)
    throw conflict('The transaction is not the one that was shown: ask for the preview again');
  if (found.statements > 0)
    throw conflict('The transaction holds a schema statement: decide it with the parameter ddlDecisions');
  if (row === undefined || found.rows.some((each) => each.event === row.event && each.row === row.row)) return;
  throw conflict(`The preview shows no row ${String(row.row)} of event ${String(row.event)}`);
}

const commented = (caller: Caller, reason: string): Caller => ({ ...caller, comment: caller.comment ?? reason });

const conflict = (problem: string): SyncError => new SyncError('RESOURCE_CONFLICT', { problem });

const dtoOf = ({ id, pipelineId, gtid, event, row, reason, author, at }: SkipEntity): Plain<SkipDto> => ({
  ...{ id, pipelineId, gtid, reason, author, at: at.toISOString() },
  row: event === null || row === null ? null : { event, row },
});
