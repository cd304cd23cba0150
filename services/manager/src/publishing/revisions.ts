import { must } from '@lutra/model';
import type { PipelineDefinition } from '@lutra/model';
import type { EntityManager } from 'typeorm';
import { DataSourceEntity } from '../data-sources/data-source.entity.ts';
import { pipelinesLookingAt, readLookupSources } from '../mapping-rules/lookup-sources.ts';
import { MappingEntity } from '../mappings/mapping.entity.ts';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import { keepRevision } from '../revisions/keep-revision.ts';
import type { RevisedBy } from '../revisions/keep-revision.ts';
import { SkipEntity } from '../skips/skip.entity.ts';
import { checkDefinition, isMappedOtherwise, MappingIndex } from './check-definition.ts';
import { compileDefinition } from './compile-definition.ts';
import { DefinitionEntity } from './definition.entity.ts';

/**
 * Compiles the pipelines anew after a change, inside the change's own transaction ({@link Store.change}): what would not
 * work is refused and the change with it. A pipeline whose definition is another one now gets the next revision and a
 * place in the outbox, and is kept with its author; an equal one keeps its revision.
 */
export async function reviseDefinitions(
  manager: EntityManager,
  pipelineIds: readonly string[],
  by: RevisedBy,
): Promise<void> {
  const current = await manager.find(DefinitionEntity, { where: { isRemoved: false } });
  const bodies = new Map(current.map(({ pipelineId, body }) => [pipelineId, body]));
  const changed = new Map<string, Compiled & { readonly before: PipelineDefinition | undefined }>();
  for (const id of pipelineIds) {
    const next = await compile(manager, id);
    const before = bodies.get(id);
    if (JSON.stringify(before) === JSON.stringify(next.definition)) continue;
    bodies.set(id, next.definition);
    changed.set(id, { ...next, before });
  }
  // All of them are as they will be before one is checked: a table may go from one pipeline to another in one change.
  const moved = [...changed.values()].filter(({ before, definition }) => isMappedOtherwise(before, definition));
  if (moved.length > 0) {
    const index = new MappingIndex([...bodies.values()]);
    for (const { definition } of moved) checkDefinition(definition, index);
  }
  for (const next of changed.values()) await storeRevision(manager, next, by);
}

interface Compiled {
  readonly pipeline: PipelineEntity;
  readonly mappings: readonly MappingEntity[];
  /** Under the pipeline's revision of before. */
  readonly definition: PipelineDefinition;
}

async function compile(manager: EntityManager, id: string): Promise<Compiled> {
  const pipeline = must(await manager.findOneBy(PipelineEntity, { id }), 'the change names existing pipelines');
  const mappings = await manager.find(MappingEntity, { where: { pipelineId: id }, order: { id: 'ASC' } });
  const definition = compileDefinition({
    pipeline,
    source: must(await manager.findOneBy(DataSourceEntity, { id: pipeline.sourceId }), 'a foreign key holds it'),
    target: must(await manager.findOneBy(DataSourceEntity, { id: pipeline.targetId }), 'a foreign key holds it'),
    lookupSources: await readLookupSources(manager, mappings),
    mappings,
    skips: await manager.find(SkipEntity, { where: { pipelineId: id }, order: { id: 'ASC' } }),
  });
  return { pipeline, mappings, definition };
}

async function storeRevision(
  manager: EntityManager,
  { pipeline, mappings, definition }: Compiled,
  by: RevisedBy,
): Promise<void> {
  pipeline.revision += 1;
  pipeline.updatedAt = by.at;
  const { id, revision } = pipeline;
  const body = { ...definition, revision };
  await manager.save(pipeline);
  await keepRevision(manager, { pipeline, mappings, body }, by);
  // Not save(): it writes only what differs from the row as this transaction first saw it, and the publisher may have
  // set isPublished for the revision before in the meantime; the new one would then never be published.
  const row: Record<keyof DefinitionEntity, unknown> = {
    ...{ pipelineId: id, revision, body, isPublished: false, isRemoved: false },
  };
  // TypeORM's type of partial rows cannot say that a column holds any JSON.
  await manager.upsert(DefinitionEntity, row as never, ['pipelineId']);
}

/** The pipelines that read or write the data source, or whose look-ups do. */
export async function pipelinesOf(manager: EntityManager, dataSourceId: string): Promise<string[]> {
  const pipelines = await manager.find(PipelineEntity, {
    where: [{ sourceId: dataSourceId }, { targetId: dataSourceId }],
    order: { id: 'ASC' },
  });
  const looking = await pipelinesLookingAt(manager, dataSourceId);
  return [...new Set([...pipelines.map(({ id }) => id), ...looking])].sort();
}
