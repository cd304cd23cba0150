import type { EntityManager } from 'typeorm';
import { monotonicFactory } from 'ulid';
import { SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import { recordAudit } from '../audit/record-audit.ts';
import { assignGiven } from '../http/assign-given.ts';
import { findResource } from '../http/find-resource.ts';
import type { Plain } from '../http/plain.ts';
import { requireMatch } from '../http/require-match.ts';
import type { Caller } from '../http/token.guard.ts';
import type { MappingDto } from '../mappings/mapping.dto.ts';
import { MappingEntity } from '../mappings/mapping.entity.ts';
import { mappingDtoOf, requireRoom } from '../mappings/mapping.service.ts';
import type { MappingContent } from '../mappings/read-mapping.ts';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import type { Publisher } from '../publishing/publisher.ts';
import { reviseDefinitions } from '../publishing/revisions.ts';
import type { Store } from '../store/store.ts';
import type {
  ImportLineDto,
  ImportProblemDto,
  MappingImportDto,
  MappingImportResultDto,
} from './mapping-import.dto.ts';
import { readLines } from './read-lines.ts';
import type { ImportLine } from './read-lines.ts';

type AnsweredLine = Plain<ImportLineDto>;

interface ImportRequest {
  readonly pipelineId: string;
  readonly isDryRun: boolean;
  readonly caller: Caller;
  /** Version of the pipeline that was seen. */
  readonly ifMatch: string | undefined;
}

/** Many mappings at once: all of them become one revision, or nothing does. */
export class MappingImporter {
  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly publisher: Publisher,
  ) {}

  /**
   * Says line by line what is created, changed, the same or refused; a dry run goes all the way and takes it back. Throws
   * REQUEST_INVALID when the content cannot be read, RESOURCE_NOT_FOUND, RESOURCE_CONFLICT.
   */
  async import({ format, content }: MappingImportDto, request: ImportRequest): Promise<MappingImportResultDto> {
    const read = await readLines(format, content);
    // The store may repeat the transaction: what counts is the last attempt.
    let decided: AnsweredLine[] = [];
    let isTakenBack = false;
    try {
      await this.store.change(async (manager) => {
        decided = [];
        await this.apply(manager, read, { request, decided });
        isTakenBack = request.isDryRun || decided.some(({ action }) => action === 'refuse');
        // Nobody sees it: an error is how a transaction is taken back.
        if (isTakenBack) throw new SyncError('REQUEST_INVALID');
      });
      this.publisher.wake();
      return { isApplied: true, lines: decided };
    } catch (error) {
      if (isTakenBack) return { isApplied: false, lines: withoutNew(decided) };
      return refusalOf(SyncError.of(error), decided);
    }
  }

  private async apply(
    manager: EntityManager,
    read: readonly ImportLine[],
    { request, decided }: { readonly request: ImportRequest; readonly decided: AnsweredLine[] },
  ): Promise<void> {
    const { pipelineId, caller, ifMatch } = request;
    const at = this.clock.now();
    const pipeline = await findResource(manager, PipelineEntity, pipelineId);
    requireMatch(pipeline.version, ifMatch);
    const stored = await manager.findBy(MappingEntity, { pipelineId });
    const bySource = new Map(stored.map((entity) => [JSON.stringify(entity.source), entity]));
    const seen = new Map<string, number>();
    const created: MappingEntity[] = [];
    const changed: MappingEntity[] = [];
    const before: MappingDto[] = [];
    // Mappings of one moment stay in the order of their lines.
    const nextId = monotonicFactory();
    for (const { content, ...line } of read) {
      if (content instanceof SyncError) {
        decided.push({ ...line, action: 'refuse', problem: problemOf(content) });
        continue;
      }
      const key = JSON.stringify(content.source);
      const earlier = seen.get(key);
      const entity = bySource.get(key);
      seen.set(key, line.line);
      if (earlier !== undefined) decided.push({ ...line, action: 'refuse', problem: twice(earlier) });
      else if (entity === undefined) {
        const made = Object.assign(new MappingEntity(), {
          id: nextId(),
          pipelineId,
          ...content,
          rules: null,
          createdAt: at,
          updatedAt: at,
        });
        created.push(made);
        decided.push({ ...line, action: 'create', mappingId: made.id });
      } else if (isSame(entity, content)) decided.push({ ...line, action: 'same', mappingId: entity.id });
      else {
        before.push(mappingDtoOf(entity));
        // A line says nothing of rules: those of the mapping stay.
        assignGiven(entity, { ...content, rules: undefined }, at);
        changed.push(entity);
        decided.push({ ...line, action: 'change', mappingId: entity.id });
      }
    }
    await requireRoom(manager, pipeline, created.length);
    const written = await manager.save([...created, ...changed]);
    await reviseDefinitions(manager, [pipelineId], { caller, at });
    if (written.length === 0) return;
    // One entry for all: it is one write.
    const after = { mappings: written.map(mappingDtoOf) };
    const write = {
      action: 'update',
      resource: 'pipeline',
      resourceId: pipelineId,
      before: { mappings: before },
      after,
    } as const;
    await recordAudit(manager, write, { caller, at });
  }
}

const isSame = (entity: MappingEntity, content: MappingContent): boolean => sayingOf(entity) === sayingOf(content);

const sayingOf = ({ target, columns, onConflict, weight }: Omit<MappingContent, 'source'>): string =>
  JSON.stringify([target, columns, onConflict, weight]);

const twice = (line: number): ImportProblemDto => ({
  code: 'REQUEST_INVALID',
  detail: `line ${String(line)} has the same source`,
});

const problemOf = ({ code, sentence }: SyncError): ImportProblemDto => ({
  code,
  detail: sentence,
});

/** Mappings that were taken back have no id. */
const withoutNew = (lines: readonly AnsweredLine[]): AnsweredLine[] =>
  lines.map(({ mappingId, ...line }) =>
    line.action === 'create' || mappingId === undefined ? line : { ...line, mappingId },
  );

/** What the check of the whole definition says, at the lines that it names. Throws what is no matter of the content. */
function refusalOf(failure: SyncError, lines: readonly AnsweredLine[]): MappingImportResultDto {
  if (!failure.code.startsWith('MAPPING_')) throw failure;
  const { mappings, mapping } = failure.details;
  // A range that is one mapping for each table has its id before the point.
  const named = [mappings, mapping].flat().map((id) => String(id).split('.')[0]);
  const problem = problemOf(failure);
  const isNamed = ({ mappingId }: AnsweredLine): boolean => mappingId !== undefined && named.includes(mappingId);
  const marked = lines.map((line): AnsweredLine => (isNamed(line) ? { ...line, action: 'refuse', problem } : line));
  return {
    isApplied: false,
    lines: withoutNew(marked).map(forgetRefused),
    ...(lines.some(isNamed) ? {} : { problem }),
  };
}

/** The id of a refused line may be one that was taken back. */
const forgetRefused = ({ mappingId, ...line }: AnsweredLine): AnsweredLine =>
  line.action === 'refuse' || mappingId === undefined ? line : { ...line, mappingId };
